//! The title on a drawing, from the top down on a slip of paper.

use common::models::Movie;
use unicode_width::UnicodeWidthChar as _;

use crate::canvas::{Canvas, Point};
use crate::color::Palette;

/// More characters are cut off.
const MAX_CHARS: usize = 40;
/// More characters of an upright script are set in two columns.
const MAX_COLUMN_CHARS: usize = 12;
const MAX_SIZE: f64 = 24.0;
/// The distance from the edges of the drawing.
const MARGIN: f64 = 10.0;
/// The width of a letter that is rotated onto its side, relative to the font's size.
const LETTER_WIDTH: f64 = 0.64;

pub(crate) struct Slip {
    /// From right to left.
    columns: Vec<String>,
    size: f64,
    /// The length of the longest column.
    length: f64,
    is_japanese: bool,
}

impl Slip {
    /// The original title, or else the title; `None` if both are empty.
    pub(crate) fn of(movie: &Movie, height: f64) -> Option<Self> {
        let original = movie.original_title.as_deref().map(written);
        let text = original
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| written(&movie.title));
        if text.is_empty() {
            return None;
        }
        let is_upright = text.chars().filter(|c| c.width() == Some(2)).count() * 2
            > text.chars().filter(|c| *c != ' ').count();
        let columns = match is_upright {
            true => columns(&text),
            false => vec![text],
        };
        let ems = columns.iter().map(|text| ems(text)).fold(1.0, f64::max);
        let free = height - 4.0 * MARGIN;
        let size = (free / ems).min(match columns.len() {
            1 => MAX_SIZE,
            _ => 0.8 * MAX_SIZE,
        });
        Some(Self {
            size,
            length: ems * size,
            is_japanese: is_upright && is_japanese(movie),
            columns,
        })
    }

    fn paper_width(&self) -> f64 {
        let columns = if self.columns.len() > 1 { 2.0 } else { 1.0 };
        self.size * (0.7 + 1.1 * columns)
    }

    /// The width that it takes at the right edge.
    pub(crate) fn width(&self) -> f64 {
        self.paper_width() + MARGIN
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas, palette: &Palette) {
        let (width, paper) = (canvas.size.0, self.paper_width());
        let left = width - MARGIN - paper;
        let high = self.length + 2.0 * MARGIN;
        canvas.rect(
            Point(left, MARGIN),
            (paper, high),
            palette.light.mixed_with(palette.horizon, 0.15),
        );
        let inner = format!(
            "M{}h{:.0}v{:.0}h-{:.0}z",
            Point(left + 3.0, MARGIN + 3.0),
            paper - 6.0,
            high - 6.0,
            paper - 6.0
        );
        canvas.line(&inner, palette.accent, 1.2);
        let step = self.size * 1.1;
        let mut x = match self.columns.len() {
            1 => left + paper / 2.0,
            _ => left + (paper + step) / 2.0,
        };
        for column in &self.columns {
            let at = Point(x, 2.0 * MARGIN);
            let ink = palette.near_land.darker(0.3);
            canvas.vertical_text(column, at, self.size, (ink, self.is_japanese));
            x -= step;
        }
    }
}

/// A text without control characters and changes of direction, with single spaces, cut to the limit.
fn written(text: &str) -> String {
    let visible = text.chars().take(4 * MAX_CHARS).filter(|c| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{ffff}')
    });
    let visible: String = visible.collect();
    let text = visible.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().count() <= MAX_CHARS {
        return text;
    }
    let cut: String = text.chars().take(MAX_CHARS - 1).collect();
    format!("{}…", cut.trim_end())
}

/// One column, or two if it is long: broken at a space near the middle, or else in the middle.
fn columns(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() <= MAX_COLUMN_CHARS {
        return vec![text.to_owned()];
    }
    let middle = chars.len().div_ceil(2);
    let spaces = chars.iter().enumerate().filter(|(_, c)| **c == ' ');
    let space = spaces
        .map(|(place, _)| place)
        .min_by_key(|place| place.abs_diff(middle))
        .filter(|place| place.abs_diff(middle) <= chars.len() / 4);
    let end = space.unwrap_or(middle);
    let column = |chars: &[char]| chars.iter().collect::<String>().trim().to_owned();
    vec![column(&chars[..end]), column(&chars[end..])]
}

/// The length of a text from the top down, in parts of the font's size.
fn ems(text: &str) -> f64 {
    text.chars()
        .map(|c| match c.width() {
            Some(2) => 1.0,
            Some(0) => 0.0,
            _ => LETTER_WIDTH,
        })
        .sum()
}

/// Whether ideographs have their Japanese form: the title has kana, or is romanised.
fn is_japanese(movie: &Movie) -> bool {
    let original = movie.original_title.as_deref().unwrap_or_default();
    movie.original_title_romanised.is_some()
        || original
            .chars()
            .any(|c| matches!(c, '\u{3041}'..='\u{30ff}'))
}

#[cfg(test)]
mod tests {
    use common::models::Facts;
    use common::seed;

    use super::*;

    const HEIGHT: f64 = 320.0;

    #[test]
    fn every_original_title_of_the_seed_fits_whole_and_legible() {
        for item in seed::items().unwrap() {
            let Facts::Movie(movie) = &item.facts else {
                continue;
            };
            let slip = Slip::of(movie, HEIGHT).unwrap();
            let text = movie.original_title.clone().unwrap();
            assert_eq!(
                slip.columns.join(" ").replace(' ', ""),
                text.replace(' ', "")
            );
            assert!(slip.size >= 15.0, "{text}: {}", slip.size);
            assert!(slip.length <= HEIGHT - 4.0 * MARGIN, "{text}");
            assert!(slip.is_japanese, "{text}");
        }
    }

    #[test]
    fn any_title_is_written_within_the_drawing() {
        let long = "雪".repeat(500);
        for (title, original) in [
            (
                "A Very Long English Title That Goes On and On and On and On",
                None,
            ),
            ("Reel 7", None),
            ("Title", Some(long.as_str())),
            ("Title", Some("طعم الكرز")),
            ("Title", Some("\u{202e}&<b>\0")),
            ("Only marks", Some("\u{200b} \u{feff}")),
        ] {
            let movie = Movie {
                title: title.into(),
                original_title: original.map(Into::into),
                ..Movie::default()
            };
            let slip = Slip::of(&movie, HEIGHT).unwrap();
            assert!(slip.length <= HEIGHT - 4.0 * MARGIN, "{title} {original:?}");
            assert!(slip.size >= 6.0, "{title} {original:?}: {}", slip.size);
            let text: String = slip.columns.concat();
            assert!(!text.contains(['\u{202e}', '\0']), "{text:?}");
            assert!(text.chars().count() <= MAX_CHARS, "{text}");
        }
    }

    #[test]
    fn a_movie_without_a_title_has_no_slip() {
        assert!(Slip::of(&Movie::default(), HEIGHT).is_none());
    }
}
