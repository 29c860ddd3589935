use imbl::Vector;
use xxhash_rust::xxh3::xxh3_64;

use super::Number;

/// Minimum number of slots.
const MIN_SLOTS: usize = 16;

/// A persistent hash table with linear probing from texts to numbers. A change of a clone costs by
/// its own size, an entry about 12 bytes. The texts are stored elsewhere, so that the caller tells
/// whether a number is of a text.
#[derive(Clone, Debug, Default)]
pub(super) struct HashTable {
    /// The upper half of a hash, then the number + 1; or 0 for a free slot. Their count is a power of
    /// two.
    slots: Vector<u64>,
    len: usize,
}

impl HashTable {
    /// Builds a table; `None` if two texts are equal. `is` tells whether a number is of a
    /// text.
    pub(super) fn of<'a>(
        texts: impl ExactSizeIterator<Item = (&'a [u8], Number)>,
        is: impl Fn(Number, &[u8]) -> bool,
    ) -> Option<Self> {
        let len = texts.len();
        let mut slots = vec![0; (len * 4 / 3 + 1).next_power_of_two().max(MIN_SLOTS)];
        let mask = slots.len() - 1;
        for (text, number) in texts {
            let hash = hash32(text);
            let mut slot = home_slot(hash, slots.len()).unwrap_or_default();
            while let Some((other, there)) = decode(slots[slot]) {
                if other == hash && is(there, text) {
                    return None;
                }
                slot = (slot + 1) & mask;
            }
            slots[slot] = encode(hash, number);
        }
        Some(Self {
            slots: slots.into(),
            len,
        })
    }

    /// The number of a text; `is` tells whether a number is of that text.
    pub(super) fn find(&self, text: &[u8], is: impl Fn(Number) -> bool) -> Option<Number> {
        let hash = hash32(text);
        let mut slot = self.home_slot(hash)?;
        loop {
            let (other, number) = decode(*self.slots.get(slot)?)?;
            if other == hash && is(number) {
                return Some(number);
            }
            slot = self.after(slot);
        }
    }

    /// Inserts the number of a text that has none.
    pub(super) fn insert(&mut self, text: &[u8], number: Number) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        self.put(hash32(text), number);
        self.len += 1;
    }

    /// Removes the number of a text.
    pub(super) fn remove(&mut self, text: &[u8], number: Number) {
        let hash = hash32(text);
        let Some(mut gap) = self.home_slot(hash) else {
            return;
        };
        loop {
            match self.slots.get(gap).and_then(|entry| decode(*entry)) {
                Some(entry) if entry == (hash, number) => break,
                Some(_) => gap = self.after(gap),
                None => return,
            }
        }
        // Entries behind the gap move up, but not before their home slot.
        let mut slot = gap;
        loop {
            slot = self.after(slot);
            let entry = self.slots.get(slot).copied().unwrap_or_default();
            let Some((hash, _)) = decode(entry) else {
                break;
            };
            let mask = self.slots.len() - 1;
            let home_slot = self.home_slot(hash).unwrap_or(slot);
            let (distance, to_gap) = (
                slot.wrapping_sub(home_slot) & mask,
                slot.wrapping_sub(gap) & mask,
            );
            if distance >= to_gap {
                self.slots.set(gap, entry);
                gap = slot;
            }
        }
        self.slots.set(gap, 0);
        self.len -= 1;
    }

    fn put(&mut self, hash: u32, number: Number) {
        let Some(mut slot) = self.home_slot(hash) else {
            return;
        };
        while self.slots.get(slot).is_some_and(|entry| *entry != 0) {
            slot = self.after(slot);
        }
        self.slots.set(slot, encode(hash, number));
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(MIN_SLOTS);
        let empty = Vector::from(vec![0; size]);
        let before = std::mem::replace(&mut self.slots, empty);
        for (hash, number) in before.into_iter().filter_map(decode) {
            self.put(hash, number);
        }
    }

    fn home_slot(&self, hash: u32) -> Option<usize> {
        home_slot(hash, self.slots.len())
    }

    fn after(&self, slot: usize) -> usize {
        (slot + 1) & (self.slots.len() - 1)
    }
}

/// The slot where a search starts: the upper bits of the hash.
fn home_slot(hash: u32, slots: usize) -> Option<usize> {
    let bits = slots.checked_ilog2()?;
    usize::try_from((u64::from(hash) << bits) >> 32).ok()
}

fn encode(hash: u32, number: Number) -> u64 {
    (u64::from(hash) << 32) | (u64::from(number) + 1)
}

fn hash32(text: &[u8]) -> u32 {
    u32::try_from(xxh3_64(text) >> 32).unwrap_or_default()
}

fn decode(entry: u64) -> Option<(u32, Number)> {
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
            let mut table = HashTable::default();
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
                prop_assert_eq!(before.len, map.len());
            }
        }
    }

    #[test]
    fn all_at_once_they_are_found_and_the_same_twice_is_noticed() {
        let texts: Vec<_> = (0..100).map(|number| number.to_string()).collect();
        let of = |texts: &[String]| {
            let is = |number, text: &[u8]| texts[number as usize].as_bytes() == text;
            let numbered = texts.iter().map(String::as_bytes).zip(0..);
            HashTable::of(numbered.collect::<Vec<_>>().into_iter(), is)
        };
        let table = of(&texts).unwrap();
        for (number, text) in (0..).zip(&texts) {
            let is = |other| texts[other as usize] == *text;
            assert_eq!(table.find(text.as_bytes(), is), Some(number));
        }
        assert!(of(&[&*texts, &["7".to_owned()]].concat()).is_none());
    }

    #[test]
    fn texts_with_the_same_hash_are_distinguished() {
        let mut table = HashTable::default();
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
