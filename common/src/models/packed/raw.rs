//! The bytes of a packed item, and all that can be read without the types of facts.

use std::sync::Arc;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use super::code::{Reader, Writer};
use super::source;
use crate::models::{Id, Kind};

/// Flag of the first byte for a placeholder: an item that is linked to but does not exist.
const PLACEHOLDER: u8 = 8;
/// Size of the kind and the offset of the source's record.
pub(super) const PREFIX_BYTES: usize = 1 + size_of::<u32>();

/// A packed item or a placeholder. These bytes are part of the stored format.
#[derive(Clone, Debug)]
pub(crate) struct PackedItem(pub(super) Arc<[u8]>);

impl PackedItem {
    /// The placeholder of a missing item.
    pub(crate) fn placeholder(kind: Kind, encoded_id: &[u8]) -> Self {
        let mut writer = Writer::default();
        writer.prefix(kind as u8 | PLACEHOLDER);
        Self([&writer.finish(), encoded_id].concat().into())
    }

    /// Whether this is an item, not a placeholder.
    pub(crate) fn is_present(&self) -> bool {
        self.0.first().is_some_and(|first| first & PLACEHOLDER == 0)
    }

    pub(crate) fn kind(&self) -> Kind {
        let first = self.0.first().copied().unwrap_or_default() & !PLACEHOLDER;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == first);
        kind.unwrap_or(Kind::Movie)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The encoded id, as by [`encoded_id`].
    pub(crate) fn encoded_id(&self) -> &[u8] {
        self.after_prefix().encoded_id()
    }

    pub(crate) fn rank(&self) -> i64 {
        let mut reader = self.after_prefix();
        reader.encoded_id();
        reader.rank()
    }

    pub(crate) fn slug(&self) -> &str {
        let mut reader = self.after_prefix();
        reader.encoded_id();
        reader.rank();
        reader.text()
    }

    /// The name, which is the first fact.
    pub(crate) fn name(&self) -> &str {
        self.facts_reader().text()
    }

    /// The source's record.
    pub(crate) fn source(&self) -> Box<RawValue> {
        let text = self.source_text();
        let json = text.and_then(|text| RawValue::from_string(text).ok());
        json.unwrap_or_else(|| RawValue::NULL.to_owned())
    }

    /// Its JSON text; `None` if it cannot be unpacked.
    pub(crate) fn source_text(&self) -> Option<String> {
        let (facts, record) = self.0.split_at_checked(self.end_of_facts()?)?;
        source::read(record, self.kind(), facts)
    }

    /// A hash of all but the rank, independent of the compression of the record.
    pub(crate) fn digest(&self) -> u128 {
        let text = self.source_text().unwrap_or_default();
        let facts = self.facts().unwrap_or_default();
        let mut hash = Xxh3::new();
        hash.update(&[self.kind() as u8]);
        for field in [
            self.encoded_id(),
            self.slug().as_bytes(),
            facts,
            text.as_bytes(),
        ] {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hash.digest128()
    }

    /// The encoded facts.
    fn facts(&self) -> Option<&[u8]> {
        let mut reader = self.after_prefix();
        reader.encoded_id();
        reader.rank();
        reader.text();
        let start = self.0.len().checked_sub(reader.left()?)?;
        self.0.get(start..self.end_of_facts()?)
    }

    pub(super) fn end_of_facts(&self) -> Option<usize> {
        let end = self.0.get(1..PREFIX_BYTES)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(end)).ok()
    }

    /// A reader at the facts, after the id, the rank and the slug.
    pub(super) fn facts_reader(&self) -> Reader<'_> {
        let mut reader = self.after_prefix();
        reader.encoded_id();
        reader.rank();
        reader.skip_text();
        reader
    }

    pub(super) fn after_prefix(&self) -> Reader<'_> {
        Reader::new(self.0.get(PREFIX_BYTES..).unwrap_or_default())
    }
}

/// Encodes an id as in packed items.
pub(crate) fn encoded_id(id: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.id(id);
    writer.finish()
}

/// Decodes an id of a packed item.
pub fn decode_id(encoded: &[u8]) -> Id {
    Reader::new(encoded).id().into()
}
