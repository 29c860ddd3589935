use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::packed::raw::PackedItem;

/// The source's record of an item, as compact JSON in the source's order of fields.
///
/// Opaque here: only the `ghibli-api` crate knows its shape. A record from a catalogue is unpacked at
/// each access.
#[derive(Clone, Debug)]
pub struct SourceRecord(Repr);

#[derive(Clone, Debug)]
enum Repr {
    Text(Box<RawValue>),
    Packed(PackedItem),
}

impl SourceRecord {
    /// Wraps a record, which must be valid JSON.
    pub fn new(json: Box<RawValue>) -> Self {
        Self(Repr::Text(json))
    }

    pub(super) fn packed(item: PackedItem) -> Self {
        Self(Repr::Packed(item))
    }

    /// The record as JSON.
    pub fn json(&self) -> Cow<'_, RawValue> {
        match &self.0 {
            Repr::Text(json) => Cow::Borrowed(json),
            Repr::Packed(item) => Cow::Owned(item.source()),
        }
    }

    /// The record's JSON text.
    pub fn text(&self) -> Cow<'_, str> {
        match self.json() {
            Cow::Borrowed(json) => Cow::Borrowed(json.get()),
            Cow::Owned(json) => Cow::Owned(Box::<str>::from(json).into()),
        }
    }
}

impl PartialEq for SourceRecord {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for SourceRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SourceRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self::new)
    }
}
