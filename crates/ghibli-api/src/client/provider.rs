//! When a provider is asked: one that failed lately after the others, one that wishes to be left
//! alone not at all.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

/// How long a provider is asked last after its first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A configured provider and what is remembered of it.
pub(super) struct Provider {
    pub(super) url: Url,
    /// The URL without user and password.
    pub(super) shown: Url,
    standing: Mutex<Standing>,
}

#[derive(Debug, Default)]
pub(super) struct Standing {
    left_alone_until: Option<Instant>,
    /// How often in a row it failed where another one answered.
    failures: u32,
    asked_last_until: Option<Instant>,
}

impl Provider {
    pub(super) fn new(url: Url) -> Self {
        Self {
            shown: shown(&url),
            url,
            standing: Mutex::default(),
        }
    }

    pub(super) fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    /// It asked to be left alone for so long.
    pub(super) fn leave_alone(&mut self, now: Instant, rest: Duration) {
        self.left_alone_until = self.left_alone_until.max(now.checked_add(rest));
    }

    /// For how much longer it is to be left alone.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        remaining(self.left_alone_until, now)
    }

    /// It failed, and another one answered.
    pub(super) fn was_replaced(&mut self, now: Instant) {
        let doubled = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        self.asked_last_until = now.checked_add(doubled.min(LONGEST_PAUSE));
    }

    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }

    pub(super) fn is_asked_last(&self, now: Instant) -> bool {
        remaining(self.asked_last_until, now).is_some()
    }
}

/// A provider's URL as it may be shown.
pub(super) fn shown(url: &Url) -> Url {
    let mut shown = url.clone();
    // Both only fail for URLs without a host, which have no user either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown
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
    fn a_provider_that_keeps_failing_is_asked_last_for_twice_as_long_up_to_a_minute() {
        let mut standing = Standing::default();
        let mut now = Instant::now();
        assert!(!standing.is_asked_last(now));
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            standing.was_replaced(now);
            now += seconds * SECOND;
            assert!(standing.is_asked_last(now - SECOND / 1000), "{seconds}");
            assert!(!standing.is_asked_last(now), "{seconds}");
        }
        for _ in 0..100 {
            standing.was_replaced(now);
        }
        assert!(!standing.is_asked_last(now + LONGEST_PAUSE));

        standing.answered();
        assert!(!standing.is_asked_last(now));
        standing.was_replaced(now);
        assert!(!standing.is_asked_last(now + SECOND));
    }

    #[test]
    fn a_provider_is_left_alone_as_long_as_it_asked_for_at_the_most() {
        let mut standing = Standing::default();
        let now = Instant::now();
        assert_eq!(standing.rest(now), None);
        standing.leave_alone(now, 42 * SECOND);
        standing.leave_alone(now, SECOND);
        assert_eq!(standing.rest(now + SECOND), Some(41 * SECOND));
        assert_eq!(standing.rest(now + 42 * SECOND), None);
    }
}
