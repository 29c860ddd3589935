//! The loop: a sync every interval until shutdown.

use std::time::Duration;

use common::models::{Outcome, Run};
use common::repository::{LeaseDenied, LeaseGuard};
use ghibli_api::Progress;
use rand::Rng;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::metrics::SyncMetrics;
use crate::pipeline::Syncer;
use crate::posters::Posters;
use crate::summary::RunSummary;

/// The longest wait for the lease of another syncer, or for a store that failed.
const MAX_LEASE_WAIT: Duration = Duration::from_secs(2);

/// How long a run may take to end after shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest wait after a failure, unless the interval is longer or the source asks for more.
const MAX_BACKOFF: Duration = Duration::from_mins(1);

/// Syncs at once and then every interval, counted from the end of each run, until shutdown.
///
/// After failures the wait doubles each time up to a minute; a longer interval is cut to a minute.
/// Jitter keeps many syncers from fetching at the same moments. On shutdown a run ends early or is
/// abandoned, which leaves no trace of what it had not committed.
pub async fn run(
    mut syncer: Syncer,
    mut posters: Posters,
    interval: Duration,
    metrics: SyncMetrics,
    shutdown: CancellationToken,
) {
    let mut log = RunLog::default();
    let mut backoff = Backoff::new(interval);
    let mut announced = tokio::select! {
        () = shutdown.cancelled() => return,
        interval = announced_interval(&syncer) => interval,
    };
    while !shutdown.is_cancelled() {
        let pause = backoff.wait().min(announced.unwrap_or(Duration::MAX));
        let lease = tokio::select! {
            () = shutdown.cancelled() => return,
            lease = syncer.repository().try_acquire(Some(pause)) => lease,
        };
        let wait = match lease {
            Ok(Ok(lease)) => {
                announced = None;
                let run = sync_once(&mut syncer, lease, &mut backoff, &metrics, &shutdown).await;
                if let Some(run) = run.filter(|_| !shutdown.is_cancelled()) {
                    log.run(&run, backoff.wait());
                    posters.update(&syncer).await;
                }
                backoff.wait() + jitter(backoff.wait())
            }
            Ok(Err(refusal)) => {
                tracing::debug!("skipping this sync: {refusal}");
                match refusal {
                    LeaseDenied::TooSoon { remaining } => remaining,
                    LeaseDenied::Taken { remaining, .. } => remaining.min(MAX_LEASE_WAIT),
                }
            }
            Err(error) => {
                log.problem(&format!("cannot sync: {error}; will retry"));
                interval.min(MAX_LEASE_WAIT)
            }
        };
        let due = Instant::now() + wait.max(Duration::from_millis(1));
        mirror_posters(&mut posters, due, &shutdown).await;
    }
}

/// The interval of the last run. Readers expect the next one by it, also after a restart with a
/// longer one.
async fn announced_interval(syncer: &Syncer) -> Option<Duration> {
    let runs = syncer.repository().runs(1).await.ok()?;
    Some(runs.first()?.settings?.interval())
}

/// Saves posters as they are fetched, until the next sync is due.
async fn mirror_posters(posters: &mut Posters, due: Instant, shutdown: &CancellationToken) {
    loop {
        let changes = tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep_until(due) => return,
            changes = posters.next_changes() => changes,
        };
        tokio::select! {
            () = posters.save(changes) => {}
            () = shutdown_timeout(shutdown) => return,
        }
    }
}

async fn shutdown_timeout(shutdown: &CancellationToken) {
    shutdown.cancelled().await;
    tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
}

/// Syncs once; `None` if the run had to be abandoned after shutdown.
async fn sync_once(
    syncer: &mut Syncer,
    lease: LeaseGuard,
    backoff: &mut Backoff,
    metrics: &SyncMetrics,
    shutdown: &CancellationToken,
) -> Option<Run> {
    let handle = lease.handle();
    let progress = |step: Progress<'_>| metrics.count_request(step);
    tokio::select! {
        finished = syncer.sync_once(lease, &progress, shutdown) => {
            metrics.count_run(&finished.run);
            backoff.update(finished.run.outcome, finished.retry_after);
            Some(finished.run)
        }
        // The next syncer need not wait until the lease expires.
        () = shutdown_timeout(shutdown) => {
            handle.release().await;
            None
        }
    }
}

/// The wait from the end of one run to the start of the next.
struct Backoff {
    interval: Duration,
    failures: u32,
    /// The time until the first provider may be requested again, if all sent `Retry-After`.
    retry_after: Duration,
}

