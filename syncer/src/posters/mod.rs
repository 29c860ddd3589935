//! Mirrors the posters that movies name, between syncs: one request at a time, conditional, with a
//! back-off for each poster. A sync that is due never waits for a host of posters.
//!
//! A task fetches and decodes. The schedule saves the results under a lease of its own, while nothing
//! else in this process has the lease.

mod client;
mod encode;
mod hosts;
mod schedule;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::clock::Clock;
use common::config::PosterSettings;
use common::metrics::Metrics;
use common::repository::{Poster, PosterChanges, Repository, Result as StoreResult};
use jiff::{SignedDuration, Timestamp};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use rand::Rng;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use self::client::{FetchedPoster, PosterClient, PosterError};
use self::schedule::PosterSchedule;
use crate::pipeline::Syncer;

/// Posters that are saved under one lease.
const BATCH_POSTERS: usize = 8;
/// A batch ends early after this time, so that a slow host does not delay the others' posters.
const BATCH_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a poster is checked for changes.
const CHECK_INTERVAL: Duration = Duration::from_hours(24);
/// The wait after the first failure; it doubles with each further one.
const MIN_BACKOFF: Duration = Duration::from_mins(1);
const MAX_BACKOFF: Duration = Duration::from_hours(24);
/// The wait before changes are saved again that could not be saved.
const SAVE_RETRY_DELAY: Duration = Duration::from_secs(2);

/// The mirror of the posters of a repository.
pub struct Posters {
    repository: Repository,
    clock: Clock,
    /// `None` if posters are off.
    client: Option<Arc<PosterClient>>,
    schedule: PosterSchedule,
    /// The batch that is being fetched.
    task: Option<AbortOnDropHandle<Vec<Attempt>>>,
    /// Changes that could not be saved yet, and when they are tried again.
    unsaved: Option<(PosterChanges, Instant)>,
    fetches: Family<[(&'static str, &'static str); 1], Counter>,
}

/// An attempt to fetch a poster, and its new pictures.
struct Attempt {
    poster: Poster,
    pictures: Vec<(String, Vec<u8>)>,
    result: &'static str,
}

impl Posters {
    /// The mirror, which does nothing if posters are off.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(
        repository: Repository,
        settings: &PosterSettings,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let client = settings
            .is_enabled
            .then(|| PosterClient::new(settings.hosts.clone()))
            .transpose()
            .context("cannot set up the client of posters")?;
        Ok(Self {
            repository,
            clock,
            client: client.map(Arc::new),
            schedule: PosterSchedule::default(),
            task: None,
            unsaved: None,
            fetches: Family::default(),
        })
    }

    /// Counts the fetches of this process.
    pub fn register(&self, metrics: &Metrics) {
        for result in RESULTS {
            drop(self.fetches.get_or_create(&[("result", result)]));
        }
        let help = "Fetches of posters by result";
        metrics.register("poster_fetches", help, self.fetches.clone());
    }

    /// Plans what to fetch for the version that a sync left.
    pub(crate) async fn update(&mut self, syncer: &Syncer) {
        let Some(client) = &self.client else {
            return;
        };
        let updated = self
            .schedule
            .update(&self.repository, client, syncer.known());
        match updated.await {
            Ok(changes) => self.add_unsaved(changes),
            Err(error) => tracing::debug!(%error, "cannot plan the posters; will retry"),
        }
    }

    /// Fetches and saves all posters that are due now.
    pub async fn flush(&mut self, syncer: &Syncer) {
        self.update(syncer).await;
        while self.has_work() {
            let changes = self.next_changes().await;
            self.save(changes).await;
        }
    }

    fn has_work(&self) -> bool {
        let is_due = |client: &Arc<PosterClient>| self.schedule.is_due(client, self.clock.now());
        self.unsaved.is_some() || self.task.is_some() || self.client.as_ref().is_some_and(is_due)
    }

    /// Waits for the next changes to save; forever if there is nothing to fetch. Can be cancelled at
    /// any time without interrupting a fetch.
    pub(crate) async fn next_changes(&mut self) -> PosterChanges {
        let Some(client) = self.client.clone() else {
            return std::future::pending().await;
        };
        loop {
            if let Some((_, due)) = &self.unsaved {
                tokio::time::sleep_until(*due).await;
                return self
                    .unsaved
                    .take()
                    .map(|(changes, _)| changes)
                    .unwrap_or_default();
            }
            if let Some(task) = &mut self.task {
                let attempts = task.await;
                self.task = None;
                match attempts {
                    Ok(attempts) => return self.finish(attempts),
                    Err(error) => {
                        tracing::error!(%error, "fetching posters crashed; will retry");
                        tokio::time::sleep(SAVE_RETRY_DELAY).await;
                    }
                }
            }
            let now = self.clock.now();
            let due = match self.schedule.next_due(&self.repository, &client, now).await {
                Ok(due) => due,
                Err(error) => {
                    tracing::debug!(%error, "cannot read the posters; will retry");
                    Vec::new()
                }
            };
            if due.is_empty() {
                let wait = self.schedule.wait(&client, self.clock.now());
                tokio::time::sleep(wait).await;
                continue;
            }
            let (clock, client) = (self.clock.clone(), Arc::clone(&client));
            let batch = fetch_batch(client, due, clock);
            self.task = Some(AbortOnDropHandle::new(tokio::spawn(batch)));
        }
    }

    /// Saves changes under a lease. If another process has it, they are saved later.
    pub(crate) async fn save(&mut self, changes: PosterChanges) {
        match self.try_save(changes.clone()).await {
            Ok(true) => self.schedule.saved(changes),
            Ok(false) => self.add_unsaved(changes),
            Err(error) => {
                tracing::debug!(%error, "cannot save posters; will retry");
                self.add_unsaved(changes);
            }
        }
    }

    async fn try_save(&self, changes: PosterChanges) -> StoreResult<bool> {
        let Ok(lease) = self.repository.try_acquire(None).await? else {
            return Ok(false);
        };
        let handle = lease.handle();
        if let Err(error) = lease.save_posters(changes).await {
            drop(lease);
            handle.release().await;
            return Err(error);
        }
        lease.release(None).await?;
        Ok(true)
    }

    fn add_unsaved(&mut self, changes: PosterChanges) {
        let is_empty = changes.posters.is_empty() && changes.removed.is_empty();
        if is_empty {
            return;
        }
        let due = Instant::now() + SAVE_RETRY_DELAY;
        match &mut self.unsaved {
            None => self.unsaved = Some((changes, due)),
            Some((unsaved, _)) => {
                unsaved.posters.extend(changes.posters);
                unsaved.pictures.extend(changes.pictures);
                unsaved.removed.extend(changes.removed);
            }
        }
    }

    fn finish(&self, attempts: Vec<Attempt>) -> PosterChanges {
        let mut changes = PosterChanges::default();
        for attempt in attempts {
            let result = [("result", attempt.result)];
            self.fetches.get_or_create(&result).inc();
            changes.posters.push(attempt.poster);
            changes.pictures.extend(attempt.pictures);
        }
        changes
    }
}

