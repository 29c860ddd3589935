use std::sync::Arc;

use catalogue_index::Role;
use common::models::{Item, Kind, Movie};

use crate::art::Art;
use crate::pages::filmmaker_link::credits;
use crate::pages::language::has_japanese_title;
use crate::state::Site;

/// A movie in a list.
pub(super) struct MovieCard {
    pub(super) item: Arc<Item>,
    pub(super) movie: Movie,
    pub(super) art: Art,
    /// Names and paths.
    pub(super) directors: Vec<(String, String)>,
    /// Names of its characters, humans first.
    pub(super) people: Vec<String>,
}

impl MovieCard {
    pub(super) fn of(site: &Site, item: &Arc<Item>, movie: &Movie, humans_only: bool) -> Self {
        let catalogue = &site.snapshot.catalogue;
        let mut people = catalogue.resolve(Kind::Person, &movie.people);
        if humans_only {
            people.retain(|person| catalogue.is_human(person));
        }
        // A stable sort: humans first, otherwise in the movie's order.
        people.sort_by_cached_key(|person| !catalogue.is_human(person));
        Self {
            item: item.clone(),
            movie: movie.clone(),
            art: Art::of(site, item),
            directors: credits(site, Role::Director, movie.director.as_deref()),
            people: people
                .iter()
                .map(|person| person.name().to_owned())
                .collect(),
        }
    }

    pub(super) fn has_japanese_title(&self) -> bool {
        has_japanese_title(&self.movie)
    }
}
