//! Events in wire format, each encoded once for all listeners.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use common::models::{Change, ChangeType, Counts, Id, Kind, SyncState};
use common::repository::Header;
use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator};
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

/// An event for the API reference.
pub(crate) struct EventType {
    /// The value of the field `event`.
    pub(crate) name: &'static str,
    /// A sentence on when it is sent.
    pub(crate) description: &'static str,
    /// The schema of its data.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// The event of a site as an example.
    pub(crate) example: fn(&Site) -> Bytes,
}

/// All events.
pub(crate) static EVENT_TYPES: [EventType; 4] = [
    EventType {
        name: "hello",
        description: "The first event of a stream that does not resume.",
        schema: SchemaGenerator::subschema_for::<StatusEvent>,
        example: |site| StatusEvents::of(site).hello,
    },
    EventType {
        name: "version",
        description: "A version was published.",
        schema: SchemaGenerator::subschema_for::<VersionEvent>,
        example: version_example,
    },
    EventType {
        name: "status",
        description: "Conditions, syncs, missing items, quarantine or findings changed.",
        schema: SchemaGenerator::subschema_for::<StatusEvent>,
        example: |site| StatusEvents::of(site).status,
    },
    EventType {
        name: "resync",
        description: "The missed versions are no longer available: reload everything.",
        schema: SchemaGenerator::subschema_for::<StatusEvent>,
        example: |site| StatusEvents::of(site).resync,
    },
];

#[derive(Serialize, JsonSchema)]
struct StatusEvent {
    /// The catalogue version; 0 is the built-in catalogue.
    version: u64,
    /// When it was published.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// The most severe condition.
    state: SyncState,
    /// Since when, if known.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    since: Option<Timestamp>,
    /// The pinned version.
    pinned: Option<u64>,
    /// Whether an operator has to look into it.
    needs_attention: bool,
    /// Digest of the notices on pages: an open page with another one is outdated.
    notices: String,
}

#[derive(Serialize, JsonSchema)]
struct VersionEvent<'a> {
    /// The new version.
    version: u64,
    /// When it was published.
    #[schemars(with = "String", extend("format" = "date-time"))]
    at: Timestamp,
    /// Numbers of changed items.
    counts: Counts,
    /// Why it was published; absent after an ordinary sync.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    /// The first 50 changed items.
    changed: Vec<ChangedItem<'a>>,
    /// Number of changed items that are not listed.
    more: usize,
}

#[derive(Serialize, JsonSchema)]
struct ChangedItem<'a> {
    /// Kind of the item.
    kind: Kind,
    /// ID at the source.
    id: &'a Id,
    /// URL slug.
    slug: &'a str,
    /// Title or name, shortened if it is long.
    name: String,
    /// The effect of the change.
    what: ChangeType,
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
        let data = StatusEvent {
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
    let data = VersionEvent {
        version: header.version,
        at: header.at,
        counts: header.changes,
        note: header.note.as_deref(),
        changed: listed.collect(),
        more: changes.len().saturating_sub(MAX_LISTED_ITEMS),
    };
    event("version", Some(&id), &data)
}

/// The event of a version that adds the first movie.
fn version_example(site: &Site) -> Bytes {
    let movie = site.snapshot.catalogue.iter(Kind::Movie).next();
    let changes: Vec<_> = Change::of(None, movie).into_iter().collect();
    let header = Header {
        changes: Counts::of(&changes),
        note: None,
        ..site.snapshot.header.clone()
    };
    version(&site.snapshot.lineage, &header, &changes)
}

fn changed_item(change: &Change) -> Option<ChangedItem<'_>> {
    let (item, what) = match (&change.before, &change.after) {
        (None, Some(item)) => (item, ChangeType::Added),
        (Some(_), Some(item)) => (item, ChangeType::Updated),
        (Some(item), None) => (item, ChangeType::Removed),
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
