//! Reads all candidates.

use std::cmp::Ordering;
use std::ops::Range;

use serde_json::{Value, json};

use super::candidates::Candidates;
use super::context::{Executor, SCAN_LIMIT, len};
use crate::json_server::condition::Condition;
use crate::json_server::field_index::RecordFields;
use crate::json_server::field_path::FieldPath;
use crate::json_server::list_query::ListQuery;
use crate::json_server::record_collection::{RecordCollection, Selection};
use crate::json_server::slice::Slice;
use crate::json_server::sort::SortKey;

/// A match: its sort key, its position among all matches, its number.
type Match = (Option<SortKey>, usize, u32);

impl<C: RecordCollection> Executor<'_, C> {
    pub(super) fn scan(&self, candidates: &Candidates<'_>) -> Selection {
        match &candidates.numbers {
            Some(numbers) => {
                let all = 0..len(numbers);
                let numbers = self.collection.sorted_range(numbers, false, all);
                self.scan_numbers(numbers.into_iter(), &candidates.conditions)
            }
            None => self.scan_numbers(self.collection.numbers(), &candidates.conditions),
        }
    }

    fn scan_numbers(
        &self,
        numbers: impl Iterator<Item = u32>,
        conditions: &[&Condition],
    ) -> Selection {
        let ListQuery {
            order,
            slice,
            limit,
            ..
        } = self.query;
        let paths = conditions.iter().map(|condition| &condition.path);
        let paths = paths.chain(order.as_ref().map(|order| &order.path));
        let needs_only_title = paths.clone().all(|path| self.is_title(path));
        let mut fields: Vec<_> = paths.flat_map(FieldPath::fields).collect();
        fields.sort_unstable();
        fields.dedup();
        let range = slice.range(usize::MAX);
        let page_len = self.query.apply_limit(range.len());
        let max_needed = page_len.map_or(usize::MAX, |page_len| range.start + page_len);
        // The response has no total, so further matches need not be counted.
        let can_stop = order.is_none() && *slice == Slice::All && limit.is_some();
        let (mut matches, mut total) = (Vec::new(), 0);
        for number in numbers.take_while(|_| !self.collection.is_cancelled()) {
            let Some(record) = self.read(number, &fields, needs_only_title) else {
                continue;
            };
            if !conditions
                .iter()
                .all(|condition| condition.matches(&record))
            {
                continue;
            }
            let key = order.as_ref().map(|order| order.key(&record));
            matches.push((key, total, number));
            total += 1;
            if can_stop && total >= max_needed {
                break;
            }
            if matches.len() / 2 > max_needed.max(SCAN_LIMIT) {
                self.sort_and_truncate(&mut matches, max_needed);
            }
        }
        self.sort_and_truncate(&mut matches, max_needed);
        let Range { start, end } = slice.range(total);
        let part = matches.into_iter().skip(start).take(end - start);
        Selection {
            records: part.map(|(.., number)| number).collect(),
            total: Some(total),
        }
    }

    fn sort_and_truncate(&self, matches: &mut Vec<Match>, max_len: usize) {
        if let Some(order) = &self.query.order {
            matches.sort_unstable_by(|(a, a_position, _), (b, b_position, _)| {
                let by_key = a.as_ref().zip(b.as_ref());
                let by_key = by_key.map_or(Ordering::Equal, |(a, b)| a.compare(b));
                let ordering = by_key.then(a_position.cmp(b_position));
                if order.is_reversed {
                    ordering.reverse()
                } else {
                    ordering
                }
            });
        }
        matches.truncate(max_len);
    }

    /// A record, of which only `fields` are parsed if that is enough; `None` if it does not match
    /// the text search.
    fn read(&self, number: u32, fields: &[&str], needs_only_title: bool) -> Option<Value> {
        let search = self.query.search.as_ref();
        if search.is_none()
            && needs_only_title
            && let Some(title) = self.collection.title(number)
        {
            return Some(json!({ self.collection.collection().name_field(): title }));
        }
        let stored = self.collection.stored(number);
        match search.map(|filter| (filter, filter.matches_stored(&stored))) {
            Some((_, Some(false))) => None,
            Some((filter, None)) => {
                let record = self.parse(&stored);
                filter.matches(&record).then_some(record)
            }
            _ if fields.is_empty() => Some(Value::Null),
            _ => {
                let record = RecordFields::parse(&stored);
                let fields = fields
                    .iter()
                    .filter_map(|field| Some((*field, record.get(field)?)));
                Some(self.record_of(fields))
            }
        }
    }
}
