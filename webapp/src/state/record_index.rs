use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use catalogue_index::NumberedChange;
use common::models::{Catalogue, Kind};
use ghibli_api::{Collection, FieldIndex, RecordFields, SourceTitle, TitleIndex, TitleOverrides};
use roaring::RoaringBitmap;

/// A kind with at most this many records is scanned, not indexed.
const MAX_SCANNED: usize = 1_000;

/// The values of the source's records by field, of the kinds with many records. They are indexed
/// in the background once a version is served; until then a query scans the records. A clone
/// shares everything.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordIndex {
    kinds: [Arc<KindRecordIndexes>; 5],
    /// Held while one version's are built.
    building: Arc<Mutex<()>>,
}

#[derive(Debug, Default)]
struct KindRecordIndexes {
    fields: OnceLock<FieldIndex>,
    /// None if too many differ from the items' names.
    titles: OnceLock<Option<TitleIndex>>,
}

impl RecordIndex {
    /// The field values of a kind's records, once they are indexed.
    pub(crate) fn fields(&self, kind: Kind) -> Option<&FieldIndex> {
        let fields = self.kinds[kind as usize].fields.get();
        fields.filter(|fields| fields.is_usable())
    }

    /// The titles or names of a kind's records, once they are indexed.
    pub(crate) fn titles(&self, kind: Kind) -> Option<&TitleIndex> {
        self.kinds[kind as usize].titles.get()?.as_ref()
    }

    /// Builds what is missing for kinds with many records, each as long as it is wanted.
    pub(crate) fn build(&self, catalogue: &Catalogue, is_wanted: impl Fn(&Self, Kind) -> bool) {
        // Titles come last.
        let is_built = |kind: Kind| {
            catalogue.count(kind) <= MAX_SCANNED || self.kinds[kind as usize].titles.get().is_some()
        };
        if Kind::ALL.into_iter().all(is_built) {
            return;
        }
        let _building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        for collection in Collection::ALL {
            let kind = kind_of(collection);
            if is_built(kind) {
                continue;
            }
            let indexes = &self.kinds[kind as usize];
            let mut fields = indexes.fields.get().is_none().then(FieldIndex::default);
            let mut overrides = TitleOverrides::default();
            let is_complete = catalogue.numbers(kind).all(|number| {
                let record = catalogue.source_text(number).unwrap_or_default();
                let item_name = catalogue.name_at(number).unwrap_or_default();
                let record = RecordFields::parse(&record);
                if let Some(fields) = &mut fields {
                    fields.insert(number, &record);
                }
                overrides.insert(number, SourceTitle::new(collection, &record, item_name));
                is_wanted(self, kind)
            });
            if is_complete {
                if let Some(fields) = fields {
                    indexes.fields.get_or_init(|| fields);
                }
                let item_name = |number| catalogue.name_at(number);
                let titles = overrides.into_index(catalogue.numbers(kind), item_name);
                indexes.titles.get_or_init(|| titles);
            }
        }
    }

    /// Whether both share one kind's fields.
    pub(crate) fn shares(&self, other: &Self, kind: Kind) -> bool {
        Arc::ptr_eq(&self.kinds[kind as usize], &other.kinds[kind as usize])
    }

    /// Applies a version's changes, which lead to `catalogue`. What is not built yet is built again
    /// where it changed, and so are titles where very many did.
    pub(crate) fn apply(&mut self, changes: &[NumberedChange], catalogue: &Catalogue) {
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
            let titles = before.titles.get().map(Option::as_ref);
            let (mut removed, mut added) = (RoaringBitmap::new(), Vec::new());
            for change in of_kind {
                let NumberedChange {
                    number,
                    before,
                    after,
                } = change;
                let [old, new] = [before, after].map(|item| Some(item.as_ref()?.source.text()));
                let [old, new] =
                    [&old, &new].map(|record| Some(RecordFields::parse(record.as_ref()?)));
                match (&old, &new) {
                    (Some(old), Some(new)) => fields.update(*number, old, new),
                    (None, Some(new)) => fields.insert(*number, new),
                    (Some(old), None) => fields.remove(*number, old),
                    (None, None) => {}
                }
                let title = after.as_ref().zip(new);
                let title =
                    title.map(|(after, new)| SourceTitle::new(collection, &new, after.name()));
                if let Some(Some(titles)) = titles
                    && is_moved(titles, change, title.as_ref())
                {
                    if before.is_some() {
                        removed.insert(*number);
                    }
                    added.extend(title.map(|title| (*number, title)));
                }
            }
            let item_name = |number| catalogue.name_at(number);
            let rank = |number| catalogue.rank_at(number);
            let titles = match titles {
                Some(Some(titles)) => titles.updated(&removed, added, item_name, rank).map(Some),
                too_many_or_not_built => too_many_or_not_built.map(|_| None),
            };
            self.kinds[kind as usize] = Arc::new(KindRecordIndexes {
                fields: OnceLock::from(fields),
                titles: titles.map(OnceLock::from).unwrap_or_default(),
            });
        }
    }
}

/// Whether a change could give a record another title or name, or another place in their order.
fn is_moved(titles: &TitleIndex, change: &NumberedChange, title: Option<&SourceTitle>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return true;
    };
    let keeps_item_name =
        titles.matches_item_name(change.number) && matches!(title, Some(SourceTitle::SameAsItem));
    !keeps_item_name || before.rank != after.rank || before.name() != after.name()
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
