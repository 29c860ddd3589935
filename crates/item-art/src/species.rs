//! Draws a species as a crest: its head in a wreath, in the colours of its hair and eyes.

use common::models::Species;
use xxhash_rust::xxh3::xxh3_64;

use crate::canvas::{Canvas, Point, count};
use crate::color::{Color, Palette};
use crate::likeness::Likeness;
use crate::person;
use crate::seeded_rng::SeededRng;

/// Maximum number of colours in the wreath.
const MAX_COLORS: usize = 12;
/// Number of beads in the wreath.
const BEADS: usize = 40;

pub(crate) fn draw(
    canvas: &mut Canvas,
    rng: &mut SeededRng,
    palette: &Palette,
    (id, species): (&str, &Species),
) {
    let likeness = Likeness::of_species(species);
    let hash = xxh3_64(id.as_bytes());
    person::background(canvas, rng, palette);
    let (width, height) = canvas.size;
    let (middle, foot) = (Point(width / 2.0, height / 2.0), Point(width / 2.0, height));
    let edge = width.min(height);
    person::subject(canvas, rng, palette, (&likeness, hash, foot, edge / 200.0));
    let colors: Vec<_> = species
        .hair_colors
        .iter()
        .chain(&species.eye_colors)
        .filter_map(|word| Color::from_word(word))
        .take(MAX_COLORS)
        .collect();
    let colors = match colors.is_empty() {
        true => vec![palette.near_land],
        false => colors,
    };
    for (place, color) in colors.iter().enumerate() {
        let beads: Vec<_> = (0..BEADS)
            .filter(|bead| bead * colors.len() / BEADS == place)
            .map(|bead| {
                let angle = std::f64::consts::TAU * count(bead) / count(BEADS);
                let radius = edge * 0.455;
                Point(
                    middle.0 + radius * angle.sin(),
                    middle.1 - radius * angle.cos(),
                )
            })
            .collect();
        canvas.dots(&beads, edge * 0.026, *color);
    }
}
