#![doc = include_str!("../README.md")]

mod canvas;
mod color;
mod coloring;
mod face;
mod ground;
mod hair;
mod heads;
mod human;
mod likeness;
mod location;
mod motif;
mod movie;
mod painter;
mod person;
mod raster;
mod seeded_rng;
mod sketches;
mod species;
#[cfg(test)]
mod tests;
mod title;
mod vehicle;

use std::io;
use std::sync::Arc;

use catalogue_index::ListIndex;
use common::models::{Facts, Item, Kind};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::canvas::Canvas;
use crate::color::PALETTES;
use crate::likeness::Likeness;
use crate::movie::PosterArt;
use crate::seeded_rng::SeededRng;

/// Must increase whenever drawings change, so that caches drop the old ones.
const REVISION: u64 = 5;
/// Maximum number of characters of a name in a drawing's title.
const MAX_NAME_CHARS: usize = 100;
/// Pixels of a share picture for each unit of its drawing.
const SHARE_SCALE: u8 = 2;

/// Maximum number of items in [`share_strip`].
pub const STRIP_ITEMS: usize = 3;

/// Width and height of a share picture, in pixels: the format of link previews.
pub const SHARE_SIZE: (u32, u32) = (1200, 630);

/// Width and height of the drawings of a kind, in pixels.
pub const fn size(kind: Kind) -> (u32, u32) {
    match kind {
        Kind::Movie => (240, 320),
        Kind::Person | Kind::Species => (160, 160),
        Kind::Location | Kind::Vehicle => (240, 160),
    }
}

/// Draws an item as a complete SVG document, always the same for the same data.
pub fn draw(lists: &ListIndex, item: &Item) -> String {
    let name: String = item.name().chars().take(MAX_NAME_CHARS).collect();
    let mut canvas = Canvas::svg(size(item.kind()), &name);
    draw_on(&mut canvas, lists, item);
    canvas.into_svg()
}

/// Draws an item for link previews, as a PNG of [`SHARE_SIZE`] without text. It takes some tens of
/// milliseconds.
///
/// # Errors
/// If the PNG cannot be encoded.
pub fn share_picture(lists: &ListIndex, item: &Item) -> io::Result<Vec<u8>> {
    let mut canvas = Canvas::pixels(SHARE_SIZE, SHARE_SCALE)?;
    draw_on(&mut canvas, lists, item);
    canvas.into_png()
}

/// Draws up to [`STRIP_ITEMS`] items side by side for previews of links to a list, as
/// [`share_picture`].
///
/// # Errors
/// If the PNG cannot be encoded.
pub fn share_strip(lists: &ListIndex, items: &[Arc<Item>]) -> io::Result<Vec<u8>> {
    let (width, height) = SHARE_SIZE;
    let mut strip = Canvas::pixels(SHARE_SIZE, SHARE_SCALE)?;
    let count = u32::try_from(items.len().clamp(1, STRIP_ITEMS)).unwrap_or(1);
    let part = width / count;
    for (item, place) in items.iter().zip(0..count) {
        let mut canvas = Canvas::pixels((part, height), SHARE_SCALE)?;
        draw_on(&mut canvas, lists, item);
        strip.paste(&canvas, i32::try_from(place * part).unwrap_or_default());
    }
    strip.into_png()
}

fn draw_on(canvas: &mut Canvas, lists: &ListIndex, item: &Item) {
    let catalogue = lists.catalogue();
    let palette = &PALETTES[coloring::palette(lists, item)];
    let (hash, mut rng) = seeds(item);
    let rng = &mut rng;
    match &item.facts {
        Facts::Movie(movie) => {
            let poster = PosterArt::of(catalogue, rng, (hash, movie), palette);
            movie::draw(canvas, rng, &poster);
        }
        Facts::Person(person) => {
            let likeness = Likeness::of_person(catalogue, item, person);
            let species = person.species.as_deref().unwrap_or_default();
            let species = xxh3_64(species.as_bytes());
            person::draw(canvas, rng, palette, (&likeness, &person.name, species));
        }
        Facts::Location(location) => location::draw(canvas, rng, palette, location),
        Facts::Species(species) => species::draw(canvas, rng, palette, (&item.id, species)),
        Facts::Vehicle(vehicle) => vehicle::draw(canvas, rng, palette, vehicle),
    }
}

/// A hash of everything that [`share_strip`] depends on.
pub fn strip_fingerprint(lists: &ListIndex, items: &[Arc<Item>]) -> u64 {
    let mut hash = Xxh3::new();
    for item in items {
        hash.update(&fingerprint(lists, item).to_le_bytes());
    }
    hash.digest()
}

/// A hash of everything that an item's drawings depend on.
pub fn fingerprint(lists: &ListIndex, item: &Item) -> u64 {
    let catalogue = lists.catalogue();
    let palette = coloring::palette(lists, item);
    let mut hash = Xxh3::new();
    hash.update(&REVISION.to_le_bytes());
    hash.update(item.id.as_bytes());
    hash.update(&serde_json::to_vec(&item.facts).unwrap_or_default());
    // Data of other items.
    let other = match &item.facts {
        Facts::Movie(movie) => {
            let (hash, mut rng) = seeds(item);
            let poster = PosterArt::of(catalogue, &mut rng, (hash, movie), &PALETTES[palette]);
            format!(
                "{:?}",
                (palette, poster.motif, poster.companion, poster.ground)
            )
        }
        Facts::Person(person) => {
            let likeness = Likeness::of_person(catalogue, item, person);
            format!("{:?}", (palette, likeness))
        }
        Facts::Location(_) | Facts::Species(_) | Facts::Vehicle(_) => format!("{palette}"),
    };
    hash.update(other.as_bytes());
    hash.digest()
}

/// The hash of an item's id, and the random numbers of its drawing.
fn seeds(item: &Item) -> (u64, SeededRng) {
    let hash = xxh3_64(item.id.as_bytes());
    (hash, SeededRng::new(hash ^ item.kind() as u64))
}
