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
            Outcome::Unchanged if run.reason.is_some() => {
                // The reason of a damaged version ends with what to do.
                let (separator, advice) = match run.damage.is_empty() {
                    true => (":", "; run `syncer unpin` to follow the source again"),
                    false => (";", ""),
                };
                write!(f, "{reason}{separator} ")?;
                match run.changes().total() {
                    0 => write!(f, "no changes are waiting{advice}")?,
                    1 => write!(f, "1 change is waiting{advice}")?,
                    total => write!(f, "{total} changes are waiting{advice}")?,
                }
            }
            Outcome::Unchanged if run.version == 0 => {
                write!(f, "unchanged: nothing has been published yet")?
            }
            Outcome::Unchanged => {
                write!(f, "unchanged: the source matches version {}", run.version)?
            }
            Outcome::Held => write!(
                f,
                "held: {reason}{}. If the changes are intended, run `syncer approve`; otherwise fix the source",
                StillLive(run.version)
            )?,
            Outcome::Failed => write!(f, "failed: {reason}{}", StillLive(run.version))?,
        }
        let missing = run.kinds.values().map(|stats| stats.missing).sum::<u64>();
        let removed = match run.outcome {
            Outcome::Published => run.changes().removed,
            _ => 0,
        };
        let missing = missing.saturating_sub(removed);
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

/// The version that a run has not replaced; nothing before the first one.
struct StillLive(u64);

impl fmt::Display for StillLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            version => write!(f, "; version {version} stays live"),
        }
    }
}
