//! An inverted index of stored records by field and value, so that a query reads few of them.
//!
//! Values are kept in their stored form, because the rules of the query language depend on it.

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roaring::{MultiOps as _, RoaringBitmap};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The values of a field with more distinct ones (titles, URLs, lists) are not indexed.
const MAX_VALUES: usize = 4096;
/// Nor are those of a field with a longer one.
const MAX_VALUE_BYTES: usize = 200;
/// Records with more distinct fields are not indexed at all.
const MAX_FIELDS: usize = 256;

/// For each field its values, and for each value the numbers of the records with it. Clones share
/// unchanged parts.
#[derive(Clone, Debug, Default)]
pub struct FieldIndex {
    all: RoaringBitmap,
    by_name: HashMap<Box<str>, Arc<FieldPostings>>,
    has_too_many_fields: bool,
}

#[derive(Clone, Debug)]
struct FieldPostings {
    /// Number of records with the field.
    count: u64,
    /// By stored form; `None` if there are too many.
    values: Option<HashMap<Arc<str>, Arc<RoaringBitmap>>>,
}

impl Default for FieldPostings {
    fn default() -> Self {
        Self {
            count: 0,
            values: Some(HashMap::new()),
        }
    }
}

/// Values in their stored form, each with the records that have it; `None` for those without the
/// field.
pub(super) type ValuePostings<'a> = Vec<(Option<&'a str>, Cow<'a, RoaringBitmap>)>;

impl FieldIndex {
    /// Adds a record.
    pub fn insert(&mut self, number: u32, record: &RecordFields<'_>) {
        self.update(number, &RecordFields::default(), record);
        if !self.has_too_many_fields {
            self.all.insert(number);
        }
    }

    /// Removes a record, given its indexed fields.
    pub fn remove(&mut self, number: u32, record: &RecordFields<'_>) {
        self.update(number, record, &RecordFields::default());
        self.all.remove(number);
    }

    /// Replaces the fields of a record, given those that are indexed.
    pub fn update(&mut self, number: u32, before: &RecordFields<'_>, after: &RecordFields<'_>) {
        for (BorrowedStr(name), value) in before.difference(after) {
            if let Some(field) = self.by_name.get_mut(&**name) {
                let field = Arc::make_mut(field);
                field.remove(number, value);
                if field.count == 0 {
                    self.by_name.remove(&**name);
                }
            }
        }
        for (BorrowedStr(name), value) in after.difference(before) {
            if let Some(field) = self.by_name.get_mut(&**name) {
                Arc::make_mut(field).insert(number, value);
            } else if self.has_too_many_fields {
                return;
            } else if self.by_name.len() < MAX_FIELDS {
                let mut field = FieldPostings::default();
                field.insert(number, value);
                self.by_name.insert((&**name).into(), Arc::new(field));
            } else {
                *self = Self {
                    has_too_many_fields: true,
                    ..Self::default()
                };
                return;
            }
        }
    }

    /// Whether the index is usable: the records do not have too many distinct fields.
    pub fn is_usable(&self) -> bool {
        !self.has_too_many_fields
    }

    /// Whether any record has this field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// `None` if the field has too many values.
    pub(super) fn values(&self, name: &str) -> Option<ValuePostings<'_>> {
        let field = self.by_name.get(name);
        let values = match field {
            Some(field) => field.values.as_ref()?.iter().collect(),
            None => Vec::new(),
        };
        let count = field.map_or(0, |field| field.count);
        let absent = if self.all.len() == count {
            RoaringBitmap::new()
        } else {
            &self.all - values.iter().map(|(_, numbers)| &***numbers).union()
        };
        let absent = (!absent.is_empty()).then_some((None, Cow::Owned(absent)));
        let present = values
            .into_iter()
            .map(|(value, numbers)| (Some(&**value), Cow::Borrowed(&**numbers)));
        Some(present.chain(absent).collect())
    }
}

impl FieldPostings {
    fn insert(&mut self, number: u32, value: &str) {
        self.count += 1;
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(numbers) = values.get_mut(value) {
            Arc::make_mut(numbers).insert(number);
        } else if values.len() < MAX_VALUES && value.len() <= MAX_VALUE_BYTES {
            let numbers = RoaringBitmap::from_iter([number]);
            values.insert(value.into(), Arc::new(numbers));
        } else {
            self.values = None;
        }
    }

    fn remove(&mut self, number: u32, value: &str) {
        self.count = self.count.saturating_sub(1);
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(numbers) = values.get_mut(value) {
            Arc::make_mut(numbers).remove(number);
            if numbers.is_empty() {
                values.remove(value);
            }
        }
    }
}

/// The fields of a record with their values in stored form. Empty if any value cannot be parsed.
/// The last of repeated fields counts.
#[derive(Default)]
pub struct RecordFields<'a>(BTreeMap<BorrowedStr<'a>, &'a RawValue>);

impl<'a> RecordFields<'a> {
    /// Parses a stored record.
    pub fn parse(stored: &'a str) -> Self {
        let fields: BTreeMap<_, &RawValue> = serde_json::from_str(stored).unwrap_or_default();
        let can_parse = |value: &RawValue| {
            let is_string = value.get().starts_with('"');
            is_string || serde_json::from_str::<Value>(value.get()).is_ok()
        };
        if fields.values().all(|value| can_parse(value)) {
            Self(fields)
        } else {
            Self(BTreeMap::new())
        }
    }

    /// The fields with another value or none in `other`.
    fn difference(&self, other: &Self) -> impl Iterator<Item = (&BorrowedStr<'a>, &'a str)> {
        let fields = self.0.iter().map(|(name, value)| (name, value.get()));
        fields.filter(|(BorrowedStr(name), value)| other.get(name) != Some(*value))
    }

    /// The value of a field in stored form.
    pub(super) fn get(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).map(|value| value.get())
    }
}

/// A JSON string, borrowed if it has no escapes.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BorrowedStr<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Borrow<str> for BorrowedStr<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}
