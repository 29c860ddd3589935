//! The fields of one record, taken by name and type.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::error::{Note, RecordError};
use super::links::Links;
use crate::Collection;
use crate::wire::link;

/// A record's fields, and what was noted while they were taken.
pub(super) struct Fields<'a> {
    values: BTreeMap<String, &'a RawValue>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(record: &'a RawValue) -> Result<Self, RecordError> {
        if !record.get().starts_with('{') {
            return Err(RecordError::NotAnObject {
                found: type_of(record),
            });
        }
        // The text is JSON already, so only the characters of a key can be at fault.
        let values = serde_json::from_str(record.get()).map_err(|_| RecordError::NotUnicode)?;
        Ok(Self {
            values,
            notes: Vec::new(),
        })
    }

    pub(super) fn id(&self) -> Result<String, RecordError> {
        self.string("id")
            .filter(|id| !id.trim().is_empty())
            .ok_or(RecordError::NoId)
    }

    /// The field, if it is a string.
    pub(super) fn string(&self, field: &str) -> Option<String> {
        serde_json::from_str(self.values.get(field)?.get()).ok()
    }

    /// A string; `None` where the field is missing or null.
    pub(super) fn text(&mut self, field: &'static str) -> Result<Option<String>, RecordError> {
        let Some(value) = self.present(field) else {
            return Ok(None);
        };
        let text: String =
            serde_json::from_str(value.get()).map_err(|_| wrong_type(field, value, "a string"))?;
        Ok(Some(link::restore(&text, "").unwrap_or(text)))
    }

    /// A string that holds a quantity; a number is read too, and noted.
    pub(super) fn quantity(&mut self, field: &'static str) -> Result<Option<String>, RecordError> {
        match self.present(field) {
            Some(value) if type_of(value) == NUMBER => {
                self.notes.push(Note::Number { field });
                Ok(Some(value.get().to_owned()))
            }
            _ => self.text(field),
        }
    }

    /// The items of `collection` that the field links to: one string or a list of them.
    pub(super) fn links(
        &mut self,
        field: &'static str,
        collection: Collection,
    ) -> Result<Links, RecordError> {
        let mut links = Links::default();
        let Some(value) = self.present(field) else {
            links.unknown = true;
            return Ok(links);
        };
        match value.get().chars().next() {
            Some('"') => links.add(value, collection),
            Some('[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(value.get())
                    .map_err(|_| wrong_type(field, value, LINKS))?;
                for element in elements {
                    links.add(element, collection);
                }
            }
            _ => return Err(wrong_type(field, value, LINKS)),
        }
        Ok(links)
    }

    /// The record's own `url` by path; noted if it names another item than `id`.
    pub(super) fn url(
        &mut self,
        collection: Collection,
        id: &str,
    ) -> Result<Option<String>, RecordError> {
        let url = self.text("url")?;
        if let Some(link::Target {
            collection: url_collection,
            id: Some(url_id),
        }) = url.as_deref().and_then(link::target)
            && (url_collection, url_id) != (collection, id)
        {
            self.notes.push(Note::OtherUrl {
                id: id.to_owned(),
                url_id: url_id.to_owned(),
                url_collection,
            });
        }
        Ok(url)
    }

    fn present(&self, field: &str) -> Option<&'a RawValue> {
        let value = self.values.get(field).copied();
        value.filter(|value| value.get() != "null")
    }
}

impl Links {
    fn add(&mut self, element: &RawValue, expected: Collection) {
        let Ok(text) = serde_json::from_str::<String>(element.get()) else {
            self.strange.push(element.get().to_owned());
            return;
        };
        match link::target(&text) {
            Some(target) if target.collection == expected => match target.id {
                Some(id) => self.ids.push(id.to_owned()),
                None => self.unknown = true,
            },
            None if text.is_empty() => self.unknown = true,
            _ => self.strange.push(link::restore(&text, "").unwrap_or(text)),
        }
    }
}

const NUMBER: &str = "a number";
const LINKS: &str = "a link or a list of links";

fn wrong_type(field: &'static str, value: &RawValue, expected: &'static str) -> RecordError {
    RecordError::WrongType {
        field,
        found: type_of(value),
        expected,
    }
}

/// The type of a JSON value, with its article.
fn type_of(value: &RawValue) -> &'static str {
    match value.get().chars().next() {
        Some('{') => "an object",
        Some('[') => "a list",
        Some('"') => "a string",
        Some('t' | 'f') => "a boolean",
        Some('n') => "null",
        _ => NUMBER,
    }
}
