use std::sync::Arc;

use bytes::Bytes;
use common::models::{Catalogue, Change, Counts, Facts, Item, Kind, Movie, SourceRecord};
use common::repository::{Header, Snapshot};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::backfill::{ReadBefore, unread};
use super::versions::{History, Version};

#[test]
fn versions_are_found_by_number_and_listed_newest_first() {
    let history = history(3, sizes(1..=4));
    assert_eq!(history.get(3).unwrap().header.version, 3);
    assert!(history.get(2).is_none() && history.get(8).is_none());
    let newest_first: Vec<_> = history.versions().map(|v| v.header.version).collect();
    assert_eq!(newest_first, [7, 6, 5, 4, 3]);
}

#[test]
fn the_oldest_changes_leave_memory_first_and_their_headers_stay() {
    let history = history(3, sizes([5, 4, 3, 2])).with_change_limit(6, encode);
    let has_changes = |number| history.get(number).unwrap().changes.is_some();
    assert_eq!([4, 5, 6, 7].map(has_changes), [false, false, true, true]);
    assert_eq!(history.versions().count(), 5);
}

#[test]
fn a_version_keeps_its_event_when_its_changes_leave_memory() {
    let history = history(3, sizes([5, 1])).with_change_limit(1, encode);
    assert!(history.get(4).unwrap().changes.is_none());
    assert!(history.event(4, encode).is_some() && history.event(5, encode).is_some());
    assert!(
        history.event(3, encode).is_none(),
        "nobody knows what it changed"
    );
}

#[test]
fn another_lineage_or_a_gap_starts_over() {
    let before = history(3, sizes([1]));
    let other = before
        .clone()
        .with_version(&snapshot("other", 5, &[]), Some(changes(1)), encode);
    assert_eq!(other.versions().count(), 1);
    let gap = before.with_version(&snapshot("l", 9, &[]), Some(changes(1)), encode);
    assert_eq!(gap.versions().count(), 1);
}

#[test]
fn a_version_is_rebuildable_if_the_changes_of_all_later_ones_are_in_memory() {
    assert_eq!(History::default().oldest_rebuildable(), None);
    let all = history(3, sizes([5, 4, 3, 2]));
    assert_eq!(all.oldest_rebuildable(), Some(3));
    let some = all.clone().with_change_limit(6, encode);
    assert_eq!(some.oldest_rebuildable(), Some(5));
    assert!(some.diff(7, 5).is_ok() && some.diff(7, 4).is_err());
    let none = all.with_change_limit(0, encode);
    assert_eq!(none.oldest_rebuildable(), Some(7));
}

#[test]
fn a_history_up_to_a_version_ends_with_it() {
    let history = history(3, sizes([1, 1, 1]));
    for (version, kept) in [(2, &[][..]), (3, &[3]), (5, &[5, 4, 3]), (9, &[6, 5, 4, 3])] {
        let earlier = history.up_to(version);
        let numbers: Vec<_> = earlier.versions().map(|v| v.header.version).collect();
        assert_eq!(numbers, kept, "{version}");
    }
}

#[test]
fn a_backfill_adds_the_versions_from_before_the_start() {
    let now = history(5, sizes([1]));
    assert!(!now.is_backfilled());
    let stored = history(2, sizes([1, 1, 1]));
    let read = |lineage: &str| {
        let versions = stored.versions().rev().cloned();
        History::read(lineage.into(), versions)
    };
    let filled = now.clone().with_backfill(&read("l"), encode);
    let numbers: Vec<_> = filled.versions().map(|v| v.header.version).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2]);
    assert!(filled.is_backfilled() && filled.get(3).unwrap().changes.is_some());

    let foreign = now.clone().with_backfill(&read("other"), encode);
    assert_eq!(foreign.versions().count(), 2);
    let differing = stored.versions().rev().map(|version| {
        let mut header = version.header.clone();
        header.fence += 9;
        Arc::new(Version::new(&header, None))
    });
    let differing = now.with_backfill(&History::read("l".into(), differing), encode);
    assert_eq!(differing.versions().count(), 2);
}

#[test]
fn a_backfill_reads_what_is_neither_known_nor_read_before() {
    let stored = history(2, sizes([1, 1, 1, 1]));
    let log: Vec<_> = stored
        .versions()
        .rev()
        .map(|version| version.header.clone())
        .collect();
    let known = stored.clone().with_change_limit(1, encode);
    let mut read_before = ReadBefore::default();
    let numbers = |read_before: &ReadBefore| {
        let unread = unread(&log, &known, read_before).into_iter();
        unread.map(|header| header.version).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&read_before), [5, 4, 3, 2]);
    read_before.insert(5, stored.get(5).unwrap().clone());
    assert_eq!(numbers(&read_before), [4, 3, 2]);
}

#[test]
fn a_backfill_drops_versions_that_the_store_no_longer_keeps() {
    let kept = history(5, sizes([1, 1]));
    let shorter = history(2, sizes([1, 1, 1, 1, 1])).with_backfill(&kept, encode);
    let numbers: Vec<_> = shorter.versions().map(|v| v.header.version).collect();
    assert_eq!(numbers, [7, 6, 5]);
    assert!(shorter.get(5).unwrap().changes.is_some());
}

/// A version of which only a count of one change is known, and later ones with these changes.
pub(super) fn history(first: u64, later: impl IntoIterator<Item = Vec<Change>>) -> History {
    let start = History::from(&snapshot("l", first, &changes(1)));
    let later = (first + 1..).zip(later);
    later.fold(start, |history, (version, changes)| {
        history.with_version(&snapshot("l", version, &changes), Some(changes), encode)
    })
}

fn encode(lineage: &Arc<str>, header: &Header, _: &[Change]) -> Bytes {
    format!("{lineage}:{}", header.version).into()
}

fn sizes(sizes: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Vec<Change>> {
    sizes.into_iter().map(changes)
}

fn changes(count: usize) -> Vec<Change> {
    vec![added("m", "M"); count]
}

/// A version without items; 1 is the first of its store.
fn snapshot(lineage: &str, version: u64, changes: &[Change]) -> Snapshot {
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
            content: common::repository::ContentDigest::of(&common::models::Catalogue::default()),
        },
        catalogue: Catalogue::default(),
        damage: Vec::new(),
    }
}

/// The addition of a movie.
pub(super) fn added(id: &str, title: &str) -> Change {
    Change {
        kind: Kind::Movie,
        id: id.into(),
        before: None,
        after: Some(movie(id, title)),
    }
}

pub(super) fn movie(id: &str, title: &str) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        slug: id.into(),
        rank: 1,
        facts: Facts::Movie(Movie {
            title: title.into(),
            ..Movie::default()
        }),
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}
