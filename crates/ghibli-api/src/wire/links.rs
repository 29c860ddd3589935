use serde_json::value::RawValue;

use super::collection::Collection;
use super::link;

/// The value of a link field. Bare links and empty strings, which mean "unknown", are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Linked ids in the source's order, percent-encoded as in the source.
    pub ids: Vec<String>,
    /// Elements that are not links to the expected collection.
    pub invalid: Vec<String>,
}

impl Links {
    /// Adds one element of a stored link field.
    pub(super) fn push(&mut self, element: &RawValue, expected: Collection) {
        let Ok(text) = serde_json::from_str::<String>(element.get()) else {
            self.invalid.push(element.get().to_owned());
            return;
        };
        match link::parse_stored(&text) {
            Some(target) if target.collection == expected => {
                self.ids.extend(target.id.map(str::to_owned));
            }
            None if text.is_empty() => {}
            _ => self
                .invalid
                .push(link::to_source(&text, "").unwrap_or(text)),
        }
    }
}
