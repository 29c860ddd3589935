use axum::extract::State;
use common::models::{Id, Kind, Movie};
use http::Uri;
use serde::Serialize;

use crate::error::AppError;
use crate::query;
use crate::respond::{JSON, Representation};
use crate::site::Current;

const PER_PAGE: usize = 100;
const MOST_PER_PAGE: usize = 250;

/// A page of a list.
#[derive(Serialize)]
struct List<'a> {
    version: u64,
    total: usize,
    page: usize,
    per_page: usize,
    items: Vec<MovieEntry<'a>>,
}

#[derive(Serialize)]
struct MovieEntry<'a> {
    id: &'a Id,
    slug: &'a str,
    #[serde(flatten)]
    movie: &'a Movie,
}

/// The movies in the source's order, a page at a time.
pub(crate) async fn list(
    State(current): State<Current>,
    uri: Uri,
) -> Result<Representation, AppError> {
    let (mut page, mut per_page) = (1, PER_PAGE);
    for (name, value) in query::pairs(&uri) {
        match &*name {
            "page" => page = query::number(&name, &value, 1, usize::MAX)?,
            "per_page" => per_page = query::number(&name, &value, 1, MOST_PER_PAGE)?,
            _ => return Err(query::unknown(&name, &["page", "per_page"])),
        }
    }
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let items = catalogue
        .movies()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .map(|(item, movie)| MovieEntry {
            id: &item.id,
            slug: &item.slug,
            movie,
        });
    let list = List {
        version: site.version(),
        total: catalogue.count(Kind::Movie),
        page,
        per_page,
        items: items.collect(),
    };
    let json = serde_json::to_vec(&list).map_err(|error| AppError::Internal(error.into()))?;
    Ok(Representation::new(JSON, json).at_version(site.version()))
}
