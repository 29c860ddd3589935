use common::models::{Item, Number};
use text_folding::push_sort_key;

use crate::sort::Sort;

/// The sorts by a number.
const BY_NUMBER: [Sort; 3] = [Sort::Year, Sort::Score, Sort::RunningTime];

/// The sort keys of all items of a kind, in columns, so that each item is unpacked once for all
/// orders.
#[derive(Default)]
pub(crate) struct SortKeys {
    /// In the source's order, like the other columns.
    numbers: Vec<Number>,
    names: Vec<NameKey>,
    /// The concatenated keys of the names.
    name_keys: Vec<u8>,
    by_number: [Vec<Option<u16>>; BY_NUMBER.len()],
}

/// Where the key of a name is.
struct NameKey {
    /// Its first bytes, which decide most comparisons.
    prefix: [u8; 8],
    start: usize,
    end: usize,
}

impl SortKeys {
    /// Adds the next item in the source's order.
    pub(crate) fn push(&mut self, number: Number, item: &Item) {
        self.numbers.push(number);
        let start = self.name_keys.len();
        push_sort_key(&mut self.name_keys, item.name());
        let end = self.name_keys.len();
        let mut prefix = [0; 8];
        for (to, from) in prefix.iter_mut().zip(&self.name_keys[start..]) {
            *to = *from;
        }
        self.names.push(NameKey { prefix, start, end });
        for (sort, keys) in BY_NUMBER.into_iter().zip(&mut self.by_number) {
            keys.push(sort.number(item));
        }
    }

    /// The number of the item in a row.
    pub(crate) fn number(&self, row: usize) -> Number {
        self.numbers.get(row).copied().unwrap_or(Number::MAX)
    }

    /// All rows sorted, and how many have a known key. Rows with equal keys stay in the source's
    /// order, and so do those with an unknown one at the end.
    pub(crate) fn sorted(&self, sort: Sort) -> (Vec<usize>, usize) {
        let mut rows: Vec<usize> = (0..self.numbers.len()).collect();
        if let Some(column) = BY_NUMBER.iter().position(|other| *other == sort) {
            let keys = &self.by_number[column];
            rows.sort_by_key(|row| (keys[*row].is_none(), keys[*row]));
            let known = rows.partition_point(|row| keys[*row].is_some());
            return (rows, known);
        }
        if sort == Sort::Name {
            rows.sort_by(|a, b| self.name_key(*a).cmp(&self.name_key(*b)));
        }
        let known = rows.len();
        (rows, known)
    }

    fn name_key(&self, row: usize) -> ([u8; 8], &[u8]) {
        let name = &self.names[row];
        let key = self.name_keys.get(name.start..name.end);
        (name.prefix, key.unwrap_or_default())
    }
}
