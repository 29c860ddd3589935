//! The titles or names of a collection's records, which are too many to be told apart by value.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use roaring::RoaringBitmap;
use serde_json::Value;

use super::fields::fields_of;
use super::native::{compare_texts, unit};
use crate::{Collection, link};

/// More titles that are not what a record is called by are not kept.
const MOST_OTHERS: usize = 10_000;
/// More records are not put between the others one by one.
const MOST_CHANGES: usize = 10_000;

/// The records of a collection in the order of their titles or names, alike ones in the source's.
/// A clone shares it.
#[derive(Clone, Debug)]
pub struct Names {
    collection: Collection,
    /// The titles of those that are called otherwise.
    others: Arc<HashMap<u32, Box<str>>>,
    in_order: Arc<[u32]>,
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

impl Names {
    /// Puts records in order that come in the source's. Nothing if one of them has no text for a
    /// title or name, or one that depends on where the records stand, or very many are called
    /// otherwise than they say.
    pub fn of<'a, S: AsRef<str>>(
        collection: Collection,
        records: impl Iterator<Item = Called<'a, S>>,
    ) -> Option<Self> {
        let mut named = Vec::new();
        let mut are_known = true;
        for record in records {
            match name_of(collection, &record) {
                Some(name) => named.push((prefix(&name), name, record.number)),
                None => are_known = false,
            }
        }
        if !are_known {
            return None;
        }
        named.sort_by(|(a_prefix, a, _), (b_prefix, b, _)| {
            a_prefix.cmp(b_prefix).then_with(|| compare_texts(a, b))
        });
        let in_order = named.iter().map(|(.., number)| *number).collect();
        let others = named
            .into_iter()
            .filter_map(|(_, name, number)| match name {
                Cow::Borrowed(_) => None,
                Cow::Owned(name) => Some((number, name.into())),
            });
        Some(Self {
            collection,
            others: Arc::new(others.collect()),
            in_order,
        })
        .filter(|names| names.others.len() <= MOST_OTHERS)
    }

    /// The order after some records went and others, or the same ones as they are now, came:
    /// `called` and `rank` are asked for any of those there are now. Nothing where [`Names::of`]
    /// would have nothing, or if they are many.
    pub fn after<'a, S: AsRef<str>>(
        &self,
        gone: &RoaringBitmap,
        come: impl Iterator<Item = Called<'a, S>>,
        called: impl Fn(u32) -> Option<&'a str>,
        rank: impl Fn(u32) -> Option<i64>,
    ) -> Option<Self> {
        let mut others = HashMap::clone(&self.others);
        others.retain(|number, _| !gone.contains(*number));
        let mut named = Vec::new();
        for record in come.take(MOST_CHANGES + 1) {
            let name = name_of(self.collection, &record)?;
            if let Cow::Owned(name) = &name {
                others.insert(record.number, name.as_str().into());
            }
            named.push((name, record.number));
        }
        if named.len() > MOST_CHANGES || others.len() > MOST_OTHERS {
            return None;
        }
        let of_source = |a: u32, b: u32| (rank(a), a).cmp(&(rank(b), b));
        named.sort_by(|(a, a_number), (b, b_number)| {
            compare_texts(a, b).then_with(|| of_source(*a_number, *b_number))
        });
        let left = self.in_order.iter().copied();
        let left: Vec<u32> = left.filter(|number| !gone.contains(*number)).collect();
        let mut in_order = Vec::with_capacity(left.len() + named.len());
        let mut rest = &*left;
        for (name, number) in named {
            let is_before = |other: &u32| {
                let other_name = others.get(other).map(|name| &**name);
                let other_name = other_name.or_else(|| called(*other)).unwrap_or_default();
                let order = compare_texts(other_name, &name);
                order.then_with(|| of_source(*other, number)) == Ordering::Less
            };
            let (before, from) = rest.split_at(rest.partition_point(is_before));
            in_order.extend_from_slice(before);
            in_order.push(number);
            rest = from;
        }
        in_order.extend_from_slice(rest);
        Some(Self {
            collection: self.collection,
            others: Arc::new(others),
            in_order: in_order.into(),
        })
    }

    /// The title or name of a record if it is another than what the record is called.
    pub fn other(&self, number: u32) -> Option<&str> {
        self.others.get(&number).map(|name| &**name)
    }

    /// Whether a record's title or name is what it is called.
    pub fn is_called<S: AsRef<str>>(&self, record: &Called<'_, S>) -> bool {
        matches!(name_of(self.collection, record), Some(Cow::Borrowed(_)))
    }

    pub(super) fn in_order(&self) -> &[u32] {
        &self.in_order
    }
}

/// The title or name that a record says.
fn name_of<'a, S: AsRef<str>>(
    collection: Collection,
    record: &Called<'a, S>,
) -> Option<Cow<'a, str>> {
    let stored = record.stored.as_ref();
    if says(collection, stored, record.called) {
        return Some(Cow::Borrowed(record.called));
    }
    let fields = fields_of(stored);
    let value = fields.get(collection.name_field())?;
    match serde_json::from_str(value.get()).ok()? {
        Value::String(name) if link::restore(&name, "").is_some() => None,
        Value::String(name) if name == record.called => Some(Cow::Borrowed(record.called)),
        Value::String(name) => Some(Cow::Owned(name)),
        _ => None,
    }
}

/// Whether a look at a record's text tells that this is its title or name.
fn says(collection: Collection, stored: &str, name: &str) -> bool {
    let field = format!("\"{}\":", collection.name_field());
    let mut told = memchr::memmem::find_iter(stored.as_bytes(), &field);
    let said = told.next().and_then(|at| stored.get(at + field.len()..));
    let is_said = said
        .and_then(|said| said.strip_prefix('"')?.strip_prefix(name))
        .is_some_and(|rest| rest.starts_with('"'));
    let mut outside = stored.split('"').step_by(2);
    // A number may be too large to be read, and another object have such a field, too.
    let is_unclear = |c: char| c.is_ascii_digit() || c == '{';
    is_said
        && told.next().is_none()
        && !name.starts_with('/')
        && !stored.contains('\\')
        && outside.next() == Some("{")
        && !outside.any(|outside| outside.contains(is_unclear))
}

/// What a name begins with, in its order: most are told apart by that.
fn prefix(name: &str) -> u64 {
    let mut prefix = [0; 8];
    for (place, byte) in prefix.iter_mut().zip(name.bytes()) {
        *place = unit(byte);
    }
    u64::from_be_bytes(prefix)
}
