//! Ends: of the server, of a response without an end, of a client.

use super::*;

#[tokio::test]
async fn a_shutdown_finishes_running_requests_and_drops_idle_and_half_sent_ones() {
    let server = Server::start(Limits {
        drain: Duration::from_secs(1),
        ..long_limits()
    })
    .await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.response().await, "here");
    let mut half_sent = server.connect().await;
    half_sent.send(b"GET / HTTP").await;
    let mut half_body = server.connect().await;
    half_body
        .send(b"POST /body HTTP/1.1\r\nHost: pyflix\r\nContent-Length: 9\r\n\r\nhalf")
        .await;
    let mut working = server.connect().await;
    working
        .send(b"GET /wait HTTP/1.1\r\nHost: pyflix\r\n\r\n")
        .await;
    server.entered.notified().await;

    server.shutdown.cancel();
    // Half-sent requests are not waited for, and the running one is.
    half_body.rest().await;
    assert_eq!(silent.rest().await, "");
    assert_eq!(idle.rest().await, "");
    assert_eq!(half_sent.rest().await, "");
    server.may_respond.notify_one();

    assert!(working.rest().await.ends_with("waited"));
    let refused = TcpStream::connect(server.address).await;
    assert!(refused.is_err());
    timeout(LONG_TIMEOUT, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_request_that_never_ends() {
    let server = Server::start(Limits {
        drain: SHORT_TIMEOUT,
        ..long_limits()
    })
    .await;
    let mut working = server.connect().await;
    working
        .send(b"GET /wait HTTP/1.1\r\nHost: pyflix\r\n\r\n")
        .await;
    server.entered.notified().await;

    server.shutdown.cancel();

    timeout(LONG_TIMEOUT, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(working.rest().await, "");
}

#[tokio::test]
async fn a_response_without_an_end_stops_when_its_client_leaves() {
    let server = Server::start(long_limits()).await;
    for leave in [Leave::EndSending, Leave::Close, Leave::Reset] {
        let mut client = server.connect().await;
        client.get("/events").await;
        let mut first = [0; 15];
        client.stream.read_exact(&mut first).await.unwrap();
        assert_eq!(first, *b"HTTP/1.1 200 OK");
        assert_eq!(server.listeners(), 1, "{leave:?}");
        let kept = match leave {
            Leave::EndSending => {
                client.stream.shutdown().await.unwrap();
                Some(client)
            }
            Leave::Close => {
                drop(client);
                None
            }
            Leave::Reset => {
                client.stream.set_zero_linger().unwrap();
                drop(client);
                None
            }
        };
        let left = async {
            while server.listeners() > 0 {
                tokio::task::yield_now().await;
            }
        };
        timeout(LONG_TIMEOUT, left)
            .await
            .expect("the response goes on");
        drop(kept);
    }
}

#[tokio::test]
async fn a_long_response_is_sent_whole_though_the_server_stops_or_the_client_ends_its_side() {
    for path in ["/cached/long", "/long"] {
        for stop in [true, false] {
            let mut server = Server::start(long_limits()).await;
            let mut client = server.connect().await;
            client.get(path).await;
            let mut first = [0; 17];
            client.stream.read_exact(&mut first).await.unwrap();
            assert_eq!(first, *b"HTTP/1.1 200 OK\r\n");
            if stop {
                server.shutdown.cancel();
            } else {
                client.stream.shutdown().await.unwrap();
            }
            let text = client.rest().await;
            assert_eq!(text.split("\r\n\r\n").nth(1).unwrap().len(), LONG_BYTES);
            if stop {
                let ended = timeout(LONG_TIMEOUT, &mut server.running).await.unwrap();
                ended.unwrap().unwrap();
            }
        }
    }
}

#[derive(Debug)]
enum Leave {
    EndSending,
    Close,
    Reset,
}
