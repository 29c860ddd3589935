use http_content::Representation;
use std::sync::Arc;

use askama::Template;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use catalogue_index::Sort;
use common::models::{Facts, Item, Kind};
use http::Uri;

use super::details::{Fact, RelatedItems, facts, related_items};
use super::elsewhere::{ExternalLink, external_links};
use crate::app_state::AppState;
use crate::art::{Art, SharePicture};
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};
use crate::pages::language::has_japanese_title;
use crate::pages::layout::{HtmlHead, PageLayout, TimeTag};
use crate::pages::tile;
use crate::state::Site;
use crate::wording::{Revision, revisions};

/// A title with more characters is not written vertically.
const MAX_VERTICAL_CHARACTERS: usize = 16;
/// A name with more characters is set in a smaller font.
const MAX_LARGE_CHARACTERS: usize = 60;
/// Characters of a page's meta description.
const MAX_META_CHARACTERS: usize = 200;

#[derive(Template)]
#[template(path = "items/show.html")]
struct ItemPage {
    layout: PageLayout,
    head: HtmlHead,
    item: Arc<Item>,
    kind: Kind,
    art: Art,
    /// Since when the item is missing at the source, if it is.
    missing_since: Option<TimeTag>,
    titles: MovieTitles,
    description: Option<String>,
    facts: Vec<Fact>,
    related: Vec<RelatedItems>,
    revisions: Vec<Revision>,
    /// The collection in the drop-in API.
    collection: &'static str,
    /// URL and host of a picture on another host.
    poster: Option<(String, String)>,
    /// A movie on other sites.
    external_links: Vec<ExternalLink>,
    /// Path and name.
    previous: Option<(String, String)>,
    /// Path and name.
    next: Option<(String, String)>,
}

/// Year and other titles of a movie.
#[derive(Default)]
struct MovieTitles {
    year: Option<u16>,
    original: Option<String>,
    romanised: Option<String>,
    is_japanese: bool,
}

impl ItemPage {
    /// Whether the original title is written vertically beside the page.
    fn is_vertical(&self, title: &str) -> bool {
        self.titles.is_japanese && title.chars().count() <= MAX_VERTICAL_CHARACTERS
    }

    /// Whether the name is too long for the large font.
    fn has_long_name(&self) -> bool {
        self.item.name().chars().count() > MAX_LARGE_CHARACTERS
    }

    /// The title of the list of its kind.
    fn list_title(&self) -> &'static str {
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
    state: AppState,
    slug_or_id: Result<Path<String>, PathRejection>,
) -> Result<Representation, AppError> {
    let Path(slug_or_id) = slug_or_id?;
    let site = state.current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = site.find(kind, &slug_or_id)?;
    let link =
        |item: Option<Arc<Item>>| item.map(|item| (tile::address(&item), item.name().to_owned()));
    // Movies by year: the source's order means nothing to readers.
    let (previous, next) = match kind {
        Kind::Movie => site.indexes.lists.neighbours(&item, Sort::Year),
        _ => catalogue.neighbours(&item),
    };
    let (titles, description, poster) = kind_details(&item);
    let external_links = match &item.facts {
        Facts::Movie(movie) => external_links(movie).into(),
        _ => Vec::new(),
    };
    let page = ItemPage {
        layout: PageLayout::of(&site),
        head: head(&state, &item, &titles, description.as_deref())
            .with_picture(&state.public_url, || {
                Some(SharePicture::of_item(&site, &item))
            }),
        kind,
        art: Art::of(&site, &item),
        missing_since: missing_since(&site, &item),
        facts: facts(&site, &item),
        related: related_items(&site, &item),
        revisions: revisions(&site.history, catalogue, kind, &item.id),
        collection: match kind {
            Kind::Movie => "films",
            other => other.plural(),
        },
        titles,
        description,
        poster,
        external_links,
        previous: link(previous),
        next: link(next),
        item,
    };
    Ok(content::page(&page)?.at_version(site.version()))
}

fn missing_since(site: &Site, item: &Item) -> Option<TimeTag> {
    let missing = site.sync_status.missing(item.kind(), &item.id);
    missing.map(|missing| TimeTag(missing.since))
}

/// Parts that only some kinds have: titles, a description, a poster.
fn kind_details(item: &Item) -> (MovieTitles, Option<String>, Option<(String, String)>) {
    match &item.facts {
        Facts::Movie(movie) => {
            let titles = MovieTitles {
                year: movie.release_year,
                original: movie.original_title.clone(),
                romanised: movie.original_title_romanised.clone(),
                is_japanese: has_japanese_title(movie),
            };
            let poster = movie.poster_url.as_ref().and_then(|url| {
                let uri: Uri = url.parse().ok()?;
                let host = uri.host()?.to_owned();
                (uri.scheme_str() == Some("https")).then(|| (url.clone(), host))
            });
            (titles, movie.description.clone(), poster)
        }
        Facts::Vehicle(vehicle) => (MovieTitles::default(), vehicle.description.clone(), None),
        _ => (MovieTitles::default(), None, None),
    }
}

fn head(
    state: &AppState,
    item: &Item,
    titles: &MovieTitles,
    description: Option<&str>,
) -> HtmlHead {
    let title = match titles.year {
        Some(year) => format!("{} ({year})", item.name()),
        None => item.name().to_owned(),
    };
    let description = match description {
        Some(description) => excerpt(description),
        None => format!(
            "{}: a {} in Studio Ghibli’s movies.",
            item.name(),
            tile::singular(item.kind())
        ),
    };
    let head = HtmlHead::of(&state.public_url, &tile::address(item), title, description);
    match item.kind() {
        Kind::Movie => head.with_og_type("video.movie"),
        _ => head,
    }
}

/// A text up to the last word that fits.
fn excerpt(text: &str) -> String {
    let Some((end, _)) = text.char_indices().nth(MAX_META_CHARACTERS) else {
        return text.to_owned();
    };
    let whole = text[..end].rfind(' ').unwrap_or(end);
    format!("{}…", &text[..whole])
}
