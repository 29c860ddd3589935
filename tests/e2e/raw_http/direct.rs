//! The table of cases, sent to the server itself.

use std::pin::pin;
use std::time::Duration;

use futures::stream::{self, StreamExt as _};
use testkit::process::{Service, Signal};
use testkit::raw_http::RawConnection;
use tokio::time::Instant;

use crate::raw_http::cases::{self, Case};
use crate::raw_http::exchange::{self, Delivery, exchange};
use crate::raw_http::{EXCHANGE_TIMEOUT, send_wellformed_request};
use e2e::{start_app, wait_until_idle, watch_idle};

/// What a polite client waits for, at most, in the middle of the measurements.
const PROMISED: Duration = Duration::from_secs(1);
/// Cases that are sent at the same time.
const CONCURRENCY: usize = 8;
/// A case that fails no faster than this is not sent in more ways.
const MAX_FAILURE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_request_gets_its_response_and_nothing_else_does() {
    let app = start_app().await;
    let cases = cases::all();
    let sending = stream::iter(&cases).map(async |case| send_every_way(&app, case).await);
    let mut sending = pin!(sending.buffer_unordered(CONCURRENCY));
    let (mut failures, mut polite, mut exchanges) = (Vec::new(), Vec::new(), 0);
    while let Some(sent) = sending.next().await {
        exchanges += sent.exchanges;
        failures.extend(sent.failures);
        let Some(took) = sent.polite else {
            // Whatever follows would fail as well.
            break;
        };
        polite.push(took);
    }
    polite.sort_unstable();
    let median = polite.get(polite.len() / 2).copied().unwrap_or_default();
    let slowest = polite.last().copied().unwrap_or_default();
    println!(
        "{exchanges} exchanges; a polite client waited {median:?} in the median, {slowest:?} at most"
    );
    assert_none(&failures);
    assert!(median < PROMISED, "a polite client waited {median:?}");
    wait_until_idle(&app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_requests_are_logged_with_sender_and_reason_at_most_once_a_second() {
    let app = start_app().await;
    let started = Instant::now();
    for _ in 0..20 {
        let mut connection = RawConnection::open(app.address()).await.unwrap();
        let request = b"GET /ghibli/films?title=\"Ponyo\" HTTP/1.1\r\nHost: a.example\r\n\r\n";
        connection.send(request).await;
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        connection.receive_all(deadline).await.unwrap();
        assert!(connection.received().starts_with(b"HTTP/1.1 400 "));
    }
    let is_warning = |line: &str| line.contains("refused a malformed request");
    let line = app.wait_for_line(is_warning, EXCHANGE_TIMEOUT).await;
    assert!(line.contains("peer=127.0.0.1:"), "{line}");
    assert!(line.contains("error="), "{line}");
    app.signal(Signal::TERM);
    app.wait_exit(EXCHANGE_TIMEOUT).await;
    let warnings = app.output().lines().filter(|line| is_warning(line)).count();
    let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
    assert!(warnings <= 1 + seconds, "{warnings} in {seconds} s");
}

/// What came of a case.
#[derive(Default)]
struct Sent {
    exchanges: u32,
    failures: Vec<String>,
    /// What a polite client waited afterwards.
    polite: Option<Duration>,
}

async fn send_every_way(app: &Service, case: &Case) -> Sent {
    let mut sent = Sent::default();
    for delivery in Delivery::all(case) {
        sent.exchanges += 1;
        let started = Instant::now();
        if let Err(got) = exchange(app.address(), case, delivery).await {
            let took = started.elapsed();
            let failure = format!("{}, {delivery}: {got} after {took:.1?}", case.name);
            sent.failures.push(failure);
            if took > MAX_FAILURE {
                // The other ways would take as long.
                break;
            }
        }
    }
    match send_wellformed_request(app.address()).await {
        Ok(took) => sent.polite = Some(took),
        Err(error) => sent.failures.push(format!("after {}: {error}", case.name)),
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_is_idle_while_malformed_connections_stay_open() {
    let app = start_app().await;
    wait_until_idle(&app).await;
    let cases = cases::all();
    let mut connections = Vec::new();
    for case in &cases {
        for delivery in held_deliveries(case) {
            connections.push(hold(&app, case, delivery).await);
        }
    }
    let Err(busy) = watch_idle(&app).await else {
        let polite = send_wellformed_request(app.address()).await.unwrap();
        println!(
            "idle with {} connections; a polite client waited {polite:?}",
            connections.len()
        );
        return;
    };
    let polite = send_wellformed_request(app.address()).await;
    drop(connections);
    let mut culprits = Vec::new();
    let mut alone = start_app().await;
    wait_until_idle(&alone).await;
    for case in &cases {
        for delivery in held_deliveries(case) {
            let connection = hold(&alone, case, delivery).await;
            let watched = watch_idle(&alone).await;
            drop(connection);
            if let Err(busy) = watched {
                culprits.push(format!("{}, {delivery}: {busy}", case.name));
                alone = start_app().await;
                wait_until_idle(&alone).await;
            }
        }
    }
    panic!(
        "the process used {busy}; a polite client waited {polite:?}; it is busy with\n{}",
        culprits.join("\n")
    );
}

/// The ways in which a case is sent to a process that is then watched.
fn held_deliveries(case: &Case) -> Vec<Delivery> {
    let all = Delivery::all(case);
    let is_held = |delivery: &Delivery| {
        matches!(
            delivery,
            Delivery::OnePacket | Delivery::AfterResponses | Delivery::Pieces(_)
        )
    };
    all.into_iter().filter(is_held).collect()
}

/// A connection on which a case has been sent, and nothing more.
async fn hold(app: &Service, case: &Case, delivery: Delivery) -> RawConnection {
    let mut connection = RawConnection::open(app.address()).await.unwrap();
    exchange::send(&mut connection, case, delivery).await;
    connection
}

fn assert_none(failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Not a case of the table, because the server must not answer before the body has come.
#[tokio::test]
async fn expect_100_continue_gets_an_interim_response_or_a_refusal() {
    let app = start_app().await;
    let mut connection = RawConnection::open(app.address()).await.unwrap();
    let head = b"POST /api/a HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    connection.send(head).await;
    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
    let is_head = |received: &[u8]| received.windows(4).any(|end| end == b"\r\n\r\n");
    connection.receive_until(deadline, is_head).await.unwrap();
    let received = String::from_utf8_lossy(connection.received()).into_owned();
    let statuses = ["HTTP/1.1 100 ", "HTTP/1.1 405 ", "HTTP/1.1 417 "];
    assert!(
        statuses.iter().any(|status| received.starts_with(status)),
        "{received}"
    );
}
