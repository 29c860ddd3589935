//! Reading values that may have been put in by hand: a column holds any type.

use rusqlite::types::ValueRef;
use serde_json::{Map, Value};

/// What a part of the wrong type reads as, so that whoever unpacks it finds and names it as
/// damaged.
const NO_PART: &[u8] = b"no part";

pub(super) fn part(value: ValueRef<'_>) -> Vec<u8> {
    match value {
        ValueRef::Blob(data) if !data.is_empty() => data.to_vec(),
        _ => NO_PART.to_vec(),
    }
}

/// A key or a name; one that is no text is not ours.
pub(super) fn key(table: &str, value: ValueRef<'_>) -> Option<String> {
    match value.as_str() {
        Ok(key) => Some(key.to_owned()),
        Err(error) => {
            tracing::warn!("a key of {table} cannot be read: {error}");
            None
        }
    }
}

/// A version of the view; 0 where it cannot be understood, so that any is written over it.
pub(super) fn version(value: ValueRef<'_>) -> u64 {
    let version = value.as_i64().ok();
    version
        .and_then(|version| version.try_into().ok())
        .unwrap_or(0)
}

/// What is no text of an object counts as empty, so that a damaged row is seen to differ.
pub(super) fn fields(value: ValueRef<'_>) -> Map<String, Value> {
    match value {
        ValueRef::Text(text) => serde_json::from_slice(text).unwrap_or_default(),
        _ => Map::new(),
    }
}
