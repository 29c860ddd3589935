use catalogue_index::History;
use common::models::{Catalogue, Id, Kind};

use crate::pages::layout::TimeTag;
use crate::wording::{ItemNames, sentences};

/// Versions shown in an item's history.
const MAX_REVISIONS: usize = 20;

/// A version that changed an item.
pub(super) struct Revision {
    pub(super) version: u64,
    pub(super) at: TimeTag,
    pub(super) sentences: Vec<String>,
}

/// The kept versions that changed an item, newest first.
pub(super) fn revisions(
    history: &History,
    catalogue: &Catalogue,
    kind: Kind,
    id: &Id,
) -> Vec<Revision> {
    let revisions = history.versions().filter_map(|version| {
        let changes = version.changes.as_ref()?;
        let mut changes_of = changes.iter();
        let change = changes_of.find(|change| change.kind == kind && change.id == *id)?;
        Some(Revision {
            version: version.header.version,
            at: TimeTag(version.header.at),
            sentences: sentences(change, &ItemNames::of(catalogue, changes)),
        })
    });
    revisions.take(MAX_REVISIONS).collect()
}
