use std::error::Error;
use std::fmt;

use crate::Collection;

/// The most of an unreadable record that is kept to look at: 4 KiB.
const MAX_KEPT_BYTES: usize = 4096;

/// Bytes that a record takes in memory beside its text: its id, its place, and room to compare it.
pub(super) const RECORD_BYTES: u64 = 256;

/// Why a record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// The element is a string, a list, a number, …
    #[error("expected an object, found {found}")]
    NotAnObject {
        /// The type, with its article.
        found: &'static str,
    },
    /// `id` is missing, empty or no string.
    #[error("`id` is missing, empty or not a string")]
    NoId,
    /// Another record before it has the same id.
    #[error("duplicate ID {id:?} in the same collection")]
    Duplicate {
        /// The id that two records share.
        id: String,
    },
    /// A known field holds something that it never holds.
    #[error("`{field}`: expected {expected}, found {found}")]
    WrongType {
        /// The field's name.
        field: &'static str,
        /// The type found, with its article.
        found: &'static str,
        /// The type expected, with its article.
        expected: &'static str,
    },
    /// The record is larger than [`MAX_RECORD_BYTES`](crate::MAX_RECORD_BYTES).
    #[error("{bytes} bytes exceed the record limit of {}", crate::MAX_RECORD_BYTES)]
    TooLarge {
        /// Its size as it came, each value in it counted as 32 bytes at least.
        bytes: usize,
    },
    /// Lists and objects are nested too deeply.
    #[error("nested more than {limit} levels deep")]
    TooDeep {
        /// The deepest that is read.
        limit: usize,
    },
    /// A string holds half a surrogate pair.
    #[error("contains invalid Unicode")]
    NotUnicode,
    /// The text is no JSON value.
    #[error("not valid JSON: {0}")]
    NotJson(String),
}

/// Something odd in a record that was read all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// A number stands where the source writes digits in a string.
    Number {
        /// The field's name.
        field: &'static str,
    },
    /// The record's `url` names another item than the record's `id`.
    OtherUrl {
        /// The record's own id.
        id: String,
        /// The id in its `url`.
        url_id: String,
        /// The collection in its `url`.
        url_collection: Collection,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { field } => {
                write!(f, "`{field}` is a number instead of a string")
            }
            Self::OtherUrl {
                id,
                url_id,
                url_collection,
            } => write!(f, "`url` of {id} points to {url_id} in {url_collection}"),
        }
    }
}

/// A record that was set aside, with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The collection it came with.
    pub collection: Collection,
    /// Its place in the collection as it arrived, from 0.
    pub index: usize,
    /// Its id, if it has a readable one.
    pub id: Option<String>,
    /// Why it was set aside.
    pub reason: String,
    /// The start of the record as it came, at most 4 KiB.
    pub raw: String,
}

impl BadRecord {
    /// One that came as `raw`, of which the start is kept.
    pub fn new(
        collection: Collection,
        index: usize,
        id: Option<String>,
        error: &impl Error,
        raw: &str,
    ) -> Self {
        let kept = raw.floor_char_boundary(MAX_KEPT_BYTES);
        Self {
            collection,
            index,
            id,
            reason: error.to_string(),
            raw: raw.get(..kept).unwrap_or_default().to_owned(),
        }
    }

    /// What it takes in memory.
    pub fn bytes(&self) -> u64 {
        let id = self.id.as_ref().map_or(0, String::len);
        (self.raw.len() + self.reason.len() + id) as u64 + RECORD_BYTES
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
