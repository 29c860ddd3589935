#![doc = include_str!("../README.md")]

mod counts;
mod field;
mod history;
mod keys;
mod order;
mod sort;
#[cfg(test)]
mod tests;
mod values;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use common::models::{Catalogue, Change, Item, Kind, Link, Number};
use imbl::OrdMap;
use roaring::{MultiOps as _, RoaringBitmap};

pub use self::counts::Counts;
pub use self::field::{Field, Value};
pub use self::history::net::{Gap, between};
pub use self::history::past::keep;
pub use self::history::{EncodeEvent, History, Version};
use self::keys::Keys;
use self::order::Order;
pub use self::sort::Sort;
use self::values::Values;

/// The arrangement of one version. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct Index {
    catalogue: Catalogue,
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
        let mut index = Self {
            catalogue: catalogue.clone(),
            ..Self::default()
        };
        let mut values = Values::default();
        for kind in Kind::ALL {
            let mut keys = Keys::default();
            for number in catalogue.numbers(kind) {
                let Some(item) = catalogue.item(number) else {
                    continue;
                };
                keys.push(number, &item);
                values.push(number, &item);
            }
            index.shelves[kind as usize] = Shelf {
                all: Arc::new(catalogue.numbers(kind).collect()),
                orders: Order::all_of(&keys).map(Arc::new),
            };
        }
        index.values = values.finish();
        index
    }

    /// Goes forward by one version's changes, after which the catalogue is `after`, and says which
    /// numbers changed hands.
    pub fn apply(&mut self, changes: &[Change], after: &Catalogue) -> Vec<Renumbered> {
        let before = std::mem::replace(&mut self.catalogue, after.clone());
        let mut renumbered = Vec::with_capacity(changes.len());
        for change in changes {
            let numbers = [&before, after].map(|one| one.number(change.kind, &change.id));
            let item = |catalogue: &Catalogue, number| catalogue.item(number);
            match numbers {
                [Some(old), new] if new.is_none_or(|new| new == old) => {
                    renumbered.push(Renumbered {
                        number: old,
                        before: item(&before, old),
                        after: new.and_then(|new| item(after, new)),
                    })
                }
                [old, new] => {
                    renumbered.extend(old.map(|old| Renumbered {
                        number: old,
                        before: item(&before, old),
                        after: None,
                    }));
                    renumbered.extend(new.map(|new| Renumbered {
                        number: new,
                        before: None,
                        after: item(after, new),
                    }));
                }
            }
        }
        // A number that went from one item to another is taken before it is given.
        renumbered.sort_by_key(|change| change.after.is_some());
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
                if let Some(after) = order.after(sort, &before, &of_kind) {
                    *order = Arc::new(after);
                }
            }
        }
        renumbered
    }

    fn set(&mut self, change: &Renumbered) {
        let number = change.number;
        let [before, after] = [&change.before, &change.after].map(|item| {
            let values = item.iter().flat_map(|item| field::values(item));
            values.collect::<BTreeSet<_>>()
        });
        for value in before.difference(&after) {
            if let Some(numbers) = self.values.get_mut(value) {
                Arc::make_mut(numbers).remove(number);
                if numbers.is_empty() {
                    self.values.remove(value);
                }
            }
        }
        for value in after.difference(&before) {
            let numbers = self.values.entry(value.clone()).or_default();
            Arc::make_mut(numbers).insert(number);
        }
        if let Some(kind) = change.kind() {
            let all = Arc::make_mut(&mut self.shelves[kind as usize].all);
            if change.after.is_some() {
                all.insert(number);
            } else {
                all.remove(number);
            }
        }
    }

    /// Makes what filtered lists of movies need, and the source's order of all that is related, so
    /// that the first question need not.
    pub fn warm(&self) {
        for shelf in &self.shelves {
            shelf.orders[Sort::Source as usize].places();
        }
        for order in &self.shelves[Kind::Movie as usize].orders {
            order.places();
        }
    }

    /// The item with a number.
    pub fn item(&self, number: Number) -> Option<Arc<Item>> {
        self.catalogue.item(number)
    }

    /// The number of the item with an id.
    pub fn number(&self, kind: Kind, id: &str) -> Option<Number> {
        self.catalogue.number(kind, id)
    }

    /// The items of a kind in the source's order, as their numbers.
    pub fn in_order(&self, kind: Kind) -> &[Number] {
        self.shelves[kind as usize].orders[Sort::Source as usize].numbers()
    }

    /// The items that hold a relation to this one.
    pub fn linking(&self, link: Link, to: &str) -> RoaringBitmap {
        self.catalogue.linking_numbers(link, to).collect()
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
                range.map(|(_, numbers)| &**numbers).union()
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
        order: (Sort, bool),
        stretch: (usize, usize),
    ) -> Vec<Arc<Item>> {
        let numbers = self.stretch(kind, found, order, stretch).into_iter();
        numbers.filter_map(|number| self.item(number)).collect()
    }

    /// The same as numbers.
    pub fn stretch(
        &self,
        kind: Kind,
        found: &RoaringBitmap,
        (sort, descending): (Sort, bool),
        (skip, take): (usize, usize),
    ) -> Vec<Number> {
        let shelf = &self.shelves[kind as usize];
        let everything = found.len() == shelf.all.len();
        let order = &shelf.orders[sort as usize];
        if everything {
            order.stretch(descending, skip, take)
        } else {
            order.stretch_of(found, descending, skip, take)
        }
    }

    /// Counts these items of a kind by what they have.
    pub fn counts(&self, kind: Kind, found: Arc<RoaringBitmap>) -> Counts<'_> {
        Counts::new(self, kind, found)
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
}

impl Renumbered {
    /// The kind of the item that had it or has it.
    pub fn kind(&self) -> Option<Kind> {
        let item = self.after.as_ref().or(self.before.as_ref());
        item.map(|item| item.kind())
    }
}
