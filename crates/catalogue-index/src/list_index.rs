use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use common::models::{Catalogue, Change, Item, Kind, Link, Number};
use imbl::OrdMap;
use roaring::{MultiOps as _, RoaringBitmap};

use crate::field::{self, Field, FieldValue};
use crate::filmmaker_names::FilmmakerNames;
use crate::numbered_change::{self, NumberedChange};
use crate::order::SortOrder;
use crate::role::Role;
use crate::sort::Sort;
use crate::sort_keys::SortKeys;
use crate::value_builder::ValueBuilder;

/// The indexes of one version of a catalogue. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct ListIndex {
    catalogue: Catalogue,
    kinds: [KindIndex; 5],
    values: OrdMap<(Field, FieldValue), Arc<RoaringBitmap>>,
    filmmakers: [FilmmakerNames; Role::ALL.len()],
}

#[derive(Clone, Debug, Default)]
struct KindIndex {
    all: Arc<RoaringBitmap>,
    orders: [Arc<SortOrder>; Sort::ALL.len()],
}

/// A condition on the items of a list.
#[derive(Clone, Debug)]
pub enum Filter {
    /// Items with this value; case is ignored.
    Is(Field, String),
    /// Items with a number within these bounds.
    Between(Field, RangeInclusive<u32>),
    /// These items, given by number; those of other kinds are ignored.
    Among(RoaringBitmap),
}

