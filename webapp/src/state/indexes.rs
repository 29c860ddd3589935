use std::panic::resume_unwind;
use std::time::Instant;

use catalogue_index::ListIndex;
use catalogue_search::SearchIndex;
use common::models::{Catalogue, Change};

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
        let removed = numbered.iter().filter(|change| change.after.is_none());
        let removed = removed.map(|change| change.number);
        self.search.apply(changes, removed, catalogue);
    }
}
