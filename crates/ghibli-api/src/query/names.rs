//! The titles or names of a collection's records, which are too many to be told apart by value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::fields::Said;
use super::native::{compare_texts, unit};
use crate::{Collection, link};

/// More titles that are not what a record is called by are not kept.
const MOST_OTHERS: usize = 10_000;
/// More records are not put between the others one by one.
const MOST_CHANGES: usize = 10_000;

/// The titles or names of a collection's records, as far as they differ from what those are
/// called.
#[derive(Clone, Debug)]
pub struct Titles {
    collection: Collection,
    others: HashMap<u32, Box<str>>,
    are_known: bool,
}

/// The records of a collection in the order of their titles or names, alike ones in the source's.
/// A clone shares it.
#[derive(Clone, Debug)]
pub struct Names {
    titles: Arc<Titles>,
    in_order: Arc<Vec<u32>>,
}

/// A record with what it is called, which is most likely its title or name.
pub struct Called<'a, S> {
    /// The record's number.
    pub number: u32,
    /// What it is called.
    pub called: &'a str,
    /// Its stored form.
    pub stored: S,
}

impl Titles {
    /// Those of no record yet.
    pub fn new(collection: Collection) -> Self {
        Self {
            collection,
            others: HashMap::new(),
            are_known: true,
        }
    }

    /// Takes in a record.
    pub fn insert(&mut self, number: u32, said: &Said<'_>, called: &str) {
        match name_of(self.collection, said, called) {
            _ if !self.are_known => {}
            Some(Cow::Borrowed(_)) => {}
            Some(Cow::Owned(name)) if self.others.len() < MOST_OTHERS => {
                self.others.insert(number, name.into());
            }
            _ => {
                self.are_known = false;
                self.others = HashMap::new();
            }
        }
    }

    /// Puts all records in order, given in the source's, with what each is `called`. Nothing if
    /// one of them has no text for a title or name, or one that depends on where the records
    /// stand, or very many are called otherwise than they say.
    pub fn in_order<'a>(
        self,
        numbers: impl Iterator<Item = u32>,
        called: impl Fn(u32) -> Option<&'a str>,
    ) -> Option<Names> {
        if !self.are_known {
            return None;
        }
        let name = |number| self.name(number, &called);
        // Before what goes again, so that the allocator can give that back.
        let mut in_order = Vec::with_capacity(numbers.size_hint().0);
        let numbered = (0_u32..).zip(numbers);
        let begins = numbered.map(|(place, number)| (prefix(name(number)), place, number));
        let mut named: Vec<_> = begins.collect();
        named.sort_unstable();
        for alike in named.chunk_by(|(a, ..), (b, ..)| a == b) {
            let alike = alike.iter().map(|(.., number)| (name(*number), *number));
            let mut alike: Vec<_> = alike.collect();
            alike.sort_by(|(a, _), (b, _)| compare_texts(a, b));
            in_order.extend(alike.into_iter().map(|(_, number)| number));
        }
        Some(Names {
            titles: Arc::new(self),
            in_order: Arc::new(in_order),
        })
    }

    fn name<'s, 'a: 's>(
        &'s self,
        number: u32,
        called: &impl Fn(u32) -> Option<&'a str>,
    ) -> &'s str {
        let other = self.others.get(&number).map(|name| &**name);
        other.or_else(|| called(number)).unwrap_or_default()
    }
}

impl Names {
    /// The order after some records went and others, or the same ones as they are now, came:
    /// `called` and `rank` are asked for any of those there are now. Nothing where
    /// [`Titles::in_order`] would have nothing, or if they are many.
    pub fn after<'a, S: AsRef<str>>(
        &self,
        gone: &RoaringBitmap,
        come: impl Iterator<Item = Called<'a, S>>,
        called: impl Fn(u32) -> Option<&'a str>,
        rank: impl Fn(u32) -> Option<i64>,
    ) -> Option<Self> {
        let mut titles = Titles::clone(&self.titles);
        titles.others.retain(|number, _| !gone.contains(*number));
        let mut come_numbers = Vec::new();
        for record in come.take(MOST_CHANGES + 1) {
            let said = Said::of(record.stored.as_ref());
            titles.insert(record.number, &said, record.called);
            come_numbers.push(record.number);
        }
        if come_numbers.len() > MOST_CHANGES || !titles.are_known {
            return None;
        }
        let compare = |a: u32, b: u32| {
            let (a_name, b_name) = (titles.name(a, &called), titles.name(b, &called));
            compare_texts(a_name, b_name).then_with(|| (rank(a), a).cmp(&(rank(b), b)))
        };
        come_numbers.sort_unstable_by(|a, b| compare(*a, *b));
        let left = self.in_order.iter().copied();
        let left: Vec<u32> = left.filter(|number| !gone.contains(*number)).collect();
        let mut in_order = Vec::with_capacity(left.len() + come_numbers.len());
        let mut rest = &*left;
        for number in come_numbers {
            let is_before = |other: &u32| compare(*other, number) == Ordering::Less;
            let (before, from) = rest.split_at(rest.partition_point(is_before));
            in_order.extend_from_slice(before);
            in_order.push(number);
            rest = from;
        }
        in_order.extend_from_slice(rest);
        Some(Self {
            titles: Arc::new(titles),
            in_order: Arc::new(in_order),
        })
    }

    /// The title or name of a record if it is another than what the record is called.
    pub fn other(&self, number: u32) -> Option<&str> {
        self.titles.others.get(&number).map(|name| &**name)
    }

    /// Whether the title or name that a record says is what it is called.
    pub fn is_called(&self, said: &Said<'_>, called: &str) -> bool {
        let name = name_of(self.titles.collection, said, called);
        matches!(name, Some(Cow::Borrowed(_)))
    }

    pub(super) fn in_order(&self) -> &[u32] {
        &self.in_order
    }
}

/// The title or name that a record says, borrowed if it is what the record is called.
fn name_of<'a>(collection: Collection, said: &Said<'_>, called: &'a str) -> Option<Cow<'a, str>> {
    let written = said.get(collection.name_field())?;
    let is_plain = !called.starts_with('/') && !called.contains(['"', '\\']);
    let plain = written.strip_prefix('"')?.strip_suffix('"')?;
    if is_plain && plain == called {
        return Some(Cow::Borrowed(called));
    }
    let name: String = serde_json::from_str(written).ok()?;
    if link::restore(&name, "").is_some() {
        None
    } else if name == called {
        Some(Cow::Borrowed(called))
    } else {
        Some(Cow::Owned(name))
    }
}

/// What a name begins with, in its order: most are told apart by that.
fn prefix(name: &str) -> u64 {
    let mut prefix = [0; 8];
    for (place, byte) in prefix.iter_mut().zip(name.bytes()) {
        *place = unit(byte);
    }
    u64::from_be_bytes(prefix)
}
