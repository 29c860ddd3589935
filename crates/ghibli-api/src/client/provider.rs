//! A provider and its recent failures.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// How long a provider is tried last after its first failure. Doubles with each further one.
const FIRST_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

pub(super) struct Provider {
    pub(super) url: Url,
    /// Without credentials.
    pub(super) public_url: Url,
    health: Mutex<ProviderHealth>,
}

#[derive(Debug, Default)]
pub(super) struct ProviderHealth {
    skipped_until: Option<Instant>,
    /// Consecutive failures while another provider succeeded.
    failures: u32,
    tried_last_until: Option<Instant>,
}

impl Provider {
    pub(super) fn new(url: Url) -> Self {
        Self {
            public_url: without_credentials(&url),
            url,
            health: Mutex::default(),
        }
    }

    pub(super) fn health(&self) -> MutexGuard<'_, ProviderHealth> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProviderHealth {
    /// Skips the provider for as long as its `Retry-After` says.
    pub(super) fn rate_limited(&mut self, now: Instant, retry_after: Duration) {
        self.skipped_until = self.skipped_until.max(now.checked_add(retry_after));
    }

    /// Remaining time of its `Retry-After`.
    pub(super) fn retry_after(&self, now: Instant) -> Option<Duration> {
        remaining(self.skipped_until, now)
    }

    /// Tries the provider last for a while. To be called if another one succeeded.
    pub(super) fn record_failure(&mut self, now: Instant) {
        let backoff = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.tried_last_until = now.checked_add(backoff.min(MAX_BACKOFF));
    }

    pub(super) fn record_success(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_tried_last(&self, now: Instant) -> bool {
        remaining(self.tried_last_until, now).is_some()
    }
}

pub(super) fn without_credentials(url: &Url) -> Url {
    let mut url = url.clone();
    // Both fail only for URLs without a host, which have no credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

fn remaining(until: Option<Instant>, now: Instant) -> Option<Duration> {
    let remaining = until?.saturating_duration_since(now);
    (!remaining.is_zero()).then_some(remaining)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_backoff_of_a_failing_provider_doubles_up_to_a_minute() {
        let mut health = ProviderHealth::default();
        let mut now = Instant::now();
        assert!(!health.is_tried_last(now));
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            health.record_failure(now);
            now += seconds * SECOND;
            assert!(health.is_tried_last(now - SECOND / 1000), "{seconds}");
            assert!(!health.is_tried_last(now), "{seconds}");
        }
        for _ in 0..100 {
            health.record_failure(now);
        }
        assert!(!health.is_tried_last(now + MAX_BACKOFF));

        health.record_success();
        assert!(!health.is_tried_last(now));
        health.record_failure(now);
        assert!(!health.is_tried_last(now + SECOND));
    }

    #[test]
    fn the_longest_retry_after_counts() {
        let mut health = ProviderHealth::default();
        let now = Instant::now();
        assert_eq!(health.retry_after(now), None);
        health.rate_limited(now, 42 * SECOND);
        health.rate_limited(now, SECOND);
        assert_eq!(health.retry_after(now + SECOND), Some(41 * SECOND));
        assert_eq!(health.retry_after(now + 42 * SECOND), None);
    }
}
