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
use self::facets::{ActiveFilter, Facet, active_filters, facets, index_filters};
pub(crate) use self::random::random;
pub(super) use self::view::filtered_by;
use self::view::{ListView, PER_PAGE, ParsedAddress};
use super::layout::{HtmlHead, PageLayout};
use super::tile::Tile;
use crate::app_state::AppState;
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};

#[derive(Template)]
#[template(path = "list.html")]
struct ListPage {
    layout: PageLayout,
    head: HtmlHead,
    view: ListView,
    heading: &'static str,
    total: usize,
    entries: Entries,
    pages: usize,
    facets: Vec<Facet>,
    active_filters: Vec<ActiveFilter>,
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

    /// How many characters this page leaves out.
    fn hidden_people(&self) -> usize {
        match &self.entries {
            Entries::Movies(cards) => cards.iter().map(|card| card.hidden_people).sum(),
            Entries::Tiles(_) => 0,
        }
    }

    /// The address of a random one of these movies.
    fn random_movie(&self) -> String {
        let address = self.view.at_page(1);
        address.replacen("/movies", "/movies/random", 1)
    }
}

/// The items of a kind; movies with their people, as the first PyFlix listed them.
pub(crate) async fn list(kind: Kind, app: AppState, uri: Uri) -> Result<Response, AppError> {
    let view = match ListView::parse(kind, &uri)? {
        ParsedAddress::View(view) => view,
        ParsedAddress::Redirect(address) => return Ok(Redirect::to(&address).into_response()),
    };
    let site = app.current.load()?;
    let catalogue = &site.snapshot.catalogue;
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
            Facts::Movie(movie) => Some(MovieCard::of(catalogue, item, movie, view.all_people)),
            _ => None,
        });
        Entries::Movies(cards.collect())
    } else {
        Entries::Tiles(Tile::all(catalogue, items))
    };
    let active_filters = active_filters(&site, &view);
    let (heading, description) = heading_and_description(kind, total);
    let mut title = vec![heading.to_owned()];
    title.extend(active_filters.iter().map(|filter| filter.label.clone()));
    if view.page > 1 {
        title.push(format!("page {}", view.page));
    }
    let title = title.join(", ");
    let head = HtmlHead::of(&app.public_url, &view.address(), title, description);
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
        active_filters,
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
