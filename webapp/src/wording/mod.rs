//! Changes in words: what people read of a version, wherever they read it.

mod counts;
mod field_values;
mod kind;
mod label;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use common::models::{Catalogue, Change, FieldChange, Item, Kind, changed_fields};
use serde_json::Value;

pub(crate) use self::counts::counts_in_words;
pub(crate) use self::field_values::{Values, values};
pub(crate) use self::kind::{plural, singular};
use self::label::Label;

/// How many characters of a text are shown.
const MOST_CHARACTERS: usize = 120;
/// How many things of a list are named.
const MOST_NAMED: usize = 10;

/// A change in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// What happened to the item: “The movie “Ponyo” was added.”
    pub(crate) headline: String,
    /// The fields in which an updated item differs from before.
    pub(crate) fields: Vec<Field>,
}

/// A changed field in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    /// What the field is called: “running time”.
    pub(crate) label: String,
    /// Its value before, with its unit; `None` for unknown.
    pub(crate) before: Option<String>,
    /// Its value after, with its unit; `None` for unknown.
    pub(crate) after: Option<String>,
    /// All of it in one sentence.
    pub(crate) sentence: String,
}

/// The names of items, of those too that a version removed.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    catalogue: &'a Catalogue,
    changes: &'a [Change],
    removed: OnceCell<HashMap<(Kind, &'a str), &'a Item>>,
}

/// A change in words.
pub(crate) fn tell(change: &Change, names: &Names<'_>) -> Told {
    let (item, what) = match (&change.before, &change.after) {
        (None, Some(item)) => (item, "was added"),
        (Some(item), None) => (item, "was removed"),
        (_, Some(item)) => (item, "was changed"),
        (None, None) => {
            return Told {
                headline: String::new(),
                fields: Vec::new(),
            };
        }
    };
    let fields = match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            let name = shortened(after.name());
            let fields = changed_fields(before, after).into_iter();
            fields
                .map(|field| told(change.kind, &name, &field, names))
                .collect()
        }
        _ => Vec::new(),
    };
    Told {
        headline: format!(
            "The {} “{}” {what}.",
            singular(change.kind),
            shortened(item.name())
        ),
        fields,
    }
}

/// A change in sentences: one for each field of an item that was updated, else one.
pub(crate) fn sentences(change: &Change, names: &Names<'_>) -> Vec<String> {
    let told = tell(change, names);
    let updated = change.before.is_some() && change.after.is_some();
    if !told.fields.is_empty() {
        let fields = told.fields.into_iter();
        fields.map(|field| field.sentence).collect()
    } else if let (true, Some(item)) = (updated, &change.after) {
        // Nothing else of an item can differ.
        let name = shortened(item.name());
        vec![format!("“{name}” moved in the source’s list.")]
    } else {
        vec![told.headline]
    }
}

/// A text that may be of any length, cut where it gets too long to be read in passing.
pub(crate) fn shortened(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => Cow::Owned(format!("{}…", text[..end].trim_end())),
        None => Cow::Borrowed(text),
    }
}

impl<'a> Names<'a> {
    /// The names that a catalogue knows, and those in the changes of a version.
    pub(crate) fn of(catalogue: &'a Catalogue, changes: &'a [Change]) -> Self {
        Self {
            catalogue,
            changes,
            removed: OnceCell::new(),
        }
    }

    /// An item's name; its id if nobody knows it.
    fn name(&self, kind: Kind, id: &str) -> String {
        let removed = || Some(self.removed().get(&(kind, id))?.name());
        let name = self.catalogue.name(kind, id).or_else(removed);
        shortened(name.unwrap_or(id)).into_owned()
    }

