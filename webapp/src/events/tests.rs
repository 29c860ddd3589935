use std::ops::RangeInclusive;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
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
async fn a_stream_begins_with_where_the_catalogue_stands_and_goes_on_with_each_version() {
    let house = House::new(site("l", 3..=4));
    let mut stream = house.listen("/events", None).await;
    let hello = stream.next().await;
    assert_eq!(hello.lines[..2], ["event: hello", "id: l:4"]);
    assert_eq!(hello.data()["version"], 4);
    assert_eq!(hello.data()["condition"], "fresh");

    house.current.replace(site("l", 3..=6));
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
    assert!(stream.is_silent());
}

#[tokio::test]
async fn who_was_away_gets_what_it_missed_then_how_fresh_it_is() {
    let house = House::new(site("l", 3..=6));
    for (path, header) in [
        ("/events", Some("l:4")),
        ("/events?last_event_id=l:4", None),
        ("/events?last_event_id=l:6", Some("l:4")),
    ] {
        let mut stream = house.listen(path, header).await;
        assert_eq!(stream.next().await.lines[1], "id: l:5");
        assert_eq!(stream.next().await.lines[1], "id: l:6");
        assert_eq!(stream.next().await.lines[0], "event: condition");
        assert!(stream.is_silent());
    }
}

#[tokio::test]
async fn what_cannot_be_told_any_more_is_a_resync() {
    let house = House::new(site("l", 3..=6));
    for last in ["l:2", "other:5", "l:9", "nonsense", "l:", ":5", "l:-1"] {
        let mut stream = house.listen("/events", Some(last)).await;
        let event = stream.next().await;
        assert_eq!(event.lines[..2], ["event: resync", "id: l:6"], "{last}");
        assert_eq!(event.data()["version"], 6);
        house.current.replace(site("l", 3..=7));
        assert_eq!(stream.next().await.lines[1], "id: l:7", "{last}");
        house.current.replace(site("l", 3..=6));
    }
}

#[tokio::test]
async fn a_laggard_whose_versions_are_gone_gets_a_resync_when_it_reads_again() {
    let house = House::new(site("l", 3..=4));
    let mut laggard = house.listen("/events", None).await;
    laggard.next().await;
    for last in 5..=50 {
        house.current.replace(site("l", last - 2..=last));
    }
    assert_eq!(
        laggard.next().await.lines[..2],
        ["event: resync", "id: l:50"]
    );
    house.current.replace(site("new", 1..=2));
    assert_eq!(
        laggard.next().await.lines[..2],
        ["event: resync", "id: new:2"]
    );
}

#[tokio::test]
async fn versions_that_are_still_being_read_from_the_store_are_waited_for() {
    let house = House::with(site("l", 6..=6), 9, NEVER);
    assert!(!house.current.load().unwrap().history.is_backfilled());
    let mut stream = house.listen("/events", Some("l:5")).await;
    assert!(stream.is_silent());
    house.current.replace(site("l", 4..=6));
    assert_eq!(
        stream.next().await.lines[..2],
        ["event: version", "id: l:6"]
    );
}

