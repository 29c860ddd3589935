//! Decoding values: a column can have any type, since values may be inserted by hand.

use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

/// Stands for a part of the wrong type, so that unpacking reports the damage.
const NO_PART: &[u8] = b"no part";

pub(super) fn part(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Blob(data) if !data.is_empty() => data.to_vec(),
        _ => NO_PART.to_vec(),
    }
}

/// A key or a name; `None` for another type.
pub(super) fn key(table: &str, value: ValueRef<'_>) -> Option<String> {
    match value.as_str() {
        Ok(key) => Some(key.to_owned()),
        Err(error) => {
            tracing::warn!("a key of {table} cannot be read: {error}");
            None
        }
    }
}

/// A version of the view; 0 if it is invalid, so that any version overwrites it.
pub(super) fn version(value: ValueRef<'_>) -> u64 {
    let version = value.as_i64().ok();
    version
        .and_then(|version| version.try_into().ok())
        .unwrap_or(0)
}

/// The fields of a row; empty if they are invalid, so that the row is rewritten.
pub(super) fn fields(value: ValueRef<'_>) -> Map<String, Value> {
    match value {
        ValueRef::Text(text) => serde_json::from_slice(text).unwrap_or_default(),
        _ => Map::new(),
    }
}
