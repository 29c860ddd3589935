//! Narrows a collection by its indexes.

use std::borrow::Cow;
use std::collections::HashMap;

use roaring::{MultiOps as _, RoaringBitmap};
use serde_json::Value;

use super::context::Executor;
use crate::json_server::condition::Condition;
use crate::json_server::record_collection::RecordCollection;

/// The records that may match, after the indexes are used.
pub(super) struct Candidates<'a> {
    /// `None` means all records.
    pub(super) numbers: Option<RoaringBitmap>,
    /// Conditions that must still be checked on each record.
    pub(super) conditions: Vec<&'a Condition>,
}

/// The result of looking up a condition in the indexes.
enum IndexMatch {
    Unknown,
    /// No record has the field, so the condition is ignored.
    Ignored,
    Exactly(RoaringBitmap),
    /// A superset of the matches.
    AtMost(RoaringBitmap),
}

/// The values of an indexed field, each in a record of its own, with the records that have it.
type ParsedValues<'a> = Vec<(Value, Cow<'a, RoaringBitmap>)>;

impl Candidates<'_> {
    fn retain(&mut self, numbers: RoaringBitmap) {
        self.numbers = Some(match self.numbers.take() {
            Some(own) => own & numbers,
            None => numbers,
        });
    }

    pub(super) fn intersect<'n>(&self, numbers: Cow<'n, RoaringBitmap>) -> Cow<'n, RoaringBitmap> {
        match &self.numbers {
            Some(own) => Cow::Owned(own & &*numbers),
            None => numbers,
        }
    }
}

impl<'a, C: RecordCollection> Executor<'a, C> {
    pub(super) fn candidates(&self) -> Candidates<'a> {
        let mut candidates = Candidates {
            numbers: None,
            conditions: Vec::new(),
        };
        let mut unknown = Vec::new();
        let mut parsed = HashMap::new();
        for condition in &self.query.conditions {
            match self.match_index(condition, &mut parsed) {
                IndexMatch::Unknown => unknown.push(condition),
                IndexMatch::Ignored => {}
                IndexMatch::Exactly(numbers) => candidates.retain(numbers),
                IndexMatch::AtMost(numbers) => {
                    candidates.retain(numbers);
                    candidates.conditions.push(condition);
                }
            }
        }
        let (may_be_ignored, effective): (Vec<_>, Vec<_>) =
            unknown.into_iter().partition(|condition| {
                condition.is_ignored_without_field && !self.is_field_indexed(condition)
            });
        candidates.conditions.extend(effective);
        let effective = self.retain_with_field(may_be_ignored);
        candidates.conditions.extend(effective);
        candidates
    }

    /// Tests a condition on the indexed values of its field. `parsed` caches those: many
    /// conditions can be on one field.
    fn match_index<'c>(
        &self,
        condition: &'c Condition,
        parsed: &mut HashMap<&'c str, ParsedValues<'a>>,
    ) -> IndexMatch {
        let index = self.collection.field_index();
        let field = index.and_then(|index| {
            let path = &condition.path;
            path.deciding_field(|name| index.has(name))
        });
        let (Some(index), Some(field)) = (index, field) else {
            return self.match_id_or_title(condition);
        };
        if !parsed.contains_key(field) {
            let Some(values) = index.values(field) else {
                return self.match_id_or_title(condition);
            };
            let values = values
                .into_iter()
                .map(|(value, numbers)| (self.record_with(field, value), numbers));
            parsed.insert(field, values.collect());
        }
        let Some(values) = parsed
            .get(field)
            .filter(|_| !self.collection.is_cancelled())
        else {
            return self.match_id_or_title(condition);
        };
        let has_field = |(record, _): &(Value, _)| condition.path.get(record).is_some();
        if condition.is_ignored_without_field && !values.iter().any(has_field) {
            return IndexMatch::Ignored;
        }
        let matching = values
            .iter()
            .filter(|(record, _)| condition.matches(record));
        IndexMatch::Exactly(matching.map(|(_, numbers)| &**numbers).union())
    }

    /// For a condition that requires an id or a title.
    fn match_id_or_title(&self, condition: &Condition) -> IndexMatch {
        let texts = condition
            .required_texts()
            .filter(|_| condition.path.is_field());
        let field = condition.path.raw();
        let sets: Option<Vec<_>> = texts.and_then(|texts| {
            texts
                .into_iter()
                .map(|text| self.find_by_text(field, &text))
                .collect()
        });
        match sets {
            // If no record had the field, the condition would be ignored.
            Some(sets)
                if self.is_field_indexed(condition)
                    || !self.retain_with_field(vec![condition]).is_empty() =>
            {
                IndexMatch::AtMost(sets.union())
            }
            _ => IndexMatch::Unknown,
        }
    }

    /// A superset of the records with a text in the field of ids or titles; `None` if unknown.
    fn find_by_text(&self, field: &str, text: &str) -> Option<RoaringBitmap> {
        let collection = self.collection.collection();
        if field == "id" {
            Some(self.collection.find_by_id(text).into_iter().collect())
        } else if field == collection.name_field() && !text.starts_with(self.query.base.as_str()) {
            self.collection.find_by_title(text)
        } else {
            None
        }
    }

    fn is_field_indexed(&self, condition: &Condition) -> bool {
        let index = self.collection.field_index();
        condition.path.is_field() && index.is_some_and(|index| index.has(condition.path.raw()))
    }

    /// The conditions whose field some record has, by a scan.
    fn retain_with_field<'q>(&self, mut open: Vec<&'q Condition>) -> Vec<&'q Condition> {
        let mut found = Vec::new();
        if open.is_empty() {
            return found;
        }
        for number in self
            .collection
            .numbers()
            .take_while(|_| !self.collection.is_cancelled())
        {
            let stored = self.collection.stored(number);
            let may_occur = |condition: &&Condition| condition.path.may_occur_in(&stored);
            if !open.iter().any(may_occur) {
                continue;
            }
            let record = self.parse(&stored);
            open.retain(|condition| {
                let has_field = condition.path.get(&record).is_some();
                if has_field {
                    found.push(*condition);
                }
                !has_field
            });
            if open.is_empty() {
                break;
            }
        }
        found
    }
}
