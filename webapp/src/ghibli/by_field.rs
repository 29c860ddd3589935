//! What the records of a large catalogue say, by field, made beside the serving: a question that
//! comes before goes through the records.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use catalogue_index::NumberedChange;
use common::models::{Catalogue, Kind};
use ghibli_api::{Collection, Fields, Names, Said, Title, Titles};
use roaring::RoaringBitmap;

use super::kept::kind;

/// A kind with at most so many records is quickly gone through.
pub(super) const MANY: usize = 1_000;

/// What each kind's records say at a version, where it has been made. A clone shares it.
#[derive(Clone, Debug, Default)]
pub struct ByField {
    kinds: [Arc<OfKind>; 5],
    /// Held by who makes it, at whichever version.
    making: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct OfKind {
    fields: OnceLock<Fields>,
    /// None once they were too odd to be kept.
    names: OnceLock<Option<Names>>,
}

impl ByField {
    /// The fields of a kind's records, if they are known.
    pub(super) fn fields(&self, kind: Kind) -> Option<&Fields> {
        let fields = self.kinds[kind as usize].fields.get();
        fields.filter(|fields| fields.are_known())
    }

    /// The titles or names of a kind's records, if they are known.
    pub(super) fn names(&self, kind: Kind) -> Option<&Names> {
        self.kinds[kind as usize].names.get()?.as_ref()
    }

    /// Makes what is not there yet for kinds with many records, each as long as it is wanted.
    pub(crate) fn make(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        // Names come last.
        let is_made = |kind: Kind| {
            catalogue.count(kind) <= MANY || self.kinds[kind as usize].names.get().is_some()
        };
        if Kind::ALL.into_iter().all(is_made) {
            return;
        }
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        for collection in Collection::ALL {
            let kind = kind(collection);
            if is_made(kind) {
                continue;
            }
            let known = &self.kinds[kind as usize];
            let mut fields = known.fields.get().is_none().then(Fields::default);
            let mut titles = Titles::default();
            let are_taken = catalogue.numbers(kind).all(|number| {
                let stored = catalogue.source_text(number).unwrap_or_default();
                let called = catalogue.name_at(number).unwrap_or_default();
                let said = Said::of(&stored);
                if let Some(fields) = &mut fields {
                    fields.insert(number, &said);
                }
                titles.insert(number, Title::of(collection, &said, called));
                is_wanted(self, kind)
            });
            if are_taken {
                if let Some(fields) = fields {
                    known.fields.get_or_init(|| fields);
                }
                let called = |number| catalogue.name_at(number);
                let names = titles.in_order(catalogue.numbers(kind), called);
                known.names.get_or_init(|| names);
            }
        }
    }

    /// Whether another site has those of a kind from the same making.
    pub(crate) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.kinds[kind as usize], &other.kinds[kind as usize])
    }

    /// Goes forward by a version's changes, to `catalogue`; what was not made yet is made anew
    /// where it changed, and so are names where very many did.
    pub(crate) fn apply(&mut self, changes: &[NumberedChange], catalogue: &Catalogue) {
        for collection in Collection::ALL {
            let kind = kind(collection);
            let is_of_kind = |change: &&NumberedChange| change.kind() == Some(kind);
            let mut of_kind = changes.iter().filter(is_of_kind).peekable();
            if of_kind.peek().is_none() {
                continue;
            }
            let before = std::mem::take(&mut self.kinds[kind as usize]);
            let Some(fields) = before.fields.get() else {
                continue;
            };
            let mut fields = fields.clone();
            let names = before.names.get().map(Option::as_ref);
            let (mut gone, mut come) = (RoaringBitmap::new(), Vec::new());
            for change in of_kind {
                let NumberedChange {
                    number,
                    before,
                    after,
                } = change;
                let [was, is] = [before, after].map(|item| Some(item.as_ref()?.source.text()));
                let [was, is] = [&was, &is].map(|stored| Some(Said::of(stored.as_ref()?)));
                match (&was, &is) {
                    (Some(was), Some(is)) => fields.change(*number, was, is),
                    (None, Some(is)) => fields.insert(*number, is),
                    (Some(was), None) => fields.remove(*number, was),
                    (None, None) => {}
                }
                let title = after.as_ref().zip(is);
                let title = title.map(|(after, is)| Title::of(collection, &is, after.name()));
                if let Some(Some(names)) = names
                    && is_moved(names, change, title.as_ref())
                {
                    if before.is_some() {
                        gone.insert(*number);
                    }
                    come.extend(title.map(|title| (*number, title)));
                }
            }
            let called = |number| catalogue.name_at(number);
            let rank = |number| catalogue.rank_at(number);
            let names = match names {
                Some(Some(names)) => names.after(&gone, come, called, rank).map(Some),
                odd_or_not_made => odd_or_not_made.map(|_| None),
            };
            self.kinds[kind as usize] = Arc::new(OfKind {
                fields: OnceLock::from(fields),
                names: names.map(OnceLock::from).unwrap_or_default(),
            });
        }
    }
}

/// Whether a change could give a record another title or name, or another place in their order.
fn is_moved(names: &Names, change: &NumberedChange, title: Option<&Title>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return true;
    };
    let is_called = names.is_called(change.number) && matches!(title, Some(Title::Called));
    !is_called || before.rank != after.rank || before.name() != after.name()
}
