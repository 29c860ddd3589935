//! The list of each kind, with filters, sort order and pages.

mod card;
mod facets;
mod random;
mod view;

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use catalogue_index::Field;
use common::models::{Facts, Kind};
use http::Uri;

use self::card::MovieCard;
use self::facets::{Chip, Facet, chips, facets, heading, index_filters};
pub(crate) use self::random::random;
use self::view::{ListView, PER_PAGE, ParsedAddress};
pub(super) use self::view::{filtered_by, released_in};
use super::layout::{HtmlHead, PageLayout};
use super::tile::Tile;
use crate::app_state::AppState;
use crate::art::SharePicture;
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    layout: PageLayout,
    head: HtmlHead,
    view: ListView,
    heading: String,
    total: usize,
    entries: Entries,
    pages: usize,
    facets: Vec<Facet>,
    chips: Vec<Chip>,
    /// The first and the last year of the movies in the catalogue.
    years: Option<(u32, u32)>,
}

enum Entries {
    Movies(Vec<MovieCard>),
    Tiles(Vec<Tile>),
}

impl ListPage {
    fn is_empty(&self) -> bool {
        match &self.entries {
            Entries::Movies(cards) => cards.is_empty(),
            Entries::Tiles(tiles) => tiles.is_empty(),
        }
    }

    fn has_filters(&self) -> bool {
        !self.facets.is_empty() || self.years.is_some()
    }

    /// The address of a random one of these movies.
    fn random_movie(&self) -> String {
        let address = self.view.at_page(1);
        address.replacen("/movies", "/movies/random", 1)
    }
}

/// The items of a kind; movies with their people, as the first PyFlix listed them.
pub(crate) async fn list(kind: Kind, state: AppState, uri: Uri) -> Result<Response, AppError> {
    let view = match ListView::parse(kind, &uri)? {
        ParsedAddress::View(view) => view,
        ParsedAddress::Redirect(address) => return Ok(Redirect::to(&address).into_response()),
    };
    let site = state.current.load()?;
    let found = site
        .indexes
        .lists
        .find(kind, &index_filters(&site, &view, None));
    let total = usize::try_from(found.len()).unwrap_or(usize::MAX);
    let pages = total.div_ceil(PER_PAGE).max(1);
    if view.page > pages {
        return Err(AppError::NotFound);
    }
    let range = ((view.page - 1) * PER_PAGE, PER_PAGE);
    let items = site.indexes.lists.page(kind, &found, view.order(), range);
    let entries = if kind == Kind::Movie {
        let cards = items.iter().filter_map(|item| match &item.facts {
            Facts::Movie(movie) => Some(MovieCard::of(&site, item, movie, &view)),
            _ => None,
        });
        Entries::Movies(cards.collect())
    } else {
        let tiles = Tile::all(&site, items).into_iter();
        Entries::Tiles(
            tiles
                .map(|tile| tile.with_movie(&site.snapshot.catalogue))
                .collect(),
        )
    };
    let (plain_heading, description) = heading_and_description(kind, total);
    let heading = heading(&site, &view, plain_heading);
    let title = match view.page {
        1 => heading.clone(),
        page => format!("{heading}, page {page}"),
    };
    let head = HtmlHead::of(&state.public_url, &view.address(), title, description)
        .with_picture(&state.public_url, || {
            SharePicture::of_kind(&site.indexes.lists, kind)
        });
    let page = ListPage {
        layout: PageLayout::of(&site),
        head: match view.is_plain() {
            true => head,
            false => head.not_indexed(),
        },
        heading,
        total,
        entries,
        pages,
        facets: facets(&site, &view),
        chips: chips(&site, &view),
        years: (kind == Kind::Movie)
            .then(|| site.indexes.lists.bounds(Field::Year))
            .flatten(),
        view,
    };
    let page = content::page(&page)?.at_version(site.version());
    Ok(page.into_response())
}

fn heading_and_description(kind: Kind, total: usize) -> (&'static str, String) {
    let (heading, description) = match kind {
        Kind::Movie => {
            let movies = if total == 1 { "movie" } else { "movies" };
            let description = format!("{total} {movies} with directors, years and characters.");
            return ("Movies", description);
        }
        Kind::Person => ("Characters", "The characters in Studio Ghibli’s movies."),
        Kind::Location => ("Places", "The places in Studio Ghibli’s movies."),
        Kind::Species => ("Species", "The species in Studio Ghibli’s movies."),
        Kind::Vehicle => ("Vehicles", "The vehicles in Studio Ghibli’s movies."),
    };
    (heading, description.into())
}
