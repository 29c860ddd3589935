use std::ops::RangeInclusive;
use std::time::Duration;

use futures::FutureExt as _;
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::timeout;
use tower::ServiceExt as _;

use super::*;
use crate::app_state::AppState;
use crate::fixture::{self, added};
use crate::middleware::RequestLimits;
use crate::routes;
use crate::state::Freshness;

const SOON: Duration = Duration::from_secs(10);
const NEVER: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_stream_begins_with_the_current_version_and_continues_with_each_new_one() {
    let app = TestApp::new(site("l", 3..=4));
    let mut stream = app.listen("/events", None).await;
    let hello = stream.next().await;
    assert_eq!(hello.lines[..2], ["event: hello", "id: l:4"]);
    assert_eq!(hello.data()["version"], 4);
    assert_eq!(hello.data()["state"], "up_to_date");

    app.current.replace(site("l", 3..=6));
    for version in [5, 6] {
        let event = stream.next().await;
        assert_eq!(event.lines[0], "event: version");
        assert_eq!(event.lines[1], format!("id: l:{version}"));
        let data = event.data();
        assert_eq!(data["version"], version);
        assert_eq!(data["counts"]["added"], 1);
        assert_eq!(data["changed"][0]["name"], format!("Movie\n{version}"));
        assert_eq!(data["changed"][0]["what"], "added");
        assert_eq!(data["more"], 0);
    }
    assert!(stream.is_idle());
}

#[tokio::test]
async fn a_client_that_reconnects_gets_the_missed_versions_then_the_status() {
    let app = TestApp::new(site("l", 3..=6));
    for (path, header) in [
        ("/events", Some("l:4")),
        ("/events?last_event_id=l:4", None),
        ("/events?last_event_id=l:6", Some("l:4")),
    ] {
        let mut stream = app.listen(path, header).await;
        assert_eq!(stream.next().await.lines[1], "id: l:5");
        assert_eq!(stream.next().await.lines[1], "id: l:6");
        assert_eq!(stream.next().await.lines[0], "event: status");
        assert!(stream.is_idle());
    }
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let app = TestApp::new(site("l", 3..=6));
    for (path, event) in [
        ("/events?_=1", "event: hello"),
        ("/events?_=1&last_event_id=l:6&_=2", "event: status"),
    ] {
        let mut stream = app.listen(path, None).await;
        assert_eq!(stream.next().await.lines[0], event, "{path}");
    }
}

#[tokio::test]
async fn a_client_with_an_unknown_or_too_old_id_gets_a_resync() {
    let app = TestApp::new(site("l", 3..=6));
    for last in ["l:2", "other:5", "l:9", "nonsense", "l:", ":5", "l:-1"] {
        let mut stream = app.listen("/events", Some(last)).await;
        let event = stream.next().await;
        assert_eq!(event.lines[..2], ["event: resync", "id: l:6"], "{last}");
        assert_eq!(event.data()["version"], 6);
        app.current.replace(site("l", 3..=7));
        assert_eq!(stream.next().await.lines[1], "id: l:7", "{last}");
        app.current.replace(site("l", 3..=6));
    }
}

#[tokio::test]
async fn a_slow_client_whose_versions_are_no_longer_kept_gets_a_resync() {
    let app = TestApp::new(site("l", 3..=4));
    let mut slow = app.listen("/events", None).await;
    slow.next().await;
    for last in 5..=50 {
        app.current.replace(site("l", last - 2..=last));
    }
    assert_eq!(slow.next().await.lines[..2], ["event: resync", "id: l:50"]);
    app.current.replace(site("new", 1..=2));
    assert_eq!(slow.next().await.lines[..2], ["event: resync", "id: new:2"]);
}

#[tokio::test]
async fn a_stream_waits_for_versions_that_are_still_being_read_from_the_store() {
    let app = TestApp::with(site("l", 6..=6), 9, NEVER);
    assert!(!app.current.load().unwrap().history.is_backfilled());
    let mut stream = app.listen("/events", Some("l:5")).await;
    assert!(stream.is_idle());
    app.current.replace(site("l", 4..=6));
    assert_eq!(
        stream.next().await.lines[..2],
        ["event: version", "id: l:6"]
    );
}

#[tokio::test]
async fn a_change_of_the_status_sends_an_event() {
    let app = TestApp::new(site("l", 3..=4));
    let mut stream = app.listen("/events", None).await;
    stream.next().await;
    let mut unavailable = site("l", 3..=4);
    unavailable.freshness = Freshness::StoreUnavailable(Timestamp::UNIX_EPOCH);
    unavailable.status.conditions.database_unavailable = true;
    unavailable.status.pinned = Some(4);
    unavailable.status.revision = 1;
    app.current.replace(unavailable.clone());
    let event = stream.next().await;
    assert_eq!(event.lines[0], "event: status");
    assert_eq!(event.data()["state"], "database_unavailable");
    assert_eq!(event.data()["since"], "1970-01-01T00:00:00Z");
    assert_eq!(event.data()["pinned"], 4);
    assert_eq!(event.data()["needs_attention"], true);
    assert!(stream.is_idle());
    unavailable.status.revision = 2;
    app.current.replace(unavailable);
    assert_eq!(stream.next().await.lines[0], "event: status");
    assert!(stream.is_idle());
}

#[tokio::test]
async fn an_idle_stream_sends_heartbeats() {
    let mut app = TestApp::new(site("l", 3..=4));
    let interval = Duration::from_millis(10);
    app.state.events = Events::with(9, CancellationToken::new(), interval, NEVER);
    let mut stream = app.listen("/events", None).await;
    assert_eq!(stream.next().await.lines[0], "event: hello");
    assert_eq!(stream.next().await.lines, [":"]);
    assert_eq!(stream.next().await.lines, [":"]);
}

