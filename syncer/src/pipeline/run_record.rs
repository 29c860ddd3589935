//! The row of a run in the ledger.

use std::collections::BTreeMap;
use std::time::Instant;

use common::models::{Outcome, PhaseTimings, Run, RunSettings};
use common::repository::{Head, LeaseGuard, StoreError};
use jiff::Timestamp;

use super::error::SyncError;

/// Maximum number of damaged parts that a row names.
const MAX_NAMED_DAMAGE: usize = 20;

/// The row of a run that begins now. It counts as failed until it has succeeded.
pub(super) fn new(head: &Head, settings: RunSettings, now: Timestamp) -> Run {
    Run {
        number: head.fence,
        repeat_count: 1,
        started: now,
        ended: now,
        phases: PhaseTimings::default(),
        outcome: Outcome::Failed,
        version: head.version,
        kinds: BTreeMap::new(),
        bytes: 0,
        provider: None,
        rules: Vec::new(),
        reason: None,
        causes: Vec::new(),
        fingerprint: None,
        held_changes: Vec::new(),
        findings: 0,
        damage: Vec::new(),
        notes: Vec::new(),
        settings: Some(settings),
    }
}

/// Adds a note that a write failed after a version was published. Rows are public, so only the log
/// has the details of a database error.
pub(super) fn add_failed_write(run: &mut Run, what: &str, error: &StoreError) {
    tracing::warn!(%error, "{what} could not be written; the next run will try again");
    let error = error.public_text();
    run.notes
        .push(format!("{what} could not be written: {error}"));
}

/// Adds the damage that a run found in the store, and its repair.
pub(super) fn add_repair(run: &mut Run, lease: &LeaseGuard) {
    let names = lease
        .found_damage()
        .iter()
        .map(|damage| damage.name.clone());
    run.damage = names.take(MAX_NAMED_DAMAGE).collect();
    if let Some(note) = lease.repair_note() {
        run.notes.push(note.to_owned());
        if run.outcome == Outcome::Unchanged {
            run.outcome = Outcome::Published;
        }
    }
}

/// Adds the reason of a failure.
pub(super) fn add_failure(run: &mut Run, error: &SyncError) {
    run.outcome = Outcome::Failed;
    run.reason = Some(error.to_string());
    match error {
        SyncError::Source(error) => {
            let mut failures = error.failures.iter();
            let last = failures.rfind(|failure| failure.collection.is_some());
            run.provider = last.map(|failure| failure.provider.clone());
            run.bytes = error.bytes;
            run.causes = error.failures.iter().map(ToString::to_string).collect();
        }
        SyncError::Store(error) => {
            tracing::warn!(%error, "the database failed during a sync");
            run.reason = Some(error.public_text());
            run.causes = vec![error.public_text()];
        }
        error => run.causes = vec![error.to_string()],
    }
}

/// Measures the phases of a run, one after the other.
pub(super) struct PhaseTimer(Instant);

impl PhaseTimer {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the start or the last lap.
    pub(super) fn lap(&mut self) -> u64 {
        let elapsed = self.0.elapsed();
        self.0 += elapsed;
        elapsed.as_micros().try_into().unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_no_details_of_the_database() {
        let details = "db.internal:27017 refused hunter2, /var/lib/secret.db";
        let error = StoreError::Unavailable(details.into());
        let settings = RunSettings {
            interval_milliseconds: 15_000,
            retention: 256,
            unreadable_percent: 20,
        };
        let mut run = new(&Head::new("l".into()), settings, Timestamp::UNIX_EPOCH);
        add_failed_write(&mut run, "the missing items", &error);
        add_failure(&mut run, &SyncError::Store(error));
        let row = serde_json::to_string(&run).unwrap();
        assert!(!row.contains("internal"), "{row}");
        let public = "the database is unavailable";
        assert_eq!(run.reason.as_deref(), Some(public));
        assert_eq!(run.causes, [public]);
        let note = "the missing items could not be written: the database is unavailable";
        assert_eq!(run.notes, [note]);
    }
}
