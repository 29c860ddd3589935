//! Webhooks: posts the events of the store's log to the configured URLs.
//!
//! Each webhook gets every event at least once and in order. Its progress is a row in the store, which
//! a syncer writes before and after each attempt: only one of several syncers sends, and a restarted
//! syncer continues.

mod client;
mod pending;
mod signature;

use std::time::Duration;

use anyhow::Context;
use common::clock::Clock;
use common::config::Webhook;
use common::repository::{Delivery, LoggedEvent, Repository, Result as StoreResult};
use futures::future::join_all;
use jiff::Timestamp;
use rand::Rng;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128;

pub(crate) use self::client::WebhookClient;

use self::client::{ATTEMPT_TIMEOUT, DeliveryError};
use self::pending::Pending;

/// How often the log is read for new events.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long an attempt reserves its webhook, so that no other syncer sends.
const CLAIM: Duration = Duration::from_secs(ATTEMPT_TIMEOUT.as_secs() + 5);
/// The wait after the first failure; it doubles with each further one.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_mins(10);
/// A stored wait that is longer dates from before the clock was set back, and is ignored.
const MAX_WAIT: Duration = Duration::from_hours(2);
/// How long a shutdown waits for the store.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

/// Delivers the events of a repository to webhooks.
pub struct Webhooks {
    repository: Repository,
    client: WebhookClient,
    clock: Clock,
    /// A new webhook gets the events from then on.
    started: Timestamp,
    targets: Vec<Target>,
}

/// A webhook and its name in the store.
struct Target {
    webhook: Webhook,
    name: String,
}

impl Target {
    fn new(webhook: Webhook) -> Self {
        let mut url = webhook.url.clone();
        // A new password does not make it a new webhook. Neither call fails for a URL with a host.
        url.set_username("").ok();
        url.set_password(None).ok();
        let name = format!("{:032x}", xxh3_128(url.as_str().as_bytes()));
        Self { webhook, name }
    }
}

