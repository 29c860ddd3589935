use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Document, deserialize_from_document};
use serde::{Deserialize, Serialize};

use crate::models::Counts;
use crate::repository::{Base, ContentDigest, Head, Header, LastSync, Lease, Result, StoreError};

/// The `_id` of the one document of `state`.
pub(super) const HEAD: &str = "head";
/// The shape that this release writes: since 2, bases of packed items. It reads all up to it.
pub(super) const FORMAT: i64 = 2;

/// [`Head`] as it stands in the `state` collection: times are dates of the server, in
/// milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct HeadDocument {
    #[serde(rename = "_id")]
    id: String,
    format: i64,
    lineage: String,
    version: u64,
    fence: u64,
    lease: Option<LeaseDocument>,
    #[serde(default)]
    last_sync: Option<LastSyncDocument>,
    #[serde(default)]
    log: Vec<HeaderDocument>,
    #[serde(default)]
    base: Option<Base>,
    #[serde(default)]
    pin: Option<u64>,
    #[serde(default)]
    approval: Option<String>,
    #[serde(default)]
    dirty: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LeaseDocument {
    holder: String,
    expires: DateTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct LastSyncDocument {
    at: DateTime,
    failing_since: Option<DateTime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct HeaderDocument {
    version: u64,
    fence: u64,
    at: DateTime,
    parts: u32,
    changes: Counts,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    first: bool,
    #[serde(default)]
    reset: bool,
    #[serde(default)]
    content: Option<ContentDigest>,
}

impl HeadDocument {
    /// [`Head::new`], with a fence of its own.
    pub(super) fn new(lineage: String, fence: u64) -> Self {
        Self {
            id: HEAD.into(),
            format: FORMAT,
            lineage,
            version: 0,
            fence,
            lease: None,
            last_sync: None,
            log: Vec::new(),
            base: None,
            pin: None,
            approval: None,
            dirty: false,
        }
    }
}

/// Reads a document of `state`.
pub(super) fn head(document: Document) -> Result<Head> {
    let format = match document.get("format") {
        Some(Bson::Int32(format)) => i64::from(*format),
        Some(Bson::Int64(format)) => *format,
        _ => FORMAT,
    };
    if format > FORMAT {
        return Err(unreadable(format!(
            "written by a newer release, in format {format}; update this one"
        )));
    }
    deserialize_from_document::<HeadDocument>(document)
        .map_err(|error| damaged(&error.message.unwrap_or_else(|| "damaged".into())))?
        .try_into()
}

/// A moment of the server's clock.
pub(super) fn timestamp(date: DateTime) -> Result<Timestamp> {
    Timestamp::from_millisecond(date.timestamp_millis())
        .map_err(|_| damaged("a date in it is out of range"))
}

fn damaged(problem: &str) -> StoreError {
    unreadable(format!(
        "{problem}; restore it from a backup, or delete this document: the next sync then \
         republishes everything"
    ))
}

fn unreadable(reason: String) -> StoreError {
    StoreError::Unreadable {
        name: "state/head".into(),
        reason,
    }
}

impl TryFrom<HeadDocument> for Head {
    type Error = StoreError;

    fn try_from(row: HeadDocument) -> Result<Self> {
        Ok(Self {
            lineage: row.lineage,
            version: row.version,
            fence: row.fence,
            lease: row.lease.map(Lease::try_from).transpose()?,
            last_sync: row.last_sync.map(LastSync::try_from).transpose()?,
            log: row
                .log
                .into_iter()
                .map(Header::try_from)
                .collect::<Result<_>>()?,
            base: row.base,
            pin: row.pin,
            approval: row.approval,
            dirty: row.dirty,
        })
    }
}

impl TryFrom<LeaseDocument> for Lease {
    type Error = StoreError;

    fn try_from(row: LeaseDocument) -> Result<Self> {
        Ok(Self {
            holder: row.holder,
            expires: timestamp(row.expires)?,
        })
    }
}

impl TryFrom<LastSyncDocument> for LastSync {
    type Error = StoreError;

    fn try_from(row: LastSyncDocument) -> Result<Self> {
        Ok(Self {
            at: timestamp(row.at)?,
            failing_since: row.failing_since.map(timestamp).transpose()?,
        })
    }
}

impl TryFrom<HeaderDocument> for Header {
    type Error = StoreError;

    fn try_from(row: HeaderDocument) -> Result<Self> {
        Ok(Self {
            version: row.version,
            fence: row.fence,
            at: timestamp(row.at)?,
            parts: row.parts,
            changes: row.changes,
            note: row.note,
            first: row.first,
            reset: row.reset,
            content: row.content,
        })
    }
}
