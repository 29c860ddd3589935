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

/// The query of a URL whose content has this hash: half of it, because a page names many.
pub(crate) fn content_version(hash: u64) -> String {
    format!("v={:08x}", hash >> 32)
}

/// Served as one file, in the order of their precedence.
const STYLES: &str = concat!(
    include_str!("../static/css/layers.css"),
    include_str!("../static/css/reset.css"),
    include_str!("../static/css/tokens.css"),
    include_str!("../static/css/base.css"),
    include_str!("../static/css/layout.css"),
    include_str!("../static/css/components.css"),
    include_str!("../static/css/home.css"),
    include_str!("../static/css/lists.css"),
    include_str!("../static/css/item.css"),
    include_str!("../static/css/browse.css"),
    include_str!("../static/css/marks.css"),
    include_str!("../static/css/changes.css"),
    include_str!("../static/css/about.css"),
    include_str!("../static/css/search.css"),
    include_str!("../static/css/live.css"),
    include_str!("../static/css/print.css"),
);

static STYLESHEET: LazyLock<Asset> = LazyLock::new(|| Asset::stylesheet("pyflix.css", STYLES));
static REFERENCE_STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    let styles = include_str!("../static/css/reference.css");
    Asset::stylesheet("reference.css", styles)
});
static STATUS_STYLESHEET: LazyLock<Asset> = LazyLock::new(|| {
    let styles = include_str!("../static/css/status.css");
    Asset::stylesheet("status.css", styles)
});
static SCRIPT: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("pyflix.js", include_str!("../static/pyflix.js")));
static MARKS: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("marks.js", include_str!("../static/marks.js")));
// Loaded by `marks.js` when they are used.
static MARK_FILTER: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("mark-filter.js", include_str!("../static/mark-filter.js")));
static MARK_FILES: LazyLock<Asset> =
    LazyLock::new(|| Asset::script("mark-files.js", include_str!("../static/mark-files.js")));
static FAVICON: LazyLock<Asset> = LazyLock::new(|| {
    let icon = include_str!("../static/favicon.svg");
    Asset::new("favicon.svg", SVG, icon.to_owned())
});

/// The stylesheet's URL, which changes with its content.
pub(crate) fn stylesheet() -> &'static str {
    &STYLESHEET.address
}

/// The URL of what the API reference needs beside it, which changes with its content.
pub(crate) fn reference_stylesheet() -> &'static str {
    &REFERENCE_STYLESHEET.address
}

/// The URL of what the status page needs beside it, which changes with its content.
pub(crate) fn status_stylesheet() -> &'static str {
    &STATUS_STYLESHEET.address
}

/// The script's URL, which changes with its content.
pub(crate) fn script() -> &'static str {
    &SCRIPT.address
}

/// The URL of the script of the pages with movies that can be marked, which changes with its content.
pub(crate) fn marks_script() -> &'static str {
    &MARKS.address
}

/// The icon's URL, which changes with its content.
pub(crate) fn icon() -> &'static str {
    &FAVICON.address
}

pub(crate) async fn show(
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Representation, AppError> {
    let assets = [
        &STYLESHEET,
        &REFERENCE_STYLESHEET,
        &STATUS_STYLESHEET,
        &SCRIPT,
        &MARKS,
        &MARK_FILTER,
        &MARK_FILES,
        &FAVICON,
    ];
    let asset = assets
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
    fn new(name: &'static str, content_type: &'static str, text: String) -> Self {
        let version = content_version(xxh3_64(text.as_bytes()));
        Self {
            name,
            address: format!("/static/{name}?{version}"),
            version,
            content: Representation::new(content_type, text).compressed_best(),
        }
    }

    fn stylesheet(name: &'static str, text: &str) -> Self {
        Self::new(name, CSS, without_comments(text))
    }

    fn script(name: &'static str, text: &str) -> Self {
        Self::new(name, JS, without_comments(text))
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

/// A script or stylesheet without indentation, empty lines and comments that begin a line.
fn without_comments(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut is_comment = false;
    for line in text.lines().map(str::trim) {
        is_comment |= line.starts_with("/*");
        if !is_comment && !line.is_empty() && !line.starts_with("//") {
            kept.push_str(line);
            kept.push('\n');
        }
        is_comment &= !line.ends_with("*/");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_indentation_empty_lines_and_comments_that_begin_a_line_are_removed() {
        let text = "// One.\n/** Two. */\n\n  a(\"http://b\"); // c\n/* Three,\n   four. */\nd /* e */ f\n";
        let kept = "a(\"http://b\"); // c\nd /* e */ f\n";
        assert_eq!(without_comments(text), kept);
    }
}