#[tokio::test]
async fn streams_beyond_the_limit_are_refused_until_one_ends() {
    let app = TestApp::with(site("l", 3..=4), 2, Duration::ZERO);
    let first = app.listen("/events", None).await;
    let _second = app.listen("/events", None).await;
    let refused = app.send(Method::GET, "/events", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(
        refused.headers()["content-type"],
        "application/problem+json"
    );
    drop(first);
    app.listen("/events", None).await;
}

#[tokio::test]
async fn shutdown_ends_every_stream_even_with_unsent_events() {
    let app = TestApp::new(site("l", 3..=9));
    let mut idle = app.listen("/events", None).await;
    idle.next().await;
    let mut behind = app.listen("/events", Some("l:3")).await;
    app.state.events.0.shutdown.cancel();
    for stream in [&mut idle, &mut behind] {
        let end = timeout(SOON, stream.0.next()).await.unwrap();
        assert!(end.is_none());
    }
}

#[tokio::test]
async fn the_header_fields_of_a_stream_forbid_caching_and_buffering() {
    let app = TestApp::new(site("l", 3..=4));
    for method in [Method::GET, Method::HEAD] {
        let response = app.send(method.clone(), "/events", None).await;
        assert_eq!(response.status(), StatusCode::OK);
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
            ("x-catalogue-version", "4"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(response.headers()[name], value, "{method}");
        }
        assert!(!response.headers().contains_key("content-encoding"));
    }
    let head = app.send(Method::HEAD, "/events", None).await;
    let mut body = head.into_body().into_data_stream();
    assert!(timeout(SOON, body.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_event_is_encoded_once_for_all_streams() {
    let app = TestApp::new(site("l", 3..=4));
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = app.listen("/events", Some("l:3")).await;
        let bytes = stream.0.next().await.unwrap().unwrap();
        streams.push((bytes.as_ptr(), bytes));
    }
    assert!(streams.windows(2).all(|pair| pair[0].0 == pair[1].0));
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected_and_frees_its_permit() {
    let limits = Limits {
        write_stall: Duration::from_millis(200),
        ..Limits::default()
    };
    let app = TestApp::with(
        site_of("l", 3..=203, &vec!["🐈".repeat(100); 50]),
        1,
        Duration::ZERO,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let service = routes::app(app.state.clone(), RequestLimits::default());
    let served = http_front::serve(
        listener,
        |_| None,
        service,
        limits,
        Arc::default(),
        stop.clone(),
    );
    let served = tokio::spawn(served);

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stalled = socket.connect(address).await.unwrap();
    let request = b"GET /events?last_event_id=l:3 HTTP/1.1\r\nHost: h\r\n\r\n";
    stalled.write_all(request).await.unwrap();
    let permits = &app.state.events.0.permits;
    let count = async |free: usize| {
        let changed = async {
            while permits.available_permits() != free {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(SOON, changed).await.unwrap();
    };
    count(0).await;
    let refused = app.send(Method::GET, "/events", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    count(1).await;
    app.listen("/events", None).await;

    stop.cancel();
    timeout(SOON, served).await.unwrap().unwrap().unwrap();
    drop(stalled);
}

struct TestApp {
    current: CurrentSite,
    state: AppState,
}

struct TestStream(axum::body::BodyDataStream);

struct Event {
    lines: Vec<String>,
}

impl TestApp {
    fn new(site: Site) -> Self {
        Self::with(site, 9, Duration::ZERO)
    }

    fn with(site: Site, max_streams: usize, backfill_timeout: Duration) -> Self {
        let current = CurrentSite::new(site);
        let state = AppState {
            current: current.clone(),
            events: Events::with(
                max_streams,
                CancellationToken::new(),
                NEVER,
                backfill_timeout,
            ),
            ..AppState::default()
        };
        Self { current, state }
    }

    async fn send(&self, method: Method, path: &str, last: Option<&str>) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "pyflix")
            .header("accept-encoding", "br, gzip");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let app = routes::app(self.state.clone(), RequestLimits::default());
        app.oneshot(request).await.unwrap()
    }

    async fn listen(&self, path: &str, last: Option<&str>) -> TestStream {
        let response = self.send(Method::GET, path, last).await;
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "no-store, no-transform");
        assert_eq!(headers["x-accel-buffering"], "no");
        let mut stream = TestStream(response.into_body().into_data_stream());
        let padding = stream.next().await.lines.concat();
        assert!(padding.starts_with(':') && padding.len() > 2048);
        stream
    }
}

impl TestStream {
    async fn next(&mut self) -> Event {
        let bytes = timeout(SOON, self.0.next()).await.unwrap();
        let text = String::from_utf8(bytes.unwrap().unwrap().to_vec()).unwrap();
        let event = text.strip_suffix("\n\n").unwrap();
        Event {
            lines: event.lines().map(str::to_owned).collect(),
        }
    }

    fn is_idle(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

impl Event {
    fn data(&self) -> serde_json::Value {
        let data = self.lines.last().unwrap().strip_prefix("data: ").unwrap();
        serde_json::from_str(data).unwrap()
    }
}

/// A site that keeps these versions. The changes of the first one are not in memory.
fn site(lineage: &str, versions: RangeInclusive<u64>) -> Site {
    site_of(lineage, versions, &[String::new()])
}

/// The same with one change in each version for every suffix.
fn site_of(lineage: &str, versions: RangeInclusive<u64>, suffixes: &[String]) -> Site {
    let first = *versions.start();
    let later = versions.skip(1).map(|version| {
        let titles = suffixes
            .iter()
            .map(|suffix| format!("Movie\n{version}{suffix}"));
        titles.map(|title| added("m", &title)).collect()
    });
    fixture::site(lineage, first, later)
}
