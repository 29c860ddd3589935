//! Webhooks: posts the events of the store's log to the configured URLs.
//!
//! Each webhook gets every event at least once and in order. Its progress is a row in the store, which
//! a syncer writes before and after each attempt: only one of several syncers sends, and a restarted
//! syncer continues.

mod client;
mod metrics;
mod pending;
mod signature;
mod target;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::clock::Clock;
use common::config::Webhook;
use common::metrics::Metrics;
use common::repository::{Delivery, Repository, Result as StoreResult, StoreError};
use futures::future::join_all;
use jiff::Timestamp;
use rand::Rng;
use tokio_util::sync::CancellationToken;

pub(crate) use self::client::WebhookClient;
pub(crate) use self::target::label;

use self::client::{ATTEMPT_TIMEOUT, DeliveryError};
use self::pending::{PendingEvent, PendingEvents};
use self::target::Target;

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
    targets: Arc<[Target]>,
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
            clock,
            targets: Target::all(webhooks),
        })
    }

    /// Shows the queue of each webhook, by its number in the setting.
    pub fn register_metrics(&self, metrics: &Metrics) {
        metrics::register(metrics, Arc::clone(&self.targets), self.clock.clone());
    }

    /// Makes new webhooks known to the store: they get the events from then on. Call it before the
    /// first sync. If the store fails, they are registered with their first delivery.
    pub async fn register_new(&self, shutdown: &CancellationToken) {
        let deliveries = self.targets.iter().map(|target| self.delivery(target));
        tokio::select! {
            _ = join_all(deliveries) => {}
            () = shutdown.cancelled() => {}
        }
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
        while !shutdown.is_cancelled() {
            self.try_deliver(target, shutdown).await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(POLL_INTERVAL) => {}
            }
        }
    }

    async fn try_deliver(&self, target: &Target, shutdown: &CancellationToken) {
        match self.deliver(target, shutdown).await {
            Ok(()) => {}
            Err(error @ StoreError::Unreadable { .. }) => {
                tracing::warn!(webhook = target.label, %error, "cannot deliver events");
            }
            // The syncs report it, too.
            Err(error) => {
                tracing::debug!(webhook = target.label, %error, "cannot deliver events; will retry");
            }
        }
    }

    /// Delivers the events that are due to a webhook, oldest first. Some are left if it fails, if it
    /// waits for its next attempt, or if another syncer sends.
    async fn deliver(&self, target: &Target, shutdown: &CancellationToken) -> StoreResult<()> {
        let newest = self.newest_event().await?;
        if target.queue().finished_at == Some(newest) {
            return Ok(());
        }
        let mut delivery = self.delivery(target).await?;
        let now = self.clock.now();
        let is_waiting = delivery.not_before > now && delivery.not_before < now + MAX_WAIT;
        if is_waiting && target.queue().read_at == Some((delivery.delivered, newest)) {
            return Ok(());
        }
        let pending = PendingEvents::new(self.repository.events().await?, &delivery, now);
        target.note_queue(&delivery, newest, &pending.events);
        if is_waiting {
            return Ok(());
        }
        if pending.dropped > 0 {
            tracing::warn!(
                webhook = target.label,
                events = pending.dropped,
                "events were dropped: too old, too many, or with rows that cannot be read"
            );
        } else if pending.events.is_empty() {
            target.note_finished(newest);
            return Ok(());
        }
        delivery.dropped = delivery.dropped.saturating_add(pending.dropped);
        delivery.delivered = pending.delivered;
        for (index, event) in pending.events.iter().enumerate() {
            delivery.not_before = self.clock.now() + CLAIM;
            if !self.repository.save_delivery(&mut delivery).await? {
                return Ok(());
            }
            let is_accepted = tokio::select! {
                is_accepted = self.attempt(target, event, &mut delivery) => is_accepted,
                () = shutdown.cancelled() => {
                    delivery.not_before = Timestamp::UNIX_EPOCH;
                    false
                }
            };
            let left = index + usize::from(is_accepted);
            target.note_queue(&delivery, newest, &pending.events[left..]);
            if !is_accepted {
                self.repository.save_delivery(&mut delivery).await?;
                return Ok(());
            }
        }
        delivery.not_before = Timestamp::UNIX_EPOCH;
        if self.repository.save_delivery(&mut delivery).await? {
            target.note_queue(&delivery, newest, &[]);
            target.note_finished(newest);
        }
        Ok(())
    }

    /// The number of the newest event; 0 for none.
    async fn newest_event(&self) -> StoreResult<u64> {
        let newest = self.repository.newest_event().await?;
        Ok(newest.map_or(0, |event| event.number))
    }

    /// The row of a webhook: a new one if it has none, or one that cannot be decoded.
    async fn delivery(&self, target: &Target) -> StoreResult<Delivery> {
        match self.repository.delivery(&target.name).await {
            Ok(Some(delivery)) => {
                target.note_registered();
                Ok(delivery)
            }
            Ok(None) => self.register(target).await,
            Err(error @ StoreError::Unreadable { .. }) => {
                let delivery = self.repository.reset_delivery(&target.name).await?;
                target.note_unreadable_row();
                tracing::warn!(webhook = target.label, %error, "cannot read the progress of this webhook; all events of the log are delivered again");
                Ok(delivery)
            }
            Err(error) => Err(error),
        }
    }

    /// The row of a new webhook, which gets the events from now on. One whose row was lost, for
    /// example with its database, gets all events of the log.
    async fn register(&self, target: &Target) -> StoreResult<Delivery> {
        let delivered = match target.queue().is_registered {
            true => 0,
            false => self.newest_event().await?,
        };
        let mut delivery = Delivery {
            webhook: target.name.clone(),
            delivered,
            ..Delivery::default()
        };
        if self.repository.save_delivery(&mut delivery).await? {
            target.note_registered();
            return Ok(delivery);
        }
        // Another syncer was faster.
        let registered = self.repository.delivery(&target.name).await?;
        Ok(registered.unwrap_or(delivery))
    }

    /// Sends an event, and notes the result.
    async fn attempt(
        &self,
        target: &Target,
        PendingEvent { number, id, event }: &PendingEvent,
        delivery: &mut Delivery,
    ) -> bool {
        let label = &target.label;
        let type_name = event.data.type_name();
        let now = self.clock.now();
        match self.client.send(&target.webhook, id, event, now).await {
            Ok(status) => {
                if delivery.failures > 0 {
                    tracing::info!(webhook = label, "accepts events again");
                }
                tracing::debug!(webhook = label, id, %status, "delivered {type_name}");
                let skipped = number.saturating_sub(delivery.delivered + 1);
                if skipped > 0 {
                    tracing::warn!(
                        webhook = label,
                        events = skipped,
                        "events were dropped: they cannot be read"
                    );
                    delivery.dropped = delivery.dropped.saturating_add(skipped);
                }
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
                    tracing::warn!(webhook = label, %error, "cannot deliver {type_name}; next attempt in {next}");
                } else {
                    tracing::debug!(webhook = label, %error, "cannot deliver {type_name}; next attempt in {next}");
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
