use http_content::Representation;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Bytes;
use axum::response::IntoResponse as _;
use http::header::{CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::app_state::AppState;
use crate::http::content::{AtVersion as _, HTML};
use crate::middleware::{self, RequestLimits};
use crate::pages;
use crate::state::Site;

mod varying;
mod warming;

#[tokio::test]
async fn a_page_is_rendered_once_for_all_encodings() {
    let app = CachedApp::new(|page| page);
    let first = app.get("/a", &[]).await;
    for encoding in ["br", "zstd", "gzip", "identity"] {
        let (headers, _) = app.get("/a", &[("accept-encoding", encoding)]).await;
        let encoded = headers.get(CONTENT_ENCODING);
        assert_eq!(encoded.is_some(), encoding != "identity", "{encoding}");
    }
    let (mut again, body) = app.get("/a", &[]).await;
    assert_eq!(body, first.1);
    assert_ne!(again[X_REQUEST_ID], first.0[X_REQUEST_ID]);
    again.insert(X_REQUEST_ID, first.0[X_REQUEST_ID].clone());
    assert_eq!(again, first.0);
    assert_eq!(app.rendered(), 1);

    app.get("/a?other", &[]).await;
    assert_eq!(app.rendered(), 2);
}

#[tokio::test]
async fn the_io_thread_sends_what_the_app_would_and_never_encodes() {
    let app = CachedApp::new(Representation::varying_by_host);
    let cached = cached(
        app.current.clone(),
        PublicUrl::default(),
        RequestMetrics::default(),
    );
    let request = |encoding: &str| {
        let request = Request::get("/a").header(HOST, "here");
        let request = request.header(ACCEPT_ENCODING, encoding);
        request.body(Body::empty()).unwrap()
    };
    for encoding in ["identity", "br", "zstd", "gzip"] {
        let fields = [("accept-encoding", encoding)];
        assert!(cached(&request(encoding)).is_none(), "nobody requested it");
        if encoding == "identity" {
            app.get("/a", &fields).await;
            assert!(
                cached(&request(encoding)).is_none(),
                "rendered, not encoded"
            );
        }
        let (headers, body) = app.get("/a", &fields).await;
        let (mut parts, sent) = cached(&request(encoding)).unwrap().into_parts();
        parts
            .headers
            .insert(X_REQUEST_ID, headers[X_REQUEST_ID].clone());
        assert_eq!(parts.headers, headers, "{encoding}");
        assert_eq!(sent.collect().await.unwrap().to_bytes(), body);
    }
    let mut other = request("br");
    other.headers_mut().insert(HOST, "there".parse().unwrap());
    assert!(cached(&other).is_none());
    other.headers_mut().remove(HOST);
    assert!(cached(&other).is_none(), "invalid without a host");
    let mut post = request("br");
    *post.method_mut() = Method::POST;
    assert!(cached(&post).is_none());
}

#[tokio::test]
async fn a_client_that_has_the_content_gets_a_304_from_the_cache() {
    let app = CachedApp::new(|page| page);
    let (first, _) = app.get("/a", &[]).await;
    let tag = first[ETAG].to_str().unwrap();
    let response = app
        .send(Method::GET, "/a", &[(IF_NONE_MATCH.as_str(), tag)])
        .await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    let response = app.send(Method::HEAD, "/a", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["content-length"],
        first["content-length"]
    );
    assert_eq!(app.rendered(), 1);
}

#[tokio::test]
async fn a_response_that_varies_by_host_is_cached_for_each_host() {
    let app = CachedApp::new(Representation::varying_by_host);
    for host in ["one", "two", "one", "two"] {
        app.get("/a", &[("host", host)]).await;
    }
    assert_eq!(app.rendered(), 2);
}

#[tokio::test]
async fn a_client_that_accepts_only_json_gets_no_page_not_even_from_the_cache() {
    let app = CachedApp::new(|page| page);
    let cached = cached(
        app.current.clone(),
        PublicUrl::default(),
        RequestMetrics::default(),
    );
    for _ in 0..3 {
        app.get("/a", &[]).await;
        let only_json = [("accept", "application/json")];
        let response = app.send(Method::GET, "/a", &only_json).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
        let request = Request::get("/a").header(HOST, "here");
        let request = request.header("accept", "application/json");
        assert!(cached(&request.body(Body::empty()).unwrap()).is_none());
    }
}

#[tokio::test]
async fn a_no_store_response_is_rendered_for_each_request() {
    let app = CachedApp::new(Representation::no_store);
    app.get("/a", &[]).await;
    app.get("/a", &[]).await;
    assert_eq!(app.rendered(), 2);
}

#[tokio::test]
async fn a_request_that_cannot_be_cached_reaches_the_layers() {
    let app = CachedApp::new(|page| page);
    app.get("/a", &[]).await;
    let two_hosts = app
        .send(Method::GET, "/a", &[("host", "a"), ("host", "b")])
        .await;
    assert_eq!(two_hosts.status(), StatusCode::BAD_REQUEST);
    let refusing = [(ACCEPT_ENCODING.as_str(), "br;q=0, identity;q=0, *;q=0")];
    let none_left = app.send(Method::GET, "/a", &refusing).await;
    assert_eq!(none_left.status(), StatusCode::NOT_ACCEPTABLE);
    let writing = app.send(Method::POST, "/a", &[]).await;
    assert_eq!(writing.status(), StatusCode::METHOD_NOT_ALLOWED);
}

type BoxedApp = tower::util::BoxCloneSyncService<Request, Response, Infallible>;

/// An app that has the same page at every path, behind its cache.
struct CachedApp {
    app: BoxedApp,
    current: CurrentSite,
    rendered: Arc<AtomicU32>,
}

impl CachedApp {
    fn new(shape: fn(Representation) -> Representation) -> Self {
        let rendered = Arc::new(AtomicU32::new(0));
        let page = {
            let rendered = Arc::clone(&rendered);
            move || {
                rendered.fetch_add(1, Ordering::Relaxed);
                let page = Representation::new(HTML, "word ".repeat(500)).at_version(1);
                std::future::ready(shape(page).into_response())
            }
        };
        let routes = axum::Router::new().fallback(page);
        let service = middleware::around(routes, RequestLimits::default());
        let current = CurrentSite::new(Site::built_in());
        let app = tower::util::BoxCloneSyncService::new(layer(
            service,
            current.clone(),
            PublicUrl::default(),
        ));
        Self {
            app,
            current,
            rendered,
        }
    }

    fn rendered(&self) -> u32 {
        self.rendered.load(Ordering::Relaxed)
    }

    fn site(&self) -> Arc<Site> {
        self.current.load().unwrap()
    }

    async fn get(&self, path: &str, fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
        let response = self.send(Method::GET, path, fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    }

    async fn send(&self, method: Method, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if !fields.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "here");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        self.app.clone().oneshot(request).await.unwrap()
    }
}
