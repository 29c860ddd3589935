use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ChangeType, Changes, Id, Kind};

const MAX_CHANGES: usize = 1_000;
const MAX_NAME_CHARACTERS: usize = 120;
/// Maximum size of all ids and names together.
const MAX_BYTES: usize = 1 << 17;

/// A change that a held run would have made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeldChange {
    /// Its effect.
    pub change: ChangeType,
    /// Kind of the item.
    pub kind: Kind,
    /// ID of the item.
    pub id: Id,
    /// Name of the item, shortened if it is long.
    pub name: String,
}

impl HeldChange {
    /// The first changes of a delta, removals first; at most 1,000.
    pub fn list(changes: &Changes) -> Vec<Self> {
        let types = ChangeType::ALL.into_iter();
        let all = types.flat_map(|of| changes.of_type(of).map(move |change| (of, change)));
        let mut bytes = 0;
        all.take(MAX_CHANGES)
            .filter_map(|(of, change)| {
                let item = change.after.or(change.before)?;
                Some(Self {
                    change: of,
                    kind: change.kind,
                    id: change.id,
                    name: item.name().chars().take(MAX_NAME_CHARACTERS).collect(),
                })
            })
            .take_while(|held| {
                bytes += held.id.len() + held.name.len();
                bytes <= MAX_BYTES
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::models::{Change, Facts, Item, Movie, SourceRecord};

    fn movie(id: &str, title: &str) -> Arc<Item> {
        Arc::new(Item {
            id: id.into(),
            slug: id.into(),
            rank: 1,
            facts: Facts::Movie(Movie {
                title: title.into(),
                ..Movie::default()
            }),
            source: SourceRecord::new(
                serde_json::value::RawValue::from_string("{}".into()).unwrap(),
            ),
        })
    }

    fn added(id: &str, title: &str) -> Option<Change> {
        Change::of(None, Some(movie(id, title)))
    }

    #[test]
    fn a_list_begins_with_removals_and_is_bounded() {
        let new = (0..MAX_CHANGES).map(|id| added(&id.to_string(), "New"));
        let removed = Change::of(Some(movie("gone", "Gone")), None);
        let list = HeldChange::list(&new.chain([removed]).flatten().collect());
        assert_eq!(list.len(), MAX_CHANGES);
        let first = (list[0].change, &*list[0].name);
        assert_eq!(first, (ChangeType::Removed, "Gone"));

        let long = (0..MAX_CHANGES).map(|id| {
            let id = format!("{id}{}", "x".repeat(1_000));
            added(&id, &"界".repeat(10_000))
        });
        let list = HeldChange::list(&long.flatten().collect());
        assert!((50..MAX_CHANGES).contains(&list.len()), "{}", list.len());
        assert_eq!(list[0].name.chars().count(), MAX_NAME_CHARACTERS);
    }
}
