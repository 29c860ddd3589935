use askama::Template;
use axum::response::{IntoResponse, Response};
use common::models::Kind;
use http::Uri;

use crate::app_state::AppState;
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};
use crate::pages::facets::{Chip, Question, chips, filters, questions};
use crate::pages::layout::{HtmlHead, PageLayout};
use crate::pages::tile::Tile;
use crate::pages::view::{PER_PAGE, Read, View, tidier};

#[derive(Template)]
#[template(path = "items/list.html")]
struct ItemList {
    layout: PageLayout,
    head: HtmlHead,
    view: View,
    /// What the list is called.
    heading: &'static str,
    total: usize,
    tiles: Vec<Tile>,
    pages: usize,
    questions: Vec<Question>,
    chips: Vec<Chip>,
    /// Only movies have years.
    years: Option<(u32, u32)>,
}

/// The items of a kind.
pub(crate) async fn list(kind: Kind, app: AppState, uri: Uri) -> Result<Response, AppError> {
    let view = match View::read(kind, &uri)? {
        Read::View(view) => view,
        Read::Tidier(address) => return Ok(tidier(&address)),
    };
    let site = app.current.load()?;
    let found = site.indexes.lists.find(kind, &filters(&site, &view, None));
    let total = usize::try_from(found.len()).unwrap_or(usize::MAX);
    let pages = total.div_ceil(PER_PAGE).max(1);
    if view.page > pages {
        return Err(AppError::NotFound);
    }
    let stretch = ((view.page - 1) * PER_PAGE, PER_PAGE);
    let items = site.indexes.lists.page(kind, &found, view.sort(), stretch);
    let chips = chips(&site, &view);
    let (heading, description) = words(kind);
    let mut title = vec![heading.to_owned()];
    title.extend(chips.iter().map(|chip| chip.label.clone()));
    let page = ItemList {
        layout: PageLayout::of(&site),
        head: HtmlHead::of(
            &app.public_url,
            &view.address(),
            title.join(", "),
            description,
        ),
        heading,
        total,
        tiles: Tile::all(&site.snapshot.catalogue, items),
        pages,
        questions: questions(&site, &view),
        chips,
        years: None,
        view,
    };
    let page = content::page(&page)?.at_version(site.version());
    Ok(page.into_response())
}

fn words(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Movie => ("Movies", "Studio Ghibli’s movies."),
        Kind::Person => ("Characters", "The characters in Studio Ghibli’s movies."),
        Kind::Location => ("Places", "The places in Studio Ghibli’s movies."),
        Kind::Species => ("Species", "The species in Studio Ghibli’s movies."),
        Kind::Vehicle => ("Vehicles", "The vehicles in Studio Ghibli’s movies."),
    }
}
