use common::models::{Change, changed_fields};
use serde_json::Value;

use super::label::Label;
use super::{Names, difference, list};

/// What a field held and holds, whole, for who shows the one beside the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// A value before and after, with its unit; `None` for unknown.
    One(Option<String>, Option<String>),
    /// Of several values, those that went and those that came.
    Several(Vec<String>, Vec<String>),
}

/// The fields in which an updated item differs from before: what each is called, and its values.
pub(crate) fn values(change: &Change, names: &Names<'_>) -> Vec<(String, Values)> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return Vec::new();
    };
    let fields = changed_fields(before, after).into_iter();
    fields
        .map(|field| {
            let label = Label::of(change.kind, &field.field);
            let say = |value: &Value| in_full(value, &label, names);
            let values = if field.before.is_array() || field.after.is_array() {
                let (before, after) = (list(&field.before), list(&field.after));
                let without = |some, others| -> Vec<String> {
                    difference(some, others).filter_map(say).collect()
                };
                Values::Several(without(before, after), without(after, before))
            } else {
                Values::One(say(&field.before), say(&field.after))
            };
            (label.text.into_owned(), values)
        })
        .collect()
}

fn in_full(value: &Value, label: &Label<'_>, names: &Names<'_>) -> Option<String> {
    match (value, label.names) {
        (Value::Null, _) => None,
        (Value::String(id), Some(kind)) => Some(names.name(kind, id)),
        (Value::String(text), None) => Some(text.clone()),
        (Value::Number(number), _) => Some(label.with_unit(&number.to_string())),
        (other, _) => Some(other.to_string()),
    }
}
