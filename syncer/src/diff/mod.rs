//! What it takes to get from the published catalogue to what the source has now. Pure.

mod rank;

use std::sync::Arc;

use common::models::{Catalogue, Changes, Facts, Item, Kind, Slugs};
use ghibli_api::Records;

use crate::parse::{self, Draft, Refused, Upstream};

/// Paths beside the items, such as `/movies/random`.
const RESERVED_SLUGS: [&str; 1] = ["random"];

/// What a changed item takes in memory beside its text, until it is published.
const CHANGE_BYTES: u64 = 64;

/// The changes from the published catalogue to what the source has.
///
/// An item keeps its slug whatever becomes of its title, and its rank unless it moved. What does
/// not join is found on the way.
///
/// # Errors
/// If all that is there then weighs more than there is room for.
pub fn diff(published: &Catalogue, upstream: &mut Upstream<'_>) -> Result<Changes, Refused> {
    let mut changes = Changes::default();
    for kind in Kind::ALL {
        let gone = published.iter(kind);
        for item in gone.filter(|item| !upstream.is_there(kind, &item.id)) {
            changes.add(published, kind, &item.id, None);
        }
    }
    let mut findings = std::mem::take(&mut upstream.findings);
    for kind in Kind::ALL {
        let ranks = ranks(kind, published, upstream);
        let mut slugs = Slugs::default();
        let records = upstream.take(kind);
        let text_bytes = records.as_ref().map_or(0, Records::text_bytes);
        for (draft, rank) in upstream.drafts(kind, records, &mut findings).zip(ranks) {
            let before = published.get(kind, &draft.id);
            let slug = match &before {
                Some(before) => before.slug.clone(),
                None => slug(kind, &draft, published, upstream, &mut slugs),
            };
            let after = Item {
                id: draft.id,
                slug,
                rank,
                facts: draft.facts,
                source: draft.source,
            };
            if before.as_deref() != Some(&after) {
                changes.add(published, kind, &after.id, Some(&after));
                upstream.has_room(changes.bytes() + changes.len() as u64 * CHANGE_BYTES)?;
            }
        }
        upstream.done_with(text_bytes);
    }
    parse::first(&mut findings);
    upstream.findings = findings;
    Ok(changes)
}

fn ranks(kind: Kind, published: &Catalogue, upstream: &Upstream<'_>) -> Vec<i64> {
    let ids = upstream.ids(kind);
    let old = ids.map(|id| published.get(kind, id).map(|item| item.rank));
    rank::assign(&old.collect::<Vec<_>>())
}

fn slug(
    kind: Kind,
    draft: &Draft,
    published: &Catalogue,
    upstream: &Upstream<'_>,
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
            || upstream.is_there(kind, slug)
    })
}

#[cfg(test)]
mod tests;
