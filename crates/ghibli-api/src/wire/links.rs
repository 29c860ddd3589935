use serde_json::value::RawValue;

use super::collection::Collection;
use super::id::canonical_id;
use super::json::{Elements, id_text};
use super::link::{self, LinkTarget};

/// The value of a link field: a link, an id as text or number, an object with one of them as `id` or
/// `url`, or a list of those. Bare links and empty strings, which mean "unknown", are left out.
///
/// Parsed at each access, one link at a time: a record can have a hundred thousand, which take many
/// times as much memory as its text.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    value: Option<&'a RawValue>,
    expected: Collection,
}

/// One value of a link field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkValue {
    /// A link to an item of the expected collection.
    Id(LinkedId),
    /// A value that cannot be one, as text.
    Invalid(String),
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

impl<'a> Links<'a> {
    pub(super) const fn new(value: Option<&'a RawValue>, expected: Collection) -> Self {
        Self { value, expected }
    }

    /// All values, in the source's order.
    pub fn iter(self) -> impl Iterator<Item = LinkValue> {
        LinkValues {
            expected: self.expected,
            unread: self.value.map(Elements::of).into_iter().collect(),
        }
    }

    /// The linked items in the source's order.
    pub fn ids(self) -> impl Iterator<Item = LinkedId> {
        self.iter().filter_map(|value| match value {
            LinkValue::Id(id) => Some(id),
            LinkValue::Invalid(_) => None,
        })
    }
}

/// Parses the values of a stored link field.
struct LinkValues<'a> {
    expected: Collection,
    /// A list in a list is read before the rest of the outer one.
    unread: Vec<Elements<'a>>,
}

impl Iterator for LinkValues<'_> {
    type Item = LinkValue;

    fn next(&mut self) -> Option<LinkValue> {
        loop {
            let Some(value) = self.unread.last_mut()?.next() else {
                self.unread.pop();
                continue;
            };
            let json = value.get();
            let link = match json.as_bytes().first() {
                Some(b'n') => None,
                Some(b'[') => {
                    self.unread.push(Elements::of(value));
                    None
                }
                Some(b'{') => {
                    let object: LinkedObject<'_> = serde_json::from_str(json).unwrap_or_default();
                    match object.id.or(object.url) {
                        Some(link) if !link.get().starts_with('{') => {
                            self.unread.push(Elements::of(link));
                            None
                        }
                        _ => Some(LinkValue::Invalid(json.to_owned())),
                    }
                }
                Some(b'"') => parse_text(&id_text(value).unwrap_or_default(), self.expected),
                Some(b't' | b'f') => Some(LinkValue::Invalid(json.to_owned())),
                _ => id_text(value).map(|id| linked(vec![id], None)),
            };
            if link.is_some() {
                return link;
            }
        }
    }
}

fn parse_text(stored: &str, expected: Collection) -> Option<LinkValue> {
    let text = link::to_source(stored, "").unwrap_or_else(|| stored.to_owned());
    let id = text.trim();
    if id.is_empty() {
        return None;
    }
    match link::parse_any(id) {
        Some(LinkTarget { collection, id }) if collection == expected => {
            id.map(|id| linked(with_decoded([id]), None))
        }
        Some(_) => Some(LinkValue::Invalid(text)),
        None => {
            let candidates = with_decoded([id, link::last_segment(id)]);
            let text = Some(id).filter(|id| !looks_like_id(id));
            Some(linked(candidates, text.map(str::to_owned)))
        }
    }
}

const fn linked(candidates: Vec<String>, text: Option<String>) -> LinkValue {
    LinkValue::Id(LinkedId { candidates, text })
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
