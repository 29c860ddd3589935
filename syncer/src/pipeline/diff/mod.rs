//! The changes from the published catalogue to the current one of the source.

mod rank;

use std::sync::Arc;

use common::models::{Catalogue, Changes, Facts, Finding, Item, Kind, Slugs};

use super::error::PlanError;
use super::join::{Draft, JoinedCatalogue, RecordsToJoin};

/// Paths beside the items, such as `/movies/random`.
const RESERVED_SLUGS: [&str; 1] = ["random"];

/// The memory that a change takes beside its packed items, until it is published.
const CHANGE_BYTES: u64 = 64;

/// The changes and reports of a sync.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) changes: Changes,
    /// All findings, sorted; at most 10,000.
    pub(super) findings: Vec<Finding>,
}

/// Compares the published catalogue with the source's items.
///
/// An item keeps its slug even if its title changes, and its rank unless it moved.
///
/// # Errors
/// If memory does not suffice.
pub(super) fn diff(
    published: &Catalogue,
    mut joined: JoinedCatalogue<'_>,
) -> Result<Delta, PlanError> {
    let mut changes = Changes::default();
    for kind in Kind::ALL {
        for item in published.iter(kind) {
            if !joined.items.contains(kind, &item.id) {
                changes.add(published, kind, &item.id, None);
            }
        }
    }
    let mut findings = std::mem::take(&mut joined.findings);
    for kind in Kind::ALL {
        let ranks = ranks(kind, published, &joined);
        let mut slugs = Slugs::default();
        let records = joined.take_records(kind);
        let freed_bytes = records.as_ref().map_or(0, RecordsToJoin::freed_bytes);
        for (draft, rank) in joined.drafts(kind, records).zip(ranks) {
            let before = published.get(kind, &draft.id);
            let slug = match &before {
                Some(before) => before.slug.clone(),
                None => slug(kind, &draft, published, &joined, &mut slugs),
            };
            findings.extend(draft.findings);
            let after = Item {
                id: draft.id,
                slug,
                rank,
                facts: draft.facts,
                source: draft.source,
            };
            if before.as_deref() != Some(&after) {
                changes.add(published, kind, &after.id, Some(&after));
                let bytes = changes.bytes() + changes.len() as u64 * CHANGE_BYTES;
                joined.memory.check(bytes)?;
            }
        }
        joined.memory.release(freed_bytes);
    }
    Ok(Delta {
        changes,
        findings: findings.into_sorted(),
    })
}

fn ranks(kind: Kind, published: &Catalogue, joined: &JoinedCatalogue<'_>) -> Vec<i64> {
    let ids = joined.items.ids(kind);
    let old = ids.map(|id| published.get(kind, id).map(|item| item.rank));
    rank::assign(&old.collect::<Vec<_>>())
}

fn slug(
    kind: Kind,
    draft: &Draft,
    published: &Catalogue,
    joined: &JoinedCatalogue<'_>,
    slugs: &mut Slugs,
) -> Arc<str> {
    let year;
    let (names, hint): (Vec<&str>, Option<&str>) = match &draft.facts {
        Facts::Movie(movie) => {
            year = movie.release_year.map(|year| year.to_string());
            let romanised = movie.original_title_romanised.as_deref();
            (
                std::iter::once(&*movie.title).chain(romanised).collect(),
                year.as_deref(),
            )
        }
        Facts::Person(person) => (vec![&person.name], None),
        Facts::Location(location) => (vec![&location.name], None),
        Facts::Species(species) => (vec![&species.name], None),
        Facts::Vehicle(vehicle) => (vec![&vehicle.name], None),
    };
    slugs.assign(kind, &draft.id, &names, hint, |slug| {
        RESERVED_SLUGS.contains(&slug)
            || published.has_slug(kind, slug)
            || joined.items.contains(kind, slug)
    })
}

#[cfg(test)]
mod tests;
