//! What the records of a collection say, by field, so that a question to many needs to look at few.

use std::borrow::{Borrow, Cow};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roaring::{MultiOps as _, RoaringBitmap};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A field with more different values is not told apart by them: titles, addresses, lists.
const MOST_VALUES: usize = 4096;
/// Nor is one with a longer value, in bytes.
const LONGEST_VALUE: usize = 200;
/// Of records with more different fields nothing is kept.
const MOST_FIELDS: usize = 256;

/// The values of each field, with the numbers of the records that have them. A clone shares what
/// neither changes.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    all: RoaringBitmap,
    by_name: HashMap<Box<str>, Arc<Field>>,
    are_too_many: bool,
}

#[derive(Clone, Debug)]
struct Field {
    /// How many records have it.
    count: u64,
    /// By their stored form; none if they are too many.
    values: Option<HashMap<Arc<str>, Arc<RoaringBitmap>>>,
}

impl Default for Field {
    fn default() -> Self {
        Self {
            count: 0,
            values: Some(HashMap::new()),
        }
    }
}

/// Values in their stored form, each with the records that have it.
pub(super) type Values<'a> = Vec<(Option<&'a str>, Cow<'a, RoaringBitmap>)>;

impl Fields {
    /// Takes in a record.
    pub fn insert(&mut self, number: u32, said: &Said<'_>) {
        self.change(number, &Said::default(), said);
        if !self.are_too_many {
            self.all.insert(number);
        }
    }

    /// Takes out a record that was taken in.
    pub fn remove(&mut self, number: u32, said: &Said<'_>) {
        self.change(number, said, &Said::default());
        self.all.remove(number);
    }

    /// Takes in what a record says instead of what it said when it was taken in.
    pub fn change(&mut self, number: u32, before: &Said<'_>, after: &Said<'_>) {
        for (Text(name), value) in before.but_for(after) {
            if let Some(field) = self.by_name.get_mut(&**name) {
                let field = Arc::make_mut(field);
                field.remove(number, value);
                if field.count == 0 {
                    self.by_name.remove(&**name);
                }
            }
        }
        for (Text(name), value) in after.but_for(before) {
            if let Some(field) = self.by_name.get_mut(&**name) {
                Arc::make_mut(field).insert(number, value);
            } else if self.are_too_many {
                return;
            } else if self.by_name.len() < MOST_FIELDS {
                let mut field = Field::default();
                field.insert(number, value);
                self.by_name.insert((&**name).into(), Arc::new(field));
            } else {
                *self = Self {
                    are_too_many: true,
                    ..Self::default()
                };
                return;
            }
        }
    }

    /// Whether they are few enough to be known.
    pub fn are_known(&self) -> bool {
        !self.are_too_many
    }

    /// Whether a record has this field.
    pub(super) fn has(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The values of a field in their stored form, each with the records that have it; those
    /// without the field, if there are any, have none. Nothing is told of a field with too many.
    pub(super) fn values(&self, name: &str) -> Option<Values<'_>> {
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
        let none = (!absent.is_empty()).then_some((None, Cow::Owned(absent)));
        let each = values
            .into_iter()
            .map(|(value, numbers)| (Some(&**value), Cow::Borrowed(&**numbers)));
        Some(each.chain(none).collect())
    }
}

impl Field {
    fn insert(&mut self, number: u32, value: &str) {
        self.count += 1;
        let Some(values) = &mut self.values else {
            return;
        };
        if let Some(numbers) = values.get_mut(value) {
            Arc::make_mut(numbers).insert(number);
        } else if values.len() < MOST_VALUES && value.len() <= LONGEST_VALUE {
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

/// The fields of a record as they stand in its stored form; none if it cannot be read as a whole.
/// Of a repeated one the last counts.
#[derive(Default)]
pub struct Said<'a>(BTreeMap<Text<'a>, &'a RawValue>);

impl<'a> Said<'a> {
    /// Reads a stored record.
    pub fn of(stored: &'a str) -> Self {
        let fields: BTreeMap<_, &RawValue> = serde_json::from_str(stored).unwrap_or_default();
        let is_readable = |value: &RawValue| {
            let is_text = value.get().starts_with('"');
            is_text || serde_json::from_str::<Value>(value.get()).is_ok()
        };
        if fields.values().all(|value| is_readable(value)) {
            Self(fields)
        } else {
            Self(BTreeMap::new())
        }
    }

    /// The fields of which another record does not say the same, with their values.
    fn but_for(&self, other: &Self) -> impl Iterator<Item = (&Text<'a>, &'a str)> {
        let fields = self.0.iter().map(|(name, value)| (name, value.get()));
        fields.filter(|(Text(name), value)| other.get(name) != Some(*value))
    }

    /// What stands in a field.
    pub(super) fn get(&self, field: &str) -> Option<&'a str> {
        self.0.get(field).map(|value| value.get())
    }
}

/// Borrowed wherever it can be.
#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}
