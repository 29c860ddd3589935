//! How the records that answer a question are found: by what is known of their fields as far as
//! that goes, then by a look at each that is left.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::ops::Range;

use roaring::{MultiOps as _, RoaringBitmap};
use serde_json::{Value, json};

use super::condition::Condition;
use super::field_index::{Said, Values};
use super::field_path::Path;
use super::slice::Slice;
use super::sort::{Key, Order};
use super::{BadQuestion, Collected, Question, Selection};
use crate::wire::given_back;

/// So few records are put in order by a look at each. So many are at least held of what was found,
/// before those beyond the ones that are wanted are left out.
const FEW: usize = 1_000;

/// A question as it is put to a collection.
pub(super) struct Look<'a, C> {
    pub(super) question: &'a Question,
    pub(super) collected: &'a C,
}

/// What is left of a collection once all is used that is known of its records' fields.
struct Left<'a> {
    /// These records; none means all.
    records: Option<RoaringBitmap>,
    /// They must meet these conditions as well.
    conditions: Vec<&'a Condition>,
}

impl<'a, C: Collected> Look<'a, C> {
    pub(super) fn select(&self) -> Result<Selection, BadQuestion> {
        let left = self.narrow();
        let is_settled = self.question.search.is_none() && left.conditions.is_empty();
        let order = self.question.order.as_ref();
        if is_settled && let Some(selection) = order.and_then(|order| self.sorted(order, &left)) {
            return Ok(selection);
        }
        if !is_settled || order.is_some() {
            return Ok(self.each(&left));
        }
        let total = match &left.records {
            Some(records) => size(records),
            None => self.collected.count(),
        };
        let places = self.question.slice.of(total);
        let length = self.question.cut(places.len())?;
        let places = places.start..places.start + length;
        let records = match &left.records {
            Some(records) => self.collected.stretch(records, false, places),
            None => {
                let from = self.collected.numbers().skip(places.start);
                from.take(places.len()).collect()
            }
        };
        Ok(Selection {
            records,
            total: Some(total),
        })
    }

