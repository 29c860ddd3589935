#![doc = include_str!("../README.md")]

mod canvas;
mod color;
mod location;
mod movie;
mod person;
mod seeded_rng;
mod species;
#[cfg(test)]
mod tests;
mod vehicle;

use common::models::{Catalogue, Facts, Item, Kind};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::canvas::Canvas;
use crate::seeded_rng::SeededRng;

/// Must increase whenever drawings change, so that caches drop the old ones.
const REVISION: u64 = 2;
/// Maximum number of characters of a name in a drawing's title.
const MAX_NAME_CHARS: usize = 100;

/// Width and height of the drawings of a kind, in pixels.
pub const fn size(kind: Kind) -> (u32, u32) {
    match kind {
        Kind::Movie => (240, 320),
        Kind::Person | Kind::Species => (160, 160),
        Kind::Location | Kind::Vehicle => (240, 160),
    }
}

/// Draws an item as a complete SVG document, always the same for the same data. Its description
/// contains `noun`, the reader's word for one item of the kind.
pub fn draw(catalogue: &Catalogue, item: &Item, noun: &str) -> String {
    let kind = item.kind();
    let name: String = item.name().chars().take(MAX_NAME_CHARS).collect();
    let description = format!("Generated artwork for the {noun}.");
    let mut canvas = Canvas::new(size(kind), &name, &description);
    let mut rng = SeededRng::new(xxh3_64(item.id.as_bytes()) ^ kind as u64);
    match &item.facts {
        Facts::Movie(movie) => movie::draw(&mut canvas, &mut rng, movie),
        Facts::Person(person) => {
            let human = catalogue.is_human(item);
            person::draw(&mut canvas, &mut rng, person, human);
        }
        Facts::Location(location) => location::draw(&mut canvas, &mut rng, location),
        Facts::Species(species) => species::draw(&mut canvas, &mut rng, species),
        Facts::Vehicle(vehicle) => vehicle::draw(&mut canvas, &mut rng, vehicle),
    }
    canvas.finish()
}

/// A hash of everything that an item's drawing depends on except the noun.
pub fn fingerprint(catalogue: &Catalogue, item: &Item) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&REVISION.to_le_bytes());
    hash.update(item.id.as_bytes());
    hash.update(&[u8::from(catalogue.is_human(item))]);
    hash.update(&serde_json::to_vec(&item.facts).unwrap_or_default());
    hash.digest()
}
