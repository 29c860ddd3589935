//! The movies of a director or producer, and the collaborators.

use std::sync::Arc;

use catalogue_index::{Filmmaker, Role, Sort};
use common::models::{Facts, Item, Kind};

use crate::state::Site;

/// The average score is not computed for more movies than this.
const MAX_SCORED_MOVIES: u64 = 4096;
/// Collaborators of each role, those with the most common movies.
const MAX_COLLABORATORS: usize = 20;

pub(crate) struct Filmography {
    /// The first movies by year.
    pub(crate) movies: Vec<Arc<Item>>,
    /// The first and the last known year.
    pub(crate) years: Option<(u16, u16)>,
    /// The mean of the known scores, in percent.
    pub(crate) average_score: Option<u8>,
    /// Directors, then producers of the same movies, with the number of movies in common, highest
    /// first.
    collaborators: Vec<(Filmmaker, u64)>,
}

impl Filmography {
    /// The filmography with up to `limit` movies.
    pub(crate) fn of(site: &Site, filmmaker: &Filmmaker, limit: usize) -> Self {
        let lists = &site.indexes.lists;
        let by_year = |is_descending, limit| {
            let order = (Sort::Year, is_descending);
            lists.page(Kind::Movie, &filmmaker.movies, order, (0, limit))
        };
        let year = |is_descending| by_year(is_descending, 1).first().and_then(release_year);
        Self {
            movies: by_year(false, limit),
            years: year(false).zip(year(true)),
            average_score: average_score(site, filmmaker),
            collaborators: collaborators(site, filmmaker),
        }
    }

    /// The collaborators in a role, with the number of movies in common.
    pub(crate) fn collaborators_as(&self, role: Role) -> impl Iterator<Item = &(Filmmaker, u64)> {
        let collaborators = self.collaborators.iter();
        collaborators.filter(move |(filmmaker, _)| filmmaker.role == role)
    }
}

fn release_year(item: &Arc<Item>) -> Option<u16> {
    match &item.facts {
        Facts::Movie(movie) => movie.release_year,
        _ => None,
    }
}

fn average_score(site: &Site, filmmaker: &Filmmaker) -> Option<u8> {
    if filmmaker.movies.len() > MAX_SCORED_MOVIES {
        return None;
    }
    let catalogue = &site.snapshot.catalogue;
    let score = |number| catalogue.credits(number)?.score_percent;
    let scores: Vec<_> = filmmaker.movies.iter().filter_map(score).collect();
    let sum: u64 = scores.iter().map(|score| u64::from(*score)).sum();
    let count = scores.len() as u64;
    u8::try_from((sum + count / 2).checked_div(count)?).ok()
}

fn collaborators(site: &Site, filmmaker: &Filmmaker) -> Vec<(Filmmaker, u64)> {
    let lists = &site.indexes.lists;
    let counts = lists.counts(Kind::Movie, filmmaker.movies.clone());
    let name = filmmaker.name.to_lowercase();
    let of_role = |role: Role| {
        let counted = counts
            .values(role.field(), MAX_COLLABORATORS + 1)
            .into_iter();
        let others = counted.filter(|(other, _)| other.to_lowercase() != name);
        let found = others.filter_map(move |(other, count)| {
            Some((lists.filmmaker_by_name(role, &other)?, count))
        });
        found.take(MAX_COLLABORATORS).collect::<Vec<_>>()
    };
    Role::ALL.into_iter().flat_map(of_role).collect()
}
