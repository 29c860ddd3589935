//! A source whose responses a test writes byte by byte.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// Runs until dropped.
pub(super) struct Upstream {
    pub(super) url: Url,
    requested: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Upstream {
    /// For each path (with its query), `respond` writes the response.
    pub(super) async fn raw<F>(respond: impl Fn(String, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        Self::start(move |head, stream| respond(path_of(&head), stream)).await
    }

    /// Responds to each request head, in lower case.
    pub(super) async fn heads(respond: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::start(move |head, mut stream| {
            let bytes = respond(&head.to_lowercase());
            async move { stream.write_all(&bytes).await }
        })
        .await
    }

    async fn start<F>(respond: impl Fn(String, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requested = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&requested);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = read_head(&mut stream).await;
                log.lock().unwrap().push(path_of(&head));
                connections.spawn(respond(head, stream));
            }
        });
        Self {
            url: url.parse().unwrap(),
            requested,
            serving,
        }
    }

    /// Responds to each path.
    pub(super) async fn bytes(respond: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::raw(move |path, mut stream| {
            let bytes = respond(&path);
            async move { stream.write_all(&bytes).await }
        })
        .await
    }

    /// Responds to `/films`, and with `[]` to everything else.
    pub(super) async fn films(respond: impl Into<Vec<u8>>) -> Self {
        let films = respond.into();
        Self::bytes(move |path| match path.starts_with("/films") {
            true => films.clone(),
            false => ok("[]"),
        })
        .await
    }

    /// The requested paths with this prefix.
    pub(super) fn requests(&self, prefix: &str) -> Vec<String> {
        let requested = self.requested.lock().unwrap();
        requested
            .iter()
            .filter(|path| path.starts_with(prefix))
            .cloned()
            .collect()
    }
}

/// A response with status 200.
pub(super) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    with_headers("", body)
}

/// A response with status 200 and more headers, each ending in `\r\n`.
pub(super) fn with_headers(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A response without a body.
pub(super) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

fn path_of(head: &str) -> String {
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}