impl ListIndex {
    /// Indexes a whole catalogue.
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut index = Self {
            catalogue: catalogue.clone(),
            ..Self::default()
        };
        let mut values = ValueBuilder::default();
        for kind in Kind::ALL {
            let mut keys = SortKeys::default();
            for number in catalogue.numbers(kind) {
                let Some(item) = catalogue.item(number) else {
                    continue;
                };
                keys.push(number, &item);
                values.push(number, &item);
            }
            index.kinds[kind as usize] = KindIndex {
                all: Arc::new(catalogue.numbers(kind).collect()),
                orders: SortOrder::all_of(&keys).map(Arc::new),
            };
        }
        index.values = values.finish();
        for (value, numbers) in &index.values {
            count_movies(&mut index.filmmakers, value, 0, numbers.len());
        }
        index
    }

    /// Applies one version's changes, which lead to the catalogue `after`. Returns them by number.
    pub fn apply(&mut self, changes: &[Change], after: &Catalogue) -> Vec<NumberedChange> {
        let before = std::mem::replace(&mut self.catalogue, after.clone());
        let numbered = numbered_change::by_number(changes, &before, after);
        for change in &numbered {
            self.update_values(change);
        }
        for kind in Kind::ALL {
            let of_kind: Vec<_> = numbered
                .iter()
                .filter(|change| change.kind() == Some(kind))
                .collect();
            if of_kind.is_empty() {
                continue;
            }
            let kind_index = &mut self.kinds[kind as usize];
            for (sort, order) in Sort::ALL.into_iter().zip(&mut kind_index.orders) {
                if let Some(updated) = order.updated(sort, &before, &of_kind) {
                    *order = Arc::new(updated);
                }
            }
        }
        numbered
    }

    fn update_values(&mut self, change: &NumberedChange) {
        let number = change.number;
        let [before, after] = [&change.before, &change.after].map(|item| {
            let values = item.iter().flat_map(|item| field::values(item));
            values.collect::<BTreeSet<_>>()
        });
        for value in before.difference(&after) {
            if let Some(numbers) = self.values.get_mut(value) {
                let count = numbers.len();
                Arc::make_mut(numbers).remove(number);
                count_movies(&mut self.filmmakers, value, count, numbers.len());
                if numbers.is_empty() {
                    self.values.remove(value);
                }
            }
        }
        for value in after.difference(&before) {
            let numbers = self.values.entry(value.clone()).or_default();
            let count = numbers.len();
            Arc::make_mut(numbers).insert(number);
            count_movies(&mut self.filmmakers, value, count, numbers.len());
        }
        if let Some(kind) = change.kind() {
            let all = Arc::make_mut(&mut self.kinds[kind as usize].all);
            if change.after.is_some() {
                all.insert(number);
            } else {
                all.remove(number);
            }
        }
    }

    /// Computes in advance what the first filtered list of movies needs, and the source order of
    /// every kind.
    pub fn warm(&self) {
        for kind_index in &self.kinds {
            kind_index.orders[Sort::Source as usize].positions();
        }
        for order in &self.kinds[Kind::Movie as usize].orders {
            order.positions();
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

    /// The catalogue that is indexed.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// The numbers of all items of a kind.
    pub(crate) fn all(&self, kind: Kind) -> &RoaringBitmap {
        &self.kinds[kind as usize].all
    }

    /// The numbers of all items of a kind, in the source's order.
    pub fn source_order(&self, kind: Kind) -> &[Number] {
        self.kinds[kind as usize].orders[Sort::Source as usize].numbers()
    }

    /// The numbers of the items that link to the item with this id.
    pub fn linking(&self, link: Link, to: &str) -> RoaringBitmap {
        self.catalogue.linking_numbers(link, to).collect()
    }

    /// The numbers of the items of a kind that pass every filter.
    pub fn find(&self, kind: Kind, filters: &[Filter]) -> Arc<RoaringBitmap> {
        let all = &self.kinds[kind as usize].all;
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
                let numbers = self.with_value(*field, &FieldValue::text(text));
                numbers
                    .map(|numbers| (**numbers).clone())
                    .unwrap_or_default()
            }
            Filter::Between(field, bounds) => {
                let [min, max] = [bounds.start(), bounds.end()].map(|n| FieldValue::Number(*n));
                if min > max {
                    return RoaringBitmap::new();
                }
                let range = self.values.range((*field, min)..=(*field, max));
                range.map(|(_, numbers)| &**numbers).union()
            }
            Filter::Among(numbers) => numbers.clone(),
        }
    }

    /// A page of `found` in an order. Items without the value that it sorts by come last in both
    /// directions.
    pub fn page(
        &self,
        kind: Kind,
        found: &RoaringBitmap,
        order: (Sort, bool),
        page: (usize, usize),
    ) -> Vec<Arc<Item>> {
        let numbers = self.page_numbers(kind, found, order, page).into_iter();
        numbers.filter_map(|number| self.item(number)).collect()
    }

    /// The same as [`ListIndex::page`], as numbers.
    pub fn page_numbers(
        &self,
        kind: Kind,
        found: &RoaringBitmap,
        (sort, is_descending): (Sort, bool),
        (offset, limit): (usize, usize),
    ) -> Vec<Number> {
        let kind_index = &self.kinds[kind as usize];
        let order = &kind_index.orders[sort as usize];
        if found.len() == kind_index.all.len() {
            order.page(is_descending, offset, limit)
        } else {
            order.page_of(found, is_descending, offset, limit)
        }
    }

    /// The items before and after this one in an ascending order.
    pub fn neighbours(&self, item: &Item, sort: Sort) -> (Option<Arc<Item>>, Option<Arc<Item>>) {
        let Some(number) = self.number(item.kind(), &item.id) else {
            return (None, None);
        };
        let (before, after) = self.neighbour_numbers(item.kind(), number, sort);
        let item = |number: Option<Number>| self.item(number?);
        (item(before), item(after))
    }

    /// The same as [`ListIndex::neighbours`], as numbers.
    pub fn neighbour_numbers(
        &self,
        kind: Kind,
        number: Number,
        sort: Sort,
    ) -> (Option<Number>, Option<Number>) {
        let order = &self.kinds[kind as usize].orders[sort as usize];
        let Some(position) = order.positions().get(number as usize) else {
            return (None, None);
        };
        let position = *position as usize;
        let at = |position: Option<usize>| order.numbers().get(position?).copied();
        (at(position.checked_sub(1)), at(position.checked_add(1)))
    }

    /// The smallest and the largest number of a field in the whole catalogue.
    pub fn bounds(&self, field: Field) -> Option<(u32, u32)> {
        let mut values = self.values_of(field).map(|(value, _)| value);
        let first = values.next()?.number()?;
        let last = values.next_back().map_or(Some(first), FieldValue::number)?;
        Some((first, last))
    }

    /// The numbers in a field of all items in ascending order, with the items that have each.
    pub fn numbers_of(&self, field: Field) -> impl Iterator<Item = (u32, &RoaringBitmap)> {
        let values = self.values_of(field);
        values.filter_map(|(value, numbers)| Some((value.number()?, &**numbers)))
    }

    /// The items with a value.
    pub(crate) fn with_value(
        &self,
        field: Field,
        value: &FieldValue,
    ) -> Option<&Arc<RoaringBitmap>> {
        self.values.get(&(field, value.clone()))
    }

    /// A text in the spelling of the first item that has it; unchanged if no item has it.
    pub fn as_written(&self, field: Field, text: &str) -> String {
        let value = FieldValue::text(text);
        let numbers = self.with_value(field, &value);
        let item = numbers
            .and_then(|numbers| numbers.min())
            .and_then(|number| self.item(number));
        let written = item.and_then(|item| {
            let mut texts = field::texts(field, &item).into_iter();
            let written = texts.find(|text| FieldValue::text(text) == value);
            written.map(str::to_owned)
        });
        written.unwrap_or_else(|| text.to_owned())
    }

    pub(crate) fn filmmaker_names(&self, role: Role) -> &FilmmakerNames {
        &self.filmmakers[role as usize]
    }

    /// All values of a field in order, with the items that have each.
    pub(crate) fn values_of(
        &self,
        field: Field,
    ) -> impl DoubleEndedIterator<Item = (&FieldValue, &Arc<RoaringBitmap>)> {
        let bounds = (field, FieldValue::Number(0))..=(field, FieldValue::Greatest);
        let range = self.values.range(bounds);
        range.map(|((_, value), numbers)| (value, numbers))
    }
}

/// Updates the number of movies of a filmmaker, if the value is the name of one.
fn count_movies(
    filmmakers: &mut [FilmmakerNames; Role::ALL.len()],
    (field, value): &(Field, FieldValue),
    before: u64,
    after: u64,
) {
    if let (Some(role), FieldValue::Text(name)) = (Role::of(*field), value) {
        filmmakers[role as usize].set_count(role, name, before, after);
    }
}
