//! The list that a collection is.

use std::collections::HashSet;
use std::io::BufRead;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::array_reader::{Element, Split, id_in_start};
use super::compressed_records::{Budget, Held};
use super::field_reader::Fields;
use super::{BadRecord, Record, RecordError};
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
    #[error("the response is empty")]
    Empty,
    /// A page for people.
    #[error("expected a JSON list, got an HTML page")]
    Html,
    /// JSON perhaps, but no list.
    #[error("expected a JSON list, got a response starting with {0:?}")]
    NotAList(char),
    /// A list that breaks off or is malformed.
    #[error("the response is not valid JSON: {0}")]
    NotJson(String),
    /// More than [`MAX_BAD_RECORDS`] cannot be read.
    #[error("more than {MAX_BAD_RECORDS} of its records cannot be read")]
    TooManyBad,
    /// More than all answers may weigh together once they are read.
    #[error(
        "its records and those of the other responses need more than {limit} bytes of memory; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
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
        json: impl BufRead,
    ) -> Result<Self, ListError> {
        let mut elements = Split::new(json)?;
        let mut list = List::new(collection, budget);
        while let Some(element) = elements.next()? {
            list.read(&element);
            if let Some(error) = list.failed {
                return Err(error);
            }
        }
        Ok(list.records)
    }

    /// The readable records in the source's order, each id once, unpacked one after the other.
    pub fn iter(&self) -> impl Iterator<Item = Record> {
        self.held.iter(self.collection)
    }

    /// The same, let go one after the other.
    pub fn into_readable(self) -> impl Iterator<Item = Record> {
        self.held.into_iter(self.collection)
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

    /// What of that is the text of the readable ones.
    pub fn text_bytes(&self) -> u64 {
        self.held.text_bytes()
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
        let Records {
            held,
            bad,
            collection,
        } = page;
        for record in held.into_iter(collection) {
            let raw = record.json.get().to_owned();
            self.push(record, &raw);
        }
        for bad in bad {
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

    fn read(&mut self, element: &Element) {
        let (collection, index) = (self.records.collection, self.elements());
        let bad = match element {
            Element::Whole(element) => match Record::read(collection, element) {
                Ok(record) => return self.push(record, element.get()),
                Err(error) => {
                    let id = Fields::of(element).ok().and_then(|fields| fields.id().ok());
                    BadRecord::new(collection, index, id, &error, element.get())
                }
            },
            Element::TooLarge(start, bytes) => {
                let error = RecordError::TooLarge { bytes: *bytes };
                BadRecord::new(collection, index, id_in_start(start), &error, start)
            }
        };
        self.set_aside(bad);
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
