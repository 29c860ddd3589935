//! An upstream that answers as a test says, byte by byte if need be.

use std::future::Future;
use std::sync::Arc;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// Serves until it is dropped.
pub(super) struct Upstream {
    pub(super) url: Url,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Upstream {
    /// Answers each path (with its query) with what `answer` writes.
    pub(super) async fn raw<F>(answer: impl Fn(String, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        Self::start(move |head, stream| answer(path_of(&head), stream)).await
    }

    /// Answers each head of a request, in lower case, with one piece of bytes.
    pub(super) async fn heads(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::start(move |head, mut stream| {
            let bytes = answer(&head.to_lowercase());
            async move { stream.write_all(&bytes).await }
        })
        .await
    }

    async fn start<F>(answer: impl Fn(String, TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = std::io::Result<()>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let head = requested(&mut stream).await;
                log.lock().unwrap().push(path_of(&head));
                connections.spawn(answer(head, stream));
            }
        });
        Self {
            url: url.parse().unwrap(),
            asked,
            serving,
        }
    }

    /// Answers each path with one piece of bytes.
    pub(super) async fn bytes(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> Self {
        Self::raw(move |path, mut stream| {
            let bytes = answer(&path);
            async move { stream.write_all(&bytes).await }
        })
        .await
    }

    /// Answers the films with one piece of bytes and everything else with `[]`.
    pub(super) async fn films(answer: impl Into<Vec<u8>>) -> Self {
        let films = answer.into();
        Self::bytes(move |path| match path.starts_with("/films") {
            true => films.clone(),
            false => ok("[]"),
        })
        .await
    }

    /// The paths asked for so far that start so.
    pub(super) fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|path| path.starts_with(start))
            .cloned()
            .collect()
    }
}

/// A complete answer with status 200.
pub(super) fn ok(body: impl AsRef<[u8]>) -> Vec<u8> {
    with_headers("", body)
}

/// A complete answer with status 200 and more headers, each ending in `\r\n`.
pub(super) fn with_headers(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let length = body.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// An answer with no body.
pub(super) fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

async fn requested(stream: &mut TcpStream) -> String {
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
