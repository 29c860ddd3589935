//! Reads the fields of one record by name and type.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::collection::Collection;
use super::error::{RecordError, RecordWarning};
use super::id::canonical_id;
use super::json::{Elements, NUMBER, STRING, for_each_field, id_text, type_name};
use super::link::{self, LinkTarget};
use super::links::Links;

/// Some of a record's fields, and the warnings from reading them.
pub(super) struct FieldReader<'a> {
    values: BTreeMap<&'static str, &'a RawValue>,
    pub(super) warnings: Vec<RecordWarning>,
}

impl<'a> FieldReader<'a> {
    /// Reads these fields. A large record can have a hundred thousand others.
    pub(super) fn new(record: &'a RawValue, names: &[&'static str]) -> Result<Self, RecordError> {
        if !record.get().starts_with('{') {
            return Err(RecordError::NotAnObject {
                found: type_name(record),
            });
        }
        let mut values = BTreeMap::new();
        // The text is valid JSON, so only an unpaired surrogate in a key can fail.
        for_each_field(record, |name, value| {
            if let Some(known) = names.iter().find(|known| **known == name) {
                values.insert(*known, value);
            }
        })
        .map_err(|_| RecordError::NotUnicode)?;
        Ok(Self {
            values,
            warnings: Vec::new(),
        })
    }

    pub(super) fn id(&self) -> Result<String, RecordError> {
        let id = self.values.get("id").and_then(|value| id_text(value));
        id.filter(|id| !id.trim().is_empty())
            .map(|id| canonical_id(&id).into_owned())
            .ok_or(RecordError::MissingId)
    }

    /// The raw value of a field, if it is a string.
    pub(super) fn string(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.values.get(field)?.get()).ok()
    }

    /// A text; `None` if the field is missing, null or an empty list. A number, a boolean and a
    /// list of them or of strings are read with a warning. Anything else is `None` with a warning.
    pub(super) fn text(&mut self, field: &'static str) -> Option<String> {
        let value = self.non_null(field)?;
        match self.string(field) {
            Some(text) => Some(link::to_source(&text, "").unwrap_or(text)),
            None => self.unusual_text(field, value, scalar_text(value)),
        }
    }

    /// A string that holds a quantity. A number is accepted with a warning.
    pub(super) fn quantity(&mut self, field: &'static str) -> Option<String> {
        let value = self.non_null(field)?;
        match type_name(value) {
            STRING => self.text(field),
            NUMBER => self.unusual_text(field, value, Some(value.get().to_owned())),
            _ => self.unusual_text(field, value, None),
        }
    }

    /// Links to items of `collection`: one or a list of them.
    pub(super) fn links(&self, field: &'static str, collection: Collection) -> Links<'a> {
        Links::new(self.non_null(field), collection)
    }

    /// Warns if the record's `url` does not match its `id`.
    pub(super) fn check_url(&mut self, collection: Collection, id: &str) {
        let url = self.string("url").unwrap_or_default();
        let url = link::to_source(&url, "").unwrap_or(url);
        if let Some(LinkTarget {
            collection: url_collection,
            id: Some(url_id),
        }) = link::parse_any(&url)
            && (url_collection != collection
                || (canonical_id(url_id) != id && canonical_id(&link::decoded(url_id)) != id))
        {
            self.warnings.push(RecordWarning::UrlMismatch {
                id: id.to_owned(),
                url_id: url_id.to_owned(),
                url_collection,
            });
        }
    }

    /// Warns that a value is not a string; `text` is what was read of it.
    fn unusual_text(
        &mut self,
        field: &'static str,
        value: &RawValue,
        text: Option<String>,
    ) -> Option<String> {
        let text = text.map(|text| text.trim().to_owned());
        if text.as_ref().is_none_or(|text| !text.is_empty()) {
            let start = value.get().chars().take(MAX_QUOTED_CHARS);
            self.warnings.push(RecordWarning::NotAString {
                field,
                value: format!("{}: {}", type_name(value), start.collect::<String>()),
                is_read: text.is_some(),
            });
        }
        text.filter(|text| !text.is_empty())
    }

    fn non_null(&self, field: &str) -> Option<&'a RawValue> {
        let value = self.values.get(field).copied();
        value.filter(|value| value.get() != "null")
    }
}

/// How much of a value a warning quotes.
const MAX_QUOTED_CHARS: usize = 200;

/// The text of a scalar, or of a list of scalars, with commas; `None` for objects and lists of
/// lists.
fn scalar_text(value: &RawValue) -> Option<String> {
    match value.get().as_bytes().first() {
        Some(b'{') => return None,
        Some(b'[') => {}
        _ => return Some(value.get().to_owned()),
    }
    let mut texts = String::new();
    for element in Elements::of(value) {
        if element.get().starts_with(['[', '{']) {
            return None;
        }
        let text = match serde_json::from_str(element.get()).ok()? {
            Value::Null => continue,
            Value::String(text) => link::to_source(&text, "").unwrap_or(text),
            scalar => scalar.to_string(),
        };
        if text.trim().is_empty() {
            continue;
        }
        if !texts.is_empty() {
            texts.push_str(", ");
        }
        texts.push_str(&text);
    }
    Some(texts)
}
