use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    HeaderName, HeaderValue,
    header::{ACCEPT, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
};
use http_content::Representation;

use crate::http::content::HTML;
use crate::http::cors::Cors;
use crate::http::path::{API_DOCS, is_api};
use crate::http::{FORWARDED, Links, add_vary};

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
    let links = request.extensions().get::<Links>();
    let is_forwarded = links.is_some_and(|links| links.is_forwarded);

    let mut response = next.run(request).await;

    let content = response.extensions().get::<Representation>();
    let is_page = content.is_some_and(|content| content.media_type() == HTML);
    let headers = response.headers_mut();
    if is_page {
        add_vary(headers, &ACCEPT);
    }
    if is_forwarded {
        for name in &FORWARDED {
            add_vary(headers, name);
        }
    }
    for (name, value) in SECURITY {
        headers.insert(name, value);
    }
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    cors.add(headers);
    response
}
