//! The files of `static/`, compiled in.

use http_content::Representation;
use std::sync::LazyLock;

use axum::extract::{Path, RawQuery};
use http::HeaderValue;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    http::AppError,
    http::content::{CSS, JS, SVG},
};

/// An address that names the content stays right for ever.
pub(crate) const FOR_EVER: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

/// One file for browsers, whose parts stand one after the other.
const STYLES: &str = concat!(
    include_str!("../static/css/layers.css"),
    include_str!("../static/css/reset.css"),
    include_str!("../static/css/tokens.css"),
    include_str!("../static/css/base.css"),
    include_str!("../static/css/layout.css"),
    include_str!("../static/css/components.css"),
    include_str!("../static/css/items.css"),
    include_str!("../static/css/pages.css"),
    include_str!("../static/css/print.css"),
);

static STYLESHEET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("pyflix.css", CSS, STYLES.as_bytes()));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("pyflix.js", JS, include_bytes!("../static/pyflix.js")));
static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("favicon.svg", SVG, include_bytes!("../static/favicon.svg")));

/// The stylesheet's address, which changes with its content.
pub(crate) fn stylesheet() -> &'static str {
    &STYLESHEET.address
}

/// The script's address, which changes with its content.
pub(crate) fn script() -> &'static str {
    &SCRIPT.address
}

/// The icon's address, which changes with its content.
pub(crate) fn icon() -> &'static str {
    &FAVICON.address
}

pub(crate) async fn show(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let asset = [&STYLESHEET, &SCRIPT, &FAVICON]
        .into_iter()
        .find(|asset| asset.name == name)
        .ok_or(AppError::NotFound)?;
    Ok(asset.answer(query.as_deref()))
}

/// The icon where browsers look for one unasked.
pub(crate) async fn favicon() -> Representation {
    FAVICON.answer(None)
}

struct Asset {
    name: &'static str,
    /// What makes the query of [`Asset::address`].
    version: String,
    address: String,
    content: Representation,
}

impl Asset {
    fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        let version = format!("v={:016x}", xxh3_64(bytes));
        Self {
            name,
            address: format!("/static/{name}?{version}"),
            version,
            content: Representation::new(content_type, bytes),
        }
    }

    fn answer(&self, query: Option<&str>) -> Representation {
        let content = self.content.clone();
        if query == Some(&self.version) {
            content.with_cache_control(FOR_EVER)
        } else {
            content
        }
    }
}
