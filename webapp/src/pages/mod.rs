//! The pages: each handler with its template.

pub(crate) mod about;
pub(crate) mod changes;
mod error;
mod filmmaker_link;
pub(crate) mod filmmakers;
pub(crate) mod home;
pub(crate) mod items;
mod language;
mod layout;
pub(crate) mod lists;
pub(crate) mod search;
pub(crate) mod status;
pub(crate) mod suggest;
#[cfg(test)]
mod tests;
mod tile;
pub(crate) mod timeline;
mod version_mark;

use common::models::{Catalogue, Kind};

pub(crate) use self::error::ErrorPage;
pub(crate) use self::layout::{HtmlHead, PageLayout, TimeTag};
pub(crate) use self::version_mark::VersionMark;

/// Item pages are prewarmed up to this number of items.
const MAX_PREWARMED_ITEMS: usize = 500;

/// The paths of the home page, the lists and the other main pages that are the same for every host.
pub(crate) fn main_paths() -> Vec<String> {
    let kinds = Kind::ALL.map(|kind| format!("/{}", kind.plural()));
    let others = ["/", "/directors", "/producers", "/timeline", "/changes"].map(str::to_owned);
    others.into_iter().chain(kinds).collect()
}

/// The paths of all item pages of a small catalogue; none of a large one.
pub(crate) fn item_paths(catalogue: &Catalogue) -> Vec<String> {
    let items = Kind::ALL.map(|kind| catalogue.count(kind));
    if items.into_iter().sum::<usize>() > MAX_PREWARMED_ITEMS {
        return Vec::new();
    }
    let items = Kind::ALL.into_iter().flat_map(|kind| catalogue.iter(kind));
    items.map(|item| tile::address(&item)).collect()
}
