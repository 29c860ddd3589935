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

mod deadlines;
mod ends;
mod limits;
mod requests;
mod stats;

const SHORT_TIMEOUT: Duration = Duration::from_millis(500);
const LONG_TIMEOUT: Duration = Duration::from_secs(20);
const LONG_BYTES: usize = 64 << 20;
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: pyflix\r\n\r\n";

/// Deadlines that no test reaches, but for those that it sets itself.
fn long_limits() -> Limits {
    Limits {
        first_byte: LONG_TIMEOUT,
        header: LONG_TIMEOUT,
        idle: LONG_TIMEOUT,
        write_stall: LONG_TIMEOUT,
        drain: LONG_TIMEOUT,
        ..Limits::default()
    }
}

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    /// A request for `/wait` has come to its handler.
    entered: Arc<Notify>,
    /// Lets it answer.
    may_respond: Arc<Notify>,
    /// Responses of `/events` that have not ended.
    listeners: Arc<AtomicUsize>,
    stats: Arc<ServerStats>,
    running: JoinHandle<io::Result<()>>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let entered = Arc::new(Notify::new());
        let may_respond = Arc::new(Notify::new());
        let wait = {
            let (entered, may_respond) = (Arc::clone(&entered), Arc::clone(&may_respond));
            || async move {
                entered.notify_one();
                may_respond.notified().await;
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
        let stats = Arc::<ServerStats>::default();
        let served = serve(
            socket,
            cached,
            app,
            limits,
            Arc::clone(&stats),
            shutdown.clone(),
        );
        let running = tokio::spawn(served);
        Self {
            address,
            shutdown,
            entered,
            may_respond,
            listeners,
            stats,
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

    /// Never called: it ties the count to the stream.
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

    /// Everything received until the server closes the connection.
    async fn rest(&mut self) -> String {
        let mut text = String::new();
        let read = self.stream.read_to_string(&mut text);
        match timeout(LONG_TIMEOUT, read)
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
        timeout(LONG_TIMEOUT, read).await.expect("no response")
    }
}
