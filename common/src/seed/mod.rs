//! The built-in catalogue, for a first start without the source.
//!
//! It is never published: a web app serves it as version 0 while its store has no version.

use std::sync::Arc;

use jiff::Timestamp;

use crate::models::{Catalogue, Counts, Item};
use crate::repository::{ContentDigest, Header, Snapshot};

/// One item per line, by kind and rank.
const ITEMS: &str = include_str!("items.jsonl");

/// The seed's items.
///
/// # Errors
/// When the built-in file is invalid, which a test rules out.
pub fn items() -> Result<Vec<Arc<Item>>, serde_json::Error> {
    ITEMS.lines().map(serde_json::from_str).collect()
}

/// The seed as version 0 of a lineage of its own.
pub fn snapshot() -> Snapshot {
    let items = items().unwrap_or_else(|error| {
        tracing::error!(%error, "cannot read the built-in catalogue");
        Vec::new()
    });
    let catalogue: Catalogue = items.into_iter().collect();
    Snapshot {
        lineage: "seed".into(),
        header: Header {
            version: 0,
            fence: 0,
            at: Timestamp::UNIX_EPOCH,
            parts: 0,
            changes: Counts::default(),
            note: None,
            first: false,
            reset: false,
            content: ContentDigest::of(&catalogue),
        },
        catalogue,
        damage: Vec::new(),
    }
}
