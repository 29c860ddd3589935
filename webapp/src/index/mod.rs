//! The catalogue arranged for lists: each kind in several orders, and by what its items have.
//!
//! Items are numbered, so that a set of them is a bitmap and an order is an array: a page of a
//! filtered list of a million is found in a few milliseconds, and a small delta costs a pass of
//! copying.

mod field;
mod order;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use common::models::{Catalogue, Change, Id, Item, Kind};
use imbl::{OrdMap, Vector};
use roaring::RoaringBitmap;

pub use self::field::{Field, Value};
use self::order::Order;
pub use self::order::Sort;

/// Up to so many items are counted one by one; beyond, value by value.
const COUNTED_SINGLY: u64 = 4096;
/// So many of a field's values, those of most items first, are counted in a larger set.
const COUNTED_VALUES: usize = 200;

/// An item's number: dense, its own while it is there, and later another's.
pub type Number = u32;

/// The arrangement of one version. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Index {
    items: Vector<Option<Arc<Item>>>,
    free: Vector<Number>,
    shelves: [Shelf; 5],
    values: OrdMap<(Field, Value), Arc<RoaringBitmap>>,
}

#[derive(Clone, Debug, Default)]
struct Shelf {
    all: Arc<RoaringBitmap>,
    orders: [Arc<Order>; Sort::ALL.len()],
}

/// What a list is narrowed down to.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Items with this value, whatever its case.
    Is(Field, String),
    /// Items whose value is a number within these bounds.
    Between(Field, RangeInclusive<u32>),
    /// These items, as far as they are of the kind.
    Among(RoaringBitmap),
}

/// A change of an item's number: what it was the number of, and what it is now.
#[derive(Clone, Debug)]
pub struct Renumbered {
    /// The number.
    pub number: Number,
    /// The item that had it.
    pub before: Option<Arc<Item>>,
    /// The item that has it.
    pub after: Option<Arc<Item>>,
}

