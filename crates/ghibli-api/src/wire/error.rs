//! Errors and warnings about records and lists.

use std::error::Error;
use std::fmt;

use super::collection::Collection;

/// Maximum size of one record, with each value counted as at least 32 bytes: 4 MiB.
pub(super) const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// Maximum number of unreadable records in a list. A list with more is rejected.
pub const MAX_BAD_RECORDS: usize = 10_000;

/// Memory per record in addition to its text: id, offset and space for the diff.
pub(super) const RECORD_OVERHEAD_BYTES: u64 = 256;

/// Maximum length of [`BadRecord::raw`]: 4 KiB.
const MAX_RAW_BYTES: usize = 4096;

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The element is not a JSON object.
    #[error("expected an object, found {found}")]
    NotAnObject {
        /// The type, with its article.
        found: &'static str,
    },
    /// `id` is missing, empty or neither a string nor a number.
    #[error("`id` is missing, empty or neither a string nor a number")]
    MissingId,
    /// An earlier record has the same id.
    #[error("duplicate ID {id:?} in the same collection")]
    DuplicateId {
        /// The shared id.
        id: String,
    },
    /// The record exceeds 4 MiB.
    #[error("{bytes} bytes exceed the record limit of {MAX_RECORD_BYTES}")]
    TooLarge {
        /// Its size as received, with each value counted as at least 32 bytes.
        bytes: usize,
    },
    /// Lists and objects are nested too deeply.
    #[error("nested more than {limit} levels deep")]
    TooDeep {
        /// Maximum depth.
        limit: usize,
    },
    /// A string contains an unpaired surrogate.
    #[error("contains invalid Unicode")]
    NotUnicode,
    /// The text is not a JSON value.
    #[error("not valid JSON: {0}")]
    NotJson(String),
}

/// An irregularity in a readable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWarning {
    /// Another type where the source usually has a string.
    NotAString {
        /// The field's name.
        field: &'static str,
        /// The type and the start of the value, such as `a number: 124`.
        value: String,
        /// Whether the value was read nevertheless.
        is_read: bool,
    },
    /// `url` does not match `id`.
    UrlMismatch {
        /// The record's own id.
        id: String,
        /// The id in its `url`.
        url_id: String,
        /// The collection in its `url`.
        url_collection: Collection,
    },
}

impl fmt::Display for RecordWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAString { field, value, .. } => {
                write!(f, "`{field}`: expected a string, found {value}")
            }
            Self::UrlMismatch {
                id,
                url_id,
                url_collection,
            } => write!(f, "`url` of {id} points to {url_id} in {url_collection}"),
        }
    }
}

/// An unreadable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The collection it was sent in.
    pub collection: Collection,
    /// Its index in the collection as received, from 0.
    pub index: usize,
    /// Its id, if readable.
    pub id: Option<String>,
    /// Why it cannot be read.
    pub reason: String,
    /// The start of the record as received, at most 4 KiB.
    pub raw: String,
}

impl BadRecord {
    /// Keeps the start of `raw`.
    pub fn new(
        collection: Collection,
        index: usize,
        id: Option<String>,
        error: &impl Error,
        raw: &str,
    ) -> Self {
        let end = raw.floor_char_boundary(MAX_RAW_BYTES);
        Self {
            collection,
            index,
            id,
            reason: error.to_string(),
            raw: raw.get(..end).unwrap_or_default().to_owned(),
        }
    }

    /// Its size in memory.
    pub fn memory_bytes(&self) -> u64 {
        let id = self.id.as_ref().map_or(0, String::len);
        (self.raw.len() + self.reason.len() + id) as u64 + RECORD_OVERHEAD_BYTES
    }
}

impl fmt::Display for BadRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.collection, self.index)?;
        if let Some(id) = &self.id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// Why a text is not a collection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// Empty or only whitespace.
    #[error("the response is empty")]
    Empty,
    /// An HTML page.
    #[error("expected a JSON list, got an HTML page")]
    Html,
    /// Not a list.
    #[error("expected a JSON list, got a response starting with {0:?}")]
    NotAList(char),
    /// Truncated or malformed JSON.
    #[error("the response is not valid JSON: {0}")]
    NotJson(String),
    /// More than [`MAX_BAD_RECORDS`] records cannot be read.
    #[error("more than {MAX_BAD_RECORDS} of its records cannot be read")]
    TooManyBad,
    /// The records of all responses exceed the memory budget.
    #[error(
        "its records and those of the other responses need more than {limit} bytes of memory; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    OverBudget {
        /// The budget in bytes.
        limit: u64,
    },
}
