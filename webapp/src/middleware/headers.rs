use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_SECURITY_POLICY,
        REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
};

use super::path::{API_DOCS, is_for_programs};
use crate::error::METHODS;

/// On every answer: nothing is framed elsewhere or guessed.
const SECURITY: [(HeaderName, HeaderValue); 2] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// What a page may load: nothing from elsewhere.
const OF_PAGES: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'",
);

/// What is no page loads nothing.
const OF_DATA: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The APIs may be read by any page of any site: nothing in them is private.
const SHARING: [(HeaderName, HeaderValue); 2] = [
    (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("ETag, Link, X-Catalogue-Version, X-Request-Id, X-Total-Count"),
    ),
];

/// What a browser asks for before a request that is not a simple one.
const PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
    (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*")),
    (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

pub(super) async fn add(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let shared = is_for_programs(path);
    let policy = match shared && path.trim_end_matches('/') != API_DOCS {
        true => OF_DATA,
        false => OF_PAGES,
    };
    let preflight = shared && request.method() == Method::OPTIONS;

    let mut response = next.run(request).await;

    let headers = response.headers_mut();
    set(headers, SECURITY);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    if shared {
        // The compatible API names its own, as the source does.
        for (name, value) in SHARING {
            headers.entry(name).or_insert(value);
        }
    }
    if preflight {
        set(headers, PREFLIGHT);
    }
    response
}

fn set<const N: usize>(headers: &mut HeaderMap, values: [(HeaderName, HeaderValue); N]) {
    for (name, value) in values {
        headers.insert(name, value);
    }
}
