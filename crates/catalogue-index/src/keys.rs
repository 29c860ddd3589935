use common::models::{Item, Number};

use super::sort::{Sort, folded};

/// The orders by a number.
const BY_NUMBER: [Sort; 3] = [Sort::Year, Sort::Score, Sort::RunningTime];

/// What a kind's items are put in order by, so that each is looked at once for all orders.
#[derive(Default)]
pub(super) struct Keys {
    /// In the source's order, as all that follows.
    numbers: Vec<Number>,
    names: Vec<Name>,
    /// The text of all names.
    text: String,
    by_number: [Vec<Option<u16>>; BY_NUMBER.len()],
}

/// A name in the text of all.
struct Name {
    /// Its first bytes, which decide most comparisons.
    first: [u8; 8],
    from: usize,
    to: usize,
}

impl Keys {
    /// Takes in the next item in the source's order.
    pub(super) fn push(&mut self, number: Number, item: &Item) {
        self.numbers.push(number);
        let name = folded(item.name());
        let mut first = [0; 8];
        for (to, from) in first.iter_mut().zip(name.bytes()) {
            *to = from;
        }
        let from = self.text.len();
        self.text.push_str(&name);
        let to = self.text.len();
        self.names.push(Name { first, from, to });
        for (sort, keys) in BY_NUMBER.into_iter().zip(&mut self.by_number) {
            keys.push(sort.number(item));
        }
    }

    /// The number of the item in a place of the source's order.
    pub(super) fn number(&self, place: usize) -> Number {
        self.numbers.get(place).copied().unwrap_or(Number::MAX)
    }

    /// The places in an order, equal ones and at last unknown ones in the source's, and how many
    /// are known.
    pub(super) fn sorted(&self, sort: Sort) -> (Vec<usize>, usize) {
        let mut places: Vec<usize> = (0..self.numbers.len()).collect();
        if let Some(which) = BY_NUMBER.iter().position(|other| *other == sort) {
            let keys = &self.by_number[which];
            places.sort_by_key(|place| (keys[*place].is_none(), keys[*place]));
            let known = places.partition_point(|place| keys[*place].is_some());
            return (places, known);
        }
        if sort == Sort::Name {
            places.sort_by(|a, b| self.name(*a).cmp(&self.name(*b)));
        }
        let known = places.len();
        (places, known)
    }

    fn name(&self, place: usize) -> ([u8; 8], &str) {
        let name = &self.names[place];
        let text = self.text.get(name.from..name.to).unwrap_or_default();
        (name.first, text)
    }
}
