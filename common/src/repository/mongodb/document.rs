use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, Document, doc};
use serde_json::Value;

use super::json;
use crate::repository::{Head, Result, StoreError};

/// The collection of the head.
pub(super) const STATE: &str = "state";
/// The `_id` of its one document.
pub(super) const HEAD: &str = "head";
/// The format of the store that this release writes and reads.
pub(super) const FORMAT: i64 = 1;

/// The document of a new head, like [`Head::new`] but with a fence.
pub(super) fn new_head(lineage: String, fence: u64) -> Document {
    doc! {
        "_id": HEAD,
        "format": FORMAT,
        "lineage": lineage,
        "version": 0_i64,
        "fence": i64::try_from(fence).unwrap_or(i64::MAX),
        "lease": null,
        "last_sync": null,
        "log": [],
        "base": null,
        "pin": null,
        "approval": null,
        "dirty": false,
    }
}

/// Reads the document of `state`. It has the fields of [`Head`], but dates instead of texts.
pub(super) fn head(document: Document) -> Result<Head> {
    let format = match document.get("format") {
        Some(Bson::Int32(format)) => i64::from(*format),
        Some(Bson::Int64(format)) => *format,
        Some(_) => return Err(damaged("invalid field `format`")),
        None => return Err(damaged("missing field `format`")),
    };
    if format > FORMAT {
        let release = document.get_str("release").unwrap_or("unknown").to_owned();
        return Err(StoreError::NewerFormat { format, release });
    }
    serde_json::from_value(Value::Object(json::fields(document)))
        .map_err(|error| damaged(&error.to_string()))
}

/// A moment as a date.
pub(super) fn date(timestamp: Timestamp) -> DateTime {
    DateTime::from_millis(timestamp.as_millisecond())
}

/// A moment of the server's clock.
pub(super) fn timestamp(date: DateTime) -> Result<Timestamp> {
    Timestamp::from_millisecond(date.timestamp_millis())
        .map_err(|_| damaged("a date in it is out of range"))
}

/// A size in statistics of the server, which are of any numeric type.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast saturates"
)]
pub(super) fn size(statistics: &Document, field: &str) -> u64 {
    match statistics.get(field) {
        Some(Bson::Int32(bytes)) => u64::try_from(*bytes).unwrap_or_default(),
        Some(Bson::Int64(bytes)) => u64::try_from(*bytes).unwrap_or_default(),
        Some(Bson::Double(bytes)) => *bytes as u64,
        _ => 0,
    }
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
