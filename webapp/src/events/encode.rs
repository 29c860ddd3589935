//! Events in wire format, each encoded once for all listeners.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use common::models::{Change, Counts, Id, Kind, SyncState};
use common::repository::Header;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::Site;
use crate::wording::shortened;

/// Changed items listed in a version event.
const MAX_LISTED_ITEMS: usize = 50;
/// A comment, which keeps an idle stream open.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// The id of an event, `LINEAGE:VERSION`: the last version that a client knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventId {
    pub(super) lineage: Arc<str>,
    pub(super) version: u64,
}

/// The events that state the current version and status.
#[derive(Debug)]
pub(super) struct StatusEvents {
    id: EventId,
    /// The revision of the status.
    revision: u64,
    /// The start of a stream.
    pub(super) hello: Bytes,
    /// For a client that missed versions whose changes are no longer in memory.
    pub(super) resync: Bytes,
    /// For a change of the status.
    pub(super) status: Bytes,
}

#[derive(Serialize)]
struct StatusData {
    version: u64,
    at: Timestamp,
    state: SyncState,
    since: Option<Timestamp>,
    pinned: Option<u64>,
    needs_attention: bool,
    /// The digest of the notices on pages: an open page with another one is outdated.
    notices: String,
}

#[derive(Serialize)]
struct VersionData<'a> {
    version: u64,
    at: Timestamp,
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    changed: Vec<ChangedItem<'a>>,
    /// Changed items that are not listed.
    more: usize,
}

#[derive(Serialize)]
struct ChangedItem<'a> {
    kind: Kind,
    id: &'a Id,
    slug: &'a str,
    name: String,
    what: &'static str,
}

impl EventId {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            lineage: site.snapshot.lineage.clone(),
            version: site.version(),
        }
    }

    /// Parses the format of [`fmt::Display`]; anything else becomes an id without a lineage, which
    /// matches no version.
    pub(super) fn parse(id: &str) -> Self {
        let parts = id.rsplit_once(':');
        let parts = parts.and_then(|(lineage, version)| Some((lineage, version.parse().ok()?)));
        let (lineage, version) = parts.unwrap_or_default();
        Self {
            lineage: lineage.into(),
            version,
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lineage, self.version)
    }
}

impl StatusEvents {
    pub(super) fn of(site: &Site) -> Self {
        let id = EventId::of(site);
        let data = StatusData {
            version: site.version(),
            at: site.snapshot.header.at,
            state: site.state(),
            since: site.since(),
            pinned: site.status.pinned,
            needs_attention: site.status.conditions.needs_attention(),
            notices: site.notices(),
        };
        Self {
            hello: event("hello", Some(&id), &data),
            resync: event("resync", Some(&id), &data),
            status: event("status", None, &data),
            revision: site.status.revision,
            id,
        }
    }

    pub(super) fn are_of(&self, site: &Site) -> bool {
        self.revision == site.status.revision && self.id == EventId::of(site)
    }
}

/// The event of a version and its changes.
pub(crate) fn version(lineage: &Arc<str>, header: &Header, changes: &[Change]) -> Bytes {
    let id = EventId {
        lineage: lineage.clone(),
        version: header.version,
    };
    let listed = changes
        .iter()
        .filter_map(changed_item)
        .take(MAX_LISTED_ITEMS);
    let data = VersionData {
        version: header.version,
        at: header.at,
        counts: header.changes,
        note: header.note.as_deref(),
        changed: listed.collect(),
        more: changes.len().saturating_sub(MAX_LISTED_ITEMS),
    };
    event("version", Some(&id), &data)
}

fn changed_item(change: &Change) -> Option<ChangedItem<'_>> {
    let (item, what) = match (&change.before, &change.after) {
        (None, Some(item)) => (item, "added"),
        (Some(_), Some(item)) => (item, "updated"),
        (Some(item), None) => (item, "removed"),
        (None, None) => return None,
    };
    Some(ChangedItem {
        kind: change.kind,
        id: &change.id,
        slug: &item.slug,
        name: shortened(item.name()).into_owned(),
        what,
    })
}

/// Serialized JSON contains no line break, so one `data` line is enough.
fn event(name: &str, id: Option<&EventId>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot encode an event");
        "{}".to_owned()
    });
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}
