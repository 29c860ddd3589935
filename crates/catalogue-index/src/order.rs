use std::cmp::Ordering;
use std::sync::OnceLock;

use common::models::{Catalogue, Item, Number};
use fixedbitset::FixedBitSet;
use roaring::RoaringBitmap;
use text_folding::sort_key;

use crate::numbered_change::NumberedChange;
use crate::sort::Sort;
use crate::sort_keys::SortKeys;

/// Up to this many positions are sorted by comparison; more are set in a bitset.
const MAX_SORTED_POSITIONS: u64 = 1024;

/// The key of an item in an order: items with an unknown value last, then by value, then
/// by rank.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SortKey {
    is_unknown: bool,
    value: Option<SortValue>,
    rank: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SortValue {
    Number(i64),
    /// The [`sort_key`].
    Name(Vec<u8>),
}

impl SortKey {
    fn of(sort: Sort, item: &Item) -> Self {
        let value = match sort {
            Sort::Source => Some(SortValue::Number(item.rank)),
            Sort::Name => Some(SortValue::Name(sort_key(item.name()))),
            _ => {
                let number = sort.number(item);
                number.map(|number| SortValue::Number(number.into()))
            }
        };
        Self {
            is_unknown: value.is_none(),
            value,
            rank: item.rank,
        }
    }
}

/// The items of a kind in one order.
#[derive(Debug, Default)]
pub(crate) struct SortOrder {
    numbers: Vec<Number>,
    /// The number of them with a known value; the others follow.
    known: usize,
    /// The position of each number, computed on first use.
    positions: OnceLock<Vec<u32>>,
}

impl SortOrder {
    /// The orders of a kind, in that of [`Sort::ALL`].
    pub(crate) fn all_of(keys: &SortKeys) -> [Self; Sort::ALL.len()] {
        Sort::ALL.map(|sort| {
            let (rows, known) = keys.sorted(sort);
            Self {
                numbers: rows.into_iter().map(|row| keys.number(row)).collect(),
                known,
                positions: OnceLock::new(),
            }
        })
    }

    /// This order after some changes to `before`; `None` if none of them affects it.
    pub(crate) fn updated(
        &self,
        sort: Sort,
        before: &Catalogue,
        changes: &[&NumberedChange],
    ) -> Option<Self> {
        let (mut removed, mut known) = (RoaringBitmap::new(), self.known);
        let mut inserted = Vec::new();
        for change in changes {
            let old = change.before.as_ref().map(|item| SortKey::of(sort, item));
            let new = change.after.as_ref().map(|item| SortKey::of(sort, item));
            if old == new {
                continue;
            }
            if let Some(old) = old {
                removed.insert(change.number);
                known -= usize::from(!old.is_unknown);
            }
            if let Some(new) = new {
                known += usize::from(!new.is_unknown);
                inserted.push((new, change.number));
            }
        }
        if removed.is_empty() && inserted.is_empty() {
            return None;
        }
        inserted.sort_unstable();
        let mut numbers = Vec::with_capacity(self.numbers.len() + inserted.len());
        let mut copied = 0;
        let mut copy_until = |numbers: &mut Vec<Number>, end: usize| {
            let kept = self.numbers[copied..end].iter();
            numbers.extend(kept.filter(|number| !removed.contains(**number)));
            copied = end;
        };
        for (key, number) in inserted {
            let end = self
                .numbers
                .partition_point(|other| compare(sort, before, *other, &key) == Ordering::Less);
            copy_until(&mut numbers, end);
            numbers.push(number);
        }
        copy_until(&mut numbers, self.numbers.len());
        Some(Self {
            known,
            numbers,
            positions: OnceLock::new(),
        })
    }

    /// All numbers in this order.
    pub(crate) fn numbers(&self) -> &[Number] {
        &self.numbers
    }

    /// A page of all items.
    pub(crate) fn page(&self, is_descending: bool, offset: usize, limit: usize) -> Vec<Number> {
        let start = offset.min(self.numbers.len());
        let end = offset.saturating_add(limit).min(self.numbers.len());
        let positions = start..end;
        positions
            .map(|position| self.numbers[self.directed(position, is_descending)])
            .collect()
    }

    /// A page of some items.
    pub(crate) fn page_of(
        &self,
        some: &RoaringBitmap,
        is_descending: bool,
        offset: usize,
        limit: usize,
    ) -> Vec<Number> {
        let positions = self.positions();
        let positions = some.iter().filter_map(|number| {
            let position = *positions.get(number as usize)?;
            Some(self.directed(position as usize, is_descending))
        });
        let page: Vec<usize> = if some.len() <= MAX_SORTED_POSITIONS {
            let mut positions: Vec<_> = positions.collect();
            positions.sort_unstable();
            positions.into_iter().skip(offset).take(limit).collect()
        } else {
            let mut set = FixedBitSet::with_capacity(self.numbers.len());
            positions.for_each(|position| set.insert(position));
            skip(&mut set, offset).take(limit).collect()
        };
        let page = page.into_iter();
        page.map(|position| self.numbers[self.directed(position, is_descending)])
            .collect()
    }

    /// The same position counted from the other end of the known values if descending. Applying it
    /// twice gives the position back.
    fn directed(&self, position: usize, is_descending: bool) -> usize {
        if is_descending && position < self.known {
            self.known - 1 - position
        } else {
            position
        }
    }

    pub(crate) fn positions(&self) -> &[u32] {
        self.positions.get_or_init(|| {
            let highest = self.numbers.iter().max();
            let len = highest.map_or(0, |highest| *highest as usize + 1);
            let mut positions = vec![u32::MAX; len];
            for (position, number) in (0..).zip(&self.numbers) {
                positions[*number as usize] = position;
            }
            positions
        })
    }
}

fn compare(sort: Sort, catalogue: &Catalogue, number: Number, other: &SortKey) -> Ordering {
    let item = catalogue.item(number);
    item.map_or(Ordering::Less, |item| SortKey::of(sort, &item).cmp(other))
}

/// The positions in a set without the first `count`. Whole words are skipped by their population
/// count, which a page far down a long list needs.
fn skip(set: &mut FixedBitSet, mut count: usize) -> impl Iterator<Item = usize> {
    let mut skipped_words = 0;
    for word in set.as_slice() {
        let ones = word.count_ones() as usize;
        if ones > count {
            break;
        }
        count -= ones;
        skipped_words += 1;
    }
    let end = (skipped_words * usize::BITS as usize).min(set.len());
    set.set_range(..end, false);
    set.ones().skip(count)
}
