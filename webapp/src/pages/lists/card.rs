use std::sync::Arc;

use common::models::{Catalogue, Item, Kind, Movie};

use crate::art::Art;
use crate::pages::language::has_japanese_title;

/// A movie in a list.
pub(super) struct MovieCard {
    pub(super) item: Arc<Item>,
    pub(super) movie: Movie,
    pub(super) art: Art,
    /// Names of the characters that are shown.
    pub(super) people: Vec<String>,
    /// How many characters are left out.
    pub(super) hidden_people: usize,
}

impl MovieCard {
    pub(super) fn of(
        catalogue: &Catalogue,
        item: &Arc<Item>,
        movie: &Movie,
        all_people: bool,
    ) -> Self {
        let all = catalogue.resolve(Kind::Person, &movie.people);
        let count = all.len();
        let people: Vec<_> = all
            .into_iter()
            .filter(|person| all_people || catalogue.is_human(person))
            .map(|person| person.name().to_owned())
            .collect();
        Self {
            item: item.clone(),
            movie: movie.clone(),
            art: Art::of(catalogue, item),
            hidden_people: count - people.len(),
            people,
        }
    }

    pub(super) fn has_japanese_title(&self) -> bool {
        has_japanese_title(&self.movie)
    }

    /// The number of hidden characters, to follow the names.
    pub(super) fn hidden_in_words(&self) -> String {
        match (self.hidden_people, self.people.is_empty()) {
            (0, false) => String::new(),
            (0, true) => "No characters listed".into(),
            (1, false) => "and 1 other".into(),
            (hidden, false) => format!("and {hidden} others"),
            (1, true) => "1 non-human character".into(),
            (hidden, true) => format!("{hidden} non-human characters"),
        }
    }
}
