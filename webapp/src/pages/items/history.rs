use common::models::{Id, Kind};

use crate::history::History;
use crate::pages::frame::Moment;

/// The most versions that are told of one item.
const TOLD: usize = 20;

/// What a version did to an item.
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) at: Moment,
    pub(super) what: &'static str,
}

/// The versions that changed an item, newest first.
pub(super) fn of(history: &History, kind: Kind, id: &Id) -> Vec<Entry> {
    let entries = history.versions().filter_map(|version| {
        let changes = version.changes.as_ref()?;
        let change = changes
            .iter()
            .find(|change| change.kind == kind && change.id == *id)?;
        Some(Entry {
            version: version.header.version,
            at: Moment(version.header.at),
            what: match (&change.before, &change.after) {
                (None, _) => "Added",
                (Some(_), Some(_)) => "Changed",
                (Some(_), None) => "Removed",
            },
        })
    });
    entries.take(TOLD).collect()
}
