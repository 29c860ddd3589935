use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, routing::get};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
    time::timeout,
};

use super::*;

mod at_once;

const SHORT: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(20);
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: pyflix\r\n\r\n";

#[tokio::test]
async fn a_silent_connection_is_closed() {
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
async fn a_half_sent_header_is_closed_on_every_request_of_a_connection() {
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
    assert_eq!(second.answer().await, "here");
    second.send(b"GET / HTTP/1.1\r\nHost: py").await;
    assert_eq!(second.rest().await, "");

    let mut sent_at_once = server.connect().await;
    sent_at_once.send(&[REQUEST, b"GET /"].concat()).await;
    assert_eq!(sent_at_once.answer().await, "here");
    assert_eq!(sent_at_once.rest().await, "");
}

#[tokio::test]
async fn a_trickled_header_is_closed_however_often_a_byte_comes() {
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
async fn an_idle_connection_outlives_the_deadlines_of_a_sending_one() {
    let server = Server::start(Limits {
        first_byte: SHORT,
        header: SHORT,
        ..patient()
    })
    .await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.answer().await, "here");

    // Two deadlines pass elsewhere, one after the other.
    for _ in 0..2 {
        assert_eq!(server.connect().await.rest().await, "");
    }

    idle.send(REQUEST).await;
    assert_eq!(idle.answer().await, "here");
}

#[tokio::test]
async fn an_idle_connection_is_closed_in_the_end() {
    let server = Server::start(Limits {
        idle: SHORT,
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    assert_eq!(client.answer().await, "here");
    assert_eq!(client.rest().await, "");
}

#[tokio::test]
async fn a_client_that_does_not_read_is_dropped() {
    let server = Server::start(Limits {
        write_stall: SHORT,
        max_connections: 1,
        ..patient()
    })
    .await;
    for path in ["/long", "/ready/long"] {
        let mut deaf = server.connect().await;
        deaf.get(path).await;

        // The only place is free again once the deaf client has lost it.
        let mut next = server.connect().await;
        next.send(REQUEST).await;
        assert_eq!(next.answer().await, "here", "{path}");
    }
}

#[tokio::test]
async fn a_newcomer_gets_the_place_of_an_idle_connection() {
    let server = Server::start(Limits {
        max_connections: 2,
        idle_when_full: Duration::ZERO,
        ..patient()
    })
    .await;
    let silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.answer().await, "here");

    let mut next = server.connect().await;
    next.send(REQUEST).await;

    assert_eq!(next.answer().await, "here");
    drop(silent);
}

#[tokio::test]
async fn a_client_that_has_ended_its_side_is_still_answered() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    client.send(REQUEST).await;
    client.stream.shutdown().await.unwrap();

    assert!(client.rest().await.ends_with("here"));
}

#[tokio::test]
async fn a_refused_header_is_answered_though_more_of_it_comes() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let header = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20));
    client.send(header.as_bytes()).await;

    assert!(client.rest().await.starts_with("HTTP/1.1 431 "));
}

#[tokio::test]
async fn nothing_is_read_behind_a_request_with_a_body() {
    let server = Server::start(patient()).await;
    let mut client = server.connect().await;
    let request = b"POST / HTTP/1.1\r\nHost: pyflix\r\nContent-Length: 4\r\n\
        Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    client.send(&[request, REQUEST].concat()).await;

    let answers = client.rest().await;
    assert_eq!(answers.matches("HTTP/1.1").count(), 1, "{answers}");
    assert!(answers.contains("connection: close"), "{answers}");
}

#[tokio::test]
async fn a_shutdown_ends_all_connections_and_answers_the_working_one() {
    let server = Server::start(Limits {
        drain: Duration::from_secs(1),
        ..patient()
    })
    .await;
    let mut silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.send(REQUEST).await;
    assert_eq!(idle.answer().await, "here");
    let mut half_sent = server.connect().await;
    half_sent.send(b"GET / HTTP").await;
    let mut working = server.connect().await;
    working
        .send(b"GET /wait HTTP/1.1\r\nHost: pyflix\r\n\r\n")
        .await;
    server.entered.notified().await;

    server.shutdown.cancel();
    assert_eq!(silent.rest().await, "");
    assert_eq!(idle.rest().await, "");
    server.go_on.notify_one();

    assert!(working.rest().await.ends_with("waited"));
    assert_eq!(half_sent.rest().await, "");
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
        let app = Router::new()
            .route("/", get(async || "here"))
            .route("/ready", get(async || "asked again"))
            .route("/long", get(async || vec![0_u8; 64 << 20]))
            .route("/wait", get(wait));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let at_once = Box::new(|request: &Plain<'_>, sending: &mut Sending| {
            sending.content = match request.asked {
                "/ready" => "ready".into(),
                "/ready/long" => vec![b'a'; 64 << 20].into(),
                _ => return false,
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n",
                sending.content.len()
            );
            sending.head = head.into_bytes();
            true
        });
        let served = serve(listener, app, at_once, limits, shutdown.clone());
        let running = tokio::spawn(served);
        Self {
            address,
            shutdown,
            entered,
            go_on,
            running,
        }
    }

    async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
        }
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

    /// The next answer's body; the connection stays open.
    async fn answer(&mut self) -> String {
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
        timeout(LONG, read).await.expect("no answer")
    }
}
