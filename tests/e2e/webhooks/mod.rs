//! Webhooks of running syncers: what arrives, how often, and what a dead receiver delays.

mod delivery;
mod example_receiver;
mod json_schema;
mod queue;
mod settings;

use std::path::PathBuf;

use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Repository, Table};
use e2e::{DEADLINE, Store};
use testkit::process::{Finished, Service, run_to_end};
use testkit::source::{Source, film};
use testkit::webhook_receiver::{Delivery, WebhookReceiver};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OTHER_SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

/// A store, a source, and syncers with webhooks.
struct Setup {
    store: Store,
    source: Source,
    secrets: tempfile::TempDir,
    urls: String,
}

impl Setup {
    async fn new(store: Store, receivers: &[&WebhookReceiver]) -> Self {
        let urls: Vec<_> = receivers.iter().map(|receiver| receiver.url()).collect();
        let secrets = tempfile::tempdir().unwrap();
        std::fs::write(secrets.path().join("secrets"), SECRET).unwrap();
        Self {
            store,
            source: Source::start().await,
            secrets,
            urls: urls.join(","),
        }
    }

    fn secret_file(&self) -> PathBuf {
        self.secrets.path().join("secrets")
    }

    fn envs(&self) -> Vec<(&'static str, String)> {
        vec![
            ("PYFLIX_DATABASE_URL", self.store.url.clone()),
            ("PYFLIX_PROVIDER_URLS", self.source.url()),
            ("PYFLIX_SYNC_INTERVAL", "250ms".into()),
            ("PYFLIX_WEBHOOK_URLS", self.urls.clone()),
            (
                "PYFLIX_WEBHOOK_SECRET_FILE",
                self.secret_file().display().to_string(),
            ),
        ]
    }

    fn start(&self, program: &str) -> Service {
        let envs = self.envs();
        let envs: Vec<_> = envs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Service::start(program, &envs, &[])
    }

    async fn command(&self, args: &[&str]) -> Finished {
        let envs = self.envs();
        let envs: Vec<_> = envs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        run_to_end("syncer", &envs, args, DEADLINE).await
    }

    /// Adds a film, and waits for the version with it.
    async fn publish(&self, number: u32) {
        self.source.add_film(film(number));
        let repository = self.repository().await;
        let title = film(number)["title"].as_str().unwrap().to_owned();
        testkit::eventually(DEADLINE, async || {
            let state = repository.load().await.unwrap();
            state.is_some_and(|state| {
                let mut movies = state.catalogue.iter(Kind::Movie);
                movies.any(|movie| movie.name() == title)
            })
        })
        .await;
    }

    /// Waits until the store has the newest event as delivered to a webhook.
    async fn wait_until_delivered(&self) {
        let repository = self.repository().await;
        testkit::eventually(DEADLINE, async || {
            let newest = repository.newest_event().await.unwrap().unwrap().number;
            let rows = repository.store().rows(Table::Webhooks, None).await;
            let rows = rows.unwrap();
            rows.iter().any(|row| row.fields["delivered"] == newest)
        })
        .await;
    }

    async fn repository(&self) -> Repository {
        let repository =
            Repository::open(&self.store.database(), Access::Writer, Clock::system()).await;
        repository.unwrap()
    }
}

fn types(deliveries: &[Delivery]) -> Vec<String> {
    deliveries.iter().map(Delivery::type_name).collect()
}

fn versions(deliveries: &[Delivery]) -> Vec<u64> {
    let version = |delivery: &Delivery| delivery.json()["data"]["version"].as_u64().unwrap();
    deliveries.iter().map(version).collect()
}
