use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderName, HeaderValue,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};

use crate::http::cors::Cors;
use crate::http::path::{API_DOCS, is_api};

/// On every response.
const SECURITY: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// A page loads styles, scripts and images from this host only.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// Data loads nothing.
const DATA_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

pub(super) async fn add(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let policy = match is_api(path) && path.trim_end_matches('/') != API_DOCS {
        true => DATA_POLICY,
        false => PAGE_POLICY,
    };
    let cors = Cors::of(&request);

    let mut response = next.run(request).await;

    let headers = response.headers_mut();
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    cors.add(headers);
    response
}
