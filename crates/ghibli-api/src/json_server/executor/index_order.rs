//! Sorts candidates by an index, without reading records.

use std::borrow::Cow;
use std::cmp::Ordering;

use roaring::{MultiOps as _, RoaringBitmap};

use super::candidates::Candidates;
use super::context::{Executor, SCAN_LIMIT, len};
use crate::json_server::field_index::ValuePostings;
use crate::json_server::field_path::FieldPath;
use crate::json_server::record_collection::{RecordCollection, Selection};
use crate::json_server::sort::{SortKey, SortOrder};

impl<'a, C: RecordCollection> Executor<'a, C> {
    /// `None` if no index has the order.
    pub(super) fn select_by_index(
        &self,
        order: &SortOrder,
        candidates: &Candidates<'_>,
    ) -> Option<Selection> {
        let Some((field, values)) = self.indexed_values(&order.path) else {
            return self.select_by_title(order, candidates);
        };
        let mut groups: Vec<(SortKey, Cow<'_, RoaringBitmap>)> = values
            .into_iter()
            .map(|(value, numbers)| {
                let key = order.key(&self.record_with(field, value));
                (key, candidates.intersect(numbers))
            })
            .filter(|(_, numbers)| !numbers.is_empty())
            .collect();
        groups.sort_by(|(a, _), (b, _)| a.compare(b));
        let total = groups.iter().map(|(_, numbers)| len(numbers)).sum();
        // Different values can have equal keys.
        let equal = groups.chunk_by(|(a, _), (b, _)| a.compare(b) == Ordering::Equal);
        let mut equal: Vec<_> = equal.collect();
        if order.is_reversed {
            equal.reverse();
        }
        let range = self.query.slice.range(total);
        let mut records = Vec::new();
        let mut start = 0;
        for group in equal {
            let numbers = group.iter().map(|(_, numbers)| &**numbers).union();
            let end = start + len(&numbers);
            let part = range.start.max(start)..range.end.min(end);
            if !part.is_empty() {
                let part = part.start - start..part.end - start;
                let sorted = self
                    .collection
                    .sorted_range(&numbers, order.is_reversed, part);
                records.extend(sorted);
            }
            start = end;
        }
        Some(Selection {
            records,
            total: Some(total),
        })
    }

    /// The field that decides the value at a path, and its values, if they are indexed.
    fn indexed_values<'p>(&self, path: &'p FieldPath) -> Option<(&'p str, ValuePostings<'a>)> {
        let index = self.collection.field_index()?;
        let field = path.deciding_field(|name| index.has(name))?;
        Some((field, index.values(field)?))
    }

    /// Not for few candidates: sorting those is faster.
    fn select_by_title(&self, order: &SortOrder, candidates: &Candidates<'_>) -> Option<Selection> {
        if !self.is_title(&order.path) {
            return None;
        }
        let sorted = self.collection.title_index()?.sorted()?;
        let total = candidates.numbers.as_ref().map_or(sorted.len(), len);
        if total <= SCAN_LIMIT {
            return None;
        }
        let is_candidate = |number: &u32| {
            let numbers = candidates.numbers.as_ref();
            numbers.is_none_or(|numbers| numbers.contains(*number))
        };
        let numbers = (0..sorted.len()).map(|position| match order.is_reversed {
            false => sorted[position],
            true => sorted[sorted.len() - 1 - position],
        });
        let range = self.query.slice.range(total);
        let numbers = numbers.filter(is_candidate).skip(range.start);
        Some(Selection {
            records: numbers.take(range.len()).collect(),
            total: Some(total),
        })
    }
}
