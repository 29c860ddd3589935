//! Clients of the event stream.

use std::io::Write as _;

use e2e::DEADLINE;
use flate2::write::GzDecoder;
use serde_json::Value;
use testkit::process::Service;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// A client of the event stream.
pub(super) struct Listener {
    pub(super) stream: BufReader<TcpStream>,
    /// For a stream that a proxy compresses.
    gzip: Option<GzDecoder<Vec<u8>>>,
    /// The status line and the headers, in lower case.
    pub(super) head: String,
    unread: String,
    pub(super) heartbeats: usize,
}

#[derive(Debug)]
pub(super) struct Event {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) data: Value,
}

impl Listener {
    pub(super) async fn connect(webapp: &Service, last: Option<&str>) -> Self {
        let host = webapp.url().trim_start_matches("http://");
        let listener = Self::at(host, last).await;
        listener.unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// An error is the head of another response than 200.
    pub(super) async fn at(host: &str, last: Option<&str>) -> Result<Self, String> {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream
            .write_all(request(host, last).as_bytes())
            .await
            .unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(DEADLINE, stream.read_line(&mut head)).await;
            assert_ne!(read.unwrap().unwrap(), 0, "{head}");
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head);
        }
        let head = head.to_lowercase();
        let is_gzip = head.contains("content-encoding: gzip");
        Ok(Self {
            stream,
            gzip: is_gzip.then(|| GzDecoder::new(Vec::new())),
            head,
            unread: String::new(),
            heartbeats: 0,
        })
    }

    /// The next event, without heartbeats.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let Some((event, rest)) = self.unread.split_once("\n\n") else {
                let chunk = timeout(DEADLINE, self.chunk()).await;
                self.unread += &chunk.unwrap().unwrap();
                continue;
            };
            self.heartbeats += usize::from(event == ":");
            let field = |name: &str| {
                let mut lines = event.lines();
                let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                value.unwrap_or_default().to_owned()
            };
            let data = serde_json::from_str(&field("data")).unwrap_or_default();
            let event = Event {
                name: field("event"),
                id: field("id"),
                data,
            };
            self.unread = rest.to_owned();
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// The next event of one of these kinds.
    pub(super) async fn next_of(&mut self, names: &[&str]) -> Event {
        loop {
            let event = self.next().await;
            if names.contains(&&*event.name) {
                return event;
            }
            assert_eq!(event.name, "status", "{event:?}");
        }
    }

    pub(super) async fn read_to_end(&mut self) {
        while timeout(DEADLINE, self.chunk()).await.unwrap().is_some() {}
    }

    /// A chunk of the body; `None` at its end.
    async fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.stream.read_line(&mut size).await.unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(size);
        if let Some(decoder) = &mut self.gzip {
            decoder.write_all(&chunk).unwrap();
            decoder.flush().unwrap();
            chunk = std::mem::take(decoder.get_mut());
        }
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }
}

/// A client that requests the events and never reads, with a small receive window.
pub(super) async fn stalled_client(webapp: &Service) -> TcpStream {
    let host = webapp.url().trim_start_matches("http://");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    stream
        .write_all(request(host, None).as_bytes())
        .await
        .unwrap();
    stream
}

fn request(host: &str, last: Option<&str>) -> String {
    let last = last.map(|last| format!("Last-Event-ID: {last}\r\n"));
    let last = last.unwrap_or_default();
    format!("GET /events HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n{last}\r\n")
}
