//! The list that a collection is.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::fields::Fields;
use super::held::{Budget, Held};
use super::{BadRecord, MAX_RECORD_BYTES, Record, RecordError};
use crate::Collection;

/// How many bad records are set aside; more of them are an answer of another kind.
pub const MAX_BAD_RECORDS: usize = 10_000;

/// The records of one collection.
#[derive(Debug)]
pub struct Records {
    collection: Collection,
    held: Held,
    /// Those set aside, in the source's order.
    pub bad: Vec<BadRecord>,
}

/// Why a text is no collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Not a byte but spaces.
    #[error("the answer is empty")]
    Empty,
    /// A page for people.
    #[error("the answer is an HTML page where a JSON list is expected")]
    Html,
    /// JSON perhaps, but no list.
    #[error("the answer starts with {0:?} where a JSON list is expected")]
    NotAList(char),
    /// A list that breaks off or is malformed.
    #[error("the answer is not valid JSON: {0}")]
    NotJson(String),
    /// More than [`MAX_BAD_RECORDS`] cannot be read.
    #[error("more than {MAX_BAD_RECORDS} of its records cannot be read")]
    TooManyBad,
    /// More than all answers may weigh together once they are read.
    #[error(
        "its records and those of the other answers weigh more than {limit} bytes in memory; \
         if that is right, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    TooHeavy {
        /// The most that they may weigh.
        limit: u64,
    },
}

impl Records {
    /// Reads a collection's whole JSON list, each element on its own.
    ///
    /// # Errors
    /// If the text is not a JSON list, or nearly nothing in it is a record.
    pub fn read(collection: Collection, json: &str) -> Result<Self, ListError> {
        Self::read_from(&Budget::new(u64::MAX), collection, json.as_bytes())
    }

    /// Reads a list as it comes, of which no more is held than the budget allows.
    pub(crate) fn read_from(
        budget: &Arc<Budget>,
        collection: Collection,
        json: impl Read,
    ) -> Result<Self, ListError> {
        let since_element = Cell::new(0);
        let mut json = BufReader::new(Metered {
            json,
            since_element: &since_element,
            budget,
        });
        match first_character(&mut json) {
            Ok(Some('[')) => {}
            Ok(Some('<')) => return Err(ListError::Html),
            Ok(Some(other)) => return Err(ListError::NotAList(other)),
            Ok(None) => return Err(ListError::Empty),
            Err(error) => return Err(ListError::NotJson(error.to_string())),
        }
        let mut list = List::new(collection, budget);
        let mut deserializer = serde_json::Deserializer::from_reader(json);
        let elements = Elements {
            list: &mut list,
            since_element: &since_element,
        };
        let read = deserializer
            .deserialize_seq(elements)
            .and_then(|()| deserializer.end());
        match (list.failed, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) if error.is_io() => Err(budget.too_heavy()),
            (None, Err(error)) => Err(ListError::NotJson(error.to_string())),
            (None, Ok(())) => Ok(list.records),
        }
    }

    /// The readable records in the source's order, each id once, unpacked one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Record> {
        self.held.iter(self.collection)
    }

    /// How many of them are readable.
    pub const fn len(&self) -> usize {
        self.held.count()
    }

    /// Whether none is readable.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many elements the source sent, the bad ones included.
    pub const fn elements(&self) -> usize {
        self.len() + self.bad.len()
    }

    /// What they weigh in memory, the bad ones included.
    pub const fn bytes(&self) -> u64 {
        self.held.bytes()
    }
}

/// The first character but spaces, which is not taken; a mark of the byte order is no character.
fn first_character(json: &mut impl BufRead) -> io::Result<Option<char>> {
    if json.fill_buf()?.starts_with("\u{feff}".as_bytes()) {
        json.consume("\u{feff}".len());
    }
    loop {
        let come = json.fill_buf()?;
        let spaces = come.iter().take_while(|byte| byte.is_ascii_whitespace());
        let spaces = spaces.count();
        if let Some(rest) = come.get(spaces..).filter(|rest| !rest.is_empty()) {
            let start = rest.get(..rest.len().min(4)).unwrap_or_default();
            return Ok(String::from_utf8_lossy(start).chars().next());
        }
        if come.is_empty() {
            return Ok(None);
        }
        json.consume(spaces);
    }
}

