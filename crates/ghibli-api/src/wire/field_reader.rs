//! Reads the fields of one record by name and type.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::collection::Collection;
use super::error::{RecordError, RecordWarning};
use super::link::{self, LinkTarget};
use super::links::Links;

/// A record's fields, and the warnings from reading them.
pub(super) struct FieldReader<'a> {
    values: BTreeMap<String, &'a RawValue>,
    pub(super) warnings: Vec<RecordWarning>,
}

impl<'a> FieldReader<'a> {
    pub(super) fn new(record: &'a RawValue) -> Result<Self, RecordError> {
        if !record.get().starts_with('{') {
            return Err(RecordError::NotAnObject {
                found: type_name(record),
            });
        }
        // The text is valid JSON, so only an unpaired surrogate in a key can fail.
        let values = serde_json::from_str(record.get()).map_err(|_| RecordError::NotUnicode)?;
        Ok(Self {
            values,
            warnings: Vec::new(),
        })
    }

    pub(super) fn id(&self) -> Result<String, RecordError> {
        self.string("id")
            .filter(|id| !id.trim().is_empty())
            .ok_or(RecordError::MissingId)
    }

    /// The raw value of a field, if it is a string.
    pub(super) fn string(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.values.get(field)?.get()).ok()
    }

    /// A string; `None` if the field is missing or null.
    pub(super) fn text(&mut self, field: &'static str) -> Result<Option<String>, RecordError> {
        let Some(value) = self.non_null(field) else {
            return Ok(None);
        };
        let text: String =
            serde_json::from_str(value.get()).map_err(|_| wrong_type(field, value, "a string"))?;
        Ok(Some(link::to_source(&text, "").unwrap_or(text)))
    }

    /// A string that holds a quantity. A number is accepted with a warning.
    pub(super) fn quantity(&mut self, field: &'static str) -> Result<Option<String>, RecordError> {
        match self.non_null(field) {
            Some(value) if type_name(value) == NUMBER => {
                self.warnings
                    .push(RecordWarning::NumberInsteadOfString { field });
                Ok(Some(value.get().to_owned()))
            }
            _ => self.text(field),
        }
    }

    /// Links to items of `collection`: one string or a list of strings.
    pub(super) fn links(
        &mut self,
        field: &'static str,
        collection: Collection,
    ) -> Result<Links, RecordError> {
        let mut links = Links::default();
        let Some(value) = self.non_null(field) else {
            return Ok(links);
        };
        match value.get().chars().next() {
            Some('"') => links.push(value, collection),
            Some('[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(value.get())
                    .map_err(|_| wrong_type(field, value, LINKS))?;
                for element in elements {
                    links.push(element, collection);
                }
            }
            _ => return Err(wrong_type(field, value, LINKS)),
        }
        Ok(links)
    }

    /// Warns if the record's `url` does not match its `id`.
    pub(super) fn check_url(
        &mut self,
        collection: Collection,
        id: &str,
    ) -> Result<(), RecordError> {
        let url = self.text("url")?;
        if let Some(LinkTarget {
            collection: url_collection,
            id: Some(url_id),
        }) = url.as_deref().and_then(link::parse_stored)
            && (url_collection, url_id) != (collection, id)
        {
            self.warnings.push(RecordWarning::UrlMismatch {
                id: id.to_owned(),
                url_id: url_id.to_owned(),
                url_collection,
            });
        }
        Ok(())
    }

    fn non_null(&self, field: &str) -> Option<&'a RawValue> {
        let value = self.values.get(field).copied();
        value.filter(|value| value.get() != "null")
    }
}

const NUMBER: &str = "a number";
const LINKS: &str = "a link or a list of links";

fn wrong_type(field: &'static str, value: &RawValue, expected: &'static str) -> RecordError {
    RecordError::WrongType {
        field,
        found: type_name(value),
        expected,
    }
}

/// The type of a JSON value, with its article.
fn type_name(value: &RawValue) -> &'static str {
    match value.get().chars().next() {
        Some('{') => "an object",
        Some('[') => "a list",
        Some('"') => "a string",
        Some('t' | 'f') => "a boolean",
        Some('n') => "null",
        _ => NUMBER,
    }
}
