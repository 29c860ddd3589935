use std::time::Duration;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use common::config::Database;
use serde_json::Value;
use tempfile::TempDir;
use testkit::eventually;
use testkit::http::try_get;
use testkit::mongo::{Mongo, fresh_database};
use testkit::process::{Service, run_to_end};
use tokio::time::Instant;

use crate::generate::{Generated, GeneratedSource};

/// For any step with a million movies.
pub(crate) const DEADLINE: Duration = Duration::from_secs(1800);

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum StoreKind {
    Sqlite,
    Mongodb,
}

/// A fresh store: its URL, the same for [`common::repository::Repository::open`], and its folder.
pub(crate) async fn fresh_store(store: StoreKind) -> Result<(String, Database, TempDir)> {
    let folder = TempDir::new()?;
    let file = folder.path().join("pyflix.db");
    Ok(match store {
        StoreKind::Sqlite => (
            format!("sqlite:{}", file.display()),
            Database::Sqlite(file),
            folder,
        ),
        StoreKind::Mongodb => {
            let url = Mongo::replica_set().await.url(&fresh_database());
            (url.clone(), Database::MongoDb(url.into()), folder)
        }
    })
}

/// A source with a generated catalogue, and a fresh store for its syncer and web app.
pub(crate) struct Setup {
    pub(crate) generated: Generated,
    pub(crate) source: GeneratedSource,
    provider: String,
    store: String,
    interval: &'static str,
    _folder: TempDir,
}

impl Setup {
    /// `interval` is the time between syncs of the loop.
    pub(crate) async fn new(store: StoreKind, movies: u64, interval: &'static str) -> Result<Self> {
        let generated = Generated {
            movies,
            seed: 1,
            retitled: 0,
        };
        let source = GeneratedSource::start(generated, "127.0.0.1:0".parse()?).await?;
        let (store, _, folder) = fresh_store(store).await?;
        Ok(Self {
            generated,
            provider: source.url(),
            source,
            store,
            interval,
            _folder: folder,
        })
    }

    pub(crate) fn envs(&self) -> [(&str, &str); 4] {
        [
            ("PYFLIX_DATABASE_URL", &self.store),
            ("PYFLIX_PROVIDER_URLS", &self.provider),
            ("PYFLIX_PROVIDER_MAX_BYTES", "8GiB"),
            ("PYFLIX_SYNC_INTERVAL", self.interval),
        ]
    }

    pub(crate) fn store_url(&self) -> &str {
        &self.store
    }

    /// Runs `syncer once`.
    pub(crate) async fn sync(&self) -> Result<()> {
        let end = run_to_end("syncer", &self.envs(), &["once"], DEADLINE).await;
        ensure!(
            end.code == Some(0),
            "the sync ended with {:?}: {}",
            end.code,
            end.stderr
        );
        Ok(())
    }

    /// The output of `syncer history --json`.
    pub(crate) async fn history(&self) -> Result<Value> {
        let end = run_to_end("syncer", &self.envs(), &["history", "--json"], DEADLINE).await;
        Ok(serde_json::from_str(&end.stdout)?)
    }

    /// Starts a web app and waits until it is ready.
    pub(crate) async fn start_webapp(&self) -> Service {
        let webapp = Service::start_web("webapp", &self.envs(), &[], DEADLINE).await;
        let ready = format!("{}/readyz", webapp.url());
        eventually(DEADLINE, async || {
            try_get(&ready)
                .await
                .is_ok_and(|response| response.status == 200)
        })
        .await;
        webapp
    }
}

/// Waits until a filter of the drop-in API no longer scans all records.
pub(crate) async fn wait_until_indexed(webapp: &Service) {
    let mut number = 0;
    eventually(DEADLINE, async || {
        number += 1;
        let url = format!("{}/ghibli/films?director=nobody{number}", webapp.url());
        let started = Instant::now();
        try_get(&url)
            .await
            .is_ok_and(|response| response.status == 200)
            && started.elapsed() < Duration::from_millis(50)
    })
    .await;
}
