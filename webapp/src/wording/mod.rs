//! Descriptions of changes for people: sentences, field labels, values and counts.

mod counts;
mod field_values;
mod hours_and_minutes;
mod kind;
mod label;
mod revisions;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use common::models::{Catalogue, Change, FieldChange, Item, Kind, changed_fields};
use serde_json::Value;

pub(crate) use self::counts::{counts_in_words, item_counts_in_words};
pub(crate) use self::field_values::{FieldValues, field_values};
pub(crate) use self::hours_and_minutes::hours_and_minutes;
pub(crate) use self::kind::{plural, singular};
use self::label::Label;
pub(crate) use self::revisions::{RemovedItem, Revision, removed_item, revisions};

/// Characters shown of a text.
const MAX_CHARACTERS: usize = 120;
/// Values shown of a list.
const MAX_LISTED: usize = 10;

/// The names of items by id, including those that changes add or remove.
#[derive(Debug)]
pub(crate) struct ItemNames<'a> {
    catalogue: &'a Catalogue,
    changes: &'a [Change],
    changed: OnceCell<HashMap<(Kind, &'a str), &'a Item>>,
}

/// One sentence for each changed field of an updated item; one sentence otherwise.
pub(crate) fn sentences(change: &Change, names: &ItemNames<'_>) -> Vec<String> {
    let (item, what) = match (&change.before, &change.after) {
        (None, Some(item)) => (item, "added"),
        (Some(item), None) => (item, "removed"),
        (Some(before), Some(after)) => return update_sentences(change.kind, before, after, names),
        (None, None) => return Vec::new(),
    };
    let (kind, name) = (singular(change.kind), shortened(item.name()));
    vec![format!("The {kind} “{name}” was {what}.")]
}

fn update_sentences(kind: Kind, before: &Item, after: &Item, names: &ItemNames<'_>) -> Vec<String> {
    let name = shortened(after.name());
    let fields = changed_fields(before, after);
    if fields.is_empty() {
        // Then only the rank differs.
        return vec![format!("“{name}” moved in the source’s list.")];
    }
    let fields = fields.iter();
    fields
        .map(|field| field_sentence(kind, &name, field, names))
        .collect()
}

/// A text cut to [`MAX_CHARACTERS`], with an ellipsis.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", text[..end].trim_end())),
        None => Cow::Borrowed(text),
    }
}

impl<'a> ItemNames<'a> {
    /// Names from a catalogue, and from changes for items that it lacks.
    pub(crate) fn of(catalogue: &'a Catalogue, changes: &'a [Change]) -> Self {
        Self {
            catalogue,
            changes,
            changed: OnceCell::new(),
        }
    }

    /// An item's name, or its id if there is none.
    pub(crate) fn name(&self, kind: Kind, id: &str) -> String {
        let changed = || Some(self.changed().get(&(kind, id))?.name());
        let name = self.catalogue.name(kind, id).or_else(changed);
        shortened(name.unwrap_or(id)).into_owned()
    }

    fn changed(&self) -> &HashMap<(Kind, &'a str), &'a Item> {
        self.changed.get_or_init(|| {
            let items = self.changes.iter().filter_map(|change| {
                let item = change.after.as_deref().or(change.before.as_deref())?;
                Some(((change.kind, &*item.id), item))
            });
            items.collect()
        })
    }
}

fn field_sentence(kind: Kind, name: &str, field: &FieldChange, names: &ItemNames<'_>) -> String {
    let label = Label::of(kind, &field.field);
    let Label { text, verb, .. } = &label;
    if field.before.is_array() || field.after.is_array() {
        return list_sentence(name, field, &label, names);
    }
    let before = format_value(&field.before, &label, names);
    let after = format_value(&field.after, &label, names);
    if let (Some(verb), Some(_), Some(_)) = (verb, &before, &after) {
        return format!("The {text} of “{name}” was {verb}.");
    }
    match (before, after) {
        (Some(before), Some(after)) => {
            let before = label.without_unit(&before);
            format!("The {text} of “{name}” changed from {before} to {after}.")
        }
        (None, Some(after)) => format!("The {text} of “{name}” was added: {after}."),
        (Some(before), None) => {
            format!("The {text} of “{name}” was removed (it was {before}).")
        }
        (None, None) => format!("The {text} of “{name}” was changed."),
    }
}

fn list_sentence(
    name: &str,
    field: &FieldChange,
    label: &Label<'_>,
    names: &ItemNames<'_>,
) -> String {
    let text = &label.text;
    let (before, after) = (list(&field.before), list(&field.after));
    let without = |some, others| {
        let rest: Vec<_> = difference(some, others).cloned().collect();
        (!rest.is_empty()).then(|| (join_values(&rest, label, names), were(rest.len())))
    };
    match (without(after, before), without(before, after)) {
        (Some((added, were)), None) => format!("{added} {were} added to the {text} of “{name}”."),
        (None, Some((removed, were))) => {
            format!("{removed} {were} removed from the {text} of “{name}”.")
        }
        (Some((added, were_added)), Some((removed, were_removed))) => format!(
            "{added} {were_added} added to the {text} of “{name}”, and {removed} {were_removed} removed."
        ),
        (None, None) => format!("The {text} of “{name}” were reordered."),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The values that are not among the others. Hashed, because a list can have thousands.
fn difference<'v>(some: &'v [Value], others: &'v [Value]) -> impl Iterator<Item = &'v Value> {
    let others: HashSet<_> = others.iter().collect();
    some.iter().filter(move |value| !others.contains(value))
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// A value other than a list for a sentence, shortened; `None` if unknown.
fn format_value(value: &Value, label: &Label<'_>, names: &ItemNames<'_>) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(label.with_unit(&number.to_string())),
        Value::String(text) => Some(match label.item_kind {
            Some(kind) => names.name(kind, text),
            None => format!("“{}”", shortened(text)),
        }),
        other => Some(shortened(&other.to_string()).into_owned()),
    }
}

/// Such as “A, B and 3 more”.
fn join_values(values: &[Value], label: &Label<'_>, names: &ItemNames<'_>) -> String {
    let mut words: Vec<_> = values
        .iter()
        .take(MAX_LISTED)
        .map(|value| match (value, label.item_kind) {
            (Value::String(id), Some(kind)) => names.name(kind, id),
            (Value::String(text), None) => shortened(text).into_owned(),
            (other, _) => shortened(&other.to_string()).into_owned(),
        })
        .collect();
    if values.len() > MAX_LISTED {
        words.push(format!("{} more", values.len() - MAX_LISTED));
    }
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        last
    } else {
        format!("{} and {last}", words.join(", "))
    }
}
