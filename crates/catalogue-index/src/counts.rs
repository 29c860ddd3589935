use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use common::models::{Id, Kind, Link};
use roaring::RoaringBitmap;

use super::field::{self, Field, Value};
use super::{Index, Number};

/// Up to so many items are counted one by one; beyond, value by value.
const COUNTED_SINGLY: u64 = 4096;
/// So many of a field's values, those of most items first, are counted in a larger set.
const COUNTED_VALUES: usize = 200;
/// A set is thin if it has at most one in so many of the numbers up to its highest: then it is
/// mostly held as lists of numbers, in which looking up takes longer than in bits.
const THIN: u64 = 8;

/// Some items of a kind, to be counted by what they have.
#[derive(Debug)]
pub struct Counts<'a> {
    index: &'a Index,
    kind: Kind,
    found: Arc<RoaringBitmap>,
    /// All that few items have, counted in one pass.
    singly: OnceLock<Singly>,
    /// The kind's other items, made where it is needed.
    others: OnceLock<RoaringBitmap>,
}

#[derive(Debug, Default)]
struct Singly {
    values: HashMap<(Field, Value), u64>,
    held: HashMap<Link, Vec<(Id, u64)>>,
}

impl<'a> Counts<'a> {
    pub(super) fn new(index: &'a Index, kind: Kind, found: Arc<RoaringBitmap>) -> Self {
        Self {
            index,
            kind,
            found,
            singly: OnceLock::new(),
            others: OnceLock::new(),
        }
    }

    /// The values of a field with their counts: the most frequent first, then by value; in a large
    /// set only of the values that are frequent in the whole catalogue.
    pub fn values(&self, field: Field, most: usize) -> Vec<(String, u64)> {
        let mut counts: Vec<(Value, u64)> = if self.are_few() && !field.is_number() {
            let values = self.singly().values.iter();
            let of_field = values.filter(|((of, _), _)| *of == field);
            of_field
                .map(|((_, value), count)| (value.clone(), *count))
                .collect()
        } else {
            self.by_value(field)
        };
        counts.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        counts.truncate(most);
        let counts = counts.into_iter();
        counts
            .map(|(value, count)| (self.index.written(field, &value), count))
            .collect()
    }

    /// How many of the movies hold each item of a relation, the most frequent first; none if they
    /// are too many to go through them.
    pub fn held(&self, link: Link) -> &[(Id, u64)] {
        if !self.are_few() {
            return &[];
        }
        let held = self.singly().held.get(&link);
        held.map(Vec::as_slice).unwrap_or_default()
    }

    fn are_few(&self) -> bool {
        self.found.len() <= COUNTED_SINGLY
    }

    fn singly(&self) -> &Singly {
        self.singly.get_or_init(|| match self.kind {
            Kind::Movie => Singly::of_movies(self.index, self.found.iter()),
            _ => Singly::of_others(self.index, self.found.iter()),
        })
    }

    fn by_value(&self, field: Field) -> Vec<(Value, u64)> {
        let values = self.index.values_of(field);
        let mut values: Vec<_> = values
            .map(|(value, numbers)| (Reverse(numbers.len()), value, numbers))
            .collect();
        if values.len() > COUNTED_VALUES {
            values.select_nth_unstable_by_key(COUNTED_VALUES, |(count, ..)| *count);
            values.truncate(COUNTED_VALUES);
        }
        let values = values.into_iter();
        values
            .map(|(_, value, numbers)| (value.clone(), self.shared_with(field, numbers)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// How many of the items with a value of a field were found.
    fn shared_with(&self, field: Field, numbers: &RoaringBitmap) -> u64 {
        let all = &self.index.shelves[self.kind as usize].all;
        let of_kind = || match field.kinds().count() {
            1 => numbers.len(),
            _ => numbers.intersection_len(all),
        };
        if self.found.len() == all.len() {
            return of_kind();
        }
        let most = self.found.max().unwrap_or_default();
        if self.found.len() * THIN > most.into() {
            return numbers.intersection_len(&self.found);
        }
        // The others of the kind are many, and so held as bits.
        let others = self.others.get_or_init(|| &**all - &*self.found);
        of_kind() - numbers.intersection_len(others)
    }
}

impl Singly {
    /// Movies, without unpacking them.
    fn of_movies(index: &Index, found: impl Iterator<Item = Number>) -> Self {
        let catalogue = &index.catalogue;
        let mut texts: HashMap<(Field, &str), u64> = HashMap::new();
        let mut held: HashMap<(Link, &[u8]), u64> = HashMap::new();
        for number in found {
            let Some(credits) = catalogue.credits(number) else {
                continue;
            };
            for (field, text) in field::credited(&credits) {
                *texts.entry((field, text)).or_default() += 1;
            }
            for held_by in catalogue.links(number) {
                *held.entry(held_by).or_default() += 1;
            }
        }
        let mut singly = Self::default();
        for ((link, id), count) in held {
            let id = common::models::read_id(id);
            if link == Link::MovieSpecies {
                let species = (Field::Species, Value::text(&id));
                *singly.values.entry(species).or_default() += count;
            }
            singly.held.entry(link).or_default().push((id, count));
        }
        for counts in singly.held.values_mut() {
            counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        }
        for ((field, text), count) in texts {
            *singly.values.entry((field, Value::text(text))).or_default() += count;
        }
        singly
    }

    fn of_others(index: &Index, found: impl Iterator<Item = Number>) -> Self {
        let mut singly = Self::default();
        for item in found.filter_map(|number| index.item(number)) {
            for value in field::values(&item) {
                *singly.values.entry(value).or_default() += 1;
            }
        }
        singly
    }
}

impl Index {
    /// A value as the first item that has it writes it.
    fn written(&self, field: Field, value: &Value) -> String {
        let numbers = self.values.get(&(field, value.clone()));
        let item = numbers
            .and_then(|numbers| numbers.min())
            .and_then(|number| self.item(number));
        let written = item.and_then(|item| {
            let mut texts = field::texts(field, &item).into_iter();
            let written = texts.find(|text| Value::text(text) == *value);
            written.map(str::to_owned)
        });
        written.unwrap_or_else(|| value.to_string())
    }
}
