//! The URLs of item drawings and of the posters over them, and the handler of drawings.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use common::models::{Catalogue, Item, Kind};
use http_content::Representation;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::assets::IMMUTABLE;
use crate::http::AppError;
use crate::http::content::SVG;
use crate::state::{CurrentSite, Site, find};
use crate::{images, wording};

/// URL and size of a drawing.
#[derive(Clone, Debug)]
pub(crate) struct Art {
    /// The path and a query that changes with the content.
    pub(crate) address: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The poster that covers the drawing once it is loaded.
    pub(crate) poster: Option<PosterImage>,
}

/// The addresses and the size of a poster.
#[derive(Clone, Debug)]
pub(crate) struct PosterImage {
    /// That of the largest picture.
    pub(crate) address: String,
    /// The addresses with their widths, as in the attribute `srcset`.
    pub(crate) srcset: String,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl PosterImage {
    fn of(site: &Site, item: &Item) -> Option<Self> {
        let pictures = site.sync_status.posters.get(item)?;
        let largest = pictures.last()?;
        let sources = pictures.iter();
        let sources = sources.map(|one| format!("{} {}w", images::address(one), one.width));
        Some(Self {
            address: images::address(largest),
            srcset: sources.collect::<Vec<_>>().join(", "),
            width: largest.width,
            height: largest.height,
        })
    }
}

impl Art {
    pub(crate) fn of(site: &Site, item: &Item) -> Self {
        Self {
            poster: PosterImage::of(site, item),
            ..Self::drawing(&site.snapshot.catalogue, item)
        }
    }

    fn drawing(catalogue: &Catalogue, item: &Item) -> Self {
        let kind = item.kind().plural();
        let id = utf8_percent_encode(&item.id, NON_ALPHANUMERIC);
        let (width, height) = item_art::size(item.kind());
        Self {
            address: format!("/art/{kind}/{id}.svg?{}", version(catalogue, item)),
            width,
            height,
            poster: None,
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
    if query.is_some_and(|query| query == version(catalogue, &item)) {
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
    use std::sync::Arc;

    use common::models::{Facts, Movie};
    use common::repository::{Picture, Poster};

    use super::*;
    use crate::fixture::item;
    use crate::state::{PosterIndex, SyncStatus};

    #[test]
    fn an_id_is_escaped_in_the_url_of_a_drawing() {
        let item = item("a/b?c", Facts::Movie(Movie::default()));
        let address = Art::drawing(&Catalogue::default(), &item).address;
        assert!(address.starts_with("/art/movies/a%2Fb%3Fc.svg?v="));
    }
    #[test]
    fn a_movie_whose_poster_is_stored_has_all_its_pictures() {
        let movie = |url: Option<&str>| {
            let facts = Movie {
                poster_url: url.map(Into::into),
                ..Movie::default()
            };
            item("m", Facts::Movie(facts))
        };
        let poster = |url: &str, widths: &[u32], problem: Option<&str>| Poster {
            url: url.into(),
            pictures: widths
                .iter()
                .map(|width| Picture::new(b"jpeg", *width, width * 3 / 2))
                .collect(),
            problem: problem.map(Into::into),
            ..Poster::default()
        };
        let posters = PosterIndex::new(vec![
            poster(
                "https://a.example/1.jpg",
                &[192, 400],
                Some("responded with 404"),
            ),
            poster("https://a.example/2.jpg", &[], Some("responded with 404")),
        ]);
        assert_eq!((posters.count(), posters.failures.len()), (1, 2));
        let mut site = Site::built_in();
        site.sync_status = Arc::new(SyncStatus {
            posters: Arc::new(posters),
            ..SyncStatus::default()
        });
        let shown = Art::of(&site, &movie(Some("https://a.example/1.jpg")))
            .poster
            .unwrap();
        let [small, large] =
            [192, 400].map(|width| images::address(&Picture::new(b"jpeg", width, 1)));
        assert_eq!(shown.srcset, format!("{small} 192w, {large} 400w"));
        assert_eq!(
            (shown.address, shown.width, shown.height),
            (large, 400, 600)
        );
        for other in [
            None,
            Some("https://a.example/2.jpg"),
            Some("https://a.example/3.jpg"),
        ] {
            assert!(Art::of(&site, &movie(other)).poster.is_none(), "{other:?}");
        }
    }
}
