//! Links to directors and producers.

use catalogue_index::{Filmmaker, Role, credited_names};

use crate::state::Site;

/// A link to a filmmaker.
pub(super) struct FilmmakerLink {
    pub(super) role: Role,
    pub(super) name: String,
    pub(super) address: String,
    /// The number of movies, of all or of those in common.
    pub(super) movies: u64,
}

impl FilmmakerLink {
    pub(super) fn of(filmmaker: &Filmmaker) -> Self {
        Self {
            role: filmmaker.role,
            name: filmmaker.name.clone(),
            address: address(filmmaker),
            movies: filmmaker.movies.len(),
        }
    }

    /// Such as “9 movies”.
    pub(super) fn count_in_words(&self) -> String {
        let noun = if self.movies == 1 { "movie" } else { "movies" };
        format!("{} {noun}", self.movies)
    }
}

/// The path of a filmmaker's page.
pub(super) fn address(filmmaker: &Filmmaker) -> String {
    format!("/{}/{}", filmmaker.role.plural(), filmmaker.slug)
}

/// The title of the list of a role.
pub(super) const fn heading(role: Role) -> &'static str {
    match role {
        Role::Director => "Directors",
        Role::Producer => "Producers",
    }
}

/// The names in a movie's field with the paths of their pages.
pub(super) fn credits(site: &Site, role: Role, field: Option<&str>) -> Vec<(String, String)> {
    let names = field.into_iter().flat_map(credited_names);
    let filmmakers = names.filter_map(|name| site.indexes.lists.filmmaker_by_name(role, name));
    filmmakers
        .map(|filmmaker| {
            let address = address(&filmmaker);
            (filmmaker.name, address)
        })
        .collect()
}
