//! The end of a run in one line for people.

use std::fmt;

use common::models::{Counts, Outcome, Run};

/// Displays what happened in a run, and what to do where action is needed.
pub(crate) struct RunSummary<'a>(pub(crate) &'a Run);

impl fmt::Display for RunSummary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = self.0;
        let reason = run.reason.as_deref().unwrap_or_default();
        match run.outcome {
            Outcome::Published => {
                let Counts {
                    added,
                    updated,
                    removed,
                } = run.changes();
                write!(
                    f,
                    "published version {}: {added} added, {updated} updated, {removed} removed",
                    run.version
                )?;
            }
            Outcome::Unchanged if run.reason.is_some() => match run.changes().total() {
                0 => write!(f, "{reason}: no changes are waiting")?,
                1 => write!(
                    f,
                    "{reason}: 1 change is waiting; run `syncer unpin` to publish it"
                )?,
                total => write!(
                    f,
                    "{reason}: {total} changes are waiting; run `syncer unpin` to publish them"
                )?,
            },
            Outcome::Unchanged if run.version == 0 => {
                write!(f, "unchanged: nothing has been published yet")?
            }
            Outcome::Unchanged => {
                write!(f, "unchanged: the source matches version {}", run.version)?
            }
            Outcome::Held => write!(
                f,
                "held: {reason}; version {} stays live. If the changes are intended, run `syncer approve`; otherwise fix the source",
                run.version
            )?,
            Outcome::Failed => write!(f, "failed: {reason}; version {} stays live", run.version)?,
        }
        let missing: u64 = run.kinds.values().map(|stats| stats.missing).sum();
        if missing > 0 && run.outcome != Outcome::Held {
            write!(f, "; {missing} missing from the source")?;
        }
        if run.quarantined() > 0 && run.outcome != Outcome::Held {
            let records = run.quarantined();
            write!(f, "; {records} unreadable, quarantined")?;
        }
        for note in &run.notes {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}
