//! Draws a person as a portrait.

use crate::canvas::{Canvas, Point};
use crate::color::{Color, INK, Palette, Tones};
use crate::heads;
use crate::human;
use crate::likeness::{Being, Likeness};
use crate::seeded_rng::SeededRng;

/// The edge of the square for which portraits are made.
const EDGE: f64 = 160.0;

/// A portrait in the middle of the frame. `species` selects the ears or horns of a creature.
pub(crate) fn draw(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    palette: &Palette,
    (likeness, name, species): (&Likeness, &str, u64),
) {
    let (width, height) = canvas.size;
    background(canvas, rng, palette);
    let foot = Point(width / 2.0, height);
    let scale = width.min(height) / EDGE;
    subject(canvas, rng, palette, (likeness, species, foot, scale));
    if likeness.being == Being::Unknown {
        monogram(canvas, palette, name);
    }
}

/// The sky, with a halo.
pub(crate) fn background(canvas: &mut Canvas, rng: &mut SeededRng, palette: &Palette) {
    let (width, height) = canvas.size;
    canvas.gradient_background(palette.sky_top.lighter(0.15), palette.horizon);
    let edge = width.min(height);
    let halo = Point(
        width / 2.0 + edge * rng.between(-0.06, 0.06),
        height * rng.between(0.46, 0.56),
    );
    let radius = edge * rng.between(0.37, 0.43);
    canvas.circle(halo, radius, palette.light.with_opacity(0.45));
}

/// Head and shoulders, with the middle of the lower edge at `foot`.
pub(crate) fn subject(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    palette: &Palette,
    (likeness, species, foot, scale): (&Likeness, u64, Point, f64),
) {
    match (likeness.being, likeness.being.sketch()) {
        (_, Some((sketch, size))) => {
            let tones = tones(likeness, palette);
            if likeness.being == Being::Creature {
                let chosen = SeededRng::new(species).below(heads::APPENDAGES.len());
                canvas.sketch(heads::APPENDAGES[chosen], foot, scale, &tones);
            }
            canvas.sketch(sketch, foot, scale * size, &tones);
        }
        (Being::Human(gender, age_group), None) => {
            let corner = Point(foot.0 - EDGE * scale / 2.0, foot.1 - EDGE * scale);
            canvas.placed(corner, scale, 0.0, |canvas| {
                human::draw(canvas, rng, likeness, (gender, age_group));
            });
        }
        _ => {}
    }
    if likeness.is_royal {
        let gold = Tones {
            light: Color(0xe8_c04a),
            dark: Color(0x9a_6a1e),
            ..palette.tones()
        };
        let at = Point(foot.0, foot.1 + 18.0 * scale);
        canvas.sketch(heads::CROWN, at, scale * 1.1, &gold);
    }
}

const METAL: Color = Color(0x8c_8a76);

/// Fur and eyes in the colours of the record.
fn tones(likeness: &Likeness, palette: &Palette) -> Tones {
    let fur = likeness.hair.unwrap_or(match likeness.being {
        Being::Robot => METAL,
        _ => palette.far_land,
    });
    Tones {
        dark: fur.darker(0.35),
        mid: fur,
        light: match fur.brightness() > 0.8 {
            true => fur.darker(0.16),
            false => fur.lighter(0.6),
        },
        accent: likeness.eyes.unwrap_or(INK),
    }
}

/// The first letter of a name. Without fonts, a ring.
pub(crate) fn monogram(canvas: &mut Canvas, palette: &Palette, name: &str) {
    let (width, height) = canvas.size;
    let (middle, edge) = (Point(width / 2.0, height / 2.0), width.min(height));
    canvas.circle(middle, edge * 0.33, palette.near_land);
    canvas.circle(middle, edge * 0.3, palette.light);
    let letter = name.chars().find(|c| c.is_alphanumeric());
    let letter = letter.map(|letter| letter.to_uppercase().to_string());
    match letter {
        Some(letter) if !canvas.is_textless() => {
            canvas.centered_text(&letter, middle, edge * 0.36, palette.near_land);
        }
        _ => canvas.circle(middle, edge * 0.12, palette.accent),
    }
}
