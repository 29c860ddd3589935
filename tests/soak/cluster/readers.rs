//! Clients that read through the proxy, and one that watches each web app.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::clock::Clock;
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::connection::{CatalogueResponse, Connection};

/// Time between two requests of a client. It leaves the cluster processor time on a small machine.
const CLIENT_PAUSE: Duration = Duration::from_millis(100);
/// Time between two requests to a watched web app.
const WATCH_PAUSE: Duration = Duration::from_millis(20);

/// The observations of the readers.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) responses: u64,
    /// Responses of several rounds, or without a version.
    pub(super) mixed: Vec<String>,
    /// Versions older than one before on the same connection to one web app.
    pub(super) went_back: Vec<String>,
    /// Responses of the proxy of 500 and above.
    pub(super) server_errors: Vec<String>,
    /// Connections through the proxy that ended before a response did.
    pub(super) interrupted: u64,
    /// When each web app first served a version, by container.
    pub(super) first_seen: BTreeMap<String, BTreeMap<u64, Timestamp>>,
}

/// Readers that run until they are dropped.
pub(super) struct Readers {
    pub(super) seen: Arc<Mutex<Seen>>,
    tasks: JoinSet<()>,
}

impl Readers {
    pub(super) fn new() -> Self {
        Self {
            seen: Arc::default(),
            tasks: JoinSet::new(),
        }
    }

    /// Adds clients of the proxy, each with a connection of its own.
    pub(super) fn read_through(&mut self, proxy: SocketAddr, clients: u32) {
        for _ in 0..clients {
            let seen = self.seen.clone();
            self.tasks.spawn(async move {
                loop {
                    read(proxy, &seen).await;
                    sleep(CLIENT_PAUSE).await;
                }
            });
        }
    }

    /// Adds a watcher of one web app; `address` finds its present address.
    pub(super) fn watch<F>(&mut self, container: String, address: impl Fn() -> F + Send + 'static)
    where
        F: Future<Output = Option<SocketAddr>> + Send,
    {
        let seen = self.seen.clone();
        self.tasks.spawn(async move {
            loop {
                if let Some(address) = address().await {
                    watch(&container, address, &seen).await;
                }
                sleep(CLIENT_PAUSE).await;
            }
        });
    }
}

/// Reads over one connection until it ends.
async fn read(proxy: SocketAddr, seen: &Mutex<Seen>) {
    let Ok(mut connection) = Connection::open(proxy).await else {
        seen.lock().unwrap().interrupted += 1;
        return;
    };
    while let Ok(response) = connection.get("/ghibli/films").await {
        check(&response, &mut seen.lock().unwrap());
        sleep(CLIENT_PAUSE).await;
    }
    seen.lock().unwrap().interrupted += 1;
}

fn check(response: &CatalogueResponse, seen: &mut Seen) {
    seen.responses += 1;
    if response.status >= 500 {
        let body = String::from_utf8_lossy(&response.body);
        let start: String = body.chars().take(200).collect();
        seen.server_errors
            .push(format!("{}: {start}", response.status));
        return;
    }
    let films: Vec<serde_json::Value> = serde_json::from_slice(&response.body).unwrap_or_default();
    let titles = films.iter().filter_map(|film| film["title"].as_str());
    let rounds: Vec<_> = titles.map(|title| title.rsplit(' ').next()).collect();
    if response.version.is_none() || rounds.is_empty() || rounds.iter().any(|one| *one != rounds[0])
    {
        seen.mixed
            .push(format!("{:?}: {rounds:?}", response.version));
    }
}

/// Watches a web app over one connection until it ends.
async fn watch(container: &str, address: SocketAddr, seen: &Mutex<Seen>) {
    let Ok(mut connection) = Connection::open(address).await else {
        return;
    };
    let mut last = 0;
    while let Ok(response) = connection.get("/ghibli/species").await {
        if let Some(version) = response.version {
            let mut seen = seen.lock().unwrap();
            if version < last {
                seen.went_back
                    .push(format!("{container}: {version} after {last}"));
            }
            last = version;
            let first = seen.first_seen.entry(container.to_owned()).or_default();
            first
                .entry(version)
                .or_insert_with(|| Clock::system().now());
        }
        sleep(WATCH_PAUSE).await;
    }
}
