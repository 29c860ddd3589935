use std::panic::resume_unwind;
use std::time::Instant;

use catalogue_index::{ListIndex, NumberedChange};
use catalogue_search::SearchIndex;
use common::models::{Catalogue, Change, Number};

use super::record_index::RecordIndex;

/// The indexes of one catalogue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    /// Orders, filters and counts of lists.
    pub(crate) lists: ListIndex,
    /// Search by text.
    pub(crate) search: SearchIndex,
    /// Values of the source's records, by field.
    pub(crate) records: RecordIndex,
}

impl Indexes {
    /// Indexes a whole catalogue, with a thread for search beside the calling one. The records'
    /// values are not indexed yet: see [`RecordIndex::build`].
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let started = Instant::now();
        let indexes = std::thread::scope(|scope| {
            let search = scope.spawn(|| SearchIndex::of(catalogue));
            let lists = ListIndex::of(catalogue);
            // The search takes longer.
            lists.warm();
            let search = search.join().unwrap_or_else(|panic| resume_unwind(panic));
            Self {
                lists,
                search,
                records: RecordIndex::default(),
            }
        });
        tracing::debug!(
            seconds = started.elapsed().as_secs_f64(),
            "indexed the catalogue"
        );
        indexes
    }

    /// Applies one version's changes, which lead to `catalogue`.
    pub(crate) fn apply(&mut self, changes: &[Change], catalogue: &Catalogue) {
        let numbered = self.lists.apply(changes, catalogue);
        self.records.apply(&numbered, catalogue);
        self.search.apply(changes, removed(&numbered), catalogue);
    }

    /// The indexes of another catalogue, `changes` away from this one's. They share equal
    /// parts. The records' values are not indexed.
    pub(super) fn with_changes(&self, changes: &[Change], catalogue: &Catalogue) -> Self {
        let (mut lists, mut search) = (self.lists.clone(), self.search.clone());
        let numbered = lists.apply(changes, catalogue);
        search.update(changes, removed(&numbered), catalogue);
        Self {
            lists,
            search,
            records: RecordIndex::default(),
        }
    }
}

/// The numbers that have no item any more.
fn removed(changes: &[NumberedChange]) -> impl Iterator<Item = Number> {
    let removed = changes.iter().filter(|change| change.after.is_none());
    removed.map(|change| change.number)
}
