//! The compact encoding of items in a catalogue, so that a million of them fit into memory.
//!
//! The facts come first, in a binary form from which a name can be read without unpacking. The
//! source's record follows, compressed with the facts as dictionary, since it mostly repeats them.
//! UUIDs take 16 bytes.

mod code;
mod facts;
pub(super) mod raw;
mod source;

use self::code::Writer;
use self::raw::PREFIX_BYTES;
pub use self::raw::decode_id;
pub(crate) use self::raw::{PackedItem, encoded_id};
use super::{Credits, Item, Kind, Link, SourceRecord};

impl PackedItem {
    /// Packs an item.
    pub(crate) fn of(item: &Item) -> Self {
        let mut bytes = before_source(item);
        source::append(&mut bytes, item.kind(), &item.source.text());
        Self(bytes.into())
    }

    /// Reads the bytes of an item; `None` unless all its facts are valid. The record is not checked,
    /// which would take longer than the rest: its part has a checksum.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let kind = Kind::ALL.get(usize::from(*bytes.first()?))?;
        let packed = Self(bytes.into());
        let mut reader = packed.after_prefix();
        reader.encoded_id();
        reader.rank();
        reader.text();
        facts::links(&mut reader, *kind);
        let end = bytes.len() - reader.left()?;
        (packed.end_of_facts() == Some(end)).then_some(packed)
    }

    /// The links, as [`Item::links`], with encoded ids.
    pub(crate) fn links(&self) -> Vec<(Link, &[u8])> {
        if !self.is_present() {
            return Vec::new();
        }
        facts::links(&mut self.facts_reader(), self.kind())
    }

    /// The credits of a movie; `None` for other kinds.
    pub(crate) fn credits(&self) -> Option<Credits<'_>> {
        if !self.is_present() || self.kind() != Kind::Movie {
            return None;
        }
        Some(facts::credits(&mut self.facts_reader()))
    }

    /// The item; `None` for a placeholder. Its source record stays packed.
    pub(crate) fn unpack(&self) -> Option<Item> {
        if !self.is_present() {
            return None;
        }
        let mut reader = self.after_prefix();
        let id = reader.id().into();
        let rank = reader.rank();
        let slug = reader.text().into();
        let facts = facts::read(&mut reader, self.kind());
        Some(Item {
            id,
            slug,
            rank,
            facts,
            source: SourceRecord::packed(self.clone()),
        })
    }
}

/// All but the source's record.
fn before_source(item: &Item) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.prefix(item.kind() as u8);
    writer.id(&item.id);
    writer.rank(item.rank);
    writer.text(&item.slug);
    facts::write(&mut writer, &item.facts);
    let mut bytes = writer.finish();
    let end = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes[1..PREFIX_BYTES].copy_from_slice(&end.to_le_bytes());
    bytes
}

impl PartialEq for PackedItem {
    /// Equal items have equal bytes, unless another release compressed the record.
    fn eq(&self, other: &Self) -> bool {
        let are_present = self.is_present() && other.is_present();
        self.0 == other.0 || (are_present && self.unpack() == other.unpack())
    }
}

#[cfg(test)]
mod tests;