#[tokio::test]
async fn a_change_of_freshness_is_an_event_of_its_own() {
    let house = House::new(site("l", 3..=4));
    let mut stream = house.listen("/events", None).await;
    stream.next().await;
    let mut away = site("l", 3..=4);
    away.freshness = Freshness::StoreUnavailable(Timestamp::UNIX_EPOCH);
    house.current.replace(away);
    let event = stream.next().await;
    assert_eq!(event.lines[0], "event: condition");
    assert_eq!(event.data()["condition"], "store_away");
    assert_eq!(event.data()["since"], "1970-01-01T00:00:00Z");
    assert!(stream.is_silent());
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_lives() {
    let mut house = House::new(site("l", 3..=4));
    let pace = Duration::from_millis(10);
    house.app.events = Events::with(9, CancellationToken::new(), pace, NEVER);
    let mut stream = house.listen("/events", None).await;
    assert_eq!(stream.next().await.lines[0], "event: hello");
    assert_eq!(stream.next().await.lines, [":"]);
    assert_eq!(stream.next().await.lines, [":"]);
}

#[tokio::test]
async fn listeners_leave_room_for_pages_and_their_places_to_others() {
    let house = House::with(site("l", 3..=4), 2, Duration::ZERO);
    let first = house.listen("/events", None).await;
    let _second = house.listen("/events", None).await;
    let refused = house.ask(Method::GET, "/events", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()["retry-after"], "30");
    assert_eq!(
        refused.headers()["content-type"],
        "application/problem+json"
    );
    drop(first);
    house.listen("/events", None).await;
}

#[tokio::test]
async fn shutdown_ends_every_stream_even_with_news_untold() {
    let house = House::new(site("l", 3..=9));
    let mut idle = house.listen("/events", None).await;
    idle.next().await;
    let mut behind = house.listen("/events", Some("l:3")).await;
    house.app.events.0.shutdown.cancel();
    for stream in [&mut idle, &mut behind] {
        let end = timeout(SOON, stream.0.next()).await.unwrap();
        assert!(end.is_none());
    }
}

#[tokio::test]
async fn the_head_says_how_a_stream_is_to_be_handled() {
    let house = House::new(site("l", 3..=4));
    for method in [Method::GET, Method::HEAD] {
        let answer = house.ask(method.clone(), "/events", None).await;
        assert_eq!(answer.status(), StatusCode::OK);
        for (name, value) in [
            ("content-type", "text/event-stream"),
            ("cache-control", "no-store"),
            ("x-accel-buffering", "no"),
            ("x-catalogue-version", "4"),
            ("access-control-allow-origin", "*"),
        ] {
            assert_eq!(answer.headers()[name], value, "{method}");
        }
        assert!(!answer.headers().contains_key("content-encoding"));
    }
    let head = house.ask(Method::HEAD, "/events", None).await;
    let mut body = head.into_body().into_data_stream();
    assert!(timeout(SOON, body.next()).await.unwrap().is_none());
    let wrong = house.ask(Method::GET, "/events?since=4", None).await;
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn an_event_is_encoded_once_for_all_who_listen() {
    let house = House::new(site("l", 3..=4));
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut stream = house.listen("/events", Some("l:3")).await;
        let bytes = stream.0.next().await.unwrap().unwrap();
        streams.push((bytes.as_ptr(), bytes));
    }
    assert!(streams.windows(2).all(|pair| pair[0].0 == pair[1].0));
}

#[tokio::test]
async fn who_never_reads_is_dropped_and_another_has_its_place() {
    let limits = Limits {
        write_stall: Duration::from_millis(200),
        ..Limits::default()
    };
    let house = House::with(
        site_of("l", 3..=203, &vec!["🐈".repeat(100); 50]),
        1,
        Duration::ZERO,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let app = routes::app(house.app.clone(), RequestLimits::default());
    let served = http_front::serve(listener, |_| None, app, limits, stop.clone());
    let served = tokio::spawn(served);

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stalled = socket.connect(address).await.unwrap();
    let request = b"GET /events?last_event_id=l:3 HTTP/1.1\r\nHost: h\r\n\r\n";
    stalled.write_all(request).await.unwrap();
    let places = &house.app.events.0.places;
    let count = async |free: usize| {
        let changed = async {
            while places.available_permits() != free {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(SOON, changed).await.unwrap();
    };
    count(0).await;
    let refused = house.ask(Method::GET, "/events", None).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    count(1).await;
    house.listen("/events", None).await;

    stop.cancel();
    timeout(SOON, served).await.unwrap().unwrap().unwrap();
    drop(stalled);
}

struct House {
    current: CurrentSite,
    app: AppState,
}

struct Listening(axum::body::BodyDataStream);

struct Event {
    lines: Vec<String>,
}

impl House {
    fn new(site: Site) -> Self {
        Self::with(site, 9, Duration::ZERO)
    }

    fn with(site: Site, places: usize, patience: Duration) -> Self {
        let current = CurrentSite::new(site);
        let app = AppState {
            current: current.clone(),
            events: Events::with(places, CancellationToken::new(), NEVER, patience),
            ..AppState::default()
        };
        Self { current, app }
    }

    async fn ask(&self, method: Method, path: &str, last: Option<&str>) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "pyflix")
            .header("accept-encoding", "br, gzip");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request.body(Body::empty()).unwrap();
        let app = routes::app(self.app.clone(), RequestLimits::default());
        app.oneshot(request).await.unwrap()
    }

    async fn listen(&self, path: &str, last: Option<&str>) -> Listening {
        let answer = self.ask(Method::GET, path, last).await;
        assert_eq!(answer.status(), StatusCode::OK);
        Listening(answer.into_body().into_data_stream())
    }
}

impl Listening {
    async fn next(&mut self) -> Event {
        let bytes = timeout(SOON, self.0.next()).await.unwrap();
        let text = String::from_utf8(bytes.unwrap().unwrap().to_vec()).unwrap();
        let event = text.strip_suffix("\n\n").unwrap();
        Event {
            lines: event.lines().map(str::to_owned).collect(),
        }
    }

    fn is_silent(&mut self) -> bool {
        self.0.next().now_or_never().is_none()
    }
}

impl Event {
    fn data(&self) -> serde_json::Value {
        let data = self.lines.last().unwrap().strip_prefix("data: ").unwrap();
        serde_json::from_str(data).unwrap()
    }
}

/// A site that keeps these versions; what the first one changed is not known.
fn site(lineage: &str, versions: RangeInclusive<u64>) -> Site {
    site_of(lineage, versions, &[String::new()])
}

/// The same with a change in each version for every end of a title.
fn site_of(lineage: &str, versions: RangeInclusive<u64>, ends: &[String]) -> Site {
    let first = *versions.start();
    let later = versions.skip(1).map(|version| {
        let titles = ends.iter().map(|end| format!("Movie\n{version}{end}"));
        titles.map(|title| added("m", &title)).collect()
    });
    fixture::site(lineage, first, later)
}
