//! The loop: a sync every interval until told to stop.

use std::time::Duration;

use common::models::{Outcome, Run};
use common::repository::{LeaseDenied, LeaseGuard};
use rand::Rng;
use tokio_util::sync::CancellationToken;

use crate::report::Report;
use crate::sync::Syncer;

/// The longest wait before the lease of another is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long a run may take to end once it is told to stop.
const LAST_CALL: Duration = Duration::from_secs(3);

/// The longest wait after a failure, unless the interval is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Syncs at once and then every interval, counted from the end of each run, until told to stop.
/// While the source fails it waits longer from time to time, up to a minute, or tries again
/// within a minute where the interval is longer. A little chance in each wait keeps many syncers
/// from asking at the same moments. A run that is under way then ends early, or is given up; what it had not committed never was.
pub async fn run(mut syncer: Syncer, interval: Duration, shutdown: CancellationToken) {
    let mut told = Told::default();
    let mut pace = Pace::new(interval);
    while !shutdown.is_cancelled() {
        let lease = tokio::select! {
            () = shutdown.cancelled() => return,
            lease = syncer.repository().try_acquire(Some(pace.wait())) => lease,
        };
        let wait = match lease {
            Ok(Ok(lease)) => {
                turn_once(&mut syncer, lease, &mut told, &mut pace, &shutdown).await;
                pace.wait() + jitter(pace.wait())
            }
            Ok(Err(refusal)) => {
                tracing::debug!("skipping this sync: {refusal}");
                match refusal {
                    LeaseDenied::TooSoon { remaining } => remaining,
                    LeaseDenied::Taken { remaining, .. } => remaining.min(LOOK_AGAIN),
                }
            }
            Err(error) => {
                let wait = interval.min(LOOK_AGAIN);
                told.failure(&format!("cannot sync: {error}; will retry"));
                wait
            }
        };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = tokio::time::sleep(wait.max(Duration::from_millis(1))) => {}
        }
    }
}

async fn turn_once(
    syncer: &mut Syncer,
    lease: LeaseGuard,
    told: &mut Told,
    pace: &mut Pace,
    shutdown: &CancellationToken,
) {
    let handle = lease.handle();
    let given_up = async {
        shutdown.cancelled().await;
        tokio::time::sleep(LAST_CALL).await;
    };
    tokio::select! {
        ended = syncer.sync_once(lease, &|_| {}, shutdown) => {
            pace.ended(ended.run.outcome, ended.retry_after);
            if !shutdown.is_cancelled() {
                told.report(&ended.run, pace.wait());
            }
        }
        // Whoever is next need not wait for the lease to run out.
        () = given_up => handle.release().await,
    }
}

/// How long to wait from the end of one run to the start of the next.
struct Pace {
    interval: Duration,
    failures: u32,
    /// How long every source asked to be left alone.
    rest: Duration,
}

impl Pace {
    const fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
            rest: Duration::ZERO,
        }
    }

    fn ended(&mut self, outcome: Outcome, retry_after: Option<Duration>) {
        self.rest = retry_after.unwrap_or_default();
        self.failures = match outcome {
            Outcome::Failed => self.failures.saturating_add(1),
            _ => 0,
        };
    }

    /// The interval; after failures from it on, or from a minute, twice as long each time, up to
    /// a minute, and no shorter than every source asks for.
    fn wait(&self) -> Duration {
        let Some(doublings) = self.failures.checked_sub(1) else {
            return self.interval;
        };
        let factor = 2_u32.saturating_pow(doublings);
        let wait = self.interval.saturating_mul(factor).min(LONGEST_WAIT);
        wait.max(self.rest)
    }
}

/// Up to a tenth more.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.0..0.1))
}

/// What was last told, so that the same is not told again every interval.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn report(&mut self, run: &Run, wait: Duration) {
        let next = humantime::format_duration(wait);
        let report = Report(run);
        match run.outcome {
            Outcome::Published => {
                self.0 = None;
                tracing::info!("{report}");
            }
            Outcome::Unchanged if run.reason.is_none() => {
                if self.0.take().is_some() {
                    tracing::info!("recovered; {report}");
                } else {
                    tracing::debug!("{report}");
                }
            }
            Outcome::Unchanged | Outcome::Held | Outcome::Failed => {
                self.failure(&format!("{report}; next attempt in {next}"));
            }
        }
    }

    fn failure(&mut self, message: &str) {
        if self.0.as_deref() == Some(message) {
            tracing::debug!("{message}");
        } else {
            tracing::warn!("{message}");
            self.0 = Some(message.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(interval: u64, failures: u32) -> Vec<u64> {
        let mut pace = Pace::new(Duration::from_secs(interval));
        let waits = (0..failures).map(|_| {
            pace.ended(Outcome::Failed, None);
            pace.wait().as_secs()
        });
        waits.collect()
    }

    #[test]
    fn failures_are_followed_by_longer_waits_of_up_to_a_minute() {
        assert_eq!(waits(15, 5), [15, 30, 60, 60, 60]);
        assert_eq!(waits(3600, 2), [60, 60], "an hour is too long to stay away");
        assert_eq!(waits(1, 40).last(), Some(&60));
    }

    #[test]
    fn a_source_that_asks_to_be_left_alone_is() {
        let mut pace = Pace::new(Duration::from_secs(15));
        pace.ended(Outcome::Failed, Some(Duration::from_secs(300)));
        assert_eq!(pace.wait(), Duration::from_secs(300));
    }

    #[test]
    fn a_success_brings_the_interval_back() {
        let mut pace = Pace::new(Duration::from_secs(15));
        pace.ended(Outcome::Failed, None);
        pace.ended(Outcome::Failed, None);
        for outcome in [Outcome::Unchanged, Outcome::Held, Outcome::Published] {
            pace.ended(outcome, None);
            assert_eq!(pace.wait(), Duration::from_secs(15));
        }
    }

    #[test]
    fn the_chance_in_a_wait_is_a_tenth_of_it_at_most() {
        let wait = Duration::from_secs(10);
        assert!((0..1000).all(|_| jitter(wait) < Duration::from_secs(1)));
    }
}
