use std::collections::HashSet;
use std::io::BufRead;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_128;

use super::array_reader::{ArrayElement, ArrayReader, id_in_prefix};
use super::collection::Collection;
use super::compressed_records::CompressedRecords;
use super::error::{BadRecord, ListError, MAX_BAD_RECORDS, RecordError};
use super::field_reader::FieldReader;
use super::memory_budget::MemoryBudget;
use super::record::Record;

/// The records of one collection.
#[derive(Debug)]
pub struct Records {
    collection: Collection,
    readable: CompressedRecords,
    /// The unreadable ones, in the source's order.
    pub bad: Vec<BadRecord>,
}

impl Records {
    /// Parses the JSON list of a collection, each element on its own.
    ///
    /// # Errors
    /// If the text is not a JSON list or has too many unreadable elements.
    pub fn parse(collection: Collection, json: &str) -> Result<Self, ListError> {
        Self::read_from(&MemoryBudget::new(u64::MAX), collection, json.as_bytes())
    }

    /// Parses a list while it arrives, within the memory budget.
    pub(crate) fn read_from(
        budget: &Arc<MemoryBudget>,
        collection: Collection,
        json: impl BufRead,
    ) -> Result<Self, ListError> {
        let mut elements = ArrayReader::new(json)?;
        let mut builder = RecordsBuilder::new(collection, budget);
        while let Some(element) = elements.next()? {
            builder.push_element(&element);
            if let Some(error) = builder.error {
                return Err(error);
            }
        }
        Ok(builder.records)
    }

    /// The readable records in the source's order, each id once, decompressed on the way.
    pub fn iter(&self) -> impl Iterator<Item = Record> {
        self.readable.iter(self.collection)
    }

    /// The same, freeing memory on the way.
    pub fn into_readable(self) -> impl Iterator<Item = Record> {
        self.readable.into_iter(self.collection)
    }

    /// Number of readable records.
    pub(crate) const fn len(&self) -> usize {
        self.readable.len()
    }

    /// Number of elements in the list, unreadable ones included.
    pub(crate) const fn element_count(&self) -> usize {
        self.len() + self.bad.len()
    }

    /// Size in memory, unreadable records included.
    pub const fn memory_bytes(&self) -> u64 {
        self.readable.reserved_bytes()
    }

    /// The part of [`memory_bytes`](Self::memory_bytes) that is text of readable records.
    pub fn text_bytes(&self) -> u64 {
        self.readable.text_bytes()
    }
}

/// Builds the records of a collection from one list or several pages.
pub(crate) struct RecordsBuilder {
    id_hashes: HashSet<u128>,
    records: Records,
    /// The first error; [`finish`](Self::finish) returns it.
    error: Option<ListError>,
}

impl RecordsBuilder {
    pub(crate) fn new(collection: Collection, budget: &Arc<MemoryBudget>) -> Self {
        Self {
            id_hashes: HashSet::new(),
            records: Records {
                collection,
                readable: CompressedRecords::new(budget),
                bad: Vec::new(),
            },
            error: None,
        }
    }

    pub(crate) fn element_count(&self) -> usize {
        self.records.element_count()
    }

    /// Whether a page has an id that is not in the list yet.
    pub(crate) fn has_new_ids(&self, page: &Records) -> bool {
        let mut hashes = page.iter().map(|record| id_hash(&record.id));
        hashes.any(|hash| !self.id_hashes.contains(&hash))
    }

    pub(crate) fn push_page(&mut self, page: Records) {
        let offset = self.element_count();
        let Records {
            readable,
            bad,
            collection,
        } = page;
        for record in readable.into_iter(collection) {
            let raw = record.json.get().to_owned();
            self.push(record, &raw);
        }
        for bad in bad {
            self.push_bad(BadRecord {
                index: offset + bad.index,
                ..bad
            });
        }
    }

    pub(crate) fn finish(self) -> Result<Records, ListError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.records),
        }
    }

    fn push_element(&mut self, element: &ArrayElement) {
        let (collection, index) = (self.records.collection, self.element_count());
        let bad = match element {
            ArrayElement::Complete(element) => match Record::parse(collection, element) {
                Ok(record) => return self.push(record, element.get()),
                Err(error) => {
                    let fields = FieldReader::new(element, &["id"]).ok();
                    let id = fields.and_then(|fields| fields.id().ok());
                    BadRecord::new(collection, index, id, &error, element.get())
                }
            },
            ArrayElement::TooLarge { prefix, bytes } => {
                let error = RecordError::TooLarge { bytes: *bytes };
                BadRecord::new(collection, index, id_in_prefix(prefix), &error, prefix)
            }
        };
        self.push_bad(bad);
    }

    /// Adds a record, received as `raw`, unless its id is a duplicate.
    fn push(&mut self, record: Record, raw: &str) {
        if self.id_hashes.insert(id_hash(&record.id)) {
            let pushed = self.records.readable.push(&record.json);
            self.error = self.error.take().or(pushed.err());
            return;
        }
        let id = record.id;
        let error = RecordError::DuplicateId { id: id.clone() };
        let (collection, index) = (self.records.collection, self.element_count());
        self.push_bad(BadRecord::new(collection, index, Some(id), &error, raw));
    }

    fn push_bad(&mut self, bad: BadRecord) {
        let reserved = self.records.readable.reserve(bad.memory_bytes());
        if self.records.bad.len() < MAX_BAD_RECORDS {
            self.error = self.error.take().or(reserved.err());
            self.records.bad.push(bad);
        } else {
            self.error = Some(ListError::TooManyBad);
        }
    }
}

fn id_hash(id: &str) -> u128 {
    xxh3_128(id.as_bytes())
}
