//! The pages: each handler beside the template that it fills.

pub(crate) mod about;
pub(crate) mod changes;
mod error;
mod facets;
mod frame;
pub(crate) mod home;
pub(crate) mod items;
pub(crate) mod movies;
pub(crate) mod search;
pub(crate) mod status;
#[cfg(test)]
mod tests;
mod tile;
mod view;

use common::models::{Catalogue, Kind};

pub(crate) use self::error::ErrorPage;
pub(crate) use self::frame::{Frame, Head};

/// How many movies a catalogue may have for every movie's page to be hot.
const FEW: usize = 100;

/// The pages that are worth having ready: the first ones, and every movie's of a small catalogue.
/// Every other item's would take another 2 MiB for good.
pub(crate) fn hot(catalogue: &Catalogue) -> Vec<String> {
    let mut hot: Vec<_> = ["/", "/changes", "/about"].map(str::to_owned).into();
    hot.extend(Kind::ALL.map(|kind| format!("/{}", kind.plural())));
    if catalogue.count(Kind::Movie) <= FEW {
        let movies = catalogue.iter(Kind::Movie);
        hot.extend(movies.map(|movie| tile::address(&movie)));
    }
    hot
}
