//! What a server counts.

use super::*;

impl Server {
    async fn eventually(&self, holds: impl Fn(&ServerStats) -> bool) {
        let wait = async {
            while !holds(&self.stats) {
                tokio::task::yield_now().await;
            }
        };
        let is_in_time = timeout(LONG_TIMEOUT, wait).await;
        is_in_time.unwrap_or_else(|_| panic!("{:?}", self.stats));
    }
}

#[tokio::test]
async fn connections_and_all_their_bytes_are_counted() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    server.eventually(|stats| stats.accepted.get() == 1).await;
    assert_eq!(server.stats.open_connections(), 1);

    let request = b"GET /cached HTTP/1.1\r\nHost: pyflix\r\nConnection: close\r\n\r\n";
    client.send(request).await;
    let response = client.rest().await;

    server.eventually(|stats| stats.closed.get() == 1).await;
    assert_eq!(server.stats.open_connections(), 0);
    assert_eq!(server.stats.received_bytes.get(), request.len() as u64);
    assert_eq!(server.stats.sent_bytes.get(), response.len() as u64);
    for none in [
        &server.stats.shed,
        &server.stats.timed_out,
        &server.stats.refused,
    ] {
        assert_eq!(none.get(), 0);
    }
}

#[tokio::test]
async fn what_a_server_refuses_and_closes_is_counted_by_reason() {
    let server = Server::start(Limits {
        max_connections: 1,
        idle_when_full: Duration::ZERO,
        ..long_limits()
    })
    .await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    idle.response().await;
    let mut malformed = server.connect().await;
    malformed.send(b"not HTTP\r\n\r\n").await;
    malformed.rest().await;
    server.eventually(|stats| stats.shed.get() == 1).await;
    server.eventually(|stats| stats.refused.get() == 1).await;

    let server = Server::start(Limits {
        header: Duration::from_millis(10),
        ..long_limits()
    })
    .await;
    let mut slow = server.connect().await;
    slow.send(b"GET / HT").await;
    slow.rest().await;
    server.eventually(|stats| stats.timed_out.get() == 1).await;
    let mut long = server.connect().await;
    let field = "x".repeat(long_limits().max_header_bytes);
    long.send(format!("GET / HTTP/1.1\r\nX: {field}\r\n\r\n").as_bytes())
        .await;
    long.rest().await;
    server.eventually(|stats| stats.refused.get() == 1).await;
}
