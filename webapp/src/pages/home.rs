use askama::Template;
use axum::extract::State;
use catalogue_index::Sort;
use common::models::{Counts, Kind};
use common::repository::Header;
use http_content::Representation;

use super::layout::{Frame, Head, Moment};
use super::tile::{self, Tile};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::{CurrentSite, Freshness, Site};

/// How many movies stand on a shelf.
const SHELF: usize = 6;
/// How many versions are told.
const NEWS: usize = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    frame: Frame,
    head: Head,
    /// How many items of each kind there are, with its word and its list.
    counts: Vec<(usize, &'static str, String)>,
    shelves: Vec<Shelf>,
    /// Whether the last sync succeeded and is not held for review.
    fresh: bool,
    /// The last versions, newest first.
    news: Vec<Entry>,
}

/// An id, a heading, where all of them are, and the first.
type Shelf = (&'static str, &'static str, &'static str, Vec<Tile>);

/// A version in a line.
struct Entry {
    version: u64,
    at: Moment,
    what: String,
}

/// The first page: what is here, how fresh it is, where to go.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = Home {
        head: Head::of(
            &public_url,
            "/",
            "The Studio Ghibli catalogue",
            "Studio Ghibli’s movies with their characters and places, mirrored from the Ghibli \
             API, as a website and an API.",
        ),
        frame: Frame::of(&site),
        counts: Kind::ALL.map(|kind| counted(&site, kind)).into(),
        shelves: vec![
            (
                "latest",
                "Latest releases",
                "/movies?sort=-year",
                shelf(&site, Sort::Year),
            ),
            (
                "loved",
                "Top rated",
                "/movies?sort=-score",
                shelf(&site, Sort::Score),
            ),
        ],
        fresh: site.freshness == Freshness::Fresh && site.sync_status.held.is_none(),
        news: site
            .history
            .versions()
            .take(NEWS)
            .map(|version| Entry::of(&version.header))
            .collect(),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn counted(site: &Site, kind: Kind) -> (usize, &'static str, String) {
    let count = site.snapshot.catalogue.count(kind);
    let word = if count == 1 {
        tile::singular(kind)
    } else {
        tile::plural(kind)
    };
    (count, word, format!("/{}", kind.plural()))
}

/// The first movies in an order.
fn shelf(site: &Site, sort: Sort) -> Vec<Tile> {
    let found = site.indexes.lists.find(Kind::Movie, &[]);
    let movies = site
        .indexes
        .lists
        .page(Kind::Movie, &found, (sort, true), (0, SHELF));
    Tile::all(&site.snapshot.catalogue, movies)
}

impl Entry {
    fn of(header: &Header) -> Self {
        Self {
            version: header.version,
            at: Moment(header.at),
            what: if header.first {
                "initial import".into()
            } else {
                told(header.changes)
            },
        }
    }
}

/// Such as “1 item added, 3 updated”.
fn told(changes: Counts) -> String {
    let counts = [
        (changes.added, "added"),
        (changes.updated, "updated"),
        (changes.removed, "removed"),
    ];
    let mut words = Vec::new();
    for (count, what) in counts {
        let item = match (words.is_empty(), count) {
            (_, 0) => continue,
            (true, 1) => " item",
            (true, _) => " items",
            (false, _) => "",
        };
        words.push(format!("{count}{item} {what}"));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_told_in_a_line() {
        for (added, updated, removed, line) in [
            (0, 1, 0, "1 item updated"),
            (2, 1, 3, "2 items added, 1 updated, 3 removed"),
        ] {
            let changes = Counts {
                added,
                updated,
                removed,
            };
            assert_eq!(told(changes), line);
        }
    }
}
