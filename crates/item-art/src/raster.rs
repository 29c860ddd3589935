//! Pixels for link previews, which show no SVG.

use std::io;

use tiny_skia::{
    FillRule, GradientStop, LineCap, LineJoin, LinearGradient, PathBuilder, Pixmap, PixmapPaint,
    Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

use crate::color::{Color, Paint};

pub(crate) struct Raster {
    pixmap: Pixmap,
    transform: Transform,
}

impl Raster {
    /// A picture of `width` by `height` pixels.
    pub(crate) fn new((width, height): (u32, u32), scale: f32) -> io::Result<Self> {
        let pixmap = Pixmap::new(width, height);
        Ok(Self {
            pixmap: pixmap.ok_or_else(|| io::Error::other("invalid size of a picture"))?,
            transform: Transform::from_scale(scale, scale),
        })
    }

    /// Copies a picture into this one, `left` pixels from the left edge.
    pub(crate) fn paste(&mut self, other: &Self, left: i32) {
        let (picture, paint) = (other.pixmap.as_ref(), PixmapPaint::default());
        self.pixmap
            .draw_pixmap(left, 0, picture, &paint, Transform::identity(), None);
    }

    pub(crate) fn into_png(self) -> io::Result<Vec<u8>> {
        self.pixmap.encode_png().map_err(io::Error::other)
    }

    pub(crate) fn fill(&mut self, path: &str, paint: Paint) {
        if let Some(path) = parse(path).finish() {
            let rule = FillRule::Winding;
            self.pixmap
                .fill_path(&path, &solid(paint), rule, self.transform, None);
        }
    }

    pub(crate) fn stroke(&mut self, path: &str, paint: Paint, width: f64) {
        let stroke = Stroke {
            width: single(width),
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        if let Some(path) = parse(path).finish() {
            self.pixmap
                .stroke_path(&path, &solid(paint), &stroke, self.transform, None);
        }
    }

    pub(crate) fn ellipse(&mut self, at: (f64, f64), (rx, ry): (f64, f64), paint: Paint) {
        let (x, y) = (single(at.0 - rx), single(at.1 - ry));
        let bounds = Rect::from_xywh(x, y, single(2.0 * rx), single(2.0 * ry));
        if let Some(path) = bounds.and_then(PathBuilder::from_oval) {
            let rule = FillRule::Winding;
            self.pixmap
                .fill_path(&path, &solid(paint), rule, self.transform, None);
        }
    }

    /// Fills the whole picture.
    pub(crate) fn gradient(&mut self, top: Color, bottom: Color) {
        let [width, height] =
            [self.pixmap.width(), self.pixmap.height()].map(|size| single(size.into()));
        let stops = [(0.0, top), (1.0, bottom)]
            .map(|(at, color)| GradientStop::new(at, rgba(Paint::from(color))));
        let shader = LinearGradient::new(
            Point::zero(),
            Point::from_xy(0.0, height),
            stops.into(),
            SpreadMode::Pad,
            Transform::identity(),
        );
        let paint = tiny_skia::Paint {
            shader: shader.unwrap_or_else(|| Shader::SolidColor(rgba(top.into()))),
            ..tiny_skia::Paint::default()
        };
        if let Some(all) = Rect::from_xywh(0.0, 0.0, width, height) {
            self.pixmap
                .fill_rect(all, &paint, Transform::identity(), None);
        }
    }

    /// Moves the origin; returns what [`Self::leave`] restores.
    pub(crate) fn enter(&mut self, at: (f64, f64), scale: f64, degrees: f64) -> Transform {
        let outer = self.transform;
        self.transform = outer
            .pre_translate(single(at.0), single(at.1))
            .pre_concat(Transform::from_rotate(single(degrees)))
            .pre_scale(single(scale), single(scale));
        outer
    }

    pub(crate) fn leave(&mut self, outer: Transform) {
        self.transform = outer;
    }
}

fn solid(paint: Paint) -> tiny_skia::Paint<'static> {
    tiny_skia::Paint {
        shader: Shader::SolidColor(rgba(paint)),
        anti_alias: true,
        ..tiny_skia::Paint::default()
    }
}

fn rgba(paint: Paint) -> tiny_skia::Color {
    let [_, red, green, blue] = paint.color.0.to_be_bytes();
    tiny_skia::Color::from_rgba8(red, green, blue, paint.alpha)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "coordinates of a drawing are small"
)]
fn single(number: f64) -> f32 {
    number as f32
}

