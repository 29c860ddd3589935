//! A deadline for every wait.

use super::*;

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed() {
    let server = Server::start(Limits {
        first_byte: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut client = server.connect().await;

    let started = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(started.elapsed() >= SHORT_TIMEOUT - Duration::from_millis(50));
}

#[tokio::test]
async fn a_half_sent_header_closes_the_connection_at_every_request() {
    let server = Server::start(Limits {
        header: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;

    let mut first = server.connect().await;
    first.send(b"GET / HTTP/1.1\r\nHost: py").await;
    assert_eq!(first.rest().await, "");

    let mut second = server.connect().await;
    second.send(REQUEST).await;
    assert_eq!(second.response().await, "here");
    second.send(b"GET / HTTP/1.1\r\nHost: py").await;
    assert_eq!(second.rest().await, "");

    let mut sent_at_once = server.connect().await;
    sent_at_once.send(&[REQUEST, b"GET /"].concat()).await;
    assert_eq!(sent_at_once.response().await, "here");
    assert_eq!(sent_at_once.rest().await, "");
}

#[tokio::test]
async fn a_trickled_header_closes_the_connection_however_often_a_byte_comes() {
    let server = Server::start(Limits {
        header: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut client = server.connect().await;

    let started = Instant::now();
    client.send(b"GET / HTTP/1.1\r\nX: ").await;
    let mut ticks = tokio::time::interval(SHORT_TIMEOUT / 10);
    loop {
        ticks.tick().await;
        if client.stream.write_all(b"x").await.is_err() {
            break;
        }
        assert!(started.elapsed() < LONG_TIMEOUT, "still open");
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_the_first_byte_and_header_deadlines() {
    let server = Server::start(Limits {
        first_byte: SHORT_TIMEOUT,
        header: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.response().await, "here");

    // Two deadlines pass elsewhere, one after the other.
    for _ in 0..2 {
        assert_eq!(server.connect().await.rest().await, "");
    }

    idle.send(REQUEST).await;
    assert_eq!(idle.response().await, "here");
}

#[tokio::test]
async fn an_idle_connection_is_closed_at_the_idle_deadline() {
    let server = Server::start(Limits {
        idle: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    assert_eq!(client.response().await, "here");
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection() {
    let server = Server::start(Limits {
        write_stall: SHORT_TIMEOUT,
        max_connections: 1,
        ..long_limits()
    })
    .await;
    for path in ["/long", "/cached/long"] {
        let mut deaf = server.connect().await;
        deaf.get(path).await;

        // The only place is free again once the deaf client has lost it.
        let mut next = server.connect().await;
        next.send(REQUEST).await;
        assert_eq!(next.response().await, "here", "{path}");
    }
}

#[tokio::test]
async fn line_breaks_around_requests_are_ignored_and_do_not_count_as_a_header() {
    let server = Server::start(Limits {
        header: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    for breaks in ["\r\n", "\n", "\r\n\r\n\r\n", "\n\n"] {
        let mut client = server.connect().await;
        let request = str::from_utf8(REQUEST).unwrap();
        for text in [
            format!("{request}{breaks}"),
            format!("{breaks}{request}"),
            request.to_owned(),
        ] {
            client.send(text.as_bytes()).await;
            assert_eq!(client.response().await, "here", "{breaks:?}");
        }
        client.send(breaks.as_bytes()).await;
        // The header deadline passes elsewhere.
        let mut other = server.connect().await;
        other.send(b"GET").await;
        assert_eq!(other.rest().await, "");
        client.send(REQUEST).await;
        assert_eq!(client.response().await, "here", "{breaks:?}");
    }
}
