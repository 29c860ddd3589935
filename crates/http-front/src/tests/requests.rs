//! Requests and responses on one connection.

use super::*;

#[tokio::test]
async fn a_client_that_has_ended_its_sending_side_still_gets_its_response() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    client.stream.shutdown().await.unwrap();

    assert!(client.rest().await.ends_with("here"));
}

#[tokio::test]
async fn a_client_that_ends_its_side_after_a_body_gets_every_response() {
    let server = Server::start(long_limits()).await;
    for _ in 0..50 {
        let mut client = server.connect().await;
        let post = b"POST /body HTTP/1.1\r\nHost: pyflix\r\nContent-Length: 4\r\n\r\nbody";
        client.send(&[REQUEST, post].concat()).await;
        client.stream.shutdown().await.unwrap();
        let responses = client.rest().await;
        assert_eq!(responses.matches("HTTP/1.1 200").count(), 2, "{responses}");
    }
}

#[tokio::test]
async fn a_request_with_a_body_is_the_last_one_of_its_connection() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    let request = b"POST / HTTP/1.1\r\nHost: pyflix\r\nContent-Length: 4\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    client.send(&[request, REQUEST].concat()).await;

    let responses = client.rest().await;
    assert_eq!(responses.matches("HTTP/1.1").count(), 1, "{responses}");
    assert!(responses.contains("connection: close"), "{responses}");
}

#[tokio::test]
async fn cached_and_other_responses_alternate_on_one_connection() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    for _ in 0..3 {
        client.get("/cached").await;
        assert_eq!(client.response().await, "cached");
        client.send(REQUEST).await;
        assert_eq!(client.response().await, "here");
    }
    let cached = b"GET /cached HTTP/1.1\r\nHost: pyflix\r\n\r\n";
    client.send(&[REQUEST, cached, REQUEST].concat()).await;
    for expected in ["here", "cached", "here"] {
        assert_eq!(client.response().await, expected);
    }
}

#[tokio::test]
async fn pipelined_requests_are_all_answered_and_connection_close_ends_them() {
    let server = Server::start(long_limits()).await;
    let last = b"GET / HTTP/1.1\r\nHost: pyflix\r\nConnection: close\r\n\r\n";
    for many in [1, 15, 16, 17, 40] {
        let mut client = server.connect().await;
        client
            .send(&[&REQUEST.repeat(many)[..], last].concat())
            .await;
        let responses = client.rest().await;
        assert_eq!(responses.matches("HTTP/1.1 200").count(), many + 1);
    }
}

#[tokio::test]
async fn a_cached_response_waits_for_the_responses_before_it() {
    let server = Server::start(long_limits()).await;
    let mut client = server.connect().await;
    client.get("/wait").await;
    timeout(LONG_TIMEOUT, server.entered.notified())
        .await
        .unwrap();
    client.get("/cached").await;
    server.may_respond.notify_one();
    assert_eq!(client.response().await, "waited");
    assert_eq!(client.response().await, "cached");
}
