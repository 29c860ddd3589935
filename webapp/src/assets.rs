//! The files of `static/`, embedded in the binary.

use http_content::Representation;
use std::sync::LazyLock;

use axum::extract::{Path, RawQuery};
use http::HeaderValue;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    http::AppError,
    http::content::{CSS, JS, SVG},
};

/// For a URL that changes with its content.
pub(crate) const IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");

/// Served as one file.
const STYLES: &str = concat!(
    include_str!("../static/css/layers.css"),
    include_str!("../static/css/reset.css"),
    include_str!("../static/css/tokens.css"),
    include_str!("../static/css/base.css"),
    include_str!("../static/css/layout.css"),
    include_str!("../static/css/components.css"),
    include_str!("../static/css/items.css"),
    include_str!("../static/css/browse.css"),
    include_str!("../static/css/pages.css"),
    include_str!("../static/css/reference.css"),
    include_str!("../static/css/print.css"),
);

static STYLESHEET: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("pyflix.css", CSS, STYLES.as_bytes()));
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("pyflix.js", JS, include_bytes!("../static/pyflix.js")));
static FAVICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("favicon.svg", SVG, include_bytes!("../static/favicon.svg")));

/// The stylesheet's URL, which changes with its content.
pub(crate) fn stylesheet() -> &'static str {
    &STYLESHEET.address
}

/// The script's URL, which changes with its content.
pub(crate) fn script() -> &'static str {
    &SCRIPT.address
}

/// The icon's URL, which changes with its content.
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
    Ok(asset.respond(query.as_deref()))
}

/// The icon at the paths that browsers request by default.
pub(crate) async fn favicon() -> Representation {
    FAVICON.respond(None)
}

struct Asset {
    name: &'static str,
    /// The query of `address`, a hash of the content.
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

    fn respond(&self, query: Option<&str>) -> Representation {
        let content = self.content.clone();
        if query == Some(&self.version) {
            content.with_cache_control(IMMUTABLE)
        } else {
            content
        }
    }
}
