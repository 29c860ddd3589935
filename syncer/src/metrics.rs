//! Metrics of the syncer: its runs, their findings, and its requests to the source.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use common::metrics::{Durations, Metrics, Scrape, durations};
use common::models::{KindStats, Outcome, Run};
use ghibli_api::Progress;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

type Label = (&'static str, &'static str);

/// Counts and durations of this process's runs. A clone shares them.
#[derive(Clone, Debug)]
pub struct SyncMetrics {
    runs: Family<[Label; 1], Counter>,
    phases: Durations<[Label; 1]>,
    changes: Family<[Label; 2], Counter>,
    requests: Family<[Label; 1], Counter>,
    received_bytes: Counter,
    damaged_parts: Counter,
    /// The last run that read the source, and when it ended.
    last: Arc<Mutex<Option<(Instant, Run)>>>,
}

impl SyncMetrics {
    /// Registers the metrics of the syncer.
    pub fn register(metrics: &Metrics) -> Self {
        let sync = Self {
            runs: Family::default(),
            phases: durations(),
            changes: Family::default(),
            requests: Family::default(),
            received_bytes: Counter::default(),
            damaged_parts: Counter::default(),
            last: Arc::default(),
        };
        // From 0, so that the first failure is an increase.
        for outcome in [
            Outcome::Unchanged,
            Outcome::Published,
            Outcome::Held,
            Outcome::Failed,
        ] {
            drop(sync.runs.get_or_create(&[("outcome", outcome.word())]));
        }
        let help = "Runs by outcome";
        metrics.register("sync_runs", help, sync.runs.clone());
        let help = "Duration of a phase of a run";
        metrics.register("sync_phase_duration_seconds", help, sync.phases.clone());
        let help = "Published changes by kind";
        metrics.register("sync_changes", help, sync.changes.clone());
        let help = "Requests to the source by result";
        metrics.register("source_requests", help, sync.requests.clone());
        let help = "Decoded size of the complete responses of the source";
        metrics.register("source_received_bytes", help, sync.received_bytes.clone());
        let help = "Lost or damaged parts of the database, counted by each run that finds them";
        metrics.register("sync_damaged_parts", help, sync.damaged_parts.clone());
        let last = Arc::clone(&sync.last);
        metrics.on_scrape(move |scrape| {
            let last = last.lock().unwrap_or_else(PoisonError::into_inner);
            write(scrape, last.as_ref())
        });
        sync
    }

    /// Counts a request to the source.
    pub(crate) fn count_request(&self, progress: Progress<'_>) {
        if let Progress::RequestEnded(result) = progress {
            self.requests
                .get_or_create(&[("result", result.name())])
                .inc();
        }
    }

    /// Counts a run that has ended.
    pub(crate) fn count_run(&self, run: &Run) {
        let outcome = [("outcome", run.outcome.word())];
        self.runs.get_or_create(&outcome).inc();
        self.received_bytes.inc_by(run.bytes);
        for (phase, microseconds) in [
            ("load", run.phases.load_microseconds),
            ("fetch", run.phases.fetch_microseconds),
            ("compare", run.phases.compare_microseconds),
            ("publish", run.phases.publish_microseconds),
        ] {
            // A run need not reach every phase.
            if microseconds == 0 {
                continue;
            }
            let histogram = self.phases.get_or_create(&[("phase", phase)]);
            histogram.observe(microseconds as f64 / 1e6);
        }
        if run.outcome == Outcome::Published {
            for (kind, stats) in &run.kinds {
                for (change, count) in [
                    ("added", stats.added),
                    ("updated", stats.updated),
                    ("removed", stats.removed),
                ] {
                    let labels = [("kind", kind.singular()), ("change", change)];
                    self.changes.get_or_create(&labels).inc_by(count);
                }
            }
        }
        self.damaged_parts.inc_by(run.damage.len() as u64);
        if run.outcome != Outcome::Failed {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            *last = Some((Instant::now(), run.clone()));
        }
    }
}

/// Writes the figures of the last run that read the source.
fn write(scrape: &mut Scrape<'_, '_>, last: Option<&(Instant, Run)>) -> fmt::Result {
    type Select = fn(&KindStats) -> u64;
    const KINDS: [(&str, &str, Select); 3] = [
        (
            "sync_records",
            "Readable records in the source's last response",
            |stats| stats.seen,
        ),
        (
            "sync_missing_items",
            "Published items missing from the source's last response",
            |stats| stats.missing,
        ),
        (
            "sync_quarantined_records",
            "Unreadable records in the source's last response",
            |stats| stats.quarantined,
        ),
    ];
    let age = last.map(|(ended, _)| ended.elapsed().as_secs_f64());
    let help = "Time since this process's last run that read the source";
    scrape.gauge("sync_last_success_age_seconds", help, age)?;
    let findings = last.map(|(_, run)| run.findings as f64);
    let help = "Problems in the source's last response";
    scrape.gauge("sync_findings", help, findings)?;
    for (name, help, value) in KINDS {
        let kinds = last.iter().flat_map(|(_, run)| &run.kinds);
        let values = kinds.map(|(kind, stats)| ([("kind", kind.singular())], value(stats) as f64));
        scrape.gauges(name, help, values)?;
    }
    Ok(())
}
