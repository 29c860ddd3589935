use std::panic::resume_unwind;
use std::time::Instant;

use catalogue_index::Index;
use catalogue_search::Search;
use common::models::{Catalogue, Change};

use super::record_index::RecordIndex;

/// The indexes of one catalogue.
#[derive(Clone, Debug, Default)]
pub(crate) struct Indexes {
    /// Orders, filters and counts of lists.
    pub(crate) lists: Index,
    /// Search by text.
    pub(crate) search: Search,
    /// Values of the source's records, by field.
    pub(crate) records: RecordIndex,
}

impl Indexes {
    /// Indexes a whole catalogue, with a thread for search beside the calling one. The records'
    /// values are not indexed yet: see [`RecordIndex::build`].
    pub(crate) fn new(catalogue: &Catalogue) -> Self {
        let started = Instant::now();
        let indexes = std::thread::scope(|scope| {
            let search = scope.spawn(|| Search::of(catalogue));
            let lists = Index::of(catalogue);
            // The search takes longer.
            lists.warm();
            let search = search.join().unwrap_or_else(|panic| resume_unwind(panic));
            Self {
                lists,
                search,
                records: RecordIndex::default(),
            }
        });
        tracing::debug!(elapsed = ?started.elapsed(), "indexed the catalogue");
        indexes
    }

    /// Applies one version's changes, which lead to `catalogue`.
    pub(crate) fn apply(&mut self, changes: &[Change], catalogue: &Catalogue) {
        let renumbered = self.lists.apply(changes, catalogue);
        self.records.apply(&renumbered, catalogue);
        if self.search.is_worn() {
            self.search = Search::of(catalogue);
            return;
        }
        let gone = renumbered
            .into_iter()
            .filter(|change| change.after.is_none())
            .map(|change| (change.number, None));
        let touched = catalogue_search::touched(changes, catalogue).into_iter();
        let touched = touched.filter_map(|(kind, id)| {
            let number = catalogue.number(kind, &id)?;
            Some((number, Some(catalogue.item(number)?)))
        });
        self.search.update(gone.chain(touched), catalogue);
    }
}
