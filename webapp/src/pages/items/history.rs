use catalogue_index::History;
use common::models::{Catalogue, Id, Kind};

use crate::pages::layout::TimeTag;
use crate::wording::{ItemNames, sentences};

/// The most versions that are told of one item.
const TOLD: usize = 20;

/// What a version did to an item.
pub(super) struct Entry {
    pub(super) version: u64,
    pub(super) at: TimeTag,
    pub(super) sentences: Vec<String>,
}

/// The versions that changed an item, newest first.
pub(super) fn of(history: &History, catalogue: &Catalogue, kind: Kind, id: &Id) -> Vec<Entry> {
    let entries = history.versions().filter_map(|version| {
        let changes = version.changes.as_ref()?;
        let mut changes_of = changes.iter();
        let change = changes_of.find(|change| change.kind == kind && change.id == *id)?;
        Some(Entry {
            version: version.header.version,
            at: TimeTag(version.header.at),
            sentences: sentences(change, &ItemNames::of(catalogue, changes)),
        })
    });
    entries.take(TOLD).collect()
}