impl Index {
    /// Arranges a whole catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut index = Self::default();
        let mut values: HashMap<(Field, Value), RoaringBitmap> = HashMap::new();
        for kind in Kind::ALL {
            let mut all = RoaringBitmap::new();
            for item in catalogue.iter(kind) {
                let number = number(index.items.len());
                index.items.push_back(Some(item.clone()));
                all.insert(number);
                for value in field::values(item) {
                    values.entry(value).or_default().insert(number);
                }
            }
            let orders = Sort::ALL.map(|sort| Arc::new(Order::of(sort, &index.items, &all)));
            let all = Arc::new(all);
            index.shelves[kind as usize] = Shelf { all, orders };
        }
        let values = values.into_iter();
        index.values = values
            .map(|(value, numbers)| (value, Arc::new(numbers)))
            .collect();
        index
    }

    /// Goes forward by one version's changes, and says which numbers changed hands.
    pub fn apply(&mut self, changes: &[Change]) -> Vec<Renumbered> {
        let before = self.clone();
        let mut renumbered = Vec::with_capacity(changes.len());
        for change in changes {
            let kept = change.before.as_ref().and_then(|item| before.number(item));
            let Some(number) = kept.or_else(|| change.after.as_ref().map(|_| self.take_number()))
            else {
                continue;
            };
            renumbered.push(Renumbered {
                number,
                before: kept.and_then(|number| before.item(number).cloned()),
                after: change.after.clone(),
            });
        }
        for change in &renumbered {
            self.set(change);
        }
        for kind in Kind::ALL {
            let of_kind: Vec<_> = renumbered
                .iter()
                .filter(|change| change.kind() == Some(kind))
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let shelf = &mut self.shelves[kind as usize];
            for (sort, order) in Sort::ALL.into_iter().zip(&mut shelf.orders) {
                *order = Arc::new(order.after(sort, &before.items, &of_kind));
            }
        }
        renumbered
    }

    fn take_number(&mut self) -> Number {
        self.free.pop_back().unwrap_or_else(|| {
            self.items.push_back(None);
            number(self.items.len() - 1)
        })
    }

    fn set(&mut self, change: &Renumbered) {
        let number = change.number;
        for value in change.before.iter().flat_map(|item| field::values(item)) {
            if let Some(numbers) = self.values.get_mut(&value) {
                Arc::make_mut(numbers).remove(number);
                if numbers.is_empty() {
                    self.values.remove(&value);
                }
            }
        }
        for value in change.after.iter().flat_map(|item| field::values(item)) {
            let numbers = self.values.entry(value).or_default();
            Arc::make_mut(numbers).insert(number);
        }
        if let Some(kind) = change.kind() {
            let all = Arc::make_mut(&mut self.shelves[kind as usize].all);
            if change.after.is_some() {
                all.insert(number);
            } else {
                all.remove(number);
                self.free.push_back(number);
            }
        }
        if let Some(place) = self.items.get_mut(number as usize) {
            place.clone_from(&change.after);
        }
    }

    /// The item with a number.
    pub fn item(&self, number: Number) -> Option<&Arc<Item>> {
        self.items.get(number as usize)?.as_ref()
    }

    /// Every item with its number.
    pub fn numbered(&self) -> impl Iterator<Item = (Number, &Arc<Item>)> {
        let places = self.items.iter().enumerate();
        places.filter_map(|(place, item)| Some((number(place), item.as_ref()?)))
    }

    /// The number of an item of this version.
    pub fn number(&self, item: &Item) -> Option<Number> {
        let order = &self.shelves[item.kind() as usize].orders[Sort::Source as usize];
        let number = order.find(Sort::Source, &self.items, item)?;
        (self.item(number)?.id == item.id).then_some(number)
    }

    /// The numbers of some items of this version.
    pub fn numbers<'a>(&self, items: impl IntoIterator<Item = &'a Arc<Item>>) -> RoaringBitmap {
        let numbers = items.into_iter().filter_map(|item| self.number(item));
        numbers.collect()
    }

    /// The items of a kind that pass every filter.
    pub fn find(&self, kind: Kind, filters: &[Filter]) -> Arc<RoaringBitmap> {
        let all = &self.shelves[kind as usize].all;
        let mut found: Option<RoaringBitmap> = None;
        for filter in filters {
            let passing = self.passing(filter);
            found = Some(match found {
                Some(found) => found & passing,
                None => &**all & passing,
            });
        }
        found.map_or_else(|| all.clone(), Arc::new)
    }

    fn passing(&self, filter: &Filter) -> RoaringBitmap {
        match filter {
            Filter::Is(field, text) => {
                let value = (*field, Value::text(text));
                let numbers = self.values.get(&value);
                numbers
                    .map(|numbers| (**numbers).clone())
                    .unwrap_or_default()
            }
            Filter::Between(field, bounds) => {
                let (least, most) = (Value::Number(*bounds.start()), Value::Number(*bounds.end()));
                if least > most {
                    return RoaringBitmap::new();
                }
                let range = self.values.range((*field, least)..=(*field, most));
                let mut passing = RoaringBitmap::new();
                for (_, numbers) in range {
                    passing |= &**numbers;
                }
                passing
            }
            Filter::Among(numbers) => numbers.clone(),
        }
    }

    /// A stretch of what was found, in an order. Items without the value that it goes by come
    /// last, up or down.
    pub fn page(
        &self,
        kind: Kind,
        found: &RoaringBitmap,
        (sort, descending): (Sort, bool),
        (skip, take): (usize, usize),
    ) -> Vec<&Arc<Item>> {
        let shelf = &self.shelves[kind as usize];
        let everything = found.len() == shelf.all.len();
        let order = &shelf.orders[sort as usize];
        let numbers = if everything {
            order.stretch(descending, skip, take)
        } else {
            order.stretch_of(found, descending, skip, take)
        };
        let items = numbers.into_iter().filter_map(|number| self.item(number));
        items.collect()
    }

    /// The values of a field among what was found, with their counts: the most frequent first,
    /// then by value; in a large set only of the values that are frequent in the whole catalogue.
    pub fn counts(&self, field: Field, found: &RoaringBitmap, most: usize) -> Vec<(String, u64)> {
        let mut counts: Vec<(Value, u64)> = if found.len() <= COUNTED_SINGLY {
            let mut counts: HashMap<Value, u64> = HashMap::new();
            for item in found.iter().filter_map(|number| self.item(number)) {
                for (of, value) in field::values(item) {
                    if of == field {
                        *counts.entry(value).or_default() += 1;
                    }
                }
            }
            counts.into_iter().collect()
        } else {
            let mut values: Vec<_> = self.values_of(field).collect();
            values.sort_unstable_by_key(|(_, numbers)| std::cmp::Reverse(numbers.len()));
            let values = values.into_iter().take(COUNTED_VALUES);
            values
                .map(|(value, numbers)| (value.clone(), numbers.intersection_len(found)))
                .filter(|(_, count)| *count > 0)
                .collect()
        };
        counts.sort_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        counts.truncate(most);
        let counts = counts.into_iter();
        counts
            .map(|(value, count)| (self.written(field, &value), count))
            .collect()
    }

    /// The least and the greatest number of a field in the whole catalogue.
    pub fn bounds(&self, field: Field) -> Option<(u32, u32)> {
        let first = self.values_of(field).next()?.0.number()?;
        let mut range = self.range_of(field);
        let last = range.next_back()?.0.1.number()?;
        Some((first, last))
    }

    fn values_of(&self, field: Field) -> impl Iterator<Item = (&Value, &Arc<RoaringBitmap>)> {
        let range = self.range_of(field);
        range.map(|((_, value), numbers)| (value, numbers))
    }

    fn range_of(
        &self,
        field: Field,
    ) -> impl DoubleEndedIterator<Item = (&(Field, Value), &Arc<RoaringBitmap>)> {
        self.values
            .range((field, Value::Number(0))..=(field, Value::greatest()))
    }

    /// A value as the first item that has it writes it.
    fn written(&self, field: Field, value: &Value) -> String {
        let numbers = self.values.get(&(field, value.clone()));
        let item = numbers
            .and_then(|numbers| numbers.min())
            .and_then(|number| self.item(number));
        let written = item.and_then(|item| {
            let mut texts = field::texts(item).into_iter();
            texts
                .find_map(|(of, text)| (of == field && Value::text(text) == *value).then_some(text))
        });
        written.map_or_else(|| value.to_string(), str::to_owned)
    }

    /// How many of the movies that were found hold each item of a kind, the most frequent first;
    /// none if too many were found to go through them.
    pub fn linked(&self, found: &RoaringBitmap, to: Kind, most: usize) -> Vec<(Id, u64)> {
        if found.len() > COUNTED_SINGLY {
            return Vec::new();
        }
        let mut counts: HashMap<&Id, u64> = HashMap::new();
        for item in found.iter().filter_map(|number| self.item(number)) {
            for (link, id) in item.links() {
                if link.to() == to {
                    *counts.entry(id).or_default() += 1;
                }
            }
        }
        let mut counts: Vec<_> = counts
            .into_iter()
            .map(|(id, count)| (id.clone(), count))
            .collect();
        counts.sort_unstable_by(|(a, more), (b, less)| less.cmp(more).then_with(|| a.cmp(b)));
        counts.truncate(most);
        counts
    }
}

impl Renumbered {
    fn kind(&self) -> Option<Kind> {
        let item = self.after.as_ref().or(self.before.as_ref());
        item.map(|item| item.kind())
    }
}

/// There are never more items than fit into memory, and so never more than a `u32` counts.
fn number(place: usize) -> Number {
    Number::try_from(place).unwrap_or(Number::MAX)
}
