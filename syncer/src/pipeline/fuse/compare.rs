//! How far two states of an item differ.

use std::collections::{BTreeMap, HashSet};

use common::models::{Facts, Id, Item};
use serde_json::Value;

/// Whether more than half of an item's known values changed.
pub(super) fn is_mostly_changed(before: &Item, after: &Item) -> bool {
    let (before, after) = (values(before), values(after));
    let changed = before
        .iter()
        .filter(|(field, value)| after.get(*field) != Some(value));
    changed.count() * 2 > before.len()
}

/// The first field that had a value and has none now, as a fact or in the source's own record. A
/// list whose items are all in `lost` does not count: the loss of items has a rule of its own.
pub(super) fn blanked_field(before: &Item, after: &Item, lost: &HashSet<Id>) -> Option<String> {
    let sources = [before, after].map(|item| item.source.json());
    let after = values(after);
    let mut blanked = values(before)
        .into_iter()
        .filter(|(field, _)| !after.contains_key(field));
    let fact = blanked.find(|(_, value)| !names_only(lost, value));
    fact.map(|(field, _)| field).or_else(|| {
        let [before, after] = &sources;
        ghibli_api::first_blanked_field(before, after, |id| lost.contains(id))
    })
}

fn names_only(lost: &HashSet<Id>, value: &Value) -> bool {
    let is_lost = |value: &Value| value.as_str().is_some_and(|id| lost.contains(id));
    match value {
        Value::Array(values) => values.iter().all(is_lost),
        value => is_lost(value),
    }
}

/// The fields of an item that have a value, in the same order in every run: the approval of a run
/// depends on the first one that is blanked.
fn values(item: &Item) -> BTreeMap<String, Value> {
    let facts = match &item.facts {
        Facts::Movie(movie) => serde_json::to_value(movie),
        Facts::Person(person) => serde_json::to_value(person),
        Facts::Location(location) => serde_json::to_value(location),
        Facts::Species(species) => serde_json::to_value(species),
        Facts::Vehicle(vehicle) => serde_json::to_value(vehicle),
    };
    let Ok(Value::Object(facts)) = facts else {
        return BTreeMap::new();
    };
    let has_value = |value: &Value| match value {
        Value::Null => false,
        Value::Array(values) => !values.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    facts
        .into_iter()
        .filter(|(_, value)| has_value(value))
        .collect()
}
