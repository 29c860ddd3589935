//! Events as they go over the wire, each encoded once for everybody.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use common::models::{Change, Counts, Id, Kind};
use common::repository::Header;
use jiff::Timestamp;
use serde::Serialize;

use crate::state::{Freshness, Site};
use crate::wording::shortened;

/// How many changed items an event names.
const MOST_NAMED: usize = 50;
/// What shows that a silent stream lives.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");

/// How far a client is: what the ids of events say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) lineage: Arc<str>,
    pub(super) version: u64,
}

/// Where the catalogue stands, as three events tell it.
#[derive(Debug)]
pub(super) struct Standing {
    position: Position,
    condition: Freshness,
    /// At the begin of a stream.
    pub(super) hello: Bytes,
    /// To who missed versions that cannot be told any more.
    pub(super) resync: Bytes,
    /// When the freshness is another.
    pub(super) changed: Bytes,
}

#[derive(Serialize)]
struct StandingData {
    version: u64,
    at: Timestamp,
    condition: &'static str,
    since: Option<Timestamp>,
}

#[derive(Serialize)]
struct VersionData<'a> {
    version: u64,
    at: Timestamp,
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a str>,
    changed: Vec<Changed<'a>>,
    /// How many changed items are not named.
    more: usize,
}

#[derive(Serialize)]
struct Changed<'a> {
    kind: Kind,
    id: &'a Id,
    slug: &'a str,
    name: String,
    what: &'static str,
}

impl Position {
    pub(super) fn of(site: &Site) -> Self {
        Self {
            lineage: site.snapshot.lineage.clone(),
            version: site.version(),
        }
    }

    /// Reads what [`fmt::Display`] wrote; anything else is of no lineage.
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

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lineage, self.version)
    }
}

impl Standing {
    pub(super) fn of(site: &Site) -> Self {
        let position = Position::of(site);
        let (condition, since) = in_words(site.freshness);
        let data = StandingData {
            version: site.version(),
            at: site.snapshot.header.at,
            condition,
            since,
        };
        Self {
            hello: event("hello", Some(&position), &data),
            resync: event("resync", Some(&position), &data),
            changed: event("condition", None, &data),
            condition: site.freshness,
            position,
        }
    }

    pub(super) fn is_of(&self, site: &Site) -> bool {
        self.condition == site.freshness && self.position == Position::of(site)
    }
}

/// What a version changed.
pub(crate) fn version(lineage: &Arc<str>, header: &Header, changes: &[Change]) -> Bytes {
    let position = Position {
        lineage: lineage.clone(),
        version: header.version,
    };
    let named = changes.iter().filter_map(changed).take(MOST_NAMED);
    let data = VersionData {
        version: header.version,
        at: header.at,
        counts: header.changes,
        note: header.note.as_deref(),
        changed: named.collect(),
        more: changes.len().saturating_sub(MOST_NAMED),
    };
    event("version", Some(&position), &data)
}

fn changed(change: &Change) -> Option<Changed<'_>> {
    let (item, what) = match (&change.before, &change.after) {
        (None, Some(item)) => (item, "added"),
        (Some(_), Some(item)) => (item, "updated"),
        (Some(item), None) => (item, "removed"),
        (None, None) => return None,
    };
    Some(Changed {
        kind: change.kind,
        id: &change.id,
        slug: &item.slug,
        name: shortened(item.name()).into_owned(),
        what,
    })
}

fn in_words(condition: Freshness) -> (&'static str, Option<Timestamp>) {
    match condition {
        Freshness::Fresh => ("fresh", None),
        Freshness::Waiting => ("waiting", None),
        Freshness::SourceUnavailable(since) => ("source_away", Some(since)),
        Freshness::NoRecentSync(since) => ("silent", Some(since)),
        Freshness::SyncInFuture(_) => ("silent", None),
        Freshness::StoreUnavailable(since) => ("store_away", Some(since)),
    }
}

/// JSON has no line break of its own, so that the data are always one line.
fn event(name: &str, id: Option<&Position>, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot encode an event");
        "{}".to_owned()
    });
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}
