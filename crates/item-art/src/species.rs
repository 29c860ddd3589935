//! Draws a species as a crest: leaves around an eye, in the colours of its hair and eyes.

use common::models::Species;

use crate::canvas::{Canvas, Point, count};
use crate::color::{Color, PALETTES};
use crate::seeded_rng::SeededRng;

const MIDDLE: Point = Point(80.0, 80.0);

pub(crate) fn draw(canvas: &mut Canvas, rng: &mut SeededRng, species: &Species) {
    let palette = rng.pick(&PALETTES);
    let hair = colors(&species.hair_colors, [palette.far_land, palette.near_land]);
    let eyes = colors(&species.eye_colors, [palette.near_land, palette.sky_top]);
    canvas.gradient_background(
        palette.near_land.mixed_with(palette.sky_top, 0.25),
        palette.near_land,
    );
    let leaves = 5 + rng.below(8);
    for ring in 0..3 {
        let color = hair[ring % hair.len()].lighter(0.12 * count(ring));
        let length = 70.0 - 19.0 * count(ring) + rng.between(-4.0, 4.0);
        let width = rng.between(7.0, 22.0) * (1.0 - 0.2 * count(ring));
        let style = rng.below(4);
        let is_odd = ring % 2 == 1;
        canvas.repeat_around(MIDDLE, leaves * if is_odd { 2 } else { 1 }, |canvas| {
            leaf(canvas, style, length, width, color);
        });
    }
    canvas.circle(MIDDLE, 21.0, palette.light);
    canvas.circle(MIDDLE, 14.0, eyes[rng.below(eyes.len())]);
    canvas.circle(MIDDLE, rng.between(5.0, 9.0), Color(0x17_1c22));
    canvas.circle(Point(84.0, 75.0), 3.0, Color(0xff_ffff));
}

fn colors(words: &[String], default: [Color; 2]) -> Vec<Color> {
    let known: Vec<_> = words
        .iter()
        .filter_map(|word| Color::from_word(word))
        .collect();
    if known.is_empty() {
        return default.into();
    }
    known
}

fn leaf(canvas: &mut Canvas, style: usize, length: f64, width: f64, color: Color) {
    let tip = 80.0 - length;
    let (left, right) = (80.0 - width, 80.0 + width);
    let waist = 80.0 - length * 0.55;
    match style {
        0 => {
            let path = format!(
                "M80 80Q{} {} Q{} 80 80z",
                Point(left, waist),
                Point(80.0, tip),
                Point(right, waist)
            );
            canvas.path(&path, color);
        }
        1 => canvas.ellipse(
            Point(80.0, f64::midpoint(80.0, tip)),
            (width * 0.6, length / 2.0),
            color,
        ),
        2 => {
            let path = format!(
                "M80 80L{}L{}L{}z",
                Point(left, waist),
                Point(80.0, tip),
                Point(right, waist)
            );
            canvas.path(&path, color);
        }
        _ => {
            canvas.line(
                &format!("M80 80V{}", (tip + width * 0.5).round()),
                color,
                3.0,
            );
            canvas.circle(Point(80.0, tip + width * 0.4), width * 0.5, color);
        }
    }
}