/// A text of which no element may be larger than there is room for.
struct Metered<'a, R> {
    json: R,
    /// The bytes since the last whole element.
    since_element: &'a Cell<usize>,
    budget: &'a Budget,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        // While it is read an element may be there twice.
        let room = usize::try_from(self.budget.left() / 2).unwrap_or(usize::MAX);
        let since = self.since_element.get();
        if since > room.saturating_add(MAX_RECORD_BYTES) {
            return Err(io::Error::other("an element is too large"));
        }
        let count = self.json.read(to)?;
        self.since_element.set(since + count);
        Ok(count)
    }
}

/// A collection under way, from one list or from several pages.
pub(crate) struct List {
    /// The digests of the ids.
    seen: HashSet<u128>,
    records: Records,
    /// Why it is no collection, if so; nothing is kept from then on.
    failed: Option<ListError>,
}

/// A list that is being read.
struct Elements<'a> {
    list: &'a mut List,
    since_element: &'a Cell<usize>,
}

impl List {
    pub(crate) fn new(collection: Collection, budget: &Arc<Budget>) -> Self {
        Self {
            seen: HashSet::new(),
            records: Records {
                collection,
                held: Held::new(budget),
                bad: Vec::new(),
            },
            failed: None,
        }
    }

    pub(crate) fn elements(&self) -> usize {
        self.records.elements()
    }

    /// Whether a page holds an id that is not in the list yet.
    pub(crate) fn lacks_any_of(&self, page: &Records) -> bool {
        let mut ids = page.iter().map(|record| digest(&record.id));
        ids.any(|id| !self.seen.contains(&id))
    }

    pub(crate) fn append(&mut self, page: Records) {
        let before = self.elements();
        for record in page.iter() {
            let raw = record.json.get().to_owned();
            self.push(record, &raw);
        }
        for bad in page.bad {
            self.set_aside(BadRecord {
                index: before + bad.index,
                ..bad
            });
        }
    }

    pub(crate) fn finish(self) -> Result<Records, ListError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.records),
        }
    }

    fn read(&mut self, element: &RawValue) {
        let collection = self.records.collection;
        match Record::read(collection, element) {
            Ok(record) => self.push(record, element.get()),
            Err(error) => {
                let id = Fields::of(element).ok().and_then(|fields| fields.id().ok());
                let index = self.elements();
                let raw = element.get();
                self.set_aside(BadRecord::new(collection, index, id, &error, raw));
            }
        }
    }

    /// Adds a record, which came as `raw`, unless its id came before.
    fn push(&mut self, record: Record, raw: &str) {
        if self.seen.insert(digest(&record.id)) {
            let pushed = self.records.held.push(&record.json);
            self.failed = self.failed.take().or(pushed.err());
            return;
        }
        let id = record.id;
        let error = RecordError::Duplicate { id: id.clone() };
        let (collection, index) = (self.records.collection, self.elements());
        self.set_aside(BadRecord::new(collection, index, Some(id), &error, raw));
    }

    fn set_aside(&mut self, bad: BadRecord) {
        let counted = self.records.held.beside(&bad);
        if self.records.bad.len() < MAX_BAD_RECORDS {
            self.failed = self.failed.take().or(counted.err());
            self.records.bad.push(bad);
        } else {
            self.failed = Some(ListError::TooManyBad);
        }
    }
}

fn digest(id: &str) -> u128 {
    xxh3_128(id.as_bytes())
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<Box<RawValue>>()? {
            self.since_element.set(0);
            self.list.read(&element);
            if self.list.failed.is_some() {
                return Err(A::Error::custom("no more of it is kept"));
            }
        }
        Ok(())
    }
}
