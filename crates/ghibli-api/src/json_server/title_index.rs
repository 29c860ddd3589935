//! The titles or names of a collection's records, which are too many to be told apart by value.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;

use super::field_index::{Said, Text};
use super::js_value::{compare_texts, unit};
use crate::Collection;
use crate::wire::link;

/// More titles that differ from what their records are called are not kept.
const MOST_OTHERS: usize = 10_000;
/// More records are not put between the others one by one.
const MOST_CHANGES: usize = 10_000;

/// The title or name that a record says, beside what it is called, which is most likely the same.
#[derive(Clone, Debug)]
pub enum Title {
    /// The same.
    Called,
    /// Another.
    Other(String),
    /// None that is a text, or one that depends on where the records stand.
    Unusable,
}

impl Title {
    /// What a record says.
    pub fn of(collection: Collection, said: &Said<'_>, called: &str) -> Self {
        let Some(written) = said.get(collection.name_field()) else {
            return Self::Unusable;
        };
        match serde_json::from_str(written) {
            Err(_) => Self::Unusable,
            Ok(Text(title)) if link::restore(&title, "").is_some() => Self::Unusable,
            Ok(Text(title)) if title == called => Self::Called,
            Ok(Text(title)) => Self::Other(title.into_owned()),
        }
    }
}

/// The titles or names of a collection's records, as far as they differ from what those are
/// called.
#[derive(Clone, Debug, Default)]
pub struct Titles {
    /// None where one is unusable.
    others: HashMap<u32, Option<Box<str>>>,
    are_too_many: bool,
}

/// The titles or names of a collection's records, and the records in their order, alike ones in
/// the source's. A clone shares it.
#[derive(Clone, Debug)]
pub struct Names {
    titles: Arc<Titles>,
    in_order: Arc<Vec<u32>>,
    are_usable: bool,
}

impl Titles {
    /// Takes in a record.
    pub fn insert(&mut self, number: u32, title: Title) {
        let other = match title {
            Title::Called => return,
            Title::Other(other) => Some(other.into()),
            Title::Unusable => None,
        };
        if !self.are_too_many {
            self.others.insert(number, other);
        }
        if self.others.len() > MOST_OTHERS {
            self.others = HashMap::new();
            self.are_too_many = true;
        }
    }

    /// Puts all records in order, given in the source's, with what each is `called`. Nothing if
    /// very many say something else.
    pub fn in_order<'a>(
        self,
        numbers: impl Iterator<Item = u32>,
        called: impl Fn(u32) -> Option<&'a str>,
    ) -> Option<Names> {
        if self.are_too_many {
            return None;
        }
        let name = |number| self.name(number, &called);
        // What stays is asked for before what goes again, which then leaves no gap in memory.
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
        Some(Names::new(self, in_order))
    }

    /// What a record stands under in the order.
    fn name<'s, 'a: 's>(
        &'s self,
        number: u32,
        called: &impl Fn(u32) -> Option<&'a str>,
    ) -> &'s str {
        let other = self.others.get(&number).and_then(Option::as_deref);
        other.or_else(|| called(number)).unwrap_or_default()
    }
}

impl Names {
    fn new(titles: Titles, in_order: Vec<u32>) -> Self {
        Self {
            are_usable: titles.others.values().all(Option::is_some),
            titles: Arc::new(titles),
            in_order: Arc::new(in_order),
        }
    }

    /// The same after some records went and others came. Whatever has another title, another rank
    /// or is called otherwise than before did both. `called` and `rank` are asked for any of the
    /// records there are now. Nothing if all have to be put in order anew.
    pub fn after<'a>(
        &self,
        gone: &RoaringBitmap,
        come: Vec<(u32, Title)>,
        called: impl Fn(u32) -> Option<&'a str>,
        rank: impl Fn(u32) -> Option<i64>,
    ) -> Option<Self> {
        if come.len() > MOST_CHANGES {
            return None;
        }
        if gone.is_empty() && come.is_empty() {
            return Some(self.clone());
        }
        let mut titles = Titles::clone(&self.titles);
        titles.others.retain(|number, _| !gone.contains(*number));
        let mut coming: Vec<u32> = come.iter().map(|(number, _)| *number).collect();
        for (number, title) in come {
            titles.insert(number, title);
        }
        if titles.are_too_many {
            return None;
        }
        let compare = |a: u32, b: u32| {
            let (a_name, b_name) = (titles.name(a, &called), titles.name(b, &called));
            compare_texts(a_name, b_name).then_with(|| (rank(a), a).cmp(&(rank(b), b)))
        };
        coming.sort_unstable_by(|a, b| compare(*a, *b));
        let left = self.in_order.iter().copied();
        let left: Vec<u32> = left.filter(|number| !gone.contains(*number)).collect();
        let mut in_order = Vec::with_capacity(left.len() + coming.len());
        let mut rest = &*left;
        for number in coming {
            let is_before = |other: &u32| compare(*other, number) == Ordering::Less;
            let (before, from) = rest.split_at(rest.partition_point(is_before));
            in_order.extend_from_slice(before);
            in_order.push(number);
            rest = from;
        }
        in_order.extend_from_slice(rest);
        Some(Self::new(titles, in_order))
    }

    /// Whether a record is known to say what it is called.
    pub fn is_called(&self, number: u32) -> bool {
        !self.titles.others.contains_key(&number)
    }

    /// The title or name that a record says, given what it is called; nothing if it is unusable.
    pub fn name<'a>(&'a self, number: u32, called: Option<&'a str>) -> Option<&'a str> {
        match self.titles.others.get(&number) {
            Some(other) => other.as_deref(),
            None => called,
        }
    }

    /// The records in order, if all of them have a title or name that can be used.
    pub(super) fn in_order(&self) -> Option<&[u32]> {
        self.are_usable.then_some(&**self.in_order)
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
