use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Bytes;
use axum::response::IntoResponse as _;
use common::models::Kind;
use http::header::{CONTENT_ENCODING, ETAG, IF_NONE_MATCH};
use http::{Method, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::middleware::{self, X_REQUEST_ID};
use crate::respond::HTML;
use crate::server::{Plain, Sending};
use crate::site::Site;

#[tokio::test]
async fn what_is_asked_again_is_not_made_again_whatever_its_coding() {
    let made = Arc::new(AtomicU32::new(0));
    let app = app(&made, |page| page);
    let first = get(&app, "/a", &[]).await;
    for coding in ["br", "zstd", "gzip", "identity"] {
        let (headers, _) = get(&app, "/a", &[("accept-encoding", coding)]).await;
        let encoding = headers.get(CONTENT_ENCODING);
        assert_eq!(encoding.is_some(), coding != "identity", "{coding}");
    }
    let (mut again, body) = get(&app, "/a", &[]).await;
    assert_eq!(body, first.1);
    assert_ne!(again[X_REQUEST_ID], first.0[X_REQUEST_ID]);
    again.insert(X_REQUEST_ID, first.0[X_REQUEST_ID].clone());
    assert_eq!(again, first.0);
    assert_eq!(made.load(Ordering::Relaxed), 1);

    get(&app, "/a?other", &[]).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_client_that_has_it_is_told_so_from_what_is_ready() {
    let made = Arc::new(AtomicU32::new(0));
    let app = app(&made, |page| page);
    let (first, _) = get(&app, "/a", &[]).await;
    let tag = first[ETAG].to_str().unwrap();
    let response = send(&app, Method::GET, "/a", &[(IF_NONE_MATCH.as_str(), tag)]).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    let response = send(&app, Method::HEAD, "/a", &[]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.headers()["content-length"],
        first["content-length"]
    );
    assert_eq!(made.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn what_is_written_at_once_is_what_the_app_answers() {
    let current = Current::new(Site::of_seed());
    let app = app_of(&current, &Arc::default(), Representation::naming_host);
    let at_once = at_once(current);
    let plain = Plain {
        asked: "/a",
        host: b"here",
        ..Plain::default()
    };
    let answers = |plain: &Plain<'_>| at_once(plain, &mut Sending::default());
    assert!(!answers(&plain), "nobody has asked yet");

    let (headers, _) = get(&app, "/a", &[]).await;
    let tag = headers[ETAG].to_str().unwrap();
    for (coding, tag) in [
        ("br", ""),
        ("zstd", ""),
        ("identity", ""),
        ("identity", tag),
    ] {
        let fields = [("accept-encoding", coding), (IF_NONE_MATCH.as_str(), tag)];
        let response = send(&app, Method::GET, "/a", &fields).await;
        let mut sending = Sending::default();
        let plain = Plain {
            accept_encoding: Some(coding.as_bytes()),
            if_none_match: Some(tag.as_bytes()),
            ..plain
        };
        assert!(at_once(&plain, &mut sending));

        let (parts, body) = response.into_parts();
        assert_eq!(sending.content, body.collect().await.unwrap().to_bytes());
        let head = String::from_utf8(sending.head).unwrap();
        let mut lines = head.lines();
        assert_eq!(lines.next().unwrap(), format!("HTTP/1.1 {}", parts.status));
        let mut written: HeaderMap = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        assert_ne!(written[X_REQUEST_ID], parts.headers[X_REQUEST_ID]);
        written.insert(X_REQUEST_ID, parts.headers[X_REQUEST_ID].clone());
        assert_eq!(written, parts.headers);
    }
    for other in [
        Plain {
            host: b"there",
            ..plain
        },
        Plain {
            asked: "/b",
            ..plain
        },
        Plain {
            accept_encoding: Some(b"*;q=0"),
            ..plain
        },
    ] {
        assert!(!answers(&other), "{other:?}");
    }
}

#[tokio::test]
async fn what_names_the_host_is_ready_for_that_host_alone() {
    let made = Arc::new(AtomicU32::new(0));
    let app = app(&made, Representation::naming_host);
    for host in ["one", "two", "one", "two"] {
        get(&app, "/a", &[("host", host)]).await;
    }
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn what_depends_on_more_is_made_each_time() {
    let made = Arc::new(AtomicU32::new(0));
    let app = app(&made, Representation::fleeting);
    get(&app, "/a", &[]).await;
    get(&app, "/a", &[]).await;
    assert_eq!(made.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_request_that_is_not_plain_is_left_to_the_layers() {
    let made = Arc::new(AtomicU32::new(0));
    let app = app(&made, |page| page);
    get(&app, "/a", &[]).await;
    let two_hosts = send(&app, Method::GET, "/a", &[("host", "a"), ("host", "b")]).await;
    assert_eq!(two_hosts.status(), StatusCode::BAD_REQUEST);
    let refusing = [(ACCEPT_ENCODING.as_str(), "br;q=0, identity;q=0, *;q=0")];
    let nothing_left = send(&app, Method::GET, "/a", &refusing).await;
    assert_eq!(nothing_left.status(), StatusCode::NOT_ACCEPTABLE);
    let writing = send(&app, Method::POST, "/a", &[]).await;
    assert_eq!(writing.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn what_was_asked_again_is_ready_at_the_next_version_before_anybody_asks() {
    let (made, made_next) = (Arc::default(), Arc::default());
    let (before, next) = (Site::of_seed(), Site::of_seed());
    let app = app_at(&before, &made, Representation::naming_host);
    for (path, host) in [("/a", "one"), ("/a", "two"), ("/b", "one")] {
        for _ in 0..2 {
            get(&app, path, &[("host", host), ("accept-encoding", "br")]).await;
        }
    }
    get(&app, "/asked/once", &[]).await;
    let app = app_at(&next, &made_next, Representation::naming_host);
    prepare(&before.ready, app.clone()).await;
    assert_eq!(made_next.load(Ordering::Relaxed), 3);
    get(&app, "/a", &[("host", "two"), ("accept-encoding", "br")]).await;
    assert_eq!(made_next.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn the_first_pages_and_every_items_are_ready_and_compressed_before_anybody_asks() {
    let (site, current) = (Site::of_seed(), Current::default());
    let limits = Limits::default();
    let app = crate::routes::app(
        crate::routes::App {
            current: current.clone(),
            ..Default::default()
        },
        limits,
    );
    let kept = keep_pages(current.clone(), app);
    let items = pages::of_items(&site.snapshot.catalogue);
    let last = items.last().unwrap();
    let all_are_ready = async {
        current.set(site.clone());
        while site.ready.find(last, b"here").is_none() {
            tokio::task::yield_now().await;
        }
    };
    let soon = tokio::time::timeout(Duration::from_secs(60), all_are_ready);
    let again = async {
        soon.await.unwrap();
        current.set(site.clone());
        while current.swapped().has_changed().unwrap() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        never = kept => match never {},
        () = again => {}
    }
    assert_eq!(site.ready.said(), [], "nobody has asked for any");
    let count = Kind::ALL.map(|kind| site.snapshot.catalogue.count(kind));
    assert_eq!(items.len(), count.into_iter().sum::<usize>());
    for page in pages::first().into_iter().chain(items) {
        let answer = site.ready.find(&page, b"here").expect(&page);
        assert!(answer.representation.has(Coding::Gzip), "{page}");
    }
}

type App = tower::util::BoxCloneSyncService<Request, Response, Infallible>;

type Shape = fn(Representation) -> Representation;

fn app(made: &Arc<AtomicU32>, shape: Shape) -> App {
    app_at(&Site::of_seed(), made, shape)
}

fn app_at(site: &Site, made: &Arc<AtomicU32>, shape: Shape) -> App {
    app_of(&Current::new(site.clone()), made, shape)
}

fn app_of(current: &Current, made: &Arc<AtomicU32>, shape: Shape) -> App {
    let made = Arc::clone(made);
    let page = move || {
        made.fetch_add(1, Ordering::Relaxed);
        let page = Representation::new(HTML, "word ".repeat(500)).at_version(1);
        std::future::ready(shape(page).into_response())
    };
    let routes = axum::Router::new().fallback(page);
    let limits = Limits::default();
    let behind = middleware::around(routes, limits);
    tower::util::BoxCloneSyncService::new(before(behind, current.clone(), limits))
}

async fn get(app: &App, path: &str, fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
    let response = send(app, Method::GET, path, fields).await;
    assert_eq!(response.status(), StatusCode::OK);
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

async fn send(app: &App, method: Method, path: &str, fields: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    if !fields.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "here");
    }
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}