impl Backoff {
    const fn new(interval: Duration) -> Self {
        Self {
            interval,
            failures: 0,
            retry_after: Duration::ZERO,
        }
    }

    fn update(&mut self, outcome: Outcome, retry_after: Option<Duration>) {
        self.retry_after = retry_after.unwrap_or_default();
        self.failures = match outcome {
            Outcome::Failed => self.failures.saturating_add(1),
            _ => 0,
        };
    }

    /// The interval; after failures it doubles up to [`MAX_BACKOFF`], and is never shorter than
    /// all sources ask for.
    fn wait(&self) -> Duration {
        let Some(doublings) = self.failures.checked_sub(1) else {
            return self.interval;
        };
        let factor = 2_u32.saturating_pow(doublings);
        let wait = self.interval.saturating_mul(factor).min(MAX_BACKOFF);
        wait.max(self.retry_after)
    }
}

/// Up to 10% of a wait.
fn jitter(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.0..0.1))
}

/// Logs a run with the fields that every line about a run has.
macro_rules! log_run {
    ($level:ident, $run:expr, $message:expr) => {
        tracing::$level!(
            run = $run.number,
            outcome = %$run.outcome.word(),
            version = $run.version,
            seconds = $run.phases.total_microseconds() as f64 / 1e6,
            "{}",
            $message
        )
    };
}

/// Logs the ends of runs, and a problem once while it lasts.
#[derive(Default)]
struct RunLog {
    last_problem: Option<String>,
}

impl RunLog {
    fn run(&mut self, run: &Run, wait: Duration) {
        let next = humantime::format_duration(wait);
        let summary = RunSummary(run);
        match run.outcome {
            Outcome::Published => {
                self.last_problem = None;
                log_run!(info, run, summary);
            }
            Outcome::Unchanged if run.reason.is_none() => {
                if self.last_problem.take().is_some() {
                    log_run!(info, run, format_args!("recovered; {summary}"));
                } else {
                    log_run!(debug, run, summary);
                }
            }
            Outcome::Unchanged | Outcome::Held | Outcome::Failed => {
                let is_new = self.is_new(&summary.to_string());
                let message = format!("{summary}; next attempt in {next}");
                if is_new {
                    log_run!(warn, run, message);
                } else {
                    log_run!(debug, run, message);
                }
            }
        }
    }

    fn problem(&mut self, message: &str) {
        if self.is_new(message) {
            tracing::warn!("{message}");
        } else {
            tracing::debug!("{message}");
        }
    }

    /// Whether a problem differs from the last one.
    fn is_new(&mut self, message: &str) -> bool {
        let is_new = self.last_problem.as_deref() != Some(message);
        if is_new {
            self.last_problem = Some(message.to_owned());
        }
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(interval: u64, failures: u32) -> Vec<u64> {
        let mut backoff = Backoff::new(Duration::from_secs(interval));
        let waits = (0..failures).map(|_| {
            backoff.update(Outcome::Failed, None);
            backoff.wait().as_secs()
        });
        waits.collect()
    }

    #[test]
    fn the_wait_doubles_with_each_failure_up_to_a_minute() {
        assert_eq!(waits(15, 5), [15, 30, 60, 60, 60]);
        assert_eq!(waits(3600, 2), [60, 60], "a longer interval is cut");
        assert_eq!(waits(1, 40).last(), Some(&60));
    }

    #[test]
    fn retry_after_of_all_sources_is_respected() {
        let mut backoff = Backoff::new(Duration::from_secs(15));
        backoff.update(Outcome::Failed, Some(Duration::from_secs(300)));
        assert_eq!(backoff.wait(), Duration::from_secs(300));
    }

    #[test]
    fn a_run_that_does_not_fail_resets_the_wait() {
        let mut backoff = Backoff::new(Duration::from_secs(15));
        backoff.update(Outcome::Failed, None);
        backoff.update(Outcome::Failed, None);
        for outcome in [Outcome::Unchanged, Outcome::Held, Outcome::Published] {
            backoff.update(outcome, None);
            assert_eq!(backoff.wait(), Duration::from_secs(15));
        }
    }

    #[test]
    fn jitter_is_at_most_a_tenth_of_the_wait() {
        let wait = Duration::from_secs(10);
        assert!((0..1000).all(|_| jitter(wait) < Duration::from_secs(1)));
    }
}
