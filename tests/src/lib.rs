//! What the end-to-end tests share: a store for a test's services, and a plain HTTP client.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "it fails the test that uses it"
)]

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What anything in a test has: a busy machine of two cores is slow.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A fresh store, for services as separate processes.
#[derive(Debug)]
pub struct Store {
    /// What goes into `PYFLIX_DATABASE_URL`.
    pub url: String,
    folder: Option<TempDir>,
}

impl Store {
    /// An embedded one.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pyflix.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            folder: Some(folder),
        }
    }

    /// A database of a real MongoDB, a replica set.
    pub async fn mongodb() -> Self {
        Self {
            url: Mongo::replica_set().await.url(&fresh_database()),
            folder: None,
        }
    }

    /// The file of an embedded store.
    pub fn file(&self) -> PathBuf {
        self.folder
            .as_ref()
            .expect("an embedded store")
            .path()
            .join("pyflix.db")
    }

    /// The web app over it.
    pub async fn webapp(&self) -> Service {
        let envs = [("PYFLIX_DATABASE_URL", self.url.as_str())];
        Service::start_web("webapp", &envs, &[], DEADLINE).await
    }

    /// A syncer that runs over it every quarter of a second.
    pub fn syncer(&self, source: &str) -> Service {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        Service::start("syncer", &envs, &[])
    }

    /// A command of the syncer over it, run to its end.
    pub async fn command(&self, source: &str, args: &[&str]) -> testkit::process::Finished {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
        ];
        testkit::process::run_to_end("syncer", &envs, args, DEADLINE).await
    }
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The status line and the headers, in lower case.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find_map(|line| line.strip_prefix(name))?;
        line.strip_prefix(": ")
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }
}

/// Gets a page; an error if there is no whole answer.
///
/// # Errors
/// When nothing answers.
pub async fn try_get(url: &str) -> std::io::Result<Answer> {
    let rest = url.strip_prefix("http://").expect("an http URL");
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).await?;
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    let text = String::from_utf8(text).expect("an answer of UTF-8");
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    Ok(Answer {
        status: status.expect("a status line"),
        head: head.to_lowercase(),
        body: body.to_owned(),
    })
}

/// Gets a page.
pub async fn get(url: &str) -> Answer {
    try_get(url)
        .await
        .unwrap_or_else(|error| panic!("{url}: {error}"))
}

/// Waits until a page has a text on it, and gives it back.
pub async fn until_it_says(url: &str, text: &str) -> Answer {
    testkit::eventually(DEADLINE, async || match try_get(url).await {
        Ok(answer) if answer.body.contains(text) => Ok(answer),
        Ok(answer) => Err(format!("{url} does not say {text:?}:\n{}", answer.body)),
        Err(error) => Err(error.to_string()),
    })
    .await
}
