use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::{Body, to_bytes},
    routing::{get, post},
};
use futures::{StreamExt as _, stream};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

use super::*;

const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(20);
const LONG_BYTES: usize = 64 << 20;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: pyflix\r\n\r\n";

#[tokio::test]
async fn a_connection_that_sends_nothing_is_closed() {
    let server = Server::start(Limits {
        first_byte: SHORT,
        ..patient()
    })
    .await;
    let mut client = server.connect().await;

    let began = Instant::now();
    assert_eq!(client.rest().await, "");
    assert!(began.elapsed() >= SHORT - Duration::from_millis(50));
}

#[tokio::test]
async fn a_half_sent_header_closes_the_connection_at_every_request() {
    let server = Server::start(Limits {
        header: SHORT,
        ..patient()
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
        header: SHORT,
        ..patient()
    })
    .await;
    let mut client = server.connect().await;

    let began = Instant::now();
    client.send(b"GET / HTTP/1.1\r\nX: ").await;
    let mut ticks = tokio::time::interval(SHORT / 10);
    loop {
        ticks.tick().await;
        if client.stream.write_all(b"x").await.is_err() {
            break;
        }
        assert!(began.elapsed() < LONG, "still open");
    }
}

#[tokio::test]
async fn an_idle_connection_outlives_the_first_byte_and_header_deadlines() {
    let server = Server::start(Limits {
        first_byte: SHORT,
        header: SHORT,
        ..patient()
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
        idle: SHORT,
        ..patient()
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
        write_stall: SHORT,
        max_connections: 1,
        ..patient()
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
async fn a_full_server_closes_an_idle_connection_for_a_new_one() {
    let server = Server::start(Limits {
        max_connections: 2,
        idle_when_full: Duration::ZERO,
        ..patient()
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
async fn a_client_that_has_ended_its_sending_side_still_gets_its_response() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    client.stream.shutdown().await.unwrap();

    assert!(client.rest().await.ends_with("here"));
}

#[tokio::test]
async fn a_client_that_ends_its_side_after_a_body_gets_every_response() {
    let server = Server::start(patient()).await;
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
async fn a_header_beyond_the_limit_gets_a_431_though_more_of_it_comes() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    client.send(header.as_bytes()).await;

    assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn a_request_with_a_body_is_the_last_one_of_its_connection() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let request = b"POST / HTTP/1.1\r\nHost: pyflix\r\nContent-Length: 4\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    client.send(&[request, REQUEST].concat()).await;

    let responses = client.rest().await;
    assert_eq!(responses.matches("HTTP/1.1").count(), 1, "{responses}");
    assert!(responses.contains("connection: close"), "{responses}");
}

#[tokio::test]
async fn a_shutdown_finishes_running_requests_and_drops_idle_and_half_sent_ones() {
    let server = Server::start(Limits {
        drain: Duration::from_secs(1),
        ..patient()
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
    server.go_on.notify_one();

    assert!(working.rest().await.ends_with("waited"));
    let refused = TcpStream::connect(server.address).await;
    assert!(refused.is_err());
    timeout(LONG, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_request_that_never_ends() {
    let server = Server::start(Limits {
        drain: SHORT,
        ..patient()
    })
    .await;
    let mut working = server.connect().await;
    working
        .send(b"GET /wait HTTP/1.1\r\nHost: pyflix\r\n\r\n")
        .await;
    server.entered.notified().await;

    server.shutdown.cancel();

    timeout(LONG, server.running)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(working.rest().await, "");
}

#[tokio::test]
async fn cached_and_other_responses_alternate_on_one_connection() {
    let server = Server::start(patient()).await;
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
    let server = Server::start(patient()).await;
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
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    client.get("/wait").await;
    timeout(LONG, server.entered.notified()).await.unwrap();
    client.get("/cached").await;
    server.go_on.notify_one();
    assert_eq!(client.response().await, "waited");
    assert_eq!(client.response().await, "cached");
}

#[tokio::test]
async fn line_breaks_around_requests_are_ignored_and_do_not_count_as_a_header() {
    let server = Server::start(Limits {
        header: SHORT,
        ..patient()
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

#[tokio::test]
async fn one_limit_on_header_bytes_holds_however_they_arrive() {
    let server = Server::start(patient()).await;
    let limit = patient().max_header_bytes;
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
    let server = Server::start(patient()).await;
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
async fn a_response_without_an_end_stops_when_its_client_leaves() {
    let server = Server::start(patient()).await;
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
        timeout(LONG, left).await.expect("the response goes on");
        drop(kept);
    }
}

#[tokio::test]
async fn a_long_response_is_sent_whole_though_the_server_stops_or_the_client_ends_its_side() {
    for path in ["/cached/long", "/long"] {
        for stop in [true, false] {
            let mut server = Server::start(patient()).await;
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
                let ended = timeout(LONG, &mut server.running).await.unwrap();
                ended.unwrap().unwrap();
            }
        }
    }
}

#[tokio::test]
async fn a_full_server_does_not_close_a_connection_that_reads_a_response() {
    let server = Server::start(Limits {
        max_connections: 1,
        idle_when_full: Duration::ZERO,
        drain: SHORT,
        ..patient()
    })
    .await;
    let mut slow = server.connect().await;
    slow.get("/cached/long").await;
    let mut first = [0; 17];
    slow.stream.read_exact(&mut first).await.unwrap();

    let mut next = server.connect().await;
    next.send(REQUEST).await;
    assert!(timeout(4 * SHORT, next.response()).await.is_err());

    let mut rest = vec![0; LONG_BYTES];
    slow.stream.read_exact(&mut rest).await.unwrap();
}

#[derive(Debug)]
enum Leave {
    EndSending,
    Close,
    Reset,
}

/// Deadlines that no test reaches, but for those that it sets itself.
fn patient() -> Limits {
    Limits {
        first_byte: LONG,
        header: LONG,
        idle: LONG,
        write_stall: LONG,
        drain: LONG,
        ..Limits::default()
    }
}

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    /// A request for `/wait` has come to its handler.
    entered: Arc<Notify>,
    /// Lets it answer.
    go_on: Arc<Notify>,
    /// Responses of `/events` that have not ended.
    listeners: Arc<AtomicUsize>,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let entered = Arc::new(Notify::new());
        let go_on = Arc::new(Notify::new());
        let wait = {
            let (entered, go_on) = (Arc::clone(&entered), Arc::clone(&go_on));
            || async move {
                entered.notify_one();
                go_on.notified().await;
                "waited"
            }
        };
        let listeners = Arc::new(AtomicUsize::new(0));
        let events = {
            let listeners = Arc::clone(&listeners);
            || async move {
                let listening = Listening::begin(listeners);
                let events = stream::pending::<io::Result<&str>>();
                let events = events.inspect(move |_| listening.check());
                let mut response = Response::new(Body::from_stream(events));
                response.extensions_mut().insert(UntilClosed);
                response
            }
        };
        let app = Router::new()
            .route(
                "/body",
                post(async |body: Body| drop(to_bytes(body, 99).await)),
            )
            .route("/events", get(events))
            .route("/", get(async || "here"))
            .route("/long", get(async || vec![0_u8; LONG_BYTES]))
            .route("/wait", get(wait));
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let cached = |request: &Request| match request.uri().path() {
            "/cached" => Some(Response::new("cached".into())),
            "/cached/long" => Some(Response::new(vec![b'a'; LONG_BYTES].into())),
            _ => None,
        };
        let served = serve(socket, cached, app, limits, shutdown.clone());
        let running = tokio::spawn(served);
        Self {
            address,
            shutdown,
            entered,
            go_on,
            listeners,
            running,
        }
    }

    fn listeners(&self) -> usize {
        self.listeners.load(Ordering::SeqCst)
    }

    async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
        }
    }
}

/// Counts a response of `/events` until it is dropped.
struct Listening(Arc<AtomicUsize>);

impl Listening {
    fn begin(listeners: Arc<AtomicUsize>) -> Self {
        listeners.fetch_add(1, Ordering::SeqCst);
        Self(listeners)
    }

    /// Called by nobody: it ties the count to the stream.
    fn check(&self) {}
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

struct Client {
    stream: TcpStream,
}

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    async fn get(&mut self, path: &str) {
        let request = format!("GET {path} HTTP/1.1\r\nHost: pyflix\r\n\r\n");
        self.send(request.as_bytes()).await;
    }

    /// All that comes until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut text = String::new();
        let read = self.stream.read_to_string(&mut text);
        match timeout(LONG, read)
            .await
            .expect("the connection stays open")
        {
            Ok(_) => text,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => text,
            Err(error) => panic!("{error}"),
        }
    }

    /// The next response's body; the connection stays open.
    async fn response(&mut self) -> String {
        let mut text = Vec::new();
        let read = async {
            while !text.ends_with(b"\r\n\r\n") {
                text.push(self.stream.read_u8().await.unwrap());
            }
            let head = String::from_utf8(text).unwrap();
            let length = head.split("content-length: ").nth(1).unwrap();
            let length = length.split('\r').next().unwrap().parse().unwrap();
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await.unwrap();
            String::from_utf8(body).unwrap()
        };
        timeout(LONG, read).await.expect("no response")
    }
}
