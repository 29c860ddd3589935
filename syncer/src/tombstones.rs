//! Items that the source has no more: each stays for some looks before it goes. Pure.

use std::collections::{HashMap, HashSet};

use common::models::{Id, Kind, MissingItem};

use jiff::Timestamp;

/// What is missing after one more look.
///
/// `known` is what was missing before, `missing` what is now. An item that was looked for in vain
/// `looks` times before is left out: it has had its time.
pub fn look(
    known: &[MissingItem],
    missing: &[(Kind, Id)],
    looks: u32,
    now: Timestamp,
) -> Vec<MissingItem> {
    let known: HashMap<(Kind, &Id), &MissingItem> = known
        .iter()
        .map(|missing| ((missing.kind, &missing.id), missing))
        .collect();
    let looked = missing
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
    looked
        .filter(|missing| missing.missed_syncs <= looks)
        .collect()
}

/// The items that stay.
pub fn staying(missing: &[MissingItem]) -> HashSet<(Kind, Id)> {
    let staying = missing.iter();
    staying
        .map(|missing| (missing.kind, missing.id.clone()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_missing_item_stays_for_so_many_looks_and_then_goes() {
        let gone = [(Kind::Movie, Id::from("a"))];
        let mut known = Vec::new();
        for second in 1..=3 {
            known = look(&known, &gone, 3, at(second));
            assert_eq!(known.len(), 1, "look {second}");
            assert_eq!(known[0].since, at(1));
            assert_eq!(i64::from(known[0].missed_syncs), second);
        }
        assert!(look(&known, &gone, 3, at(4)).is_empty());
        assert!(look(&[], &gone, 0, at(1)).is_empty(), "no patience at all");
    }

    #[test]
    fn an_item_that_came_back_has_all_its_looks_again() {
        let gone = [(Kind::Movie, Id::from("a"))];
        let known = look(&[], &gone, 3, at(1));
        let known = look(&known, &[], 3, at(2));
        assert!(known.is_empty());
        assert_eq!(look(&known, &gone, 3, at(3))[0].since, at(3));
    }
}
