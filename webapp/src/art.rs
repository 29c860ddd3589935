//! The URLs of drawings, of the posters over them and of pictures for link previews, and the
//! handlers of drawings.

use std::io;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use catalogue_index::ListIndex;
use common::models::{Item, Kind};
use http_content::Representation;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use crate::assets::{IMMUTABLE, content_version};
use crate::http::AppError;
use crate::http::blocking::run_blocking;
use crate::http::content::{JPEG, PNG, SVG};
use crate::state::{CurrentSite, Site, find};
use crate::{images, wording};

/// Characters escaped in a URL. One escaping for both uses of an ID on a page compresses better.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-');
/// Pictures for link previews are drawn one at a time: each takes some tens of milliseconds.
static SHARE_PICTURES: Semaphore = Semaphore::const_new(1);

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
    /// The address of the largest picture.
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
            ..Self::drawing(&site.indexes.lists, item)
        }
    }

    fn drawing(lists: &ListIndex, item: &Item) -> Self {
        let (width, height) = item_art::size(item.kind());
        Self {
            address: address(lists, item, "svg"),
            width,
            height,
            poster: None,
        }
    }
}

/// The picture for link previews of a page.
#[derive(Clone, Debug)]
pub(crate) struct SharePicture {
    /// The path and a query that changes with the content.
    pub(crate) address: String,
    pub(crate) media_type: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The text in place of the picture.
    pub(crate) alt: String,
}

impl SharePicture {
    /// For the page of an item: its poster or else its drawing.
    pub(crate) fn of_item(site: &Site, item: &Item) -> Self {
        if let Some(poster) = PosterImage::of(site, item) {
            return Self {
                address: poster.address,
                media_type: JPEG,
                width: poster.width,
                height: poster.height,
                alt: format!("Poster of {}", item.name()),
            };
        }
        let noun = wording::singular(item.kind());
        let alt = format!("Generated artwork for the {noun} {}", item.name());
        Self::drawn(address(&site.indexes.lists, item, "png"), alt)
    }

    /// For a list of items of a kind; `None` if there are none.
    pub(crate) fn of_kind(lists: &ListIndex, kind: Kind) -> Option<Self> {
        let items = first_items(lists, kind);
        let address = format!(
            "/art/{}.png?{}",
            kind.plural(),
            strip_version(lists, &items)
        );
        let alt = format!("Generated artwork for {}", wording::plural(kind));
        (!items.is_empty()).then(|| Self::drawn(address, alt))
    }

    fn drawn(address: String, alt: String) -> Self {
        let (width, height) = item_art::SHARE_SIZE;
        Self {
            address,
            media_type: PNG,
            width,
            height,
            alt,
        }
    }
}

/// The drawing of one item as SVG, or its picture for link previews as PNG, by its id or slug.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    path: Result<Path<(String, String)>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let Path((kind, file)) = path?;
    let kind = kind_of(&kind)?;
    let (name, extension) = file.rsplit_once('.').ok_or(AppError::NotFound)?;
    let site = current.load()?;
    let catalogue = &site.snapshot.catalogue;
    let item = catalogue
        .get(kind, name)
        .or_else(|| find(catalogue, kind, name))
        .ok_or(AppError::NotFound)?;
    let version = version(&site.indexes.lists, &item);
    let drawing = match extension {
        "svg" => Representation::new(SVG, item_art::draw(&site.indexes.lists, &item)),
        "png" => picture(move || item_art::share_picture(&site.indexes.lists, &item)).await?,
        _ => return Err(AppError::NotFound),
    };
    Ok(immutable_at(drawing, query, &version))
}

/// The picture for links to the list of a kind.
pub(crate) async fn show_strip(
    State(current): State<CurrentSite>,
    file: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let Path(file) = file?;
    let kind = kind_of(file.strip_suffix(".png").ok_or(AppError::NotFound)?)?;
    let site = current.load()?;
    let items = first_items(&site.indexes.lists, kind);
    let version = strip_version(&site.indexes.lists, &items);
    let drawing = picture(move || item_art::share_strip(&site.indexes.lists, &items)).await?;
    Ok(immutable_at(drawing, query, &version))
}

fn kind_of(plural: &str) -> Result<Kind, AppError> {
    let mut kinds = Kind::ALL.into_iter();
    let kind = kinds.find(|kind| kind.plural() == plural);
    kind.ok_or(AppError::NotFound)
}

async fn picture(
    draw: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> Result<Representation, AppError> {
    let png = run_blocking(&SHARE_PICTURES, draw).await?;
    let png = png.map_err(|error| AppError::Internal(error.into()))?;
    Ok(Representation::new(PNG, png))
}

fn immutable_at(drawing: Representation, query: Option<String>, version: &str) -> Representation {
    // An old version's page adds the number of that version.
    match query.is_some_and(|query| query.split('&').any(|pair| pair == version)) {
        true => drawing.with_cache_control(IMMUTABLE),
        false => drawing,
    }
}

fn address(lists: &ListIndex, item: &Item, extension: &str) -> String {
    let kind = item.kind().plural();
    let id = utf8_percent_encode(&item.id, ESCAPED);
    format!("/art/{kind}/{id}.{extension}?{}", version(lists, item))
}

/// The query of an item's URLs.
fn version(lists: &ListIndex, item: &Item) -> String {
    content_version(item_art::fingerprint(lists, item))
}

/// The items that stand for their kind.
fn first_items(lists: &ListIndex, kind: Kind) -> Vec<Arc<Item>> {
    let first = lists.source_order(kind).iter().take(item_art::STRIP_ITEMS);
    first.filter_map(|number| lists.item(*number)).collect()
}

fn strip_version(lists: &ListIndex, items: &[Arc<Item>]) -> String {
    content_version(item_art::strip_fingerprint(lists, items))
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
        let address = Art::drawing(&ListIndex::default(), &item).address;
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
