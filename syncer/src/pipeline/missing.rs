//! Published items that the source no longer has: each stays for some syncs before it goes.

use std::collections::{HashMap, HashSet};

use common::models::{Catalogue, Id, Kind, MissingItem};

use jiff::Timestamp;

use super::parse::ParsedRecords;

/// Published items without a readable record in the source's response.
#[derive(Debug)]
pub(super) struct Absent {
    /// Items whose record is quarantined, or may be. They stay as they are.
    unreadable: Vec<(Kind, Id)>,
    /// Items that the source no longer has.
    pub(super) missing: Vec<(Kind, Id)>,
    /// The missing items that stay for now, with this sync counted.
    pub(super) retained: Vec<MissingItem>,
}

/// Finds the absent items. `known` are the items that earlier syncs missed. An item stays for
/// `missed_syncs` syncs in a row.
pub(super) fn find(
    parsed: &ParsedRecords,
    published: &Catalogue,
    known: &[MissingItem],
    missed_syncs: u32,
    now: Timestamp,
) -> Absent {
    let mut unreadable = Vec::new();
    let mut all_missing = Vec::new();
    for kind in Kind::ALL {
        let bad_ids: HashSet<&Id> = parsed
            .quarantined(kind)
            .filter_map(|record| record.id.as_ref())
            .collect();
        let without_id = parsed.quarantined(kind).filter(|bad| bad.id.is_none());
        let absent = published.iter(kind).map(|item| item.id.clone());
        let absent = absent.filter(|id| !parsed.has_received(kind, id));
        let (mut bad, mut missing): (Vec<_>, Vec<_>) = absent
            .map(|id| (kind, id))
            .partition(|(_, id)| bad_ids.contains(id));
        // A record without an id may be that of any missing item.
        if missing.len() <= without_id.count() {
            bad.append(&mut missing);
        }
        unreadable.append(&mut bad);
        all_missing.append(&mut missing);
    }
    Absent {
        retained: retain(known, &all_missing, missed_syncs, now),
        unreadable,
        missing: all_missing,
    }
}

impl Absent {
    /// The items that stay in the next version.
    pub(super) fn retained_items(&self) -> HashSet<(Kind, &Id)> {
        let retained = self.retained.iter().map(|item| (item.kind, &item.id));
        self.unreadable().chain(retained).collect()
    }

    /// The same if missing items are removed at once.
    pub(super) fn retained_without_missing(&self) -> HashSet<(Kind, &Id)> {
        self.unreadable().collect()
    }

    fn unreadable(&self) -> impl Iterator<Item = (Kind, &Id)> {
        self.unreadable.iter().map(|(kind, id)| (*kind, id))
    }
}

/// The missing items that stay, with one more missed sync counted.
fn retain(
    known: &[MissingItem],
    missing: &[(Kind, Id)],
    missed_syncs: u32,
    now: Timestamp,
) -> Vec<MissingItem> {
    let known: HashMap<(Kind, &Id), &MissingItem> = known
        .iter()
        .map(|missing| ((missing.kind, &missing.id), missing))
        .collect();
    let counted = missing
        .iter()
        .map(|(kind, id)| match known.get(&(*kind, id)) {
            Some(before) => MissingItem {
                missed_syncs: before.missed_syncs.saturating_add(1),
                ..(*before).clone()
            },
            None => MissingItem {
                kind: *kind,
                id: id.clone(),
                since: now,
                missed_syncs: 1,
            },
        });
    counted
        .filter(|missing| missing.missed_syncs <= missed_syncs)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_missing_item_stays_for_the_configured_number_of_syncs() {
        let missing = [(Kind::Movie, Id::from("a"))];
        let mut known = Vec::new();
        for second in 1..=3 {
            known = retain(&known, &missing, 3, at(second));
            assert_eq!(known.len(), 1, "sync {second}");
            assert_eq!(known[0].since, at(1));
            assert_eq!(i64::from(known[0].missed_syncs), second);
        }
        assert!(retain(&known, &missing, 3, at(4)).is_empty());
        assert!(retain(&[], &missing, 0, at(1)).is_empty(), "a limit of 0");
    }

    #[test]
    fn an_item_that_returns_starts_again_at_zero_missed_syncs() {
        let missing = [(Kind::Movie, Id::from("a"))];
        let known = retain(&[], &missing, 3, at(1));
        let known = retain(&known, &[], 3, at(2));
        assert!(known.is_empty());
        assert_eq!(retain(&known, &missing, 3, at(3))[0].since, at(3));
    }
}
