//! What the end-to-end tests share: a store for a test's services, and waiting for a page.

use std::path::PathBuf;
use std::time::Duration;

use common::config::Database;
use tempfile::TempDir;
pub(crate) use testkit::http::{Answer, get, try_get};
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::Service;

/// What anything in a test has: a busy machine of two cores is slow.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A fresh store, for services as separate processes.
#[derive(Debug)]
pub(crate) struct Store {
    /// What goes into `PYFLIX_DATABASE_URL`.
    pub(crate) url: String,
    folder: Option<TempDir>,
}

impl Store {
    /// An embedded one.
    pub(crate) fn sqlite() -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("pyflix.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            folder: Some(folder),
        }
    }

    /// A database of a real MongoDB, a replica set.
    pub(crate) async fn mongodb() -> Self {
        Self::at(Mongo::replica_set().await.url(&fresh_database()))
    }

    /// One that the test started by itself.
    pub(crate) fn at(url: String) -> Self {
        Self { url, folder: None }
    }

    /// The file of an embedded store.
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

    /// The web app over it.
    pub(crate) async fn webapp(&self) -> Service {
        let envs = [("PYFLIX_DATABASE_URL", self.url.as_str())];
        Service::start_web("webapp", &envs, &[], DEADLINE).await
    }

    /// A syncer that runs over it every quarter of a second.
    pub(crate) fn syncer(&self, source: &str) -> Service {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
            ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ];
        Service::start("syncer", &envs, &[])
    }

    /// A command of the syncer over it, run to its end.
    pub(crate) async fn command(&self, source: &str, args: &[&str]) -> testkit::process::Finished {
        let envs = [
            ("PYFLIX_DATABASE_URL", self.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", source),
        ];
        testkit::process::run_to_end("syncer", &envs, args, DEADLINE).await
    }
}

/// Waits until a page has a text on it, and gives it back.
pub(crate) async fn until_it_says(url: &str, text: &str) -> Answer {
    testkit::eventually(DEADLINE, async || match try_get(url).await {
        Ok(answer) if answer.body.contains(text) => Ok(answer),
        Ok(answer) => Err(format!("{url} does not say {text:?}:\n{}", answer.body)),
        Err(error) => Err(error.to_string()),
    })
    .await
}
