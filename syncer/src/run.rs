//! The loop: a sync every interval until told to stop.

use std::time::Duration;

use common::repository::{Outcome, Refusal, Turn};
use tokio_util::sync::CancellationToken;

use crate::sync::{Report, Syncer};

/// The longest wait before the lease of another is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(2);

/// How long a run may take to end once it is told to stop.
const LAST_CALL: Duration = Duration::from_secs(3);

/// Syncs at once and then every interval, counted from the end of each run, until told to stop.
/// A run that is under way then ends early, or is given up; what it had not committed never was.
pub async fn run(mut syncer: Syncer, interval: Duration, shutdown: CancellationToken) {
    let mut told = Told::default();
    while !shutdown.is_cancelled() {
        let turn = tokio::select! {
            () = shutdown.cancelled() => return,
            turn = syncer.repository().begin(Some(interval)) => turn,
        };
        let wait = match turn {
            Ok(Ok(turn)) => {
                turn_once(&mut syncer, turn, &mut told, interval, &shutdown).await;
                interval
            }
            Ok(Err(refusal)) => {
                tracing::debug!("skipping a turn: {refusal}");
                match refusal {
                    Refusal::TooSoon { remaining } => remaining,
                    Refusal::Held { remaining, .. } => remaining.min(LOOK_AGAIN),
                }
            }
            Err(error) => {
                let wait = interval.min(LOOK_AGAIN);
                told.failure(&format!("cannot sync: {error}; trying again"));
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
    turn: Turn,
    told: &mut Told,
    interval: Duration,
    shutdown: &CancellationToken,
) {
    let lease = turn.lease();
    let given_up = async {
        shutdown.cancelled().await;
        tokio::time::sleep(LAST_CALL).await;
    };
    tokio::select! {
        report = syncer.sync_once(turn, &|_| {}, shutdown) => {
            if !shutdown.is_cancelled() {
                told.report(&report, interval);
            }
        }
        // Whoever is next need not wait for the lease to run out.
        () = given_up => lease.let_go().await,
    }
}

/// What was last told, so that the same is not told again every interval.
#[derive(Default)]
struct Told(Option<String>);

impl Told {
    fn report(&mut self, report: &Report, interval: Duration) {
        let next = humantime::format_duration(interval);
        match report.run.outcome {
            Outcome::Published => {
                self.0 = None;
                tracing::info!("{report}");
            }
            Outcome::Unchanged if report.run.reason.is_none() => {
                if self.0.take().is_some() {
                    tracing::info!("well again; {report}");
                } else {
                    tracing::debug!("{report}");
                }
            }
            Outcome::Unchanged | Outcome::Held | Outcome::Failed => {
                self.failure(&format!("{report}; the next try is in {next}"));
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
