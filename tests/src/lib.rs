//! Shared by the end-to-end tests and the soak: stores, services, and waiting for them.

#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

pub mod compose;
pub mod python_client;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use common::config::Database;
use tempfile::TempDir;
pub use testkit::http::{Response, get, try_get};
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::Service;
use testkit::source::Source;

/// The program `unshare`, if it can give a process a disk of its own: for that, tests run as root.
pub fn unshare_mounts() -> Option<&'static Path> {
    let unshare = Path::new("/usr/bin/unshare");
    let made = Command::new(unshare)
        .args(["--mount", "mount", "-t", "tmpfs", "none", "/mnt"])
        .output();
    made.is_ok_and(|made| made.status.success())
        .then_some(unshare)
}

/// For any step of a test on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// For measuring the processor time of an idle process.
const IDLE_WINDOW: Duration = Duration::from_secs(1);
/// The divisor of the window for an idle process; a busy loop uses more, even on a busy machine.
const IDLE_SHARE: u32 = 8;

/// A fresh store, for services as separate processes.
#[derive(Debug)]
pub struct Store {
    /// The value of `PYFLIX_DATABASE_URL`.
    pub url: String,
    folder: Option<TempDir>,
}

impl Store {
    /// An SQLite file.
    pub fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pyflix.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            folder: Some(folder),
        }
    }

    /// A database of the shared MongoDB replica set.
    pub async fn mongodb() -> Self {
        Self::at(Mongo::replica_set().await.url(&fresh_database()))
    }

    /// A MongoDB of the test.
    pub fn at(url: String) -> Self {
        Self { url, folder: None }
    }

    /// The SQLite file.
    pub fn file(&self) -> PathBuf {
        self.folder
            .as_ref()
            .expect("an embedded store")
            .path()
            .join("pyflix.db")
    }

    /// The same for [`common::repository::Repository::open`].
    pub fn database(&self) -> Database {
        match &self.folder {
            Some(_) => Database::Sqlite(self.file()),
            None => Database::MongoDb(self.url.clone().into()),
        }
    }

    /// Starts a web app on it.
    pub async fn webapp(&self) -> Service {
        let envs = [("PYFLIX_DATABASE_URL", self.url.as_str())];
        Service::start_web("webapp", &envs, &[], DEADLINE).await
    }

    /// Starts a syncer on it with an interval of 250 ms.
    pub fn syncer(&self, source: &str) -> Service {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        Service::start("syncer", &envs, &[])
    }

    /// Runs a command of the syncer on it to its end.
    pub async fn command(&self, source: &str, args: &[&str]) -> testkit::process::Finished {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
        ];
        testkit::process::run_to_end("syncer", &envs, args, DEADLINE).await
    }
}

/// Waits until a page contains a text, and returns the page.
pub async fn wait_until_shows(url: &str, text: &str) -> Response {
    testkit::eventually(DEADLINE, async || match try_get(url).await {
        Ok(response) if response.body.contains(text) => Ok(response),
        Ok(response) => Err(format!(
            "{url} does not contain {text:?}:\n{}",
            response.body
        )),
        Err(error) => Err(error.to_string()),
    })
    .await
}

/// `pyflix` with the built-in catalogue, once its first sync has failed: from then on no page changes.
pub async fn start_app() -> Service {
    let envs = [
        ("PYFLIX_PROVIDER_URLS", "http://127.0.0.1:9"),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let app = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    let failed = "the source has been unavailable since";
    wait_until_shows(&format!("{}/movies", app.url()), failed).await;
    app
}

/// `pyflix` with these settings that syncs every 250 ms, once it shows the movies of its source.
pub async fn start_mirror(source: &Source, settings: &[(&str, &str)]) -> Service {
    let provider = source.url();
    let mut envs = vec![
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    envs.extend(settings);
    let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    wait_until_shows(&format!("{}/movies", pyflix.url()), "The Lantern Ferry").await;
    pyflix
}

/// The processor time of a process in one second; an error if it is above the share of an
/// idle process.
pub async fn watch_idle(app: &Service) -> Result<Duration, String> {
    let (started, before) = (Instant::now(), app.cpu_time());
    tokio::time::sleep(IDLE_WINDOW).await;
    let (window, used) = (started.elapsed(), app.cpu_time() - before);
    if used > window / IDLE_SHARE {
        return Err(format!("{used:?} of processor time in {window:?}"));
    }
    Ok(used)
}

/// Waits until a process is idle.
pub async fn wait_until_idle(app: &Service) {
    testkit::eventually(DEADLINE, async || watch_idle(app).await).await;
}
