//! A store for the services of a test, and waiting for a page.

use std::path::PathBuf;
use std::time::Duration;

use common::config::Database;
use tempfile::TempDir;
pub(crate) use testkit::http::{Response, get, try_get};
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::Service;

/// For any step of a test on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh store, for services as separate processes.
#[derive(Debug)]
pub(crate) struct Store {
    /// The value of `PYFLIX_DATABASE_URL`.
    pub(crate) url: String,
    folder: Option<TempDir>,
}

impl Store {
    /// An SQLite file.
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pyflix.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            folder: Some(folder),
        }
    }

    /// A database of the shared MongoDB replica set.
    pub(crate) async fn mongodb() -> Self {
        Self::at(Mongo::replica_set().await.url(&fresh_database()))
    }

    /// A MongoDB of the test.
    pub(crate) fn at(url: String) -> Self {
        Self { url, folder: None }
    }

    /// The SQLite file.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder
            .as_ref()
            .expect("an embedded store")
            .path()
            .join("pyflix.db")
    }

    /// The same for [`common::repository::Repository::open`].
    pub(crate) fn database(&self) -> Database {
        match &self.folder {
            Some(_) => Database::Sqlite(self.file()),
            None => Database::MongoDb(self.url.clone().into()),
        }
    }

    /// Starts a web app on it.
    pub(crate) async fn webapp(&self) -> Service {
        let envs = [("PYFLIX_DATABASE_URL", self.url.as_str())];
        Service::start_web("webapp", &envs, &[], DEADLINE).await
    }

    /// Starts a syncer on it with an interval of 250 ms.
    pub(crate) fn syncer(&self, source: &str) -> Service {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        Service::start("syncer", &envs, &[])
    }

    /// Runs a command of the syncer on it to its end.
    pub(crate) async fn command(&self, source: &str, args: &[&str]) -> testkit::process::Finished {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
        ];
        testkit::process::run_to_end("syncer", &envs, args, DEADLINE).await
    }
}

/// Waits until a page contains a text, and returns the page.
pub(crate) async fn wait_until_shows(url: &str, text: &str) -> Response {
    testkit::eventually(DEADLINE, async || match try_get(url).await {
        Ok(answer) if answer.body.contains(text) => Ok(answer),
        Ok(answer) => Err(format!("{url} does not contain {text:?}:\n{}", answer.body)),
        Err(error) => Err(error.to_string()),
    })
    .await
}
