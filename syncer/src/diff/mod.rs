//! What it takes to get from the published catalogue to what the source has now. Pure.

mod rank;

use std::collections::HashSet;
use std::sync::Arc;

use common::models::{Catalogue, Change, Facts, Item, Kind, Slugs};

use crate::parse::{Draft, Upstream};

/// The changes from the published catalogue to what the source has.
///
/// An item keeps its slug whatever becomes of its title, and its rank unless it moved.
pub fn diff(published: &Catalogue, upstream: &Upstream) -> Vec<Change> {
    let mut changes = Vec::new();
    for kind in Kind::ALL {
        diff_kind(kind, published, upstream, &mut changes);
    }
    changes
}

fn diff_kind(kind: Kind, published: &Catalogue, upstream: &Upstream, changes: &mut Vec<Change>) {
    let drafts = upstream.of(kind);
    let there: HashSet<&str> = drafts.iter().map(|draft| &*draft.id).collect();
    let gone = published
        .iter(kind)
        .filter(|item| !there.contains(&*item.id));
    changes.extend(gone.filter_map(|item| Change::of(Some(item), None)));

    let old_ranks = drafts
        .iter()
        .map(|draft| published.get(kind, &draft.id).map(|item| item.rank));
    let ranks = rank::assign(&old_ranks.collect::<Vec<_>>());
    let mut slugs = Slugs::default();
    for (draft, rank) in drafts.iter().zip(ranks) {
        let before = published.get(kind, &draft.id);
        let slug = match &before {
            Some(before) => before.slug.clone(),
            None => slug(kind, draft, published, &there, &mut slugs),
        };
        let after = Item {
            id: draft.id.clone(),
            slug,
            rank,
            facts: draft.facts.clone(),
            source: draft.source.clone(),
        };
        if before.as_deref() != Some(&after) {
            changes.extend(Change::of(before, Some(Arc::new(after))));
        }
    }
}

fn slug(
    kind: Kind,
    draft: &Draft,
    published: &Catalogue,
    ids: &HashSet<&str>,
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
    slugs.give(kind, &draft.id, &names, hint, |slug| {
        published.has_slug(kind, slug) || ids.contains(slug)
    })
}

#[cfg(test)]
mod tests;
