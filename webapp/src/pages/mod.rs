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

/// The paths of the pages to cache before any request: the home page, the lists and other main pages,
/// and the item pages of a small catalogue. All are the same for every host.
pub(crate) fn paths_to_warm(catalogue: &Catalogue) -> Vec<String> {
    let kinds = Kind::ALL.map(|kind| format!("/{}", kind.plural()));
    let others = ["/", "/directors", "/producers", "/timeline", "/changes"].map(str::to_owned);
    let main = others.into_iter().chain(kinds);
    let is_small = catalogue.len() <= MAX_PREWARMED_ITEMS;
    let items = Kind::ALL.into_iter().filter(|_| is_small);
    let items = items.flat_map(|kind| catalogue.iter(kind));
    main.chain(items.map(|item| tile::address(&item))).collect()
}