    /// Uses what is known. Conditions on a field that no record has do not count.
    fn narrow(&self) -> Left<'a> {
        let mut left = Left {
            records: None,
            conditions: Vec::new(),
        };
        let mut open = Vec::new();
        let mut parsed = HashMap::new();
        for condition in &self.question.conditions {
            match self.meeting(condition, &mut parsed) {
                Known::Nothing => open.push(condition),
                Known::NoField => {}
                Known::These(records) => left.keep(records),
                Known::AtMost(records) => {
                    left.keep(records);
                    left.conditions.push(condition);
                }
            }
        }
        let (unsure, counting): (Vec<_>, Vec<_>) = open
            .into_iter()
            .partition(|condition| condition.needs_field && !self.has_field(condition));
        left.conditions.extend(counting);
        left.conditions.extend(self.with_field(unsure));
        left
    }

    /// The records that meet a condition, by the values of its field; `parsed` keeps those, since
    /// many conditions can be on one field.
    fn meeting<'c>(
        &self,
        condition: &'c Condition,
        parsed: &mut HashMap<&'c str, Vec<(Value, Cow<'a, RoaringBitmap>)>>,
    ) -> Known {
        let fields = self.collected.fields();
        let field = fields.and_then(|fields| condition.path.field(|name| fields.has(name)));
        let (Some(fields), Some(field)) = (fields, field) else {
            return self.at_most(condition);
        };
        if !parsed.contains_key(field) {
            let Some(values) = fields.values(field) else {
                return self.at_most(condition);
            };
            let alone = values
                .into_iter()
                .map(|(value, numbers)| (self.alone(field, value), numbers));
            parsed.insert(field, alone.collect());
        }
        let Some(values) = parsed.get(field).filter(|_| self.collected.is_wanted()) else {
            return self.at_most(condition);
        };
        let has_it = |(record, _): &(Value, _)| condition.path.get(record).is_some();
        if condition.needs_field && !values.iter().any(has_it) {
            return Known::NoField;
        }
        let met = values
            .iter()
            .filter(|(record, _)| condition.is_met_by(record));
        Known::These(met.map(|(_, numbers)| &**numbers).union())
    }

    /// For an id or a name that a record must have, the records that may have it.
    fn at_most(&self, condition: &Condition) -> Known {
        let texts = condition.texts().filter(|_| condition.path.is_field());
        let field = condition.path.written();
        let sets: Option<Vec<_>> = texts.and_then(|texts| {
            texts
                .into_iter()
                .map(|text| self.may_have(field, text))
                .collect()
        });
        match sets {
            // A field that no record has would not count.
            Some(sets)
                if self.has_field(condition) || !self.with_field(vec![condition]).is_empty() =>
            {
                Known::AtMost(sets.union())
            }
            _ => Known::Nothing,
        }
    }

    /// All records that may have a text as the value of a field, if that is known.
    fn may_have(&self, field: &str, text: &str) -> Option<RoaringBitmap> {
        let collection = self.collected.collection();
        if field == "id" {
            Some(self.collected.with_id(text).into_iter().collect())
        } else if field == collection.name_field() && !text.starts_with(&self.question.base.0) {
            self.collected.named(text)
        } else {
            None
        }
    }

    /// Whether some record is known to have what a condition is on.
    fn has_field(&self, condition: &Condition) -> bool {
        let fields = self.collected.fields();
        condition.path.is_field()
            && fields.is_some_and(|fields| fields.has(condition.path.written()))
    }

    /// Those of some conditions whose field some record has.
    fn with_field<'q>(&self, mut open: Vec<&'q Condition>) -> Vec<&'q Condition> {
        let mut found = Vec::new();
        if open.is_empty() {
            return found;
        }
        for number in self
            .collected
            .numbers()
            .take_while(|_| self.collected.is_wanted())
        {
            let stored = self.collected.stored(number);
            let may_be = |condition: &&Condition| condition.path.may_be_in(&stored);
            if !open.iter().any(may_be) {
                continue;
            }
            let value = self.parse(&stored);
            open.retain(|condition| {
                let is_there = condition.path.get(&value).is_some();
                if is_there {
                    found.push(*condition);
                }
                !is_there
            });
            if open.is_empty() {
                break;
            }
        }
        found
    }

    /// What is left in an order that is known.
    fn sorted(&self, order: &Order, left: &Left<'_>) -> Option<Selection> {
        let Some((field, values)) = self.values(&order.path) else {
            return self.by_name(order, left);
        };
        let mut groups: Vec<(Key, Cow<'_, RoaringBitmap>)> = values
            .into_iter()
            .map(|(value, numbers)| (order.key(&self.alone(field, value)), left.of(numbers)))
            .filter(|(_, numbers)| !numbers.is_empty())
            .collect();
        groups.sort_by(|(a, _), (b, _)| a.compare(b));
        let alike = groups.chunk_by(|(a, _), (b, _)| a.compare(b) == Ordering::Equal);
        let mut alike: Vec<_> = alike.collect();
        if order.is_reversed {
            alike.reverse();
        }
        let sizes = groups.iter().map(|(_, numbers)| size(numbers));
        let total = sizes.sum();
        let places = self.question.slice.of(total);
        let mut records = Vec::new();
        let mut start = 0;
        for group in alike {
            let numbers = group.iter().map(|(_, numbers)| &**numbers).union();
            let end = start + size(&numbers);
            let wanted = places.start.max(start)..places.end.min(end);
            if !wanted.is_empty() {
                let wanted = wanted.start - start..wanted.end - start;
                let stretch = self.collected.stretch(&numbers, order.is_reversed, wanted);
                records.extend(stretch);
            }
            start = end;
        }
        Some(Selection {
            records,
            total: Some(total),
        })
    }

    /// The field that decides what stands at a path, and its values, if they are known.
    fn values<'p>(&self, path: &'p Path) -> Option<(&'p str, Values<'a>)> {
        let fields = self.collected.fields()?;
        let field = path.field(|name| fields.has(name))?;
        Some((field, fields.values(field)?))
    }

    /// What is left in the order of titles or names, if it is known; few are put in order quicker.
    fn by_name(&self, order: &Order, left: &Left<'_>) -> Option<Selection> {
        if !self.is_name(&order.path) {
            return None;
        }
        let names = self.collected.names()?.in_order()?;
        let total = left.records.as_ref().map_or(names.len(), size);
        if total <= FEW {
            return None;
        }
        let is_left = |number: &u32| {
            let records = left.records.as_ref();
            records.is_none_or(|records| records.contains(*number))
        };
        let places = 0..names.len();
        let numbers = places.map(|place| match order.is_reversed {
            false => names[place],
            true => names[names.len() - 1 - place],
        });
        let places = self.question.slice.of(total);
        let numbers = numbers.filter(is_left).skip(places.start);
        Some(Selection {
            records: numbers.take(places.len()).collect(),
            total: Some(total),
        })
    }

    /// Whether a path is the field of titles or names.
    fn is_name(&self, path: &Path) -> bool {
        path.is_field() && path.written() == self.collected.collection().name_field()
    }

    /// A look at each that is left.
    fn each(&self, left: &Left<'_>) -> Selection {
        match &left.records {
            Some(some) => {
                let numbers = self.collected.stretch(some, false, 0..size(some));
                self.among(numbers.into_iter(), &left.conditions)
            }
            None => self.among(self.collected.numbers(), &left.conditions),
        }
    }

    fn among(&self, numbers: impl Iterator<Item = u32>, conditions: &[&Condition]) -> Selection {
        let Question {
            order,
            slice,
            limit,
            ..
        } = self.question;
        let paths = conditions.iter().map(|condition| &condition.path);
        let paths = paths.chain(order.as_ref().map(|order| &order.path));
        let is_of_names = paths.clone().all(|path| self.is_name(path));
        let mut fields: Vec<_> = paths.flat_map(Path::fields).collect();
        fields.sort_unstable();
        fields.dedup();
        let places = slice.of(usize::MAX);
        let length = self.question.cut(places.len());
        let most = length.map_or(usize::MAX, |length| places.start + length);
        // Nobody is told how many there are beyond that.
        let is_cut = order.is_none() && *slice == Slice::All && limit.is_some();
        let (mut found, mut total) = (Vec::new(), 0);
        for number in numbers.take_while(|_| self.collected.is_wanted()) {
            let Some(value) = self.seen(number, &fields, is_of_names) else {
                continue;
            };
            if !conditions
                .iter()
                .all(|condition| condition.is_met_by(&value))
            {
                continue;
            }
            let key = order.as_ref().map(|order| order.key(&value));
            found.push((key, total, number));
            total += 1;
            if is_cut && total >= most {
                break;
            }
            if found.len() / 2 > most.max(FEW) {
                self.put_in_order(&mut found, most);
            }
        }
        self.put_in_order(&mut found, most);
        let Range { start, end } = slice.of(total);
        let part = found.into_iter().skip(start).take(end - start);
        Selection {
            records: part.map(|(.., number)| number).collect(),
            total: Some(total),
        }
    }

    /// Puts records that were found, each with its key and its place among them, in order, and
    /// leaves the first ones.
    fn put_in_order(&self, found: &mut Vec<(Option<Key>, usize, u32)>, most: usize) {
        if let Some(order) = &self.question.order {
            found.sort_unstable_by(|(a, a_place, _), (b, b_place, _)| {
                let by_key = a.as_ref().zip(b.as_ref());
                let by_key = by_key.map_or(Ordering::Equal, |(a, b)| a.compare(b));
                let ordering = by_key.then(a_place.cmp(b_place));
                if order.is_reversed {
                    ordering.reverse()
                } else {
                    ordering
                }
            });
        }
        found.truncate(most);
    }

    /// A record, or no more of it than the fields that are asked for; nothing if it lacks the text
    /// that is looked for.
    fn seen(&self, number: u32, asked: &[&str], is_of_names: bool) -> Option<Value> {
        let search = self.question.search.as_ref();
        if search.is_none()
            && is_of_names
            && let Some(name) = self.collected.name(number)
        {
            return Some(json!({ self.collected.collection().name_field(): name }));
        }
        let stored = self.collected.stored(number);
        match search.map(|needle| (needle, needle.is_in_text(&stored))) {
            Some((_, Some(false))) => None,
            Some((needle, None)) => {
                let value = self.parse(&stored);
                needle.is_in(&value).then_some(value)
            }
            // Most of a long look is reading what nobody asks for.
            _ if asked.is_empty() => Some(Value::Null),
            _ => {
                let said = Said::of(&stored);
                let fields = asked
                    .iter()
                    .filter_map(|field| Some((*field, said.get(field)?)));
                Some(self.record(fields))
            }
        }
    }

    /// A record that has nothing but a value of a field, or nothing at all.
    fn alone(&self, field: &str, value: Option<&str>) -> Value {
        self.record(value.map(|value| (field, value)).into_iter())
    }

    /// A record of these fields, with their values as they are stored.
    fn record<'f>(&self, fields: impl Iterator<Item = (&'f str, &'f str)>) -> Value {
        let read = fields.filter_map(|(field, value)| {
            let read = if value.contains('/') {
                // Whether it is a link depends on the field.
                let alone = self.parse(&format!("{{{}:{value}}}", Value::from(field)));
                alone.get(field).cloned()
            } else {
                serde_json::from_str(value).ok()
            };
            Some((field.to_owned(), read?))
        });
        Value::Object(read.collect())
    }

    fn parse(&self, stored: &str) -> Value {
        let text = given_back(stored, &self.question.base.0);
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }
}

/// What is known of the records that meet a condition.
enum Known {
    Nothing,
    /// No record has its field, so it does not count.
    NoField,
    /// These do, and no other.
    These(RoaringBitmap),
    /// These may, and no other.
    AtMost(RoaringBitmap),
}

impl Left<'_> {
    fn keep(&mut self, records: RoaringBitmap) {
        self.records = Some(match self.records.take() {
            Some(left) => left & records,
            None => records,
        });
    }

    /// What is left of some.
    fn of<'n>(&self, numbers: Cow<'n, RoaringBitmap>) -> Cow<'n, RoaringBitmap> {
        match &self.records {
            Some(records) => Cow::Owned(records & &*numbers),
            None => numbers,
        }
    }
}

fn size(numbers: &RoaringBitmap) -> usize {
    usize::try_from(numbers.len()).unwrap_or(usize::MAX)
}
