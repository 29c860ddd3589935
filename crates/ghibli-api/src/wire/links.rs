use serde_json::value::RawValue;

use super::collection::Collection;
use super::id::canonical_id;
use super::json::id_text;
use super::link::{self, LinkTarget};

/// The value of a link field. Bare links and empty strings, which mean "unknown", are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The linked items in the source's order.
    pub ids: Vec<LinkedId>,
    /// Elements that cannot be links to the expected collection.
    pub invalid: Vec<String>,
}

/// A link to an item whose kind is known from the field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedId {
    /// The id. An id can look like a text, a path or an encoded one, so there can be several: the
    /// first that exists counts. Never empty.
    pub candidates: Vec<String>,
    /// The text, if it is a link only if an item has such an id: some ids look like any text.
    pub text: Option<String>,
}

impl Links {
    /// Adds the value of a stored link field, or one element of it: a link, an id as text or
    /// number, an object with one of them as `id` or `url`, or a list of those.
    pub(super) fn push(&mut self, value: &RawValue, expected: Collection) {
        let json = value.get();
        match json.as_bytes().first() {
            Some(b'n') => {}
            Some(b'[') => {
                let elements: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
                // Growing the list of a record with many links would take as much again for a moment.
                if self.ids.is_empty() {
                    self.ids.reserve_exact(elements.len());
                }
                for element in elements {
                    self.push(element, expected);
                }
            }
            Some(b'{') => {
                let object: LinkedObject<'_> = serde_json::from_str(json).unwrap_or_default();
                match object.id.or(object.url) {
                    Some(link) if !link.get().starts_with('{') => self.push(link, expected),
                    _ => self.invalid.push(json.to_owned()),
                }
            }
            Some(b'"') => self.push_text(&id_text(value).unwrap_or_default(), expected),
            Some(b't' | b'f') => self.invalid.push(json.to_owned()),
            _ => self.ids.extend(id_text(value).map(|id| LinkedId {
                candidates: vec![id],
                text: None,
            })),
        }
    }

    fn push_text(&mut self, stored: &str, expected: Collection) {
        let text = link::to_source(stored, "").unwrap_or_else(|| stored.to_owned());
        let id = text.trim();
        if id.is_empty() {
            return;
        }
        match link::parse_any(id) {
            Some(LinkTarget { collection, id }) if collection == expected => {
                self.ids.extend(id.map(|id| LinkedId {
                    candidates: with_decoded([id]),
                    text: None,
                }));
            }
            Some(_) => self.invalid.push(text),
            None => self.ids.push(LinkedId {
                candidates: with_decoded([id, link::last_segment(id)]),
                text: Some(id).filter(|id| !looks_like_id(id)).map(str::to_owned),
            }),
        }
    }
}

/// The fields of an object that stands for an item.
#[derive(Default, serde::Deserialize)]
struct LinkedObject<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
}

fn looks_like_id(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_whitespace)
}

/// Each id as written, then without percent-encoding, each once.
fn with_decoded<const N: usize>(ids: [&str; N]) -> Vec<String> {
    let mut candidates = Vec::with_capacity(1);
    for id in ids {
        for candidate in [id, &link::decoded(id)] {
            let candidate = canonical_id(candidate);
            if !candidate.is_empty() && !candidates.iter().any(|other| *other == candidate) {
                candidates.push(candidate.into_owned());
            }
        }
    }
    candidates
}
