use serde_json::Value;
use serde_json::value::RawValue;

use super::collection::Collection;
use super::error::{MAX_RECORD_BYTES, RecordError, RecordWarning};
use super::field_reader::FieldReader;
use super::id::canonical_id;
use super::json::rewrite_strings;
use super::{kinds, link};

/// Minimum size that each value in a record counts as.
const MIN_VALUE_BYTES: usize = 32;

/// Maximum nesting of lists and objects; the stores' own limits are near 100.
const MAX_DEPTH: usize = 64;

/// The fields that hold only links among the collections.
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
    /// The record's own `id`, never empty, by [`canonical_id`].
    pub id: String,
    /// The record in its stored form: compact JSON with fields in the source's order, numbers
    /// unchanged, escapes normalized, and links among the collections by path (`/people/{id}`;
    /// `/people/` for a bare link).
    pub json: Box<RawValue>,
    /// Irregularities that do not prevent reading.
    pub warnings: Vec<RecordWarning>,
}

impl Record {
    /// Parses one element of a collection's list.
    ///
    /// # Errors
    /// If it is not an object, has no usable `id`, is too large or too deeply nested, or contains
    /// invalid Unicode.
    pub(crate) fn parse(collection: Collection, element: &RawValue) -> Result<Self, RecordError> {
        let bytes = counted_bytes(element.get());
        if bytes > MAX_RECORD_BYTES {
            return Err(RecordError::TooLarge { bytes });
        }
        let fields = FieldReader::new(element)?;
        fields.id()?;
        let url = fields.string("url");
        let own_base = url
            .as_deref()
            .and_then(link::Link::parse)
            .map(|url| url.base);

        let stored = rewrite_strings(element.get(), |position, text| {
            let is_link_field = position.is_direct && LINK_FIELDS.contains(&position.field);
            match position.field {
                "id" => None,
                _ => link::to_stored(text, own_base, is_link_field),
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
        Self::from_stored(collection, json)
    }

    /// Parses a stored record by the rules of this release.
    ///
    /// # Errors
    /// If another release stored it and this one cannot read it.
    pub fn reparse(collection: Collection, stored: &RawValue) -> Result<Self, RecordError> {
        // Any base will do.
        let source = RawValue::from_string(to_source_json(stored.get(), "http://source"))
            .map_err(|error| RecordError::NotJson(error.to_string()))?;
        Self::parse(collection, &source)
    }

    pub(super) fn from_stored(
        collection: Collection,
        json: Box<RawValue>,
    ) -> Result<Self, RecordError> {
        let (id, warnings) = kinds::validate(collection, &json)?;
        Ok(Self { id, json, warnings })
    }
}

/// A stored record as a source at `base` (such as `http://localhost:8000/ghibli`) would send it:
/// compact JSON with absolute links.
pub fn to_source_json(stored: &str, base: &str) -> String {
    let base = base.trim_end_matches('/');
    let source = rewrite_strings(stored, |position, text| match position.field {
        "id" => None,
        _ => link::to_source(text, base),
    });
    source.json
}

/// The first field with a value in `before` and none in `after`. Null, empty texts, lists and
/// objects, and bare links are no values; neither are links of `before` to ids that are
/// `is_removed`.
pub fn first_blanked_field(
    before: &RawValue,
    after: &RawValue,
    is_removed: impl Fn(&str) -> bool,
) -> Option<String> {
    let is_removed = |id: &str| is_removed(&canonical_id(id));
    let parse = |record: &RawValue| serde_json::from_str::<Value>(record.get()).ok();
    let (before, after) = (parse(before)?, parse(after)?);
    let fields = before.as_object()?.iter();
    let mut blanked = fields.filter(|(field, value)| {
        has_content(field, value, &is_removed)
            && !after
                .get(field)
                .is_some_and(|value| has_content(field, value, &|_| false))
    });
    blanked.next().map(|(field, _)| field.clone())
}

fn has_content(field: &str, value: &Value, is_removed: &dyn Fn(&str) -> bool) -> bool {
    let is_link_field = LINK_FIELDS.contains(&field);
    match value {
        Value::Null => false,
        Value::String(text) => match link::parse_stored(text) {
            Some(target) => target.id.is_some_and(|id| !is_removed(id)),
            None if is_link_field => {
                !text.trim().is_empty() && !is_removed(link::last_segment(text))
            }
            None => !text.trim().is_empty(),
        },
        Value::Array(values) => {
            let mut values = values.iter();
            values.any(|value| has_content(field, value, is_removed))
        }
        Value::Object(values) => match values.get("id").filter(|_| is_link_field) {
            Some(id) => has_content(field, id, is_removed),
            None => !values.is_empty(),
        },
        Value::Number(id) if is_link_field => !is_removed(&id.to_string()),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// The size of a record: many small values take more memory than their text.
fn counted_bytes(json: &str) -> usize {
    let values = json.bytes().filter(|byte| *byte == b',').count() + 1;
    json.len().max(values * MIN_VALUE_BYTES)
}
