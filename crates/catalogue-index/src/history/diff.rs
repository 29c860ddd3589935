use std::collections::BTreeMap;

use common::models::Change;

use super::versions::History;

/// Maximum number of changes that one comparison reads.
const MAX_READ_CHANGES: u64 = 200_000;

/// Why two versions cannot be compared.
#[derive(Debug, PartialEq, Eq)]
pub enum DiffError {
    /// This version is not kept.
    NotKept(u64),
    /// The changes of this version are not in memory.
    NotInMemory(u64),
    /// There are too many changes between them.
    TooMany,
}

impl History {
    /// The changes that turn one kept version into another, which may be an earlier one. Changes
    /// that were reverted in between are left out.
    ///
    /// # Errors
    /// If the versions cannot be compared.
    pub fn diff(&self, from: u64, to: u64) -> Result<Vec<Change>, DiffError> {
        let (older, newer) = (from.min(to), from.max(to));
        self.get(older).ok_or(DiffError::NotKept(older))?;
        self.get(newer).ok_or(DiffError::NotKept(newer))?;
        let mut versions = Vec::new();
        let mut read_changes = 0;
        for number in older + 1..=newer {
            let version = self.get(number).ok_or(DiffError::NotKept(number))?;
            read_changes += version.header.changes.total();
            if read_changes > MAX_READ_CHANGES {
                return Err(DiffError::TooMany);
            }
            versions.push(version);
        }
        let mut ends = BTreeMap::new();
        for version in versions {
            let number = version.header.version;
            let changes = version.changes.as_deref();
            for change in changes.ok_or(DiffError::NotInMemory(number))? {
                let (_, last) = ends
                    .entry((change.kind, &change.id))
                    .or_insert((&change.before, &change.after));
                *last = &change.after;
            }
        }
        let changed = ends.into_values().filter(|(first, last)| first != last);
        let changed = changed.filter_map(|(first, last)| {
            let (before, after) = if from < to {
                (first, last)
            } else {
                (last, first)
            };
            Change::of(before.clone(), after.clone())
        });
        let mut changes: Vec<_> = changed.collect();
        changes.sort_by_key(|change| {
            let item = change.after.as_ref().or(change.before.as_ref());
            (change.kind, item.map(|item| item.rank))
        });
        Ok(changes)
    }
}

#[cfg(test)]
mod tests {
    use common::models::Counts;

    use super::*;
    use crate::history::tests::{added, history, movie};

    #[test]
    fn a_reverted_change_is_left_out() {
        let (old, new) = (movie("a", "Old"), movie("a", "New"));
        let forth = Change::of(Some(old.clone()), Some(new.clone())).unwrap();
        let back = Change::of(Some(new), Some(old)).unwrap();
        let added = added("b", "B");
        let history = history(
            1,
            vec![vec![forth.clone()], vec![back.clone(), added.clone()]],
        );
        assert_eq!(history.diff(1, 2), Ok(vec![forth]));
        assert_eq!(history.diff(1, 3), Ok(vec![added]));
        assert_eq!(history.diff(2, 2), Ok(Vec::new()));
        assert_eq!(history.diff(2, 1), Ok(vec![back]));
        let removed = history.diff(3, 1).unwrap();
        assert_eq!(Counts::of(&removed).removed, 1);
    }

    #[test]
    fn a_version_that_is_not_kept_is_an_error() {
        let history = history(1, vec![Vec::new()]);
        assert_eq!(history.diff(1, 3), Err(DiffError::NotKept(3)));
        assert_eq!(history.diff(0, 2), Err(DiffError::NotKept(0)));
        let empty = History::default();
        assert_eq!(empty.diff(1, 2), Err(DiffError::NotKept(1)));
    }
}
