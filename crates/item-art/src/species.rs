//! A species is a crest: leaves around an eye, in the colours of its hair and eyes.

use common::models::Species;

use super::canvas::{Canvas, Point, count};
use super::chance::Chance;
use super::color::{Color, PALETTES};

const MIDDLE: Point = Point(80.0, 80.0);

pub(super) fn draw(canvas: &mut Canvas, chance: &mut Chance, species: &Species) {
    let palette = chance.pick(&PALETTES);
    let hair = colors(&species.hair_colors, [palette.far, palette.near]);
    let eyes = colors(&species.eye_colors, [palette.near, palette.high]);
    canvas.fade(palette.near.toward(palette.high, 0.25), palette.near);
    let leaves = 5 + chance.below(8);
    for ring in 0..3 {
        let color = hair[ring % hair.len()].lighter(0.12 * count(ring));
        let length = 70.0 - 19.0 * count(ring) + chance.between(-4.0, 4.0);
        let width = chance.between(7.0, 22.0) * (1.0 - 0.2 * count(ring));
        let style = chance.below(4);
        let turned = ring % 2 == 1;
        canvas.around(MIDDLE, leaves * if turned { 2 } else { 1 }, |canvas| {
            leaf(canvas, style, length, width, color);
        });
    }
    canvas.circle(MIDDLE, 21.0, palette.light);
    canvas.circle(MIDDLE, 14.0, eyes[chance.below(eyes.len())]);
    canvas.circle(MIDDLE, chance.between(5.0, 9.0), Color(0x17_1c22));
    canvas.circle(Point(84.0, 75.0), 3.0, Color(0xff_ffff));
}

fn colors(words: &[String], otherwise: [Color; 2]) -> Vec<Color> {
    let known: Vec<_> = words
        .iter()
        .filter_map(|word| Color::of_word(word))
        .collect();
    if known.is_empty() {
        return otherwise.into();
    }
    known
}

fn leaf(canvas: &mut Canvas, style: usize, length: f64, width: f64, color: Color) {
    let tip = 80.0 - length;
    let (left, right) = (80.0 - width, 80.0 + width);
    let waist = 80.0 - length * 0.55;
    match style {
        0 => {
            let way = format!(
                "M80 80Q{} {} Q{} 80 80z",
                Point(left, waist),
                Point(80.0, tip),
                Point(right, waist)
            );
            canvas.path(&way, color);
        }
        1 => canvas.ellipse(
            Point(80.0, f64::midpoint(80.0, tip)),
            (width * 0.6, length / 2.0),
            color,
        ),
        2 => {
            let way = format!(
                "M80 80L{}L{}L{}z",
                Point(left, waist),
                Point(80.0, tip),
                Point(right, waist)
            );
            canvas.path(&way, color);
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
