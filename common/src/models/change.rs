use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Id, Item, Kind};

/// The change of one item by one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The item's kind.
    pub kind: Kind,
    /// The item's id.
    pub id: Id,
    /// The item at the version before; `None` if it was added.
    pub before: Option<Arc<Item>>,
    /// The item at this version; `None` if it was removed.
    pub after: Option<Arc<Item>>,
}

impl Change {
    /// The change from one state of an item to another; `None` if there is neither.
    pub fn of(before: Option<Arc<Item>>, after: Option<Arc<Item>>) -> Option<Self> {
        let item = after.as_ref().or(before.as_ref())?;
        Some(Self {
            kind: item.kind(),
            id: item.id.clone(),
            before,
            after,
        })
    }
}

/// The effect of a change on its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChangeType {
    /// The item is new.
    Added,
    /// The item differs.
    Updated,
    /// The item is gone.
    Removed,
}

impl ChangeType {
    /// All types, the most drastic first.
    pub const ALL: [Self; 3] = [Self::Removed, Self::Updated, Self::Added];

    /// The type of a change, by whether the item exists before and after.
    pub(super) const fn of(before: bool, after: bool) -> Self {
        match (before, after) {
            (false, _) => Self::Added,
            (true, true) => Self::Updated,
            (true, false) => Self::Removed,
        }
    }

    /// The type as a word, as in JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Removed => "removed",
        }
    }
}

/// Numbers of items that a version added, updated and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counts {
    /// Items added.
    pub added: u64,
    /// Items updated.
    pub updated: u64,
    /// Items removed.
    pub removed: u64,
}

impl Counts {
    /// Counts the changes of one version.
    pub fn of(changes: &[Change]) -> Self {
        let mut counts = Self::default();
        for change in changes {
            counts.count(change.before.is_some(), change.after.is_some());
        }
        counts
    }

    /// Counts one change, by whether the item exists before and after.
    pub fn count(&mut self, before: bool, after: bool) {
        match ChangeType::of(before, after) {
            ChangeType::Added => self.added += 1,
            ChangeType::Updated => self.updated += 1,
            ChangeType::Removed => self.removed += 1,
        }
    }

    /// Sum of all changes.
    pub const fn total(&self) -> u64 {
        self.added + self.updated + self.removed
    }
}

/// One field of an item that a version changed; null stands for unknown or absent.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct FieldChange {
    /// Name of the field; `source.NAME` is a field that only the source record has.
    pub field: String,
    /// Its value at the version before.
    pub before: Value,
    /// Its value at this version.
    pub after: Value,
}

/// The fields in which two states of an item differ; an item's rank is not one of them.
pub fn changed_fields(before: &Item, after: &Item) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    compare("", fields(before), fields(after), &mut changes);
    if changes.is_empty() {
        compare("source.", source(before), source(after), &mut changes);
    }
    changes
}

fn fields(item: &Item) -> serde_json::Map<String, Value> {
    let mut fields = serde_json::Map::new();
    fields.insert("slug".into(), Value::from(&*item.slug));
    if let Ok(Value::Object(facts)) = serde_json::to_value(&item.facts) {
        for (_, inner) in facts {
            if let Value::Object(inner) = inner {
                fields.extend(inner);
            }
        }
    }
    fields
}

fn source(item: &Item) -> serde_json::Map<String, Value> {
    serde_json::from_str(&item.source.text()).unwrap_or_default()
}

fn compare(
    prefix: &str,
    before: serde_json::Map<String, Value>,
    mut after: serde_json::Map<String, Value>,
    changes: &mut Vec<FieldChange>,
) {
    let mut note = |field: &str, before: Value, after: Value| {
        if before != after {
            changes.push(FieldChange {
                field: format!("{prefix}{field}"),
                before,
                after,
            });
        }
    };
    for (field, value) in before {
        let now = after.shift_remove(&field).unwrap_or(Value::Null);
        note(&field, value, now);
    }
    for (field, value) in after {
        note(&field, Value::Null, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{Facts, Movie, SourceRecord};

    fn movie(title: &str, source: &str) -> Item {
        Item {
            id: "m1".into(),
            slug: "kept".into(),
            rank: 1,
            facts: Facts::Movie(Movie {
                title: title.into(),
                ..Movie::default()
            }),
            source: SourceRecord::new(
                serde_json::value::RawValue::from_string(source.into()).unwrap(),
            ),
        }
    }

    #[test]
    fn a_corrected_title_is_one_changed_field() {
        let changes = changed_fields(&movie("Old", "{}"), &movie("New", "{}"));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, "title");
        assert_eq!(changes[0].before, "Old");
        assert_eq!(changes[0].after, "New");
    }

    #[test]
    fn a_field_only_of_the_source_record_is_reported_as_such() {
        let changes = changed_fields(&movie("A", "{}"), &movie("A", r#"{"length":"3"}"#));
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].field, "source.length");
        assert_eq!(changes[0].before, Value::Null);
    }
}
