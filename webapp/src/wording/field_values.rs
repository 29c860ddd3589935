use common::models::{Change, changed_fields};
use serde_json::Value;

use super::label::Label;
use super::{ItemNames, difference, list};

/// The old and the new values of a field, in full length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldValues {
    /// A single value with its unit; `None` if unknown.
    Single {
        before: Option<String>,
        after: Option<String>,
    },
    /// The differences of a list; both are empty if it was only reordered.
    List {
        removed: Vec<String>,
        added: Vec<String>,
    },
}

/// Label and values of each changed field of an updated item.
pub(crate) fn field_values(change: &Change, names: &ItemNames<'_>) -> Vec<(String, FieldValues)> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return Vec::new();
    };
    let fields = changed_fields(before, after).into_iter();
    fields
        .map(|field| {
            let label = Label::of(change.kind, &field.field);
            let format = |value: &Value| format_full(value, &label, names);
            let values = if field.before.is_array() || field.after.is_array() {
                let (before, after) = (list(&field.before), list(&field.after));
                let without = |some, others| -> Vec<String> {
                    difference(some, others).filter_map(format).collect()
                };
                FieldValues::List {
                    removed: without(before, after),
                    added: without(after, before),
                }
            } else {
                FieldValues::Single {
                    before: format(&field.before),
                    after: format(&field.after),
                }
            };
            (label.text.into_owned(), values)
        })
        .collect()
}

fn format_full(value: &Value, label: &Label<'_>, names: &ItemNames<'_>) -> Option<String> {
    match (value, label.item_kind) {
        (Value::Null, _) => None,
        (Value::String(id), Some(kind)) => Some(names.name(kind, id)),
        (Value::String(text), None) => Some(text.clone()),
        (Value::Number(number), _) => Some(label.with_unit(&number.to_string())),
        (other, _) => Some(other.to_string()),
    }
}
