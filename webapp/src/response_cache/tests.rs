use http_content::Representation;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Bytes;
use axum::response::IntoResponse as _;
use common::models::Kind;
use http::header::{CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::app_state::AppState;
use crate::http::content::{AtVersion as _, HTML};
use crate::middleware::{self, RequestLimits};
use crate::pages;
use crate::state::Site;

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

#[tokio::test]
async fn responses_that_were_requested_twice_are_prewarmed_for_the_next_version() {
    let current = CachedApp::new(Representation::varying_by_host);
    let br = ("accept-encoding", "br");
    for (path, host) in [("/a", "one"), ("/a", "two"), ("/b", "one")] {
        for _ in 0..2 {
            current.get(path, &[("host", host), br]).await;
        }
    }
    current.get("/requested/once", &[]).await;

    let next = CachedApp::new(Representation::varying_by_host);
    prewarm(&current.site().cache, next.app.clone()).await;
    assert_eq!(next.rendered(), 3);
    let request = Request::get("/a")
        .header(HOST, "two")
        .header(ACCEPT_ENCODING, "br");
    let request = request.body(Body::empty()).unwrap();
    assert!(
        cached(
            next.current.clone(),
            PublicUrl::default(),
            RequestMetrics::default()
        )(&request)
        .is_some()
    );
}

#[tokio::test]
async fn main_pages_and_item_pages_are_cached_before_any_request() {
    let (site, current) = (Site::built_in(), CurrentSite::default());
    let app = crate::routes::app(
        AppState {
            current: current.clone(),
            ..Default::default()
        },
        RequestLimits::default(),
    );
    let warming = warm_up(current.clone(), app, pages::main_paths(), pages::item_paths);
    let items = pages::item_paths(&site.snapshot.catalogue);
    let last = items.last().unwrap();
    let host = Some(&b"here"[..]);
    let all_are_cached = async {
        current.replace(site.clone());
        while site.cache.get(host, last).is_none() {
            tokio::task::yield_now().await;
        }
    };
    let soon = tokio::time::timeout(Duration::from_secs(60), all_are_cached);
    let again = async {
        soon.await.unwrap();
        current.replace(site.clone());
        while current.swapped().has_changed().unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        never = warming => match never {},
        () = again => {}
    }
    assert_eq!(site.cache.requested(), [], "no client has requested any");
    let count = Kind::ALL.map(|kind| site.snapshot.catalogue.count(kind));
    assert_eq!(items.len(), count.into_iter().sum::<usize>());
    for page in pages::main_paths().into_iter().chain(items) {
        assert!(site.cache.get(host, &page).is_some(), "{page}");
    }
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

/// One request in the fields that responses can depend on.
#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    options: bool,
    head: bool,
    path: &'static str,
    host: Option<&'static str>,
    encoding: Option<&'static str>,
    accept: Option<&'static str>,
    origin: Option<&'static str>,
    proto: Option<&'static str>,
    forwarded_host: Option<&'static str>,
    prefix: Option<&'static str>,
    forwarded: Option<&'static str>,
    if_none_match: Option<&'static str>,
    is_untrusted: bool,
}

impl Sent {
    /// The same request with another value of one field.
    fn variants(self) -> Vec<Self> {
        let mut variants = vec![
            Self {
                options: true,
                ..self
            },
            Self { head: true, ..self },
            Self {
                is_untrusted: true,
                ..self
            },
        ];
        for value in ["other.example", "here.example:81", "[::1]:8000"] {
            let value = Some(value);
            variants.push(Self {
                host: value,
                ..self
            });
            variants.push(Self {
                forwarded_host: value,
                ..self
            });
        }
        for encoding in ["br", "gzip", "identity;q=0, *;q=0"] {
            variants.push(Self {
                encoding: Some(encoding),
                ..self
            });
        }
        for accept in ["application/json", "text/html", "*/*"] {
            variants.push(Self {
                accept: Some(accept),
                ..self
            });
        }
        for origin in ["https://one.example", "null"] {
            variants.push(Self {
                origin: Some(origin),
                ..self
            });
        }
        for proto in ["https", "http", "nonsense"] {
            variants.push(Self {
                proto: Some(proto),
                ..self
            });
        }
        for prefix in ["/one", "/one/two/", "/b\"ad", "//bad"] {
            variants.push(Self {
                prefix: Some(prefix),
                ..self
            });
        }
        for forwarded in ["for=1.2.3.4;proto=https;host=\"f.example\"", "proto=http"] {
            variants.push(Self {
                forwarded: Some(forwarded),
                ..self
            });
        }
        variants.push(Self {
            if_none_match: Some("*"),
            ..self
        });
        variants
    }

    fn request(self) -> Request {
        let method = match (self.options, self.head) {
            (true, _) => Method::OPTIONS,
            (_, true) => Method::HEAD,
            _ => Method::GET,
        };
        let peer = if self.is_untrusted {
            "9.9.9.9:1"
        } else {
            "[::ffff:127.0.0.1]:1"
        };
        let mut request = Request::builder().method(method).uri(self.path).extension(
            http_front::ConnectionInfo {
                peer: peer.parse().unwrap(),
                local: "127.0.0.1:8000".parse().unwrap(),
            },
        );
        for (name, value) in [
            ("host", self.host.or(Some("here.example"))),
            ("accept-encoding", self.encoding),
            ("accept", self.accept),
            ("origin", self.origin),
            ("x-forwarded-proto", self.proto),
            ("x-forwarded-host", self.forwarded_host),
            ("x-forwarded-prefix", self.prefix),
            ("forwarded", self.forwarded),
            ("if-none-match", self.if_none_match),
        ] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        request.body(Body::empty()).unwrap()
    }
}

type Seen = (StatusCode, Vec<(String, String)>, Bytes);

/// The response of the whole app, through its cache.
async fn seen(app: &BoxedApp, cached: &impl Fn(&Request) -> Option<Response>, sent: Sent) -> Seen {
    let response = match cached(&sent.request()) {
        Some(response) => response,
        None => app.clone().oneshot(sent.request()).await.unwrap(),
    };
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(X_REQUEST_ID);
    let fields = parts.headers.iter();
    let fields = fields.map(|(name, value)| (name.to_string(), format!("{value:?}")));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    let mut body = body.collect().await.unwrap().to_bytes();
    if body.windows(12).any(|text| text == b"\"request_id\"") || parts.status.is_client_error() {
        // It contains the request's id.
        body = Bytes::new();
        fields.retain(|(name, _)| name != "content-length");
    }
    (parts.status, fields, body)
}

#[tokio::test]
async fn every_response_is_that_of_a_fresh_server_whatever_was_requested_before() {
    let site = Site::built_in();
    let trusting = PublicUrl {
        trusted_proxies: ["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()].into(),
        ..PublicUrl::default()
    };
    let configured = PublicUrl {
        configured: Some("https://public.example/one".into()),
        ..trusting.clone()
    };
    let ghibli = PublicUrl {
        is_ghibli: true,
        ..trusting.clone()
    };
    for public_url in [PublicUrl::default(), trusting, configured, ghibli] {
        let state = AppState {
            public_url: public_url.clone(),
            ..AppState::default()
        };
        let current = state.current.clone();
        let cached = cached(
            current.clone(),
            public_url.clone(),
            RequestMetrics::default(),
        );
        let app = crate::routes::app(state, RequestLimits::default());
        let app = BoxedApp::new(app);
        let forget = || {
            current.replace(Site {
                cache: Arc::default(),
                ..site.clone()
            });
        };
        for path in [
            "/movies",
            "/one/movies",
            "/species?sort=name",
            "/search/suggest?q=to",
            "/ghibli/vehicles",
            "/ghibli/films/2baf70d1-42bb-4437-b551-e5fed5a87abe",
            "/vehicles?_page=1&_limit=1",
            "/api/v1/species?per_page=1",
            "/feed.atom",
            "/robots.txt",
            "/nothing",
        ] {
            let sent = Sent {
                path,
                ..Sent::default()
            };
            forget();
            let expected = seen(&app, &cached, sent).await;
            for variant in sent.variants() {
                forget();
                let expected_of_variant = seen(&app, &cached, variant).await;
                for first_is_variant in [false, true] {
                    forget();
                    // Made, encoded, then sent from the cache.
                    for turn in 0..6 {
                        let is_variant = (turn % 2 == 0) == first_is_variant;
                        let (sent, expected) = match is_variant {
                            true => (variant, &expected_of_variant),
                            false => (sent, &expected),
                        };
                        let found = seen(&app, &cached, sent).await;
                        assert!(
                            found == *expected,
                            "{public_url:?}\n{sent:?} with {variant:?}, turn {turn}\n{:?}\n{:?}",
                            (found.0, &found.1),
                            (expected.0, &expected.1),
                        );
                    }
                }
            }
        }
    }
}
