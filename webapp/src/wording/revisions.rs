//! The available versions that changed an item.

use catalogue_index::History;
use common::models::{Catalogue, Id, Kind};
use ghibli_api::canonical_id;
use jiff::Timestamp;

use super::{ItemNames, sentences};

/// Versions listed of an item.
const MAX_REVISIONS: usize = 20;

/// A version that changed an item.
#[derive(Debug)]
pub(crate) struct Revision {
    pub(crate) version: u64,
    pub(crate) at: Timestamp,
    pub(crate) sentences: Vec<String>,
}

/// An item that an available version removed.
#[derive(Debug)]
pub(crate) struct RemovedItem {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) slug: Id,
    /// The version that removed it.
    pub(crate) version: u64,
    /// The version before, if it is available.
    pub(crate) last_version: Option<u64>,
    /// The versions that changed or removed it, newest first.
    pub(crate) revisions: Vec<Revision>,
}

/// The available versions that changed an item, newest first; at most 20.
pub(crate) fn revisions(
    history: &History,
    catalogue: &Catalogue,
    kind: Kind,
    id: &str,
) -> Vec<Revision> {
    let revisions = history.versions().filter_map(|version| {
        let changes = version.changes.as_ref()?;
        let mut changes_of = changes.iter();
        let change = changes_of.find(|change| change.kind == kind && *change.id == *id)?;
        Some(Revision {
            version: version.header.version,
            at: version.header.at,
            sentences: sentences(change, &ItemNames::of(catalogue, changes)),
        })
    });
    revisions.take(MAX_REVISIONS).collect()
}

/// The item that had this slug or, failing that, this id, if an available version removed it.
pub(crate) fn removed_item(
    history: &History,
    catalogue: &Catalogue,
    kind: Kind,
    slug_or_id: &str,
) -> Option<RemovedItem> {
    let id = canonical_id(slug_or_id);
    let removed = |by_slug: bool| {
        let versions = history.versions().flat_map(|version| {
            let changes = version.changes.iter().flatten();
            changes.map(move |change| (version, change))
        });
        let mut removals = versions.filter_map(|(version, change)| {
            let item = change.before.as_ref().filter(|_| change.after.is_none())?;
            let is_same = match by_slug {
                true => *item.slug == *slug_or_id,
                false => *item.id == *id,
            };
            (change.kind == kind && is_same).then_some((version.header.version, item))
        });
        removals.next()
    };
    let (version, item) = removed(true).or_else(|| removed(false))?;
    Some(RemovedItem {
        kind,
        name: item.name().to_owned(),
        slug: item.slug.clone(),
        version,
        last_version: (version.checked_sub(1)).filter(|last| history.get(*last).is_some()),
        revisions: revisions(history, catalogue, kind, &item.id),
    })
}
