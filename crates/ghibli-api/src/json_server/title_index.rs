//! Titles or names in sorted order. They have too many distinct values for the field index.
//!
//! Most titles in source records equal the names of the published items, which the caller has in
//! memory. Only those that differ are kept here.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::field_index::{BorrowedStr, RecordFields};
use super::js_value::{compare_strings, utf16_rank};
use crate::wire::{Collection, link};

/// Maximum number of titles that differ from the item names.
const MAX_OVERRIDES: usize = 10_000;
/// Maximum number of records that an update inserts one by one.
const MAX_INSERTIONS: usize = 10_000;

/// The title or name in a source record, compared with the name of its item.
#[derive(Clone, Debug)]
pub enum SourceTitle {
    /// Equal to the item name.
    SameAsItem,
    /// Different.
    Other(String),
    /// Missing, not a string, or a link, which depends on the base URL.
    Unusable,
}

impl SourceTitle {
    /// Compares the title in a record with the name of its item.
    pub fn new(collection: Collection, record: &RecordFields<'_>, item_name: &str) -> Self {
        let Some(json) = record.get(collection.name_field()) else {
            return Self::Unusable;
        };
        match serde_json::from_str(json) {
            Err(_) => Self::Unusable,
            Ok(BorrowedStr(title)) if link::to_source(&title, "").is_some() => Self::Unusable,
            Ok(BorrowedStr(title)) if title == item_name => Self::SameAsItem,
            Ok(BorrowedStr(title)) => Self::Other(title.into_owned()),
        }
    }
}

/// The titles in source records that differ from the item names.
#[derive(Clone, Debug, Default)]
pub struct TitleOverrides {
    /// `None` for unusable ones.
    by_number: HashMap<u32, Option<Box<str>>>,
    are_too_many: bool,
}

/// Records sorted by title or name; equal ones in the source's order. Clones share the data.
#[derive(Clone, Debug)]
pub struct TitleIndex {
    overrides: Arc<TitleOverrides>,
    sorted: Arc<Vec<u32>>,
    are_all_usable: bool,
}

impl TitleOverrides {
    /// Adds a record.
    pub fn insert(&mut self, number: u32, title: SourceTitle) {
        let title = match title {
            SourceTitle::SameAsItem => return,
            SourceTitle::Other(title) => Some(title.into()),
            SourceTitle::Unusable => None,
        };
        if !self.are_too_many {
            self.by_number.insert(number, title);
        }
        if self.by_number.len() > MAX_OVERRIDES {
            self.by_number = HashMap::new();
            self.are_too_many = true;
        }
    }

    /// Sorts all records, given in the source's order. `None` if too many titles differ from the
    /// item names.
    pub fn into_index<'a>(
        self,
        numbers: impl Iterator<Item = u32>,
        item_name: impl Fn(u32) -> Option<&'a str>,
    ) -> Option<TitleIndex> {
        if self.are_too_many {
            return None;
        }
        let title = |number| self.sort_title(number, &item_name);
        // Allocated before the temporary lists, to avoid heap fragmentation.
        let mut sorted = Vec::with_capacity(numbers.size_hint().0);
        let numbered = (0_u32..).zip(numbers);
        let prefixed = numbered.map(|(rank, number)| (sort_prefix(title(number)), rank, number));
        let mut prefixed: Vec<_> = prefixed.collect();
        prefixed.sort_unstable();
        for equal in prefixed.chunk_by(|(a, ..), (b, ..)| a == b) {
            let equal = equal.iter().map(|(.., number)| (title(*number), *number));
            let mut equal: Vec<_> = equal.collect();
            equal.sort_by(|(a, _), (b, _)| compare_strings(a, b));
            sorted.extend(equal.into_iter().map(|(_, number)| number));
        }
        Some(TitleIndex::new(self, sorted))
    }

    /// The title by which a record is sorted.
    fn sort_title<'s, 'a: 's>(
        &'s self,
        number: u32,
        item_name: &impl Fn(u32) -> Option<&'a str>,
    ) -> &'s str {
        let title = self.by_number.get(&number).and_then(Option::as_deref);
        title.or_else(|| item_name(number)).unwrap_or_default()
    }
}

impl TitleIndex {
    fn new(overrides: TitleOverrides, sorted: Vec<u32>) -> Self {
        Self {
            are_all_usable: overrides.by_number.values().all(Option::is_some),
            overrides: Arc::new(overrides),
            sorted: Arc::new(sorted),
        }
    }

    /// A copy without the `removed` and with the `inserted` records. A record whose title, rank or
    /// item name changed is in both. `item_name` and `rank` are of the new state. `None` if there
    /// are too many insertions or titles that differ from the item names.
    pub fn updated<'a>(
        &self,
        removed: &RoaringBitmap,
        inserted: Vec<(u32, SourceTitle)>,
        item_name: impl Fn(u32) -> Option<&'a str>,
        rank: impl Fn(u32) -> Option<i64>,
    ) -> Option<Self> {
        if inserted.len() > MAX_INSERTIONS {
            return None;
        }
        if removed.is_empty() && inserted.is_empty() {
            return Some(self.clone());
        }
        let mut overrides = TitleOverrides::clone(&self.overrides);
        overrides
            .by_number
            .retain(|number, _| !removed.contains(*number));
        let mut new: Vec<u32> = inserted.iter().map(|(number, _)| *number).collect();
        for (number, title) in inserted {
            overrides.insert(number, title);
        }
        if overrides.are_too_many {
            return None;
        }
        let compare = |a: u32, b: u32| {
            let a_title = overrides.sort_title(a, &item_name);
            let b_title = overrides.sort_title(b, &item_name);
            compare_strings(a_title, b_title).then_with(|| (rank(a), a).cmp(&(rank(b), b)))
        };
        new.sort_unstable_by(|a, b| compare(*a, *b));
        let kept = self.sorted.iter().copied();
        let kept: Vec<u32> = kept.filter(|number| !removed.contains(*number)).collect();
        let mut sorted = Vec::with_capacity(kept.len() + new.len());
        let mut rest = &*kept;
        for number in new {
            let is_before = |other: &u32| compare(*other, number) == Ordering::Less;
            let (before, after) = rest.split_at(rest.partition_point(is_before));
            sorted.extend_from_slice(before);
            sorted.push(number);
            rest = after;
        }
        sorted.extend_from_slice(rest);
        Some(Self::new(overrides, sorted))
    }

    /// Whether the title in a record equals the item name.
    pub fn matches_item_name(&self, number: u32) -> bool {
        !self.overrides.by_number.contains_key(&number)
    }

    /// The title in a record, given the item name; `None` if it is unusable.
    pub fn title<'a>(&'a self, number: u32, item_name: Option<&'a str>) -> Option<&'a str> {
        match self.overrides.by_number.get(&number) {
            Some(title) => title.as_deref(),
            None => item_name,
        }
    }

    /// The sorted records; `None` if any title is unusable.
    pub(super) fn sorted(&self) -> Option<&[u32]> {
        self.are_all_usable.then_some(&**self.sorted)
    }
}

/// The first bytes of a title, for a fast comparison.
fn sort_prefix(title: &str) -> u64 {
    let mut prefix = [0; 8];
    for (to, byte) in prefix.iter_mut().zip(title.bytes()) {
        *to = utf16_rank(byte);
    }
    u64::from_be_bytes(prefix)
}
