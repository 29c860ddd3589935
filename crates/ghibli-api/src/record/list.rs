//! The list that a collection is.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::fields::Fields;
use super::{BadRecord, Record, RecordError, weight};
use crate::Collection;

/// How many bad records are set aside; more of them are an answer of another kind.
pub const MAX_BAD_RECORDS: usize = 10_000;

/// The records of one collection.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The readable ones in the source's order, each id once.
    pub records: Vec<Record>,
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
    /// More than an answer may weigh.
    #[error(
        "its records weigh more than {limit} bytes, each counted as 256 at least; \
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
        Self::read_within(u64::MAX, collection, json)
    }

    /// Reads a list whose records may weigh so much together.
    pub(crate) fn read_within(
        limit: u64,
        collection: Collection,
        json: &str,
    ) -> Result<Self, ListError> {
        let json = json.trim_start_matches('\u{feff}');
        match json.trim_start().chars().next() {
            Some('[') => {}
            Some('<') => return Err(ListError::Html),
            Some(other) => return Err(ListError::NotAList(other)),
            None => return Err(ListError::Empty),
        }
        let mut list = List::new(collection);
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let elements = Elements {
            list: &mut list,
            limit,
            left: limit,
        };
        deserializer
            .deserialize_seq(elements)
            .and_then(|()| deserializer.end())
            .map_err(|error| ListError::NotJson(error.to_string()))?;
        list.finish()
    }

    /// How many elements the source sent, the bad ones included.
    pub fn elements(&self) -> usize {
        self.records.len() + self.bad.len()
    }
}

/// A collection under way, from one list or from several pages.
pub(crate) struct List {
    collection: Collection,
    seen: HashSet<Box<str>>,
    records: Records,
    /// Why it is no collection, if so; nothing is kept from then on.
    failed: Option<ListError>,
}

/// A list that is being read.
struct Elements<'a> {
    list: &'a mut List,
    /// What its records may weigh, and what of that is left.
    limit: u64,
    left: u64,
}

impl List {
    pub(crate) fn new(collection: Collection) -> Self {
        Self {
            collection,
            seen: HashSet::new(),
            records: Records::default(),
            failed: None,
        }
    }

    pub(crate) fn elements(&self) -> usize {
        self.records.elements()
    }

    /// Whether a page holds an id that is not in the list yet.
    pub(crate) fn lacks_any_of(&self, page: &Records) -> bool {
        let mut ids = page.records.iter().map(|record| record.id.as_str());
        ids.any(|id| !self.seen.contains(id))
    }

    pub(crate) fn append(&mut self, page: Records) {
        let before = self.elements();
        for record in page.records {
            self.push(record);
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
        match Record::read(self.collection, element) {
            Ok(record) if self.seen.contains(record.id.as_str()) => {
                self.repeated(record.id, element.get());
            }
            Ok(record) => self.push(record),
            Err(error) => {
                let id = Fields::of(element).ok().and_then(|fields| fields.id().ok());
                let index = self.elements();
                let raw = element.get();
                self.set_aside(BadRecord::new(self.collection, index, id, &error, raw));
            }
        }
    }

    fn push(&mut self, record: Record) {
        if self.seen.insert(record.id.as_str().into()) {
            self.records.records.push(record);
        } else {
            self.repeated(record.id, record.json.get());
        }
    }

    fn repeated(&mut self, id: String, raw: &str) {
        let error = RecordError::Duplicate { id: id.clone() };
        let index = self.elements();
        self.set_aside(BadRecord::new(
            self.collection,
            index,
            Some(id),
            &error,
            raw,
        ));
    }

    fn set_aside(&mut self, bad: BadRecord) {
        if self.records.bad.len() < MAX_BAD_RECORDS {
            self.records.bad.push(bad);
        } else {
            self.failed = Some(ListError::TooManyBad);
        }
    }
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if self.list.failed.is_some() {
                continue;
            }
            let weight = weight(element.get()).try_into().unwrap_or(u64::MAX);
            match self.left.checked_sub(weight) {
                Some(left) => {
                    self.left = left;
                    self.list.read(element);
                }
                None => {
                    let limit = self.limit;
                    self.list.failed = Some(ListError::TooHeavy { limit });
                }
            }
        }
        Ok(())
    }
}
