use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use catalogue_index::NumberedChange;
use common::models::{Catalogue, Kind};
use ghibli_api::{Collection, Fields, Names, Said, Title, Titles};
use roaring::RoaringBitmap;

/// A kind with at most so many records is scanned, not indexed.
const MAX_SCANNED: usize = 1_000;

/// The values of the source's records by field, of the kinds with many records. They are indexed
/// in the background once a version is served; until then a query scans the records. A clone
/// shares everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordFields {
    kinds: [Arc<KindFields>; 5],
    /// Held while one version's are built.
    building: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct KindFields {
    fields: OnceLock<Fields>,
    /// None if too many differ from the items' names.
    names: OnceLock<Option<Names>>,
}

impl RecordFields {
    /// The fields of a kind's records, if they are known.
    pub(crate) fn fields(&self, kind: Kind) -> Option<&Fields> {
        let fields = self.kinds[kind as usize].fields.get();
        fields.filter(|fields| fields.are_known())
    }

    /// The titles or names of a kind's records, if they are known.
    pub(crate) fn names(&self, kind: Kind) -> Option<&Names> {
        self.kinds[kind as usize].names.get()?.as_ref()
    }

    /// Builds what is missing for kinds with many records, each as long as it is wanted.
    pub(crate) fn build(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        // Names come last.
        let is_made = |kind: Kind| {
            catalogue.count(kind) <= MAX_SCANNED || self.kinds[kind as usize].names.get().is_some()
        };
        if Kind::ALL.into_iter().all(is_made) {
            return;
        }
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        for collection in Collection::ALL {
            let kind = kind_of(collection);
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

    /// Whether both share one kind's fields.
    pub(super) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.kinds[kind as usize], &other.kinds[kind as usize])
    }

    /// Applies a version's changes, which lead to `catalogue`. What is not built yet is built again
    /// where it changed, and so are names where very many did.
    pub(super) fn apply(&mut self, changes: &[NumberedChange], catalogue: &Catalogue) {
        for collection in Collection::ALL {
            let kind = kind_of(collection);
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
            self.kinds[kind as usize] = Arc::new(KindFields {
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

/// The kind of the items that a collection's records describe.
pub(crate) const fn kind_of(collection: Collection) -> Kind {
    match collection {
        Collection::Films => Kind::Movie,
        Collection::People => Kind::Person,
        Collection::Locations => Kind::Location,
        Collection::Species => Kind::Species,
        Collection::Vehicles => Kind::Vehicle,
    }
}
