use std::cmp::Reverse;

use askama::Template;
use axum::extract::State;
use common::models::Kind;

use super::frame::{Frame, Head};
use super::movies::Card;
use crate::PublicUrl;
use crate::error::AppError;
use crate::respond::Representation;
use crate::site::Current;

/// How many movies stand on the first page's shelf.
const SHELF: usize = 6;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    head: Head,
    frame: Frame,
    /// How many items of each kind there are, with its word.
    counts: Vec<(usize, &'static str)>,
    /// The latest movies.
    shelf: Vec<Card>,
}

/// The first page: what is here, how fresh it is, where to go.
pub(crate) async fn show(
    State(current): State<Current>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let counts = Kind::ALL.map(|kind| {
        let count = catalogue.count(kind);
        let word = if count == 1 {
            kind.singular()
        } else {
            kind.plural()
        };
        (count, word)
    });
    let mut shelf: Vec<_> = catalogue.movies().rev().collect();
    shelf.sort_by_key(|(_, movie)| Reverse(movie.release_year));
    let page = Home {
        head: Head::of(
            &public_url,
            "/",
            "The Studio Ghibli catalogue",
            "The movies of Studio Ghibli with their people and places, mirrored from the Ghibli API: as pages and as an API.",
        ),
        frame: Frame::of(&site),
        counts: counts.into(),
        shelf: shelf
            .into_iter()
            .take(SHELF)
            .map(|(item, movie)| Card::of(catalogue, item, movie, false))
            .collect(),
    };
    Ok(Representation::page(&page)?.at_version(site.version()))
}
