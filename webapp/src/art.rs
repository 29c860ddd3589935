//! The URLs of item drawings, and their handler.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use common::models::{Catalogue, Item, Kind};
use http_content::Representation;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::assets::IMMUTABLE;
use crate::http::AppError;
use crate::http::content::SVG;
use crate::state::{CurrentSite, find};
use crate::wording;

/// URL and size of a drawing.
#[derive(Clone, Debug)]
pub(crate) struct Art {
    /// The path and a query that changes with the content.
    pub(crate) address: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl Art {
    pub(crate) fn of(catalogue: &Catalogue, item: &Item) -> Self {
        let kind = item.kind().plural();
        let id = utf8_percent_encode(&item.id, NON_ALPHANUMERIC);
        let (width, height) = item_art::size(item.kind());
        Self {
            address: format!("/art/{kind}/{id}.svg?{}", version(catalogue, item)),
            width,
            height,
        }
    }
}

/// The drawing of one item, by its id or slug.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let Path((kind, name)) = path?;
    let kind = Kind::ALL.into_iter().find(|known| known.plural() == kind);
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = kind
        .zip(name.strip_suffix(".svg"))
        .and_then(|(kind, id)| {
            catalogue
                .get(kind, id)
                .or_else(|| find(catalogue, kind, id))
        })
        .ok_or(AppError::NotFound)?;
    let svg = item_art::draw(catalogue, &item, wording::singular(item.kind()));
    let drawing = Representation::new(SVG, svg);
    let digest = version(catalogue, &item);
    if query.is_some_and(|query| query.split('&').any(|pair| pair == digest)) {
        return Ok(drawing.with_cache_control(IMMUTABLE));
    }
    Ok(drawing)
}

/// The query of a drawing's URL.
fn version(catalogue: &Catalogue, item: &Item) -> String {
    format!("v={:016x}", item_art::fingerprint(catalogue, item))
}

#[cfg(test)]
mod tests {
    use common::models::{Facts, Movie};

    use super::*;
    use crate::fixture::item;

    #[test]
    fn an_id_is_escaped_in_the_url_of_a_drawing() {
        let item = item("a/b?c", Facts::Movie(Movie::default()));
        let address = Art::of(&Catalogue::default(), &item).address;
        assert!(address.starts_with("/art/movies/a%2Fb%3Fc.svg?v="));
    }
}