/// Reads the path data that [`crate::canvas::Canvas`] allows.
fn parse(data: &str) -> PathBuilder {
    let mut path = PathBuilder::new();
    let mut numbers = Vec::new();
    let (mut at, mut start, mut control) = ((0.0, 0.0), (0.0, 0.0), (0.0, 0.0));
    let mut rest = data.trim_start();
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(|c: char| c.is_ascii_alphabetic());
        let (arguments, next) = rest[1..].split_at(end.unwrap_or(rest.len() - 1));
        rest = next;
        numbers.clear();
        read_numbers(arguments, &mut numbers);
        let base = |at: (f32, f32)| match command.is_ascii_lowercase() {
            true => at,
            false => (0.0, 0.0),
        };
        let point = |at: (f32, f32), x: f32, y: f32| (base(at).0 + x, base(at).1 + y);
        match command.to_ascii_uppercase() {
            'M' | 'L' => {
                for (place, pair) in numbers.chunks_exact(2).enumerate() {
                    at = point(at, pair[0], pair[1]);
                    if place == 0 && command.eq_ignore_ascii_case(&'M') {
                        start = at;
                        path.move_to(at.0, at.1);
                    } else {
                        path.line_to(at.0, at.1);
                    }
                }
            }
            'H' | 'V' => {
                for number in &numbers {
                    at = match command.eq_ignore_ascii_case(&'H') {
                        true => (base(at).0 + number, at.1),
                        false => (at.0, base(at).1 + number),
                    };
                    path.line_to(at.0, at.1);
                }
            }
            'Q' => {
                for four in numbers.chunks_exact(4) {
                    control = point(at, four[0], four[1]);
                    at = point(at, four[2], four[3]);
                    path.quad_to(control.0, control.1, at.0, at.1);
                }
            }
            'T' => {
                for pair in numbers.chunks_exact(2) {
                    control = (2.0 * at.0 - control.0, 2.0 * at.1 - control.1);
                    at = point(at, pair[0], pair[1]);
                    path.quad_to(control.0, control.1, at.0, at.1);
                }
            }
            'C' => {
                for six in numbers.chunks_exact(6) {
                    let (one, two) = (point(at, six[0], six[1]), point(at, six[2], six[3]));
                    at = point(at, six[4], six[5]);
                    path.cubic_to(one.0, one.1, two.0, two.1, at.0, at.1);
                }
            }
            _ => {
                path.close();
                at = start;
            }
        }
    }
    path
}

/// Numbers with spaces or signs between them.
fn read_numbers(text: &str, numbers: &mut Vec<f32>) {
    let mut start = 0;
    for (place, character) in text.char_indices().chain([(text.len(), ' ')]) {
        if matches!(character, ' ' | ',' | '-') && place > start {
            numbers.extend(text[start..place].trim_matches([' ', ',']).parse::<f32>());
            start = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_and_absolute_paths_are_the_same() {
        for (relative, absolute) in [
            ("M10 10h5v-5l-2-2z", "M10 10H15V5L13 3Z"),
            ("M1 1c1 2 3 4 5 6q1 1-2 2", "M1 1C2 3 4 5 6 7Q7 8 4 9"),
            ("M5 5zm2-2l1.5-.5", "M5 5ZM7 3L8.5 2.5"),
            ("M0 0q2 4 4 3t3-1 1 2", "M0 0Q2 4 4 3Q6 2 7 2Q8 2 8 4"),
        ] {
            assert_eq!(
                parse(relative).finish(),
                parse(absolute).finish(),
                "{relative}"
            );
        }
    }

    #[test]
    fn a_line_without_length_is_a_dot() {
        let mut raster = Raster::new((10, 10), 1.0).unwrap();
        raster.stroke("M5 5h0", Color(0xff_0000).into(), 6.0);
        let pixel = raster.pixmap.pixel(5, 5).unwrap();
        assert_eq!((pixel.red(), pixel.alpha()), (255, 255));
    }
}
