use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use http::{HeaderValue, StatusCode};
use xxhash_rust::xxh3::xxh3_128;

use super::Conditions;
use super::representation::X_CATALOGUE_VERSION;

/// An answer that is sent as it is made, for content that is too large to be held whole: without
/// encodings, and with a tag made of its `identity`, which must tell it from every other content.
pub fn streamed(
    media_type: &'static str,
    identity: &str,
    version: u64,
    conditions: &Conditions,
    body: impl FnOnce() -> Body,
) -> Response {
    let mut response = Response::new(Body::empty());
    let etag = HeaderValue::try_from(format!("\"{:032x}\"", xxh3_128(identity.as_bytes())));
    let known = etag.as_ref().is_ok_and(|etag| conditions.knows(etag));
    let headers = response.headers_mut();
    if let Ok(etag) = etag {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(X_CATALOGUE_VERSION, HeaderValue::from(version));
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        *response.body_mut() = body();
    }
    response
}
