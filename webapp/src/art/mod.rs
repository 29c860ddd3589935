//! A drawing of every item, made from its data alone: the same data gives the same bytes, and
//! each kind has a way of its own to be drawn.

mod canvas;
mod chance;
mod color;
mod location;
mod movie;
mod person;
mod species;
#[cfg(test)]
mod tests;
mod vehicle;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use common::models::{Catalogue, Facts, Item, Kind};
use http_content::Representation;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use self::canvas::Canvas;
use self::chance::Chance;
use crate::assets::FOR_EVER;
use crate::http::AppError;
use crate::http::content::SVG;
use crate::state::CurrentSite;
use crate::wording;

/// Goes up whenever something is drawn in another way, so that no old drawing is kept.
const REVISION: u64 = 2;
/// Width and height of a drawing, by kind.
const SIZES: [(u32, u32); 5] = [(240, 320), (160, 160), (240, 160), (160, 160), (240, 160)];
/// The most characters of a name that a drawing holds.
const NAMED: usize = 100;

/// Where a drawing is and how large.
#[derive(Clone, Debug)]
pub(crate) struct Art {
    /// Its address, which changes with what it is drawn from.
    pub(crate) address: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Art {
    pub(crate) fn of(catalogue: &Catalogue, item: &Item) -> Self {
        let kind = item.kind().plural();
        let id = utf8_percent_encode(&item.id, NON_ALPHANUMERIC);
        let (width, height) = SIZES[item.kind() as usize];
        Self {
            address: format!("/art/{kind}/{id}.svg?{}", mark(catalogue, item)),
            width,
            height,
        }
    }
}

/// The drawing of one item, by its id or slug.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    asked: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let Path((kind, name)) = asked?;
    let kind = Kind::ALL.into_iter().find(|known| known.plural() == kind);
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = kind
        .zip(name.strip_suffix(".svg"))
        .and_then(|(kind, id)| catalogue.get(kind, id).or_else(|| catalogue.find(kind, id)))
        .ok_or(AppError::NotFound)?;
    let drawing = Representation::new(SVG, draw(catalogue, &item));
    if query.is_some_and(|query| query == mark(catalogue, &item)) {
        return Ok(drawing.with_cache_control(FOR_EVER));
    }
    Ok(drawing)
}

fn draw(catalogue: &Catalogue, item: &Item) -> String {
    let kind = item.kind();
    let name: String = item.name().chars().take(NAMED).collect();
    let description = format!("Generated artwork for the {}.", wording::singular(kind));
    let mut canvas = Canvas::new(SIZES[kind as usize], &name, &description);
    let mut chance = Chance::new(xxh3_64(item.id.as_bytes()) ^ kind as u64);
    match &item.facts {
        Facts::Movie(movie) => movie::draw(&mut canvas, &mut chance, movie),
        Facts::Person(person) => {
            let human = catalogue.is_human(item);
            person::draw(&mut canvas, &mut chance, person, human);
        }
        Facts::Location(location) => location::draw(&mut canvas, &mut chance, location),
        Facts::Species(species) => species::draw(&mut canvas, &mut chance, species),
        Facts::Vehicle(vehicle) => vehicle::draw(&mut canvas, &mut chance, vehicle),
    }
    canvas.finish()
}

/// The query of an address: another one for everything that is drawn in another way.
fn mark(catalogue: &Catalogue, item: &Item) -> String {
    let mut hash = Xxh3::new();
    hash.update(&REVISION.to_le_bytes());
    hash.update(item.id.as_bytes());
    hash.update(&[u8::from(catalogue.is_human(item))]);
    hash.update(&serde_json::to_vec(&item.facts).unwrap_or_default());
    format!("v={:016x}", hash.digest())
}
