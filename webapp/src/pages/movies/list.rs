use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use catalogue_index::Field;
use common::models::{Facts, Kind};
use http::header::{CACHE_CONTROL, LOCATION};
use http::{StatusCode, Uri};

use super::card::Card;
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::pages::facets::{Chip, Question, chips, filters, questions};
use crate::pages::layout::{HtmlHead, PageLayout};
use crate::pages::tile;
use crate::pages::view::{PER_PAGE, Read, View, tidier};
use crate::state::CurrentSite;

#[derive(Template)]
#[template(path = "movies/list.html")]
struct MovieList {
    layout: PageLayout,
    head: HtmlHead,
    view: View,
    total: usize,
    cards: Vec<Card>,
    /// How many people are left out on this page.
    others: usize,
    pages: usize,
    questions: Vec<Question>,
    chips: Vec<Chip>,
    /// The first and the last year in the catalogue.
    years: Option<(u32, u32)>,
}

impl MovieList {
    /// A movie among these, whichever.
    fn surprise(&self) -> String {
        let address = self.view.at_page(1);
        address.replacen("/movies", "/movies/random", 1)
    }
}

/// Movies with their people: the humans, as the first PyFlix listed them, or all.
pub(crate) async fn list(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    uri: Uri,
) -> Result<Response, AppError> {
    let view = match View::read(Kind::Movie, &uri)? {
        Read::View(view) => view,
        Read::Tidier(address) => return Ok(tidier(&address)),
    };
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let found = site
        .indexes
        .lists
        .find(Kind::Movie, &filters(&site, &view, None));
    let total = usize::try_from(found.len()).unwrap_or(usize::MAX);
    let pages = total.div_ceil(PER_PAGE).max(1);
    if view.page > pages {
        return Err(AppError::NotFound);
    }
    let stretch = ((view.page - 1) * PER_PAGE, PER_PAGE);
    let items = site
        .indexes
        .lists
        .page(Kind::Movie, &found, view.sort(), stretch);
    let cards: Vec<_> = items
        .into_iter()
        .filter_map(|item| match &item.facts {
            Facts::Movie(movie) => Some(Card::of(catalogue, &item, movie, view.everyone)),
            _ => None,
        })
        .collect();
    let chips = chips(&site, &view);
    let page = MovieList {
        layout: PageLayout::of(&site),
        head: head(&public_url, &view, &chips, total),
        others: cards.iter().map(|card| card.others).sum(),
        total,
        cards,
        pages,
        questions: questions(&site, &view),
        chips,
        years: site.indexes.lists.bounds(Field::Year),
        view,
    };
    let page = content::page(&page)?.at_version(site.version());
    Ok(page.into_response())
}

fn head(public_url: &PublicUrl, view: &View, chips: &[Chip], total: usize) -> HtmlHead {
    let mut title = vec!["Movies".to_owned()];
    title.extend(chips.iter().map(|chip| chip.label.clone()));
    if view.page > 1 {
        title.push(format!("page {}", view.page));
    }
    let movies = if total == 1 { "movie" } else { "movies" };
    let description = format!("{total} {movies} with directors, years and characters.");
    HtmlHead::of(public_url, &view.address(), title.join(", "), description)
}

/// Sends to a movie, another one each time; only to those that a view of the list would show.
pub(crate) async fn random(
    State(current): State<CurrentSite>,
    uri: Uri,
) -> Result<impl IntoResponse, AppError> {
    let view = match View::read(Kind::Movie, &uri)? {
        Read::View(view) => view,
        Read::Tidier(_) => View::of(Kind::Movie),
    };
    let site = current.load()?;
    let found = site
        .indexes
        .lists
        .find(Kind::Movie, &filters(&site, &view, None));
    // Each of these hashers begins with keys of its own.
    let chance = RandomState::new().build_hasher().finish();
    let place = chance.checked_rem(found.len()).unwrap_or_default();
    let number = u32::try_from(place)
        .ok()
        .and_then(|place| found.select(place));
    let item = number.and_then(|number| site.indexes.lists.item(number));
    let address = item.map_or_else(|| view.address(), |item| tile::address(&item));
    let headers = [(LOCATION, address), (CACHE_CONTROL, "no-store".to_owned())];
    Ok((StatusCode::SEE_OTHER, headers))
}
