use askama::Template;
use axum::extract::State;
use catalogue_index::Sort;
use common::models::Kind;
use common::repository::Header;
use http_content::Representation;

use super::layout::{HtmlHead, PageLayout, TimeTag};
use super::tile::{self, Tile};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::{CurrentSite, Site};
use crate::wording::item_counts_in_words;

/// Movies in one row.
const MOVIES_PER_ROW: usize = 6;
/// Versions in the list of recent changes.
const RECENT_VERSIONS: usize = 5;

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: PageLayout,
    head: HtmlHead,
    counts: Vec<KindCount>,
    movie_rows: Vec<MovieRow>,
    /// Newest first.
    recent_versions: Vec<RecentVersion>,
}

struct KindCount {
    count: usize,
    noun: &'static str,
    path: String,
}

/// The first movies of a list.
struct MovieRow {
    id: &'static str,
    heading: &'static str,
    /// The path of the whole list.
    path: &'static str,
    tiles: Vec<Tile>,
}

struct RecentVersion {
    version: u64,
    at: TimeTag,
    summary: String,
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = HomePage {
        head: HtmlHead::of(
            &public_url,
            "/",
            "The Studio Ghibli catalogue",
            "Studio Ghibli’s movies with their characters and places, mirrored from the Ghibli \
             API, as a website and an API.",
        ),
        layout: PageLayout::of(&site),
        counts: Kind::ALL.map(|kind| kind_count(&site, kind)).into(),
        movie_rows: vec![
            MovieRow {
                id: "latest",
                heading: "Latest releases",
                path: "/movies?sort=-year",
                tiles: first_movies(&site, Sort::Year),
            },
            MovieRow {
                id: "loved",
                heading: "Top rated",
                path: "/movies?sort=-score",
                tiles: first_movies(&site, Sort::Score),
            },
        ],
        recent_versions: site
            .history
            .versions()
            .take(RECENT_VERSIONS)
            .map(|version| RecentVersion::of(&version.header))
            .collect(),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn kind_count(site: &Site, kind: Kind) -> KindCount {
    let count = site.snapshot.catalogue.count(kind);
    let noun = if count == 1 {
        tile::singular(kind)
    } else {
        tile::plural(kind)
    };
    KindCount {
        count,
        noun,
        path: format!("/{}", kind.plural()),
    }
}

fn first_movies(site: &Site, sort: Sort) -> Vec<Tile> {
    let found = site.indexes.lists.find(Kind::Movie, &[]);
    let movies = site
        .indexes
        .lists
        .page(Kind::Movie, &found, (sort, true), (0, MOVIES_PER_ROW));
    Tile::all(site, movies)
}

impl RecentVersion {
    fn of(header: &Header) -> Self {
        Self {
            version: header.version,
            at: TimeTag(header.at),
            summary: if header.first {
                "initial import".into()
            } else {
                item_counts_in_words(header.changes)
            },
        }
    }
}