const RESULTS: [&str; 4] = ["fetched", "not_modified", "refused", "failed"];

/// Fetches posters, one after the other.
async fn fetch_batch(client: Arc<PosterClient>, due: Vec<Poster>, clock: Clock) -> Vec<Attempt> {
    let started = Instant::now();
    let mut attempts = Vec::new();
    for poster in due {
        if !attempts.is_empty() && started.elapsed() > BATCH_TIMEOUT {
            break;
        }
        attempts.push(attempt(&client, poster, &clock).await);
    }
    attempts
}

async fn attempt(client: &PosterClient, poster: Poster, clock: &Clock) -> Attempt {
    let fetched = client.fetch(&poster).await;
    let fetched = match fetched {
        Ok(FetchedPoster::NotModified) => {
            return Attempt {
                poster: succeeded(poster, clock.now()),
                pictures: Vec::new(),
                result: "not_modified",
            };
        }
        Ok(FetchedPoster::Content {
            data,
            etag,
            last_modified,
        }) => {
            let pictures = tokio::task::spawn_blocking(move || encode::pictures(&data)).await;
            match pictures {
                Ok(Ok(pictures)) => Ok((pictures, etag, last_modified)),
                Ok(Err(error)) => Err((error.to_string(), None, "refused")),
                Err(_) => Err(("makes the decoder crash".to_owned(), None, "refused")),
            }
        }
        Err(error) => {
            let result = match error {
                PosterError::Refused(_) | PosterError::TooLarge => "refused",
                _ => "failed",
            };
            Err((error.to_string(), error.retry_after(), result))
        }
    };
    match fetched {
        Ok((pictures, etag, last_modified)) => {
            let (pictures, contents): (Vec<_>, Vec<_>) = pictures.into_iter().unzip();
            let keys = pictures.iter().map(|picture| picture.key.clone());
            let contents = keys.zip(contents).collect();
            let poster = Poster {
                pictures,
                etag,
                last_modified,
                ..poster
            };
            Attempt {
                poster: succeeded(poster, clock.now()),
                pictures: contents,
                result: "fetched",
            }
        }
        Err((problem, retry_after, result)) => Attempt {
            poster: failed(poster, problem, retry_after, clock.now()),
            pictures: Vec::new(),
            result,
        },
    }
}

fn succeeded(poster: Poster, now: Timestamp) -> Poster {
    Poster {
        next_fetch: after(now, CHECK_INTERVAL),
        failures: 0,
        problem: None,
        ..poster
    }
}

/// A poster after a failed attempt: its pictures stay.
fn failed(
    poster: Poster,
    problem: String,
    retry_after: Option<Duration>,
    now: Timestamp,
) -> Poster {
    let (url, reason) = (&poster.url, &problem);
    if poster.problem.as_ref() == Some(&problem) {
        tracing::debug!(poster = url, reason, "cannot fetch a poster");
    } else {
        tracing::warn!(poster = url, reason, "cannot fetch a poster; will retry");
    }
    let factor = 2_u32.saturating_pow(poster.failures);
    let backoff = MIN_BACKOFF.saturating_mul(factor).min(MAX_BACKOFF);
    Poster {
        next_fetch: after(now, backoff.max(retry_after.unwrap_or_default())),
        failures: poster.failures.saturating_add(1),
        problem: Some(problem),
        ..poster
    }
}

/// A time after a wait with up to 10% jitter.
fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = wait + wait.mul_f64(rand::rng().random_range(0.0..0.1));
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
