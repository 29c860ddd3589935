use std::sync::Arc;

use catalogue_index::Role;
use common::models::{Item, Kind, Movie};

use super::view::ListView;
use crate::art::Art;
use crate::pages::filmmaker_link::credits;
use crate::pages::language::has_japanese_title;
use crate::pages::tile;
use crate::state::Site;

/// Characters on a card of the grid.
const MAX_PEOPLE_IN_GRID: usize = 4;
/// Letters of a name on a card.
const MAX_NAME_CHARACTERS: usize = 40;

/// A movie in a list.
pub(super) struct MovieCard {
    pub(super) item: Arc<Item>,
    pub(super) movie: Movie,
    pub(super) art: Art,
    /// Names and paths.
    pub(super) directors: Vec<(String, String)>,
    /// Names and paths of its characters, humans first.
    pub(super) people: Vec<(String, String)>,
    /// Number of characters that are not named.
    pub(super) more_people: usize,
}

impl MovieCard {
    pub(super) fn of(site: &Site, item: &Arc<Item>, movie: &Movie, view: &ListView) -> Self {
        let catalogue = &site.snapshot.catalogue;
        let mut people = catalogue.resolve(Kind::Person, &movie.people);
        if view.humans_only {
            people.retain(|person| catalogue.is_human(person));
        }
        // A stable sort: humans first, otherwise in the movie's order.
        people.sort_by_cached_key(|person| !catalogue.is_human(person));
        // “and 1 more” would take the place of the name.
        let limit = match view.rows || people.len() == MAX_PEOPLE_IN_GRID + 1 {
            true => people.len(),
            false => MAX_PEOPLE_IN_GRID,
        };
        Self {
            item: item.clone(),
            movie: movie.clone(),
            art: Art::of(site, item),
            directors: credits(site, Role::Director, movie.director.as_deref()),
            more_people: people.len().saturating_sub(limit),
            people: people
                .iter()
                .take(limit)
                .map(|person| (short(person.name()), tile::address(person)))
                .collect(),
        }
    }

    pub(super) fn has_japanese_title(&self) -> bool {
        has_japanese_title(&self.movie)
    }
}

/// A name with an ellipsis if it is very long.
fn short(name: &str) -> String {
    match name.char_indices().nth(MAX_NAME_CHARACTERS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}
