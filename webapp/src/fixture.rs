//! Sites, items and changes for tests.

use std::sync::Arc;

use catalogue_index::History;
use common::models::{
    Catalogue, Change, Counts, Facts, Item, Kind, Movie, Outcome, PhaseTimings, Run, SourceRecord,
};
use common::repository::{Header, Snapshot};
use jiff::Timestamp;
use serde_json::value::RawValue;

use crate::events::encode;
use crate::state::{Indexes, Site};

/// A version without items; 1 is the first of its store.
pub(crate) fn snapshot(lineage: &str, version: u64, changes: &[Change]) -> Snapshot {
    Snapshot {
        lineage: lineage.into(),
        header: Header {
            version,
            fence: version,
            at: Timestamp::UNIX_EPOCH,
            parts: 1,
            changes: Counts::of(changes),
            note: None,
            first: version == 1,
            reset: false,
            content: common::repository::ContentDigest::of(&Catalogue::default()),
        },
        catalogue: Catalogue::default(),
        damage: Vec::new(),
    }
}

/// A site that keeps the version `first`, whose one change is not in memory, and later versions.
pub(crate) fn site(
    lineage: &str,
    first: u64,
    later: impl IntoIterator<Item = Vec<Change>>,
) -> Site {
    let mut current = snapshot(lineage, first, &[added("m", "M")]);
    let mut history = History::from(&current);
    for (version, changes) in (first + 1..).zip(later) {
        current = snapshot(lineage, version, &changes);
        history = history.with_version(&current, Some(changes), encode::version);
    }
    Site::of(current, Indexes::default(), history)
}

/// The change that adds a movie.
pub(crate) fn added(id: &str, title: &str) -> Change {
    Change {
        kind: Kind::Movie,
        id: id.into(),
        before: None,
        after: Some(movie(id, title)),
    }
}

/// A movie with only a title.
pub(crate) fn movie(id: &str, title: &str) -> Arc<Item> {
    item(
        id,
        Facts::Movie(Movie {
            title: title.into(),
            ..Movie::default()
        }),
    )
}

/// An item whose slug is its id.
pub(crate) fn item(id: &str, facts: Facts) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        slug: id.into(),
        rank: 1,
        facts,
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}

/// A run at the epoch without figures.
pub(crate) fn run(number: u64, outcome: Outcome) -> Run {
    Run {
        number,
        repeat_count: 1,
        started: Timestamp::UNIX_EPOCH,
        ended: Timestamp::UNIX_EPOCH,
        phases: PhaseTimings::default(),
        outcome,
        version: 1,
        kinds: std::collections::BTreeMap::new(),
        bytes: 0,
        provider: None,
        rules: Vec::new(),
        reason: None,
        causes: Vec::new(),
        fingerprint: None,
        held_changes: Vec::new(),
        findings: 0,
        damage: Vec::new(),
        notes: Vec::new(),
        settings: None,
    }
}
