use std::sync::Arc;

pub(super) use crate::wording::{plural, singular};
use common::models::{Catalogue, Facts, Item, Kind, Link};

use crate::art::Art;
use crate::state::Site;

/// A link to an item with its drawing.
pub(super) struct Tile {
    pub(super) item: Arc<Item>,
    pub(super) address: String,
    pub(super) art: Art,
    /// The line below the name.
    pub(super) note: Option<String>,
}

impl Tile {
    pub(super) fn of(site: &Site, item: Arc<Item>) -> Self {
        Self {
            address: address(&item),
            art: Art::of(site, &item),
            note: note(&site.snapshot.catalogue, &item),
            item,
        }
    }

    /// A character with the first of its movies in the note.
    pub(super) fn with_movie(self, catalogue: &Catalogue) -> Self {
        if self.item.kind() != Kind::Person {
            return self;
        }
        let mut movies =
            catalogue.items(catalogue.linking_in_order(Link::MoviePerson, &self.item.id));
        let movie = movies.next().map(|movie| movie.name().to_owned());
        let known: Vec<_> = [self.note, movie].into_iter().flatten().collect();
        Self {
            note: (!known.is_empty()).then(|| known.join(" · ")),
            ..self
        }
    }

    pub(super) fn without_note(self) -> Self {
        Self { note: None, ..self }
    }

    pub(super) fn all(site: &Site, items: impl IntoIterator<Item = Arc<Item>>) -> Vec<Self> {
        let items = items.into_iter();
        items.map(|item| Self::of(site, item)).collect()
    }
}

/// The path of an item's page.
pub(super) fn address(item: &Item) -> String {
    format!("/{}/{}", item.kind().plural(), item.slug)
}

/// One fact about an item.
fn note(catalogue: &Catalogue, item: &Item) -> Option<String> {
    match &item.facts {
        Facts::Movie(movie) => movie.release_year.map(|year| year.to_string()),
        Facts::Person(person) => {
            let species = person.species.as_ref();
            let species = species.and_then(|id| catalogue.name(Kind::Species, id));
            species.map(str::to_owned)
        }
        Facts::Location(location) => location
            .terrain
            .clone()
            .or_else(|| location.climate.clone()),
        Facts::Species(species) => species.classification.clone(),
        Facts::Vehicle(vehicle) => vehicle.vehicle_class.clone(),
    }
}
