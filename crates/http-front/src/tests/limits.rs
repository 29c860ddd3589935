//! Limits on connections and headers.

use super::*;

#[tokio::test]
async fn a_full_server_closes_an_idle_connection_for_a_new_one() {
    let server = Server::start(Limits {
        max_connections: 2,
        idle_when_full: Duration::ZERO,
        ..long_limits()
    })
    .await;
    let silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.response().await, "here");

    let mut next = server.connect().await;
    next.send(REQUEST).await;

    assert_eq!(next.response().await, "here");
    drop(silent);
}

#[tokio::test]
async fn a_header_beyond_the_limit_gets_a_431_though_more_of_it_comes() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    let header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    client.send(header.as_bytes()).await;

    assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn one_limit_on_header_bytes_holds_however_they_arrive() {
    let server = Server::start(long_limits()).await;
    let limit = long_limits().max_header_bytes;
    let empty = "GET / HTTP/1.1\r\nHost: pyflix\r\nX: \r\n\r\n";
    for (bytes, status) in [
        (limit, "200"),
        (limit + 1, "431"),
        (limit + 16 * 1024, "431"),
    ] {
        let value = "x".repeat(bytes - empty.len());
        let request = empty.replace("X: ", &format!("X: {value}"));
        assert_eq!(request.len(), bytes);
        for cuts in [1, 2, 7, 100] {
            let mut client = server.connect().await;
            for piece in request.as_bytes().chunks(request.len().div_ceil(cuts)) {
                // A refusing server may have closed before the last piece.
                if client.stream.write_all(piece).await.is_err() {
                    break;
                }
            }
            client.stream.shutdown().await.ok();
            let response = client.rest().await;
            let expected = format!("HTTP/1.1 {status} ");
            assert!(
                response.starts_with(&expected),
                "{bytes} in {cuts}: {response}"
            );
        }
    }
}

#[tokio::test]
async fn as_many_header_fields_as_the_limit_are_accepted() {
    let server = Server::start(long_limits()).await;
    for (fields, status) in [(128, "200"), (129, "431")] {
        let others: String = (1..fields)
            .map(|number| format!("X-{number}: a\r\n"))
            .collect();
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{others}\r\n");
        let mut client = server.connect().await;
        client.send(request.as_bytes()).await;
        client.stream.shutdown().await.unwrap();
        let response = client.rest().await;
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} ")),
            "{response}"
        );
    }
}

#[tokio::test]
async fn a_full_server_does_not_close_a_connection_that_reads_a_response() {
    let server = Server::start(Limits {
        max_connections: 1,
        idle_when_full: Duration::ZERO,
        drain: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut slow = server.connect().await;
    slow.get("/cached/long").await;
    let mut first = [0; 17];
    slow.stream.read_exact(&mut first).await.unwrap();

    let mut next = server.connect().await;
    next.send(REQUEST).await;
    assert!(timeout(4 * SHORT_TIMEOUT, next.response()).await.is_err());

    let mut rest = vec![0; LONG_BYTES];
    slow.stream.read_exact(&mut rest).await.unwrap();
}