impl Webhooks {
    /// The webhooks of a repository.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(repository: Repository, webhooks: &[Webhook], clock: Clock) -> anyhow::Result<Self> {
        Ok(Self {
            repository,
            client: WebhookClient::new().context("cannot set up webhooks")?,
            started: clock.now(),
            clock,
            targets: webhooks.iter().cloned().map(Target::new).collect(),
        })
    }

    /// Delivers events as they are logged, until shutdown.
    pub async fn run(&self, shutdown: &CancellationToken) {
        let stopped = async {
            shutdown.cancelled().await;
            tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        };
        let targets = self.targets.iter();
        let deliveries = targets.map(|target| self.deliver_repeatedly(target, shutdown));
        tokio::select! {
            _ = join_all(deliveries) => {}
            () = stopped => {}
        }
    }

    /// Delivers the events that are due, for up to 11 s.
    pub async fn flush(&self, shutdown: &CancellationToken) {
        let targets = self.targets.iter();
        let deliveries = join_all(targets.map(|target| self.try_deliver(target, shutdown)));
        let limit = ATTEMPT_TIMEOUT + SHUTDOWN_TIMEOUT;
        if tokio::time::timeout(limit, deliveries).await.is_err() {
            tracing::warn!("not all events are delivered yet; the next syncer will continue");
        }
    }

    async fn deliver_repeatedly(&self, target: &Target, shutdown: &CancellationToken) {
        let mut finished_at = None;
        while !shutdown.is_cancelled() {
            if let Ok(newest) = self.repository.newest_event().await {
                let newest = newest.map_or(0, |event| event.number);
                if finished_at != Some(newest) && self.try_deliver(target, shutdown).await {
                    finished_at = Some(newest);
                }
            }
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    /// As [`Self::deliver`]; false after an error of the store.
    async fn try_deliver(&self, target: &Target, shutdown: &CancellationToken) -> bool {
        let delivered = self.deliver(target, shutdown).await;
        delivered.unwrap_or_else(|error| {
            // The syncs report it, too.
            tracing::debug!(%error, "cannot deliver events; will retry");
            false
        })
    }

    /// Delivers the events that are due to a webhook, oldest first. False if some are left: it
    /// failed, it waits for its next attempt, or another syncer sends.
    async fn deliver(&self, target: &Target, shutdown: &CancellationToken) -> StoreResult<bool> {
        let mut delivery = match self.repository.delivery(&target.name).await? {
            Some(delivery) => delivery,
            None => self.register(target).await?,
        };
        let now = self.clock.now();
        if delivery.not_before > now && delivery.not_before < now + MAX_WAIT {
            return Ok(false);
        }
        let events = self.repository.events().await?;
        let pending = Pending::new(events, &delivery, now);
        if pending.dropped > 0 {
            tracing::warn!(
                webhook = target.webhook.host(),
                events = pending.dropped,
                "events were dropped: they were too old or too many"
            );
        } else if pending.events.is_empty() {
            return Ok(true);
        }
        delivery.dropped += pending.dropped;
        delivery.delivered = pending.delivered;
        for event in pending.events {
            delivery.not_before = self.clock.now() + CLAIM;
            if !self.repository.save_delivery(&mut delivery).await? {
                return Ok(false);
            }
            let is_accepted = tokio::select! {
                is_accepted = self.attempt(target, &event, &mut delivery) => is_accepted,
                () = shutdown.cancelled() => {
                    delivery.not_before = Timestamp::UNIX_EPOCH;
                    false
                }
            };
            if !is_accepted {
                self.repository.save_delivery(&mut delivery).await?;
                return Ok(false);
            }
        }
        delivery.not_before = Timestamp::UNIX_EPOCH;
        self.repository.save_delivery(&mut delivery).await
    }

    /// The row of a new webhook.
    async fn register(&self, target: &Target) -> StoreResult<Delivery> {
        let events = self.repository.events().await?;
        let is_earlier = |logged: &&LoggedEvent| {
            let event = logged.event.as_ref();
            event.is_none_or(|event| event.timestamp < self.started)
        };
        let earlier = events.iter().take_while(is_earlier).last();
        let mut delivery = Delivery {
            webhook: target.name.clone(),
            delivered: earlier.map_or(0, |event| event.number),
            ..Delivery::default()
        };
        self.repository.save_delivery(&mut delivery).await?;
        Ok(delivery)
    }

    /// Sends an event, and notes the result.
    async fn attempt(
        &self,
        target: &Target,
        (number, id, event): &(u64, String, common::models::Event),
        delivery: &mut Delivery,
    ) -> bool {
        let webhook = &target.webhook;
        let (host, type_name) = (webhook.host(), event.data.type_name());
        match self.client.send(webhook, id, event, self.clock.now()).await {
            Ok(status) => {
                if delivery.failures > 0 {
                    tracing::info!(webhook = host, "accepts events again");
                }
                tracing::debug!(webhook = host, id, %status, "delivered {type_name}");
                delivery.delivered = *number;
                delivery.failures = 0;
                true
            }
            Err(error) => {
                delivery.failures = delivery.failures.saturating_add(1);
                let wait = wait_after(delivery.failures, &error);
                delivery.not_before = self.clock.now() + wait;
                let next = humantime::format_duration(Duration::from_secs(wait.as_secs()));
                if delivery.failures == 1 {
                    tracing::warn!(webhook = host, %error, "cannot deliver {type_name}; next attempt in {next}");
                } else {
                    tracing::debug!(webhook = host, %error, "cannot deliver {type_name}; next attempt in {next}");
                }
                false
            }
        }
    }
}

/// The wait after a number of failures, with up to 10% jitter; at least the `Retry-After` of the
/// webhook.
fn wait_after(failures: u32, error: &DeliveryError) -> Duration {
    let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
    let backoff = MIN_BACKOFF.saturating_mul(factor).min(MAX_BACKOFF);
    let wait = backoff.max(error.retry_after.unwrap_or_default());
    wait + wait.mul_f64(rand::rng().random_range(0.0..0.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_ten_minutes_and_respects_retry_after() {
        let wait = |failures, retry_after| {
            let error = DeliveryError::for_test(retry_after);
            wait_after(failures, &error)
        };
        for (failures, retry_after, seconds) in [
            (1, 0, 1),
            (2, 0, 2),
            (5, 0, 16),
            (11, 0, 600),
            (u32::MAX, 0, 600),
            (1, 90, 90),
            (9, 90, 256),
        ] {
            let wait = wait(failures, Duration::from_secs(retry_after));
            let shortest = Duration::from_secs(seconds);
            assert!(
                (shortest..=shortest.mul_f64(1.1)).contains(&wait),
                "{failures}: {wait:?}"
            );
        }
    }
}
