//! The pages: each handler beside the template that it fills.

pub(crate) mod about;
pub(crate) mod changes;
mod error;
mod facets;
pub(crate) mod home;
pub(crate) mod items;
mod layout;
pub(crate) mod movies;
pub(crate) mod search;
pub(crate) mod status;
#[cfg(test)]
mod tests;
mod tile;
mod view;

use common::models::{Catalogue, Kind};

pub(crate) use self::error::ErrorPage;
pub(crate) use self::layout::{Frame, Head};

/// How many items a catalogue may have for every item's page to be hot.
const FEW: usize = 500;

/// The pages that are looked at first.
pub(crate) fn first() -> Vec<String> {
    let kinds = Kind::ALL.map(|kind| format!("/{}", kind.plural()));
    let others = ["/", "/changes", "/about"].map(str::to_owned);
    others.into_iter().chain(kinds).collect()
}

/// Every item's page of a small catalogue; none of a large one.
pub(crate) fn of_items(catalogue: &Catalogue) -> Vec<String> {
    let items = Kind::ALL.map(|kind| catalogue.count(kind));
    if items.into_iter().sum::<usize>() > FEW {
        return Vec::new();
    }
    let items = Kind::ALL.into_iter().flat_map(|kind| catalogue.iter(kind));
    items.map(|item| tile::address(&item)).collect()
}
