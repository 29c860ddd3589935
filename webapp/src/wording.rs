//! A change in words.

use std::sync::Arc;

use common::models::{Change, Kind, changed_fields};
use serde_json::Value;

/// A field of an item that changed, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What the field is called.
    pub label: String,
    /// What it held and holds.
    pub values: Values,
}

/// What a field held before and holds after; `None` for unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Values {
    /// One value.
    One(Option<String>, Option<String>),
    /// Several: those that went and those that came.
    Several(Vec<String>, Vec<String>),
}

/// What happened to an item, in a word.
pub const fn what(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "added",
        (Some(_), Some(_)) => "updated",
        (Some(_), None) => "removed",
    }
}

/// The item's name as it is, or as it was.
pub fn name(change: &Change) -> &str {
    let item = change.after.as_ref().or(change.before.as_ref());
    item.map_or(&*change.id, |item| item.name())
}

/// The fields that changed; none if the item was added or removed. `named` gives the name of
/// an item.
pub fn fields(change: &Change, named: impl Fn(Kind, &str) -> Arc<str>) -> Vec<Field> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return Vec::new();
    };
    let changed = changed_fields(before, after).into_iter();
    changed
        .map(|field| {
            let to = linked(change.kind, &field.field);
            let say = |value: &Value| say(&field.field, value, to, &named);
            let values = match (&field.before, &field.after) {
                (Value::Array(_), _) | (_, Value::Array(_)) => {
                    let list = |value: &Value| -> Vec<String> {
                        let values = value.as_array().map(Vec::as_slice).unwrap_or_default();
                        values.iter().filter_map(say).collect()
                    };
                    let (gone, come) = (list(&field.before), list(&field.after));
                    let only = |these: &[String], those: &[String]| -> Vec<String> {
                        let these = these.iter().filter(|value| !those.contains(value));
                        these.cloned().collect()
                    };
                    Values::Several(only(&gone, &come), only(&come, &gone))
                }
                (before, after) => Values::One(say(before), say(after)),
            };
            Field {
                label: label(&field.field),
                values,
            }
        })
        .collect()
}

fn say(
    field: &str,
    value: &Value,
    to: Option<Kind>,
    named: &impl Fn(Kind, &str) -> Arc<str>,
) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => match to {
            Some(kind) => named(kind, text).to_string(),
            None => text.clone(),
        },
        other => other.to_string(),
    };
    Some(match field.rsplit_once('_') {
        Some((_, "percent")) => format!("{text}%"),
        Some((_, "minutes")) => format!("{text} minutes"),
        Some((_, "feet")) => format!("{text} feet"),
        _ => text,
    })
}

fn linked(kind: Kind, field: &str) -> Option<Kind> {
    match (kind, field) {
        (Kind::Movie, "people") | (_, "residents" | "pilot") => Some(Kind::Person),
        (Kind::Movie, "locations") => Some(Kind::Location),
        (Kind::Movie | Kind::Person, "species") => Some(Kind::Species),
        (Kind::Movie, "vehicles") => Some(Kind::Vehicle),
        _ => None,
    }
}

fn label(field: &str) -> String {
    let words = match field {
        "slug" => "address",
        "score_percent" => "score",
        "running_time_minutes" => "running time",
        "surface_water_percent" => "surface water",
        "length_feet" => "length",
        "release_year" => "year",
        "original_title_romanised" => "original title in Latin letters",
        "poster_url" => "poster",
        "banner_url" => "banner",
        "vehicle_class" => "class",
        "locations" => "places",
        "eye_color" => "colour of the eyes",
        "hair_color" => "colour of the hair",
        "eye_colors" => "colours of eyes",
        "hair_colors" => "colours of hair",
        _ => {
            return match field.strip_prefix("source.") {
                Some(field) => format!("{field} (in the source’s record)"),
                None => field.replace('_', " "),
            };
        }
    };
    words.to_owned()
}
