//! Runs a query: narrows the collection by its indexes, then reads the remaining records.

mod candidates;
mod context;
mod index_order;
mod scan;

use self::candidates::Candidates;
use self::context::{Executor, len};
use super::error::ListQueryError;
use super::list_query::ListQuery;
use super::record_collection::{RecordCollection, Selection};
use super::slice::Slice;

impl ListQuery {
    /// The records of a collection that match. Reads as few records as the indexes allow, and none
    /// after the last one needed.
    ///
    /// # Errors
    /// If the source's server would fail on these records.
    pub fn select(&self, collection: &impl RecordCollection) -> Result<Selection, ListQueryError> {
        let executor = Executor {
            query: self,
            collection,
        };
        let mut selection = executor.select()?;
        let len = self.apply_limit(selection.records.len())?;
        selection.records.truncate(len);
        if self.slice == Slice::All {
            selection.total = None;
        }
        if !selection.records.is_empty() {
            self.check_expand()?;
        }
        Ok(selection)
    }
}

impl<C: RecordCollection> Executor<'_, C> {
    fn select(&self) -> Result<Selection, ListQueryError> {
        let candidates = self.candidates();
        let are_matches = self.query.search.is_none() && candidates.conditions.is_empty();
        if !are_matches {
            return Ok(self.scan(&candidates));
        }
        match &self.query.order {
            Some(order) => Ok(self
                .select_by_index(order, &candidates)
                .unwrap_or_else(|| self.scan(&candidates))),
            None => self.select_in_source_order(&candidates),
        }
    }

    /// For candidates that all match, in the source's order.
    fn select_in_source_order(
        &self,
        candidates: &Candidates<'_>,
    ) -> Result<Selection, ListQueryError> {
        let total = match &candidates.numbers {
            Some(numbers) => len(numbers),
            None => self.collection.count(),
        };
        let range = self.query.slice.range(total);
        let page_len = self.query.apply_limit(range.len())?;
        let range = range.start..range.start + page_len;
        let records = match &candidates.numbers {
            Some(numbers) => self.collection.sorted_range(numbers, false, range),
            None => {
                let numbers = self.collection.numbers().skip(range.start);
                numbers.take(range.len()).collect()
            }
        };
        Ok(Selection {
            records,
            total: Some(total),
        })
    }
}
