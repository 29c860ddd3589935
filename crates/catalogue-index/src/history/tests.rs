use common::models::{Catalogue, Counts, Facts, Item, Kind, Movie, SourceRecord};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::*;

#[test]
fn versions_are_found_by_number_and_told_newest_first() {
    let history = history(3, sizes(1..=4));
    assert_eq!(history.get(3).unwrap().header.version, 3);
    assert!(history.get(2).is_none() && history.get(8).is_none());
    let newest_first: Vec<_> = history.versions().map(|v| v.header.version).collect();
    assert_eq!(newest_first, [7, 6, 5, 4, 3]);
}

#[test]
fn only_what_is_whole_in_memory_is_told_since_a_version() {
    let history = history(3, sizes(1..=4));
    let since = |version| {
        let later = history.since(version)?;
        Some(later.iter().map(|v| v.header.version).collect::<Vec<_>>())
    };
    assert_eq!(since(3), Some(vec![4, 5, 6, 7]));
    assert_eq!(since(7), Some(vec![]));
    assert_eq!(since(2), None, "nobody knows what version 3 changed");
    assert_eq!(since(8), None, "that is ahead");
}

#[test]
fn the_oldest_changes_leave_memory_first_and_their_headers_stay() {
    let history = history(3, sizes([5, 4, 3, 2])).within(6, encode);
    let held = |number| history.get(number).unwrap().changes.is_some();
    assert_eq!([4, 5, 6, 7].map(held), [false, false, true, true]);
    assert_eq!(history.versions().count(), 5);
    assert!(history.since(4).is_none() && history.since(5).is_some());
}

#[test]
fn a_version_can_be_announced_after_its_changes_have_left_memory() {
    let history = history(3, sizes([5, 1])).within(1, encode);
    assert!(history.get(4).unwrap().changes.is_none());
    assert!(history.event(4, encode).is_some() && history.event(5, encode).is_some());
    assert!(
        history.event(3, encode).is_none(),
        "nobody knows what it changed"
    );
}

#[test]
fn another_lineage_or_a_gap_begins_anew() {
    let before = history(3, sizes([1]));
    let other = before
        .clone()
        .with(&snapshot("other", 5, &[]), Some(changes(1)), encode);
    assert_eq!((other.versions().count(), &**other.lineage()), (1, "other"));
    let gap = before.with(&snapshot("l", 9, &[]), Some(changes(1)), encode);
    assert_eq!(gap.versions().count(), 1);
}

#[test]
fn what_was_read_of_the_past_is_put_before_what_came_since() {
    let now = history(5, sizes([1]));
    assert!(!now.is_settled());
    let past = History {
        settled: true,
        ..history(2, sizes([1, 1, 1]))
    };
    let filled = now.clone().after(&past, encode);
    let numbers: Vec<_> = filled.versions().map(|v| v.header.version).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2]);
    assert!(filled.is_settled() && filled.since(2).is_some());

    let foreign = History {
        lineage: "other".into(),
        ..past.clone()
    };
    assert_eq!(now.clone().after(&foreign, encode).versions().count(), 2);
    let mut differing = past;
    let mut header = differing.get(5).unwrap().header.clone();
    header.fence += 9;
    let other = Arc::new(Version::new(&header, None));
    differing.versions.set(3, other);
    assert_eq!(now.after(&differing, encode).versions().count(), 2);
}

#[test]
fn what_the_store_keeps_no_more_is_let_go() {
    let kept = history(5, sizes([1, 1]));
    let shorter = history(2, sizes([1, 1, 1, 1, 1])).after(&kept, encode);
    let numbers: Vec<_> = shorter.versions().map(|v| v.header.version).collect();
    assert_eq!(numbers, [7, 6, 5]);
    assert!(shorter.get(5).unwrap().changes.is_some());
}

/// A version of which only a count of one change is known, and later ones with these changes.
pub(super) fn history(first: u64, later: impl IntoIterator<Item = Vec<Change>>) -> History {
    let start = History::from(&snapshot("l", first, &changes(1)));
    let later = (first + 1..).zip(later);
    later.fold(start, |history, (version, changes)| {
        history.with(&snapshot("l", version, &changes), Some(changes), encode)
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

/// A movie that comes.
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
