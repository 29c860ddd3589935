//! Malformed bytes against the deadlines of connections and the end of the process.

use std::time::Duration;

use e2e::DEADLINE;
use testkit::process::{Service, Signal};
use testkit::raw_http::{RawConnection, Responses};
use tokio::time::Instant;

use crate::raw_http::EXCHANGE_TIMEOUT;
use e2e::start_app;

const REQUEST: &[u8] = b"GET /api/v1/movies HTTP/1.1\r\nHost: a.example\r\n\r\n";
const HALF: &[u8] = b"GET /api/v1/movies HTTP/1.1\r\nHost: a.exam";
/// What connections in the middle of a request may add to the end of a process; the time for
/// requests that are being answered is 4 s.
const MAX_DELAY: Duration = Duration::from_secs(2);

#[tokio::test]
async fn half_a_request_times_out_after_any_preceding_bytes() {
    let app = start_app().await;
    let before: [&[u8]; 4] = [
        b"",
        b"\r\n",
        REQUEST,
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n",
    ];
    let mut connections = Vec::new();
    for before in before {
        let mut connection = open(&app).await;
        connection.send_pieces([before, HALF]).await;
        connections.push(connection);
    }
    let started = Instant::now();
    for connection in &mut connections {
        let deadline = started + EXCHANGE_TIMEOUT;
        connection.receive_all(deadline).await.unwrap();
    }
    println!("half requests were closed after {:?}", started.elapsed());
}

#[tokio::test]
async fn empty_lines_between_requests_do_not_shorten_the_idle_timeout() {
    let app = start_app().await;
    let mut connections = Vec::new();
    for lines in [&b"\r\n"[..], b"\r\n\r\n\r\n", b"\n"] {
        let mut connection = open(&app).await;
        connection.send(REQUEST).await;
        responses(&mut connection, 1).await;
        connection.send_pieces([lines]).await;
        connections.push(connection);
    }
    // Two deadlines for half a header pass elsewhere, one after the other.
    for _ in 0..2 {
        let mut half = open(&app).await;
        half.send(HALF).await;
        let deadline = Instant::now() + EXCHANGE_TIMEOUT;
        half.receive_all(deadline).await.unwrap();
    }
    for mut connection in connections {
        connection.send(REQUEST).await;
        responses(&mut connection, 2).await;
    }
}

#[tokio::test]
async fn half_sent_requests_do_not_delay_shutdown() {
    let without = end(start_app().await, &[]).await;
    let half_body = b"POST /api/a HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\nhello";
    let second = [REQUEST, b"\r\n", HALF].concat();
    for sent in [HALF, b"\r\n", &second, half_body, b"", REQUEST] {
        let with = end(start_app().await, &[sent, sent, sent]).await;
        println!(
            "{:?}: {with:?}, without {without:?}",
            sent.escape_ascii().to_string()
        );
        assert!(
            with < without + MAX_DELAY,
            "{:?} delayed the end: {with:?}, without {without:?}",
            sent.escape_ascii().to_string()
        );
    }
}

/// The time of a shutdown with a connection for each of `sent`.
async fn end(app: Service, sent: &[&[u8]]) -> Duration {
    let mut connections = Vec::new();
    for bytes in sent {
        let mut connection = open(&app).await;
        connection.send_pieces([*bytes]).await;
        connections.push(connection);
    }
    let started = Instant::now();
    app.signal(Signal::TERM);
    let status = app.wait_exit(DEADLINE).await;
    let took = started.elapsed();
    assert_eq!(status.code(), Some(0), "{}", app.output());
    took
}

async fn open(app: &Service) -> RawConnection {
    RawConnection::open(app.address()).await.unwrap()
}

/// Waits for this number of responses with status 200.
async fn responses(connection: &mut RawConnection, count: usize) {
    let finals = |received: &[u8]| {
        let responses = Responses::split(received, false, |_, _| false);
        let all_ok = responses.all.iter().all(|response| response.status == 200);
        assert!(all_ok, "{:?}", responses.all);
        responses.all.len()
    };
    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
    let enough = connection.receive_until(deadline, |received| finals(received) >= count);
    enough.await.unwrap();
    assert_eq!(finals(connection.received()), count, "closed");
}
