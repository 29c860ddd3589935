use imbl::Vector;
use xxhash_rust::xxh3::xxh3_64;

use super::Number;

/// How many places a table has at first.
const LEAST: usize = 16;

/// Finds numbers by text: a hash table that shares what it can with its clones, so that a change
/// costs by its own size, at some 12 bytes a text. The texts stand elsewhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    /// Half a hash with a number and 1 behind it, or 0. As many as a power of two.
    places: Vector<u64>,
    taken: usize,
}

impl Table {
    /// The numbers of texts; none if two of them are the same. `is` tells whether a number is of a
    /// text.
    pub(super) fn of<'a>(
        texts: impl ExactSizeIterator<Item = (&'a [u8], Number)>,
        is: impl Fn(Number, &[u8]) -> bool,
    ) -> Option<Self> {
        let taken = texts.len();
        let mut places = vec![0; (taken * 4 / 3 + 1).next_power_of_two().max(LEAST)];
        let mask = places.len() - 1;
        for (text, number) in texts {
            let half = half_of_hash(text);
            let mut place = home(half, places.len()).unwrap_or_default();
            while let Some((other, there)) = apart(places[place]) {
                if other == half && is(there, text) {
                    return None;
                }
                place = (place + 1) & mask;
            }
            places[place] = entry(half, number);
        }
        Some(Self {
            places: places.into(),
            taken,
        })
    }

    /// The number of a text; `is` tells whether a number is of that text.
    pub(super) fn find(&self, text: &[u8], is: impl Fn(Number) -> bool) -> Option<Number> {
        let half = half_of_hash(text);
        let mut place = self.home(half)?;
        loop {
            let (other, number) = apart(*self.places.get(place)?)?;
            if other == half && is(number) {
                return Some(number);
            }
            place = self.after(place);
        }
    }

    /// Puts in the number of a text that has none.
    pub(super) fn insert(&mut self, text: &[u8], number: Number) {
        if (self.taken + 1) * 4 > self.places.len() * 3 {
            self.grow();
        }
        self.put(half_of_hash(text), number);
        self.taken += 1;
    }

    /// Takes out the number of a text.
    pub(super) fn remove(&mut self, text: &[u8], number: Number) {
        let half = half_of_hash(text);
        let Some(mut gap) = self.home(half) else {
            return;
        };
        loop {
            match self.places.get(gap).and_then(|entry| apart(*entry)) {
                Some(entry) if entry == (half, number) => break,
                Some(_) => gap = self.after(gap),
                None => return,
            }
        }
        // What stands behind it moves up, as far as it may.
        let mut place = gap;
        loop {
            place = self.after(place);
            let entry = self.places.get(place).copied().unwrap_or_default();
            let Some((half, _)) = apart(entry) else {
                break;
            };
            let mask = self.places.len() - 1;
            let home = self.home(half).unwrap_or(place);
            let (way, to_gap) = (
                place.wrapping_sub(home) & mask,
                place.wrapping_sub(gap) & mask,
            );
            if way >= to_gap {
                self.places.set(gap, entry);
                gap = place;
            }
        }
        self.places.set(gap, 0);
        self.taken -= 1;
    }

    fn put(&mut self, half: u32, number: Number) {
        let Some(mut place) = self.home(half) else {
            return;
        };
        while self.places.get(place).is_some_and(|entry| *entry != 0) {
            place = self.after(place);
        }
        self.places.set(place, entry(half, number));
    }

    fn grow(&mut self) {
        let size = (self.places.len() * 2).max(LEAST);
        let empty = Vector::from(vec![0; size]);
        let before = std::mem::replace(&mut self.places, empty);
        for (half, number) in before.into_iter().filter_map(apart) {
            self.put(half, number);
        }
    }

    fn home(&self, half: u32) -> Option<usize> {
        home(half, self.places.len())
    }

    fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }
}

/// The place where a search begins: by the upper bits of the half.
fn home(half: u32, places: usize) -> Option<usize> {
    let bits = places.checked_ilog2()?;
    usize::try_from((u64::from(half) << bits) >> 32).ok()
}

fn entry(half: u32, number: Number) -> u64 {
    (u64::from(half) << 32) | (u64::from(number) + 1)
}

fn half_of_hash(text: &[u8]) -> u32 {
    u32::try_from(xxh3_64(text) >> 32).unwrap_or_default()
}

fn apart(entry: u64) -> Option<(u32, Number)> {
    let number = u32::try_from(entry & 0xffff_ffff).ok()?.checked_sub(1)?;
    Some((u32::try_from(entry >> 32).ok()?, number))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(steps in vec((0..40_u32, any::<bool>()), 0..300)) {
            let texts: Vec<_> = (0..40).map(|number| number.to_string()).collect();
            let mut table = Table::default();
            let mut map = BTreeMap::new();
            for (number, there) in steps {
                let text = texts[number as usize].as_bytes();
                if map.contains_key(&number) && !there {
                    table.remove(text, number);
                    map.remove(&number);
                } else if !map.contains_key(&number) && there {
                    table.insert(text, number);
                    map.insert(number, ());
                }
                let before = table.clone();
                for (number, text) in (0..).zip(&texts) {
                    let is = |other| texts[other as usize] == *text;
                    let found = table.find(text.as_bytes(), is);
                    prop_assert_eq!(found, map.contains_key(&number).then_some(number));
                }
                prop_assert_eq!(before.taken, map.len());
            }
        }
    }

    #[test]
    fn all_at_once_they_are_found_and_the_same_twice_is_noticed() {
        let texts: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let of = |texts: &[String]| {
            let is = |number, text: &[u8]| texts[number as usize].as_bytes() == text;
            let numbered = texts.iter().map(String::as_bytes).zip(0..);
            Table::of(numbered.collect::<Vec<_>>().into_iter(), is)
        };
        let table = of(&texts).unwrap();
        for (number, text) in (0..).zip(&texts) {
            let is = |other| texts[other as usize] == *text;
            assert_eq!(table.find(text.as_bytes(), is), Some(number));
        }
        assert!(of(&[&*texts, &["7".to_owned()]].concat()).is_none());
    }

    #[test]
    fn texts_of_one_hash_are_told_apart() {
        let mut table = Table::default();
        for number in 0..100 {
            table.insert(b"the same", number);
        }
        for wanted in 0..100 {
            assert_eq!(
                table.find(b"the same", |number| number == wanted),
                Some(wanted)
            );
        }
        table.remove(b"the same", 50);
        assert_eq!(table.find(b"the same", |number| number == 50), None);
        assert_eq!(table.find(b"the same", |number| number == 99), Some(99));
    }
}
