//! What the records of a large catalogue say, by field, made beside the serving: a question that
//! comes before goes through the records.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use common::models::{Catalogue, Kind};
use ghibli_api::{Called, Collection, Fields, Names, Said, Titles};
use roaring::RoaringBitmap;

use super::kept::kind;
use crate::index::Renumbered;

/// A kind with at most so many records is quickly gone through.
pub(super) const MANY: usize = 1_000;

/// The fields of each kind's records at a version, where they have been made. A clone shares them.
#[derive(Clone, Debug, Default)]
pub struct ByField {
    kinds: [Arc<OnceLock<Known>>; 5],
    /// Held by who makes them, at whichever version.
    making: Arc<Mutex<()>>,
}

/// What is known of a kind's records.
#[derive(Clone, Debug)]
pub(super) struct Known {
    fields: Fields,
    names: Option<Names>,
}

impl Known {
    /// Their fields.
    pub(super) fn fields(&self) -> Option<&Fields> {
        Some(&self.fields).filter(|fields| fields.are_known())
    }

    /// Their titles or names.
    pub(super) const fn names(&self) -> Option<&Names> {
        self.names.as_ref()
    }
}

impl ByField {
    /// What is known of a kind's records, if it has been made.
    pub(super) fn of(&self, kind: Kind) -> Option<&Known> {
        self.kinds[kind as usize].get()
    }

    /// Makes those that are not there yet of kinds with many records, each as long as it is wanted.
    pub(crate) fn make(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        let is_made =
            |kind: Kind| catalogue.count(kind) <= MANY || self.kinds[kind as usize].get().is_some();
        if Kind::ALL.into_iter().all(is_made) {
            return;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        for collection in Collection::ALL {
            let kind = kind(collection);
            if is_made(kind) {
                continue;
            }
            let mut fields = Fields::default();
            let mut titles = Titles::new(collection);
            let taken = catalogue.numbers(kind).all(|number| {
                let stored = catalogue.source_text(number).unwrap_or_default();
                let called = catalogue.name_at(number).unwrap_or_default();
                let said = Said::of(&stored);
                fields.insert(number, &said);
                titles.insert(number, &said, called);
                is_wanted(self, kind)
            });
            if taken {
                let called = |number| catalogue.name_at(number);
                let names = titles.in_order(catalogue.numbers(kind), called);
                self.kinds[kind as usize].get_or_init(|| Known { fields, names });
            }
        }
    }

    /// Whether another site has those of a kind from the same making.
    pub(crate) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.kinds[kind as usize], &other.kinds[kind as usize])
    }

    /// Goes forward by a version's changes, to `catalogue`; what was not made yet is made anew
    /// where it changed.
    pub(crate) fn apply(&mut self, changes: &[Renumbered], catalogue: &Catalogue) {
        for kind in Kind::ALL {
            let is_of_kind = |change: &&Renumbered| change.kind() == Some(kind);
            let of_kind: Vec<_> = changes.iter().filter(is_of_kind).collect();
            if of_kind.is_empty() {
                continue;
            }
            let before = std::mem::take(&mut self.kinds[kind as usize]);
            let Some(known) = before.get() else {
                continue;
            };
            let mut fields = known.fields.clone();
            for change in &of_kind {
                if let Some(before) = &change.before {
                    fields.remove(change.number, &Said::of(&before.source.text()));
                }
                if let Some(after) = &change.after {
                    fields.insert(change.number, &Said::of(&after.source.text()));
                }
            }
            let names = match &known.names {
                None => None,
                Some(names) => match after(names, &of_kind, catalogue) {
                    Some(names) => Some(names),
                    None => continue,
                },
            };
            self.kinds[kind as usize] = Arc::new(OnceLock::from(Known { fields, names }));
        }
    }
}

/// The names after some changes; nothing if they have to be put in order anew.
fn after(names: &Names, changes: &[&Renumbered], catalogue: &Catalogue) -> Option<Names> {
    let moved = changes.iter().filter(|change| is_moved(names, change));
    let moved: Vec<_> = moved.collect();
    if moved.is_empty() {
        return Some(names.clone());
    }
    let gone = moved.iter().filter(|change| change.before.is_some());
    let gone: RoaringBitmap = gone.map(|change| change.number).collect();
    let come = moved.iter().filter_map(|change| {
        let item = change.after.as_ref()?;
        Some(Called {
            number: change.number,
            called: item.name(),
            stored: item.source.text(),
        })
    });
    let rank = |number| catalogue.item(number).map(|item| item.rank);
    names.after(&gone, come, |number| catalogue.name_at(number), rank)
}

/// Whether a change could give a record another place in the order of names.
fn is_moved(names: &Names, change: &Renumbered) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return true;
    };
    before.rank != after.rank
        || before.name() != after.name()
        || names.other(change.number).is_some()
        || !names.is_called(&Said::of(&after.source.text()), after.name())
}
