use std::cmp::Ordering;
use std::sync::OnceLock;

use common::models::{Catalogue, Item, Number};
use roaring::RoaringBitmap;

use super::Renumbered;
use super::keys::Keys;
use super::sort::{Sort, folded};

/// Up to so many items are put in order by comparing them, more by marking their places.
const SORTED: u64 = 1024;

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(i64),
    Text(Box<str>),
}

/// What an item is put in order by; `None` if that is unknown.
fn key(sort: Sort, item: &Item) -> Option<Key> {
    match sort {
        Sort::Source => Some(Key::Number(item.rank)),
        Sort::Name => Some(Key::Text(folded(item.name()))),
        _ => sort.number(item).map(|number| Key::Number(number.into())),
    }
}

/// Where an item stands in an order: unknown keys last, then by rank.
type Place = (bool, Option<Key>, i64);

fn place(sort: Sort, item: &Item) -> Place {
    let key = key(sort, item);
    (key.is_none(), key, item.rank)
}

/// The items of a kind in one order.
#[derive(Debug, Default)]
pub(super) struct Order {
    numbers: Vec<Number>,
    /// How many of them have the value that the order goes by; the others follow.
    known: usize,
    /// The place of each number, made when it is first needed.
    places: OnceLock<Vec<u32>>,
}

impl Order {
    /// All five orders of a kind, in that of [`Sort::ALL`].
    pub(super) fn all_of(keys: &Keys) -> [Self; Sort::ALL.len()] {
        Sort::ALL.map(|sort| {
            let (places, known) = keys.sorted(sort);
            Self {
                numbers: places.into_iter().map(|place| keys.number(place)).collect(),
                known,
                places: OnceLock::new(),
            }
        })
    }

    /// This order after some changes to `before`; nothing if none of them changes it.
    pub(super) fn after(
        &self,
        sort: Sort,
        before: &Catalogue,
        changes: &[&Renumbered],
    ) -> Option<Self> {
        let (mut gone, mut known) = (RoaringBitmap::new(), self.known);
        let mut come = Vec::new();
        for change in changes {
            let was = change.before.as_ref().map(|item| place(sort, item));
            let is = change.after.as_ref().map(|item| place(sort, item));
            if was == is {
                continue;
            }
            if let Some((is_unknown, ..)) = was {
                gone.insert(change.number);
                known -= usize::from(!is_unknown);
            }
            if let Some(is) = is {
                known += usize::from(!is.0);
                come.push((is, change.number));
            }
        }
        if gone.is_empty() && come.is_empty() {
            return None;
        }
        come.sort_unstable();
        let mut numbers = Vec::with_capacity(self.numbers.len() + come.len());
        let mut done = 0;
        let mut copy = |numbers: &mut Vec<Number>, until: usize| {
            let stretch = &self.numbers[done..until];
            numbers.extend(stretch.iter().filter(|number| !gone.contains(**number)));
            done = until;
        };
        for (place, number) in come {
            let until = self
                .numbers
                .partition_point(|other| compare(sort, before, *other, &place) == Ordering::Less);
            copy(&mut numbers, until);
            numbers.push(number);
        }
        copy(&mut numbers, self.numbers.len());
        Some(Self {
            known,
            numbers,
            places: OnceLock::new(),
        })
    }

    /// All numbers in this order.
    pub(super) fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    /// A stretch of all.
    pub(super) fn stretch(&self, descending: bool, skip: usize, take: usize) -> Vec<Number> {
        let from = skip.min(self.numbers.len());
        let until = skip.saturating_add(take).min(self.numbers.len());
        let places = from..until;
        places
            .map(|place| self.numbers[self.turned(place, descending)])
            .collect()
    }

    /// A stretch of some.
    pub(super) fn stretch_of(
        &self,
        some: &RoaringBitmap,
        descending: bool,
        skip: usize,
        take: usize,
    ) -> Vec<Number> {
        let places = self.places();
        let places = some.iter().filter_map(|number| {
            let place = *places.get(number as usize)?;
            Some(self.turned(place as usize, descending))
        });
        let chosen: Vec<usize> = if some.len() <= SORTED {
            let mut places: Vec<_> = places.collect();
            places.sort_unstable();
            places.into_iter().skip(skip).take(take).collect()
        } else {
            let mut marked = vec![0_u64; self.numbers.len().div_ceil(64)];
            for place in places {
                marked[place / 64] |= 1 << (place % 64);
            }
            marks(&marked, skip).take(take).collect()
        };
        let chosen = chosen.into_iter();
        chosen
            .map(|place| self.numbers[self.turned(place, descending)])
            .collect()
    }

    /// A place counted from the other end of the known ones; the same again gives it back.
    fn turned(&self, place: usize, descending: bool) -> usize {
        if descending && place < self.known {
            self.known - 1 - place
        } else {
            place
        }
    }

    pub(super) fn places(&self) -> &[u32] {
        self.places.get_or_init(|| {
            let most = self
                .numbers
                .iter()
                .max()
                .map_or(0, |most| *most as usize + 1);
            let mut places = vec![u32::MAX; most];
            for (place, number) in (0..).zip(&self.numbers) {
                places[*number as usize] = place;
            }
            places
        })
    }
}

fn compare(sort: Sort, catalogue: &Catalogue, number: Number, other: &Place) -> Ordering {
    let item = catalogue.item(number);
    item.map_or(Ordering::Less, |item| place(sort, &item).cmp(other))
}

/// The places of the marks, but for the first `skip`.
fn marks(words: &[u64], mut skip: usize) -> impl Iterator<Item = usize> {
    let mut first = 0;
    for word in words {
        let count = word.count_ones() as usize;
        if count > skip {
            break;
        }
        skip -= count;
        first += 1;
    }
    let rest = words.iter().enumerate().skip(first);
    rest.flat_map(|(at, word)| {
        let mut word = *word;
        std::iter::from_fn(move || {
            let bit = (word != 0).then(|| word.trailing_zeros() as usize)?;
            word &= word - 1;
            Some(at * 64 + bit)
        })
    })
    .skip(skip)
}
