//! What lies between two versions.

use std::collections::BTreeMap;

use common::models::Change;

use super::History;

/// The most changes that are gone through for one answer.
const MOST: u64 = 200_000;

/// Why two versions cannot be compared.
#[derive(Debug, PartialEq, Eq)]
pub enum Gap {
    /// This version is not kept.
    NotKept(u64),
    /// The changes of this version are not in memory.
    NotInMemory(u64),
    /// There are too many changes in between.
    TooMany,
}

/// What turns one kept version into another, an earlier one too, made of the changes in between:
/// what was changed and changed back is left out.
pub fn between(history: &History, from: u64, to: u64) -> Result<Vec<Change>, Gap> {
    let (older, newer) = (from.min(to), from.max(to));
    history.get(older).ok_or(Gap::NotKept(older))?;
    history.get(newer).ok_or(Gap::NotKept(newer))?;
    let mut versions = Vec::new();
    let mut changed = 0;
    for number in older + 1..=newer {
        let version = history.get(number).ok_or(Gap::NotKept(number))?;
        changed += version.header.changes.total();
        if changed > MOST {
            return Err(Gap::TooMany);
        }
        versions.push(version.clone());
    }
    let mut ends = BTreeMap::new();
    for version in &versions {
        let number = version.header.version;
        let changes = version.changes.as_deref().ok_or(Gap::NotInMemory(number))?;
        for change in changes {
            let (_, last) = ends
                .entry((change.kind, &change.id))
                .or_insert((&change.before, &change.after));
            *last = &change.after;
        }
    }
    let net = ends.into_values().filter(|(first, last)| first != last);
    let net = net.filter_map(|(first, last)| {
        let (before, after) = if from < to {
            (first, last)
        } else {
            (last, first)
        };
        Change::of(before.clone(), after.clone())
    });
    let mut net: Vec<_> = net.collect();
    net.sort_by_key(|change| {
        let item = change.after.as_ref().or(change.before.as_ref());
        (change.kind, item.map(|item| item.rank))
    });
    Ok(net)
}

#[cfg(test)]
mod tests {
    use common::models::Counts;

    use super::*;
    use crate::history::tests::{added, history, movie};

    #[test]
    fn what_was_changed_and_changed_back_is_no_change() {
        let (old, new) = (movie("a", "Old"), movie("a", "New"));
        let forth = Change::of(Some(old.clone()), Some(new.clone())).unwrap();
        let back = Change::of(Some(new), Some(old)).unwrap();
        let added = added("b", "B");
        let history = history(
            1,
            vec![vec![forth.clone()], vec![back.clone(), added.clone()]],
        );
        assert_eq!(between(&history, 1, 2), Ok(vec![forth]));
        assert_eq!(between(&history, 1, 3), Ok(vec![added]));
        assert_eq!(between(&history, 2, 2), Ok(Vec::new()));
        assert_eq!(between(&history, 2, 1), Ok(vec![back]));
        let gone = between(&history, 3, 1).unwrap();
        assert_eq!(Counts::of(&gone).removed, 1);
    }

    #[test]
    fn a_gap_in_what_is_kept_is_told() {
        let history = history(1, vec![Vec::new()]);
        assert_eq!(between(&history, 1, 3), Err(Gap::NotKept(3)));
        assert_eq!(between(&history, 0, 2), Err(Gap::NotKept(0)));
        assert_eq!(between(&History::default(), 1, 2), Err(Gap::NotKept(1)));
    }
}
