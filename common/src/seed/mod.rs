//! The catalogue that is compiled in, for a first start without the source.
//!
//! It is never published: a web app shows it, as version 0, while its store holds no version.

use std::sync::Arc;

use jiff::Timestamp;

use crate::models::{Catalogue, Counts, Item};
use crate::repository::{ContentDigest, Header, Snapshot};

/// An item a line, in the order of kinds and ranks.
const ITEMS: &str = include_str!("items.jsonl");

/// The seed's items.
///
/// # Errors
/// When the file that was compiled in is wrong, which a test rules out.
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
