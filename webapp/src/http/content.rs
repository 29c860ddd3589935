//! Additions of handlers to a [`Representation`]: media types, templates, the version.

use askama::Template;
use http::{HeaderName, HeaderValue};
use http_content::Representation;

use super::error::AppError;

/// A page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// A stylesheet.
pub(crate) const CSS: &str = "text/css; charset=utf-8";
/// A script, or an API response in the form of one.
pub(crate) const JS: &str = "text/javascript; charset=utf-8";
/// A text for programs.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// A picture.
pub(crate) const JPEG: &str = "image/jpeg";
/// A drawing.
pub(crate) const SVG: &str = "image/svg+xml";
/// A drawing for link previews.
pub(crate) const PNG: &str = "image/png";
/// A feed (RFC 4287).
pub(crate) const ATOM: &str = "application/atom+xml";
/// An API response.
pub(crate) const JSON: &str = "application/json";
/// A response of the drop-in API, with the type that the source's own server sends.
pub(crate) const JSON_UTF8: &str = "application/json; charset=utf-8";
/// An API error (RFC 9457).
pub(crate) const PROBLEM: &str = "application/problem+json";

/// The version that a response is made from.
pub(crate) const X_CATALOGUE_VERSION: HeaderName = HeaderName::from_static("x-catalogue-version");

/// Renders a page.
///
/// # Errors
///
/// [`AppError::Internal`] if the template cannot be rendered.
pub(crate) fn page(template: &impl Template) -> Result<Representation, AppError> {
    // Boxed, because the text is kept and has spare capacity from rendering.
    let text = template.render()?.into_boxed_str().into_boxed_bytes();
    Ok(Representation::new(HTML, text))
}

pub(crate) trait AtVersion {
    /// States the catalogue's version, and lets the response be cached until the next one.
    #[must_use]
    fn at_version(self, version: u64) -> Self;
}

impl AtVersion for Representation {
    fn at_version(self, version: u64) -> Self {
        self.with_field(X_CATALOGUE_VERSION, HeaderValue::from(version))
            .cacheable()
    }
}
