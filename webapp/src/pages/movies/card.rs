use std::sync::Arc;

use common::models::{Catalogue, Item, Kind, Movie};

use crate::art::Art;

/// A movie in a list.
pub(super) struct Card {
    pub(super) item: Arc<Item>,
    pub(super) movie: Movie,
    pub(super) art: Art,
    /// Names of the people that are shown.
    pub(super) people: Vec<String>,
    /// How many others there are.
    pub(super) others: usize,
}

impl Card {
    pub(super) fn of(
        catalogue: &Catalogue,
        item: &Arc<Item>,
        movie: &Movie,
        everyone: bool,
    ) -> Self {
        let all = catalogue.resolve(Kind::Person, &movie.people);
        let count = all.len();
        let people: Vec<_> = all
            .into_iter()
            .filter(|person| everyone || catalogue.is_human(person))
            .map(|person| person.name().to_owned())
            .collect();
        Self {
            item: item.clone(),
            movie: movie.clone(),
            art: Art::of(catalogue, item),
            others: count - people.len(),
            people,
        }
    }

    /// Who else is in it, in words that follow the names.
    pub(super) fn others_in_words(&self) -> String {
        match (self.others, self.people.is_empty()) {
            (0, false) => String::new(),
            (0, true) => "No characters listed".into(),
            (1, false) => "and 1 other".into(),
            (others, false) => format!("and {others} others"),
            (1, true) => "1 non-human character".into(),
            (others, true) => format!("{others} non-human characters"),
        }
    }
}
