//! The conditions in words: the most severe one as the headline, the others below it.

use common::models::{Outcome, SyncState};

use crate::pages::layout::TimeTag;
use crate::state::{Freshness, Site};

/// A condition in words.
pub(super) struct StatusLine {
    pub(super) text: String,
    /// The command that ends the condition.
    pub(super) command: Option<&'static str>,
    pub(super) since: Option<TimeTag>,
}

/// The lines of all conditions that hold, the headline first.
pub(super) fn lines(site: &Site) -> Vec<StatusLine> {
    let conditions = &site.status.conditions;
    let states = SyncState::ALL.into_iter();
    let mut lines: Vec<_> = states
        .filter(|state| conditions.holds(*state) || *state == site.state())
        .map(|state| StatusLine {
            text: text(state, site),
            command: (state == SyncState::Pinned).then_some("syncer unpin"),
            since: since(state, site).map(TimeTag),
        })
        .collect();
    let mut add = |holds: bool, text: &str| {
        if holds {
            lines.push(StatusLine {
                text: text.to_owned(),
                command: None,
                since: None,
            });
        }
    };
    add(conditions.database_damaged, DAMAGED);
    add(conditions.quarantine_high, MANY_QUARANTINED);
    lines
}

const DAMAGED: &str = "Parts of the database are lost or damaged. The next sync that reaches the \
    source repairs them; the list of syncs below names them.";
const MANY_QUARANTINED: &str = "Many records could not be read. If their number doubles, syncs \
    are held.";

fn text(state: SyncState, site: &Site) -> String {
    let text = match state {
        SyncState::Held if site.status.is_approved => {
            "Held and approved: the next sync publishes the changes listed below."
        }
        SyncState::Held => {
            "Held for review: the last sync would make changes that look like damage."
        }
        SyncState::DatabaseUnavailable => "Out of date: the database is unavailable.",
        SyncState::SourceUnavailable => "Out of date: the source is unavailable.",
        SyncState::NoRecentSync if matches!(site.freshness, Freshness::SyncInFuture(_)) => {
            "Perhaps out of date: the last sync is dated in the future. Check the clocks of this machine and of the database; the next sync puts it right."
        }
        SyncState::NoRecentSync => {
            "Out of date: no sync has finished recently. Is the syncer running?"
        }
        SyncState::Pinned => return pinned(site),
        SyncState::Waiting => "Waiting for the first sync to finish.",
        SyncState::UpToDate => "Up to date: the last sync succeeded.",
    };
    text.to_owned()
}

fn pinned(site: &Site) -> String {
    let version = site.status.pinned.unwrap_or_default();
    let mut runs = site.sync_status.runs.iter();
    // A failed run does not know of any changes.
    let last = runs.find(|run| run.outcome != Outcome::Failed);
    let waiting = last.filter(|run| run.reason.is_some());
    let waiting = match waiting.map_or(0, |run| run.changes().total()) {
        0 => "No changes are waiting".to_owned(),
        1 => "1 change is waiting".to_owned(),
        count => format!("{count} changes are waiting"),
    };
    format!("Pinned to version {version}. {waiting}. To follow the source again, run")
}

fn since(state: SyncState, site: &Site) -> Option<jiff::Timestamp> {
    match state {
        SyncState::Held => site.sync_status.held.as_ref().map(|run| run.started),
        SyncState::DatabaseUnavailable | SyncState::SourceUnavailable | SyncState::NoRecentSync
            if state == freshness_state(site.freshness) =>
        {
            site.freshness.since()
        }
        _ => None,
    }
}

/// The state whose time the freshness has.
const fn freshness_state(freshness: Freshness) -> SyncState {
    match freshness {
        Freshness::Fresh => SyncState::UpToDate,
        Freshness::Waiting => SyncState::Waiting,
        Freshness::SourceUnavailable(_) => SyncState::SourceUnavailable,
        Freshness::NoRecentSync(_) | Freshness::SyncInFuture(_) => SyncState::NoRecentSync,
        Freshness::StoreUnavailable(_) => SyncState::DatabaseUnavailable,
    }
}
