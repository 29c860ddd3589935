use http_content::Representation;
use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use common::models::{Facts, Item, Kind};

use super::details::{Fact, Section, facts, sections};
use super::history::{self, Entry};
use crate::app_state::AppState;
use crate::art::Art;
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};
use crate::pages::layout::{HtmlHead, PageLayout, TimeTag};
use crate::pages::tile;
use crate::state::Site;

/// The most characters that fit beside a page, one below the other.
const UPRIGHT: usize = 16;
/// The most characters of a name in the largest letters.
const LONG: usize = 60;
/// The most characters of a description for those who list pages.
const DESCRIBED: usize = 200;

#[derive(Template)]
#[template(path = "items/show.html")]
struct ItemPage {
    layout: PageLayout,
    head: HtmlHead,
    item: Arc<Item>,
    kind: Kind,
    art: Art,
    /// Since when the source has it no more, if so.
    missing_since: Option<TimeTag>,
    titles: Titles,
    /// What it is about.
    lede: Option<String>,
    facts: Vec<Fact>,
    sections: Vec<Section>,
    history: Vec<Entry>,
    /// The source's word for the kind.
    collection: &'static str,
    /// A picture on another host.
    poster: Option<String>,
    previous: Option<(String, String)>,
    next: Option<(String, String)>,
}

/// What stands beside a movie's title.
#[derive(Default)]
struct Titles {
    year: Option<u16>,
    original: Option<String>,
    romanised: Option<String>,
}

impl ItemPage {
    /// Whether a title is short enough to stand beside the page, written downwards.
    fn stands_upright(&self, title: &str) -> bool {
        title.chars().count() <= UPRIGHT
    }

    /// Whether a name is too long for the largest letters.
    fn is_long(&self) -> bool {
        self.item.name().chars().count() > LONG
    }

    /// What the list of its kind is called.
    fn list(&self) -> &'static str {
        match self.kind {
            Kind::Movie => "Movies",
            Kind::Person => "Characters",
            Kind::Location => "Places",
            Kind::Species => "Species",
            Kind::Vehicle => "Vehicles",
        }
    }
}

/// One item, by its slug or its id.
pub(crate) async fn show(
    kind: Kind,
    app: AppState,
    slug_or_id: Result<Path<String>, PathRejection>,
) -> Result<Representation, AppError> {
    let Path(slug_or_id) = slug_or_id?;
    let site = app.current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = catalogue
        .find(kind, &slug_or_id)
        .ok_or(AppError::NotFound)?;
    let beside =
        |item: Option<Arc<Item>>| item.map(|item| (tile::address(&item), item.name().to_owned()));
    let (before, after) = catalogue.neighbours(&item);
    let (titles, lede, poster) = words(&item);
    let page = ItemPage {
        layout: PageLayout::of(&site),
        head: head(&app, &item, &titles, lede.as_deref()),
        kind,
        art: Art::of(catalogue, &item),
        missing_since: missing_since(&site, &item),
        facts: facts(catalogue, &item),
        sections: sections(&site, &item),
        history: history::of(&site.history, catalogue, kind, &item.id),
        collection: match kind {
            Kind::Movie => "films",
            other => other.plural(),
        },
        titles,
        lede,
        poster,
        previous: beside(before),
        next: beside(after),
        item,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn missing_since(site: &Site, item: &Item) -> Option<TimeTag> {
    let missing = site.sync_status.missing(item.kind(), &item.id);
    missing.map(|missing| TimeTag(missing.since))
}

/// What only some kinds have: titles, a description, a picture.
fn words(item: &Item) -> (Titles, Option<String>, Option<String>) {
    match &item.facts {
        Facts::Movie(movie) => {
            let titles = Titles {
                year: movie.release_year,
                original: movie.original_title.clone(),
                romanised: movie.original_title_romanised.clone(),
            };
            let poster = movie.poster_url.clone();
            let poster = poster.filter(|url| url.starts_with("https://"));
            (titles, movie.description.clone(), poster)
        }
        Facts::Vehicle(vehicle) => (Titles::default(), vehicle.description.clone(), None),
        _ => (Titles::default(), None, None),
    }
}

fn head(app: &AppState, item: &Item, titles: &Titles, lede: Option<&str>) -> HtmlHead {
    let title = match titles.year {
        Some(year) => format!("{} ({year})", item.name()),
        None => item.name().to_owned(),
    };
    let description = match lede {
        Some(lede) => shortened(lede),
        None => format!(
            "{}: a {} in Studio Ghibli’s movies.",
            item.name(),
            tile::singular(item.kind())
        ),
    };
    let head = HtmlHead::of(&app.public_url, &tile::address(item), title, description);
    match item.kind() {
        Kind::Movie => head.with_og_type("video.movie"),
        _ => head,
    }
}

/// A text up to the last word that fits.
fn shortened(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(DESCRIBED) else {
        return text.to_owned();
    };
    let whole = text[..end].rfind(' ').unwrap_or(end);
    format!("{}…", &text[..whole])
}
