use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_SECURITY_POLICY,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::http::error::METHODS;
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

/// Pages of any site can read the APIs, which contain nothing private.
const CORS: [(HeaderName, HeaderValue); 2] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, X-Catalogue-Version, X-Request-Id, X-Total-Count"),
    ),
];

/// CORS preflight.
const PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
    (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
    (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

pub(super) async fn add(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_api = is_api(path);
    let policy = match is_api && path.trim_end_matches('/') != API_DOCS {
        true => DATA_POLICY,
        false => PAGE_POLICY,
    };
    let is_preflight = is_api && request.method() == Method::OPTIONS;

    let mut response = next.run(request).await;

    let headers = response.headers_mut();
    set(headers, SECURITY);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if is_api {
        // The compatible API sets its own, as the source does.
        for (name, value) in CORS {
            headers.entry(name).or_insert(value);
        }
    }
    if is_preflight {
        set(headers, PREFLIGHT);
    }
    response
}

fn set<const N: usize>(headers: &mut HeaderMap, values: [(HeaderName, HeaderValue); N]) {
    for (name, value) in values {
        headers.insert(name, value);
    }
}
