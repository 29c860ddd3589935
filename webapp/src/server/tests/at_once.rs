use super::*;

#[tokio::test]
async fn what_is_ready_and_what_is_not_are_answered_in_turn_on_one_connection() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let ready = b"GET /ready HTTP/1.1\r\nHost: pyflix\r\n\r\n";
    for _ in 0..3 {
        client.send(ready).await;
        assert_eq!(client.answer().await, "ready");
        client.send(REQUEST).await;
        assert_eq!(client.answer().await, "here");
    }
    client.send(&[REQUEST, ready, REQUEST].concat()).await;
    for expected in ["here", "asked again", "here"] {
        assert_eq!(client.answer().await, expected);
    }
    client.send(&ready[..20]).await;
    client.send(&ready[20..]).await;
    client.is_answered().await;
    client.send(ready).await;
    assert_eq!(client.answer().await, "ready");
}

#[tokio::test]
async fn of_many_requests_in_one_piece_all_are_answered_and_the_last_one_closes() {
    let server = Server::start(patient()).await;
    let last = b"GET / HTTP/1.1\r\nHost: pyflix\r\nConnection: close\r\n\r\n";
    for many in [1, 15, 16, 17, 40] {
        let mut client = server.connect().await;
        client
            .send(&[&REQUEST.repeat(many)[..], last].concat())
            .await;
        let answers = client.rest().await;
        assert_eq!(answers.matches("HTTP/1.1 200").count(), many + 1);
    }
}

#[tokio::test]
async fn what_is_ready_waits_for_what_was_asked_before_it() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    client.get("/wait").await;
    timeout(LONG, server.entered.notified()).await.unwrap();
    client.get("/ready").await;
    server.go_on.notify_one();
    assert_eq!(client.answer().await, "waited");
    client.is_answered().await;
}

#[tokio::test]
async fn a_long_answer_that_is_ready_is_sent_whole_even_while_the_server_stops() {
    let mut server = Server::start(patient()).await;
    let mut client = server.connect().await;
    client.get("/ready/long").await;
    let mut first = [0; 17];
    client.stream.read_exact(&mut first).await.unwrap();
    assert_eq!(first, *b"HTTP/1.1 200 OK\r\n");
    server.shutdown.cancel();
    let text = client.rest().await;
    assert_eq!(text.split("\r\n\r\n").nth(1).unwrap().len(), 64 << 20);
    let ended = timeout(LONG, &mut server.running).await.unwrap();
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn a_newcomer_does_not_get_the_place_of_a_client_that_reads_what_was_ready() {
    let server = Server::start(Limits {
        max_connections: 1,
        idle_when_full: Duration::ZERO,
        drain: SHORT,
        ..patient()
    })
    .await;
    let mut slow = server.connect().await;
    slow.get("/ready/long").await;
    let mut first = [0; 17];
    slow.stream.read_exact(&mut first).await.unwrap();

    let mut next = server.connect().await;
    next.send(REQUEST).await;
    assert!(timeout(4 * SHORT, next.answer()).await.is_err());

    let mut rest = vec![0; 64 << 20];
    slow.stream.read_exact(&mut rest).await.unwrap();
}

impl Client {
    /// Gets the answer to `/ready` from whoever has seen the request.
    async fn is_answered(&mut self) {
        let answer = self.answer().await;
        assert!(["ready", "asked again"].contains(&&*answer), "{answer}");
    }
}