    fn removed(&self) -> &HashMap<(Kind, &'a str), &'a Item> {
        self.removed.get_or_init(|| {
            let items = self.changes.iter().filter_map(|change| {
                let item = change.before.as_deref()?;
                Some(((change.kind, &*item.id), item))
            });
            items.collect()
        })
    }
}

fn told(kind: Kind, name: &str, field: &FieldChange, names: &Names<'_>) -> Field {
    let label = Label::of(kind, &field.field);
    let value = |value: &Value| in_words(value, &label, names);
    let (before, after) = (value(&field.before), value(&field.after));
    Field {
        sentence: sentence(
            name,
            field,
            &label,
            before.as_deref(),
            after.as_deref(),
            names,
        ),
        label: label.text.into_owned(),
        before,
        after,
    }
}

fn sentence(
    name: &str,
    field: &FieldChange,
    label: &Label<'_>,
    before: Option<&str>,
    after: Option<&str>,
    names: &Names<'_>,
) -> String {
    let Label { text, verb, .. } = label;
    if field.before.is_array() || field.after.is_array() {
        return list_sentence(name, field, label, names);
    }
    if let (Some(verb), Some(_), Some(_)) = (verb, before, after) {
        return format!("The {text} of “{name}” was {verb}.");
    }
    match (before, after) {
        (Some(before), Some(after)) => {
            let before = label.without_unit(before);
            format!("The {text} of “{name}” changed from {before} to {after}.")
        }
        (None, Some(after)) => format!("The {text} of “{name}” was added: {after}."),
        (Some(before), None) => {
            format!("The {text} of “{name}” was removed (it was {before}).")
        }
        (None, None) => format!("The {text} of “{name}” was changed."),
    }
}

fn list_sentence(name: &str, field: &FieldChange, label: &Label<'_>, names: &Names<'_>) -> String {
    let text = &label.text;
    let (before, after) = (list(&field.before), list(&field.after));
    let without = |some, others| {
        let rest: Vec<_> = difference(some, others).cloned().collect();
        (!rest.is_empty()).then(|| (enumerated(&rest, label, names), were(rest.len())))
    };
    match (without(after, before), without(before, after)) {
        (Some((added, were)), None) => format!("{added} {were} added to the {text} of “{name}”."),
        (None, Some((gone, were))) => format!("{gone} {were} removed from the {text} of “{name}”."),
        (Some((added, were_added)), Some((gone, were_gone))) => format!(
            "{added} {were_added} added to the {text} of “{name}”, and {gone} {were_gone} removed."
        ),
        (None, None) => format!("The {text} of “{name}” were reordered."),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// Some values without the others, of which there can be many thousands.
fn difference<'v>(some: &'v [Value], others: &'v [Value]) -> impl Iterator<Item = &'v Value> {
    let others: HashSet<_> = others.iter().collect();
    some.iter().filter(move |value| !others.contains(value))
}

fn were(count: usize) -> &'static str {
    if count == 1 { "was" } else { "were" }
}

/// A value as people read it; `None` for unknown.
fn in_words(value: &Value, label: &Label<'_>, names: &Names<'_>) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Array(values) if values.is_empty() => None,
        Value::Array(values) => Some(enumerated(values, label, names)),
        Value::Number(number) => Some(label.with_unit(&number.to_string())),
        Value::String(text) => Some(match label.names {
            Some(kind) => names.name(kind, text),
            None => format!("“{}”", shortened(text)),
        }),
        other => Some(shortened(&other.to_string()).into_owned()),
    }
}

/// “A, B and 3 more”.
fn enumerated(values: &[Value], label: &Label<'_>, names: &Names<'_>) -> String {
    let mut words: Vec<_> = values
        .iter()
        .take(MOST_NAMED)
        .map(|value| match (value, label.names) {
            (Value::String(id), Some(kind)) => names.name(kind, id),
            (Value::String(text), None) => shortened(text).into_owned(),
            (other, _) => shortened(&other.to_string()).into_owned(),
        })
        .collect();
    if values.len() > MOST_NAMED {
        words.push(format!("{} more", values.len() - MOST_NAMED));
    }
    let last = words.pop().unwrap_or_default();
    if words.is_empty() {
        last
    } else {
        format!("{} and {last}", words.join(", "))
    }
}
