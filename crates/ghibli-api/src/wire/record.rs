use std::collections::HashSet;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_128;

use super::collection::Collection;
use super::error::{MAX_RECORD_BYTES, RecordError, RecordWarning};
use super::field_reader::FieldReader;
use super::id::canonical_id;
use super::json::{Elements, for_each_field, id_text, rewrite_strings};
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
        let fields = FieldReader::new(element, &["id", "url"])?;
        fields.id()?;
        let url = fields.string("url");
        let own_base = url
            .as_deref()
            .and_then(link::AbsoluteLink::parse)
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
    let mut blanked = fields_with_content(before, &is_removed).ok()?;
    for field in fields_with_content(after, &|_| false).ok()? {
        blanked.remove(&field);
    }
    let mut first = None;
    for_each_field(before, |field, _| {
        if first.is_none() && blanked.contains(&xxh3_128(field.as_bytes())) {
            first = Some(field.to_owned());
        }
    })
    .ok()?;
    first
}

/// The fields with content, by the hashes of their names: a large record can have a hundred
/// thousand.
fn fields_with_content(
    record: &RawValue,
    is_removed: &dyn Fn(&str) -> bool,
) -> serde_json::Result<HashSet<u128>> {
    let mut fields = HashSet::new();
    for_each_field(record, |field, value| {
        let hash = xxh3_128(field.as_bytes());
        // The last of several with one name counts.
        match has_content(LINK_FIELDS.contains(&field), value, is_removed) {
            true => fields.insert(hash),
            false => fields.remove(&hash),
        };
    })?;
    Ok(fields)
}

fn has_content(is_link_field: bool, value: &RawValue, is_removed: &dyn Fn(&str) -> bool) -> bool {
    let has_content = |value| has_content(is_link_field, value, is_removed);
    match value.get().as_bytes().first() {
        Some(b'n') => false,
        Some(b't' | b'f') => true,
        Some(b'"') => {
            let text: String = serde_json::from_str(value.get()).unwrap_or_default();
            match link::parse_stored(&text) {
                Some(target) => target.id.is_some_and(|id| !is_removed(id)),
                None if is_link_field => {
                    !text.trim().is_empty() && !is_removed(link::last_segment(&text))
                }
                None => !text.trim().is_empty(),
            }
        }
        Some(b'[') => Elements::of(value).any(has_content),
        Some(b'{') => {
            let (mut is_empty, mut id) = (true, None);
            let fields = for_each_field(value, |field, value| {
                is_empty = false;
                if field == "id" {
                    id = Some(value);
                }
            });
            match id.filter(|_| is_link_field) {
                Some(id) => has_content(id),
                None => fields.is_ok() && !is_empty,
            }
        }
        _ => !is_link_field || !id_text(value).is_some_and(|id| is_removed(&id)),
    }
}

/// The size of a record: many small values take more memory than their text.
fn counted_bytes(json: &str) -> usize {
    let values = json.bytes().filter(|byte| *byte == b',').count() + 1;
    json.len().max(values * MIN_VALUE_BYTES)
}
