//! A plain HTTP client: a request a connection, no pool, no redirects.

use std::io::ErrorKind;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An HTTP response.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub head: String,
    /// The decoded body.
    pub body: String,
}

impl Response {
    /// The value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name))?;
        line.strip_prefix(": ")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

/// Sends a GET request.
///
/// # Errors
///
/// Without a complete response.
pub async fn try_get(url: &str) -> std::io::Result<Response> {
    let (head, body) = exchange(url).await?;
    let status = head.split(' ').nth(1);
    let status = status.and_then(|status| status.parse().ok());
    let body = if head.contains("\r\ntransfer-encoding: chunked") {
        text(&dechunked(&body).ok_or(ErrorKind::UnexpectedEof)?)
    } else {
        text(&body)
    };
    Ok(Response {
        status: status.expect("a status line"),
        head,
        body,
    })
}

/// Sends a GET request. Returns the status line and the headers in lower case, and the body.
///
/// # Panics
///
/// Without a complete response.
pub async fn get_bytes(url: &str) -> (String, Vec<u8>) {
    let exchanged = exchange(url).await;
    exchanged.unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// The head in lower case, and the body as it was sent.
async fn exchange(url: &str) -> std::io::Result<(String, Vec<u8>)> {
    let rest = url.strip_prefix("http://").expect("an http URL");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.ok_or(ErrorKind::UnexpectedEof)?;
    Ok((text(&bytes[..end]).to_lowercase(), bytes.split_off(end + 4)))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("a response in UTF-8")
}

/// Decodes a chunked body; `None` if its end is missing.
fn dechunked(mut chunked: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = chunked.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&chunked[..line]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let chunk = chunked.get(line + 2..)?;
        body.extend_from_slice(chunk.get(..size)?);
        chunked = chunk.get(size + 2..)?;
    }
}

/// As [`try_get`].
///
/// # Panics
///
/// Without a complete response.
pub async fn get(url: &str) -> Response {
    try_get(url)
        .await
        .unwrap_or_else(|error| panic!("{url}: {error}"))
}
