//! Records as the source gives them: read leniently, kept whole, given back exactly.

use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Note, RecordError};
use super::field_reader::Fields;
use super::json::rewrite;
use super::{kinds, link};
use crate::Collection;

/// The most that one record may weigh as it comes, each value in it counted as 32 bytes at least:
/// 4 MiB.
pub const MAX_RECORD_BYTES: usize = 4 * 1024 * 1024;

/// What each value in a record counts as at least.
const VALUE_BYTES: usize = 32;

/// How deeply lists and objects may be nested in a record; the stores' own limits are near 100.
const MAX_DEPTH: usize = 64;

/// The fields that hold links among the collections and nothing else.
const LINK_FIELDS: [&str; 8] = [
    "films",
    "people",
    "species",
    "locations",
    "residents",
    "vehicles",
    "pilot",
    "url",
];

/// One readable record of the source.
#[derive(Debug, Clone)]
pub struct Record {
    /// The record's own `id`, never empty.
    pub id: String,
    /// The whole record in its stored form: compact, fields in the source's order, numbers as
    /// they stood, strings escaped in one way, links among the collections by path
    /// (`/people/{id}`; `/people/` where the source says only that it does not know).
    pub json: Box<RawValue>,
    /// What was read all the same, but is worth a remark.
    pub notes: Vec<Note>,
}

impl Record {
    /// Reads one element of a collection's list.
    ///
    /// # Errors
    /// If it is no object, has no usable `id`, holds a known field of the wrong type, is too
    /// large or too deeply nested, or holds text that is not valid Unicode.
    pub fn read(collection: Collection, element: &RawValue) -> Result<Self, RecordError> {
        let bytes = weight(element.get());
        if bytes > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge { bytes });
        }
        let fields = Fields::of(element)?;
        fields.id()?;
        let url = fields.string("url");
        let own_base = url
            .as_deref()
            .and_then(link::Link::parse)
            .map(|url| url.base);

        let stored = rewrite(element.get(), |place, text| {
            let is_link_field = place.is_direct && LINK_FIELDS.contains(&place.field);
            match place.field {
                "id" => None,
                _ => link::store(text, own_base, is_link_field),
            }
        });
        if !stored.is_unicode {
            return Err(RecordError::NotUnicode);
        }
        if stored.depth > MAX_DEPTH {
            return Err(RecordError::TooDeep { limit: MAX_DEPTH });
        }
        let json = RawValue::from_string(stored.json)
            .map_err(|error| RecordError::NotJson(error.to_string()))?;
        kinds::checked(collection, json)
    }

    /// Reads a record in its stored form once more.
    ///
    /// # Errors
    /// If it cannot be read any more, as when another release stored it.
    pub fn reread(collection: Collection, stored: &RawValue) -> Result<Self, RecordError> {
        // Given back at any base it is what the source gave.
        let given = RawValue::from_string(give_back(stored, "http://source"))
            .map_err(|error| RecordError::NotJson(error.to_string()))?;
        Self::read(collection, &given)
    }
}

/// A stored record as the source would give it if it stood at `base`, such as
/// `http://localhost:8000/ghibli`: compact JSON with `base` before every stored link.
pub fn give_back(stored: &RawValue, base: &str) -> String {
    given_back(stored.get(), base)
}

/// The same for the text of a stored record.
pub(crate) fn given_back(stored: &str, base: &str) -> String {
    let base = base.trim_end_matches('/');
    let given = rewrite(stored, |place, text| match place.field {
        "id" => None,
        _ => link::restore(text, base),
    });
    given.json
}

/// The first field of a stored record that said something and says nothing in the next one:
/// nothing is an empty text, list or object, a bare link, or no field at all. What names only
/// items of which `is_gone` says so is not looked for.
pub fn blanked(
    before: &RawValue,
    after: &RawValue,
    is_gone: impl Fn(&str) -> bool,
) -> Option<String> {
    let read = |record: &RawValue| serde_json::from_str::<Value>(record.get()).ok();
    let (before, after) = (read(before)?, read(after)?);
    let fields = before.as_object()?.iter();
    let mut lost = fields.filter(|(field, value)| {
        says_something(value, &is_gone)
            && !after
                .get(field)
                .is_some_and(|value| says_something(value, &|_| false))
    });
    lost.next().map(|(field, _)| field.clone())
}

fn says_something(value: &Value, is_gone: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => match link::target(text) {
            Some(target) => target.id.is_some_and(|id| !is_gone(id)),
            None => !text.trim().is_empty(),
        },
        Value::Array(values) => values.iter().any(|value| says_something(value, is_gone)),
        Value::Object(values) => !values.is_empty(),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// What a record weighs: many small values take more memory than their text.
fn weight(json: &str) -> usize {
    let values = json.bytes().filter(|byte| *byte == b',').count() + 1;
    json.len().max(values * VALUE_BYTES)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
