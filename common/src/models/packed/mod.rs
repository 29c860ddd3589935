//! An item in few bytes, as a catalogue holds it: a million of them have to fit into memory.
//!
//! Facts are written one after another in a form of their own, so that a name is at hand without
//! unpacking anything. The source's record follows, compressed with all that comes before it as
//! the dictionary, since most of what it says has been said by then. UUIDs take 16 bytes.

mod code;
mod facts;
pub(super) mod raw;
mod source;

use self::code::Writer;
use self::raw::HEAD_BYTES;
pub use self::raw::read_id;
pub(crate) use self::raw::{Packed, written_id};
use super::{Credits, Item, Kind, Link, SourceRecord};

impl Packed {
    /// Packs an item.
    pub(crate) fn of(item: &Item) -> Self {
        let mut bytes = before_source(item);
        source::append(&mut bytes, item.kind(), &item.source.text());
        Self(bytes.into())
    }

    /// The item whose bytes these are; `None` unless all its facts can be read. For the record
    /// behind them the checksum of its part answers, since a look would take longer than all else.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let kind = Kind::ALL.get(usize::from(*bytes.first()?))?;
        let packed = Self(bytes.into());
        let mut reader = packed.after_head();
        reader.written_id();
        reader.rank();
        reader.text();
        facts::links(&mut reader, *kind);
        let end = bytes.len() - reader.left()?;
        (packed.end_of_facts() == Some(end)).then_some(packed)
    }

    /// The items that this one names, as [`Item::links`], by their ids as they are written here.
    pub(crate) fn links(&self) -> Vec<(Link, &[u8])> {
        if !self.is_present() {
            return Vec::new();
        }
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.text();
        facts::links(&mut reader, self.kind())
    }

    /// What of a movie people look for; `None` for anything else.
    pub(crate) fn credits(&self) -> Option<Credits<'_>> {
        if !self.is_present() || self.kind() != Kind::Movie {
            return None;
        }
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.skip_text();
        Some(facts::credits(&mut reader))
    }

    /// The item; `None` for what is only the name of one. Its source record stays packed until
    /// somebody wants it.
    pub(crate) fn unpack(&self) -> Option<Item> {
        if !self.is_present() {
            return None;
        }
        let mut reader = self.after_head();
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
    writer.head(item.kind() as u8);
    writer.id(&item.id);
    writer.rank(item.rank);
    writer.text(&item.slug);
    facts::write(&mut writer, &item.facts);
    let mut bytes = writer.finish();
    let end = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes[1..HEAD_BYTES].copy_from_slice(&end.to_le_bytes());
    bytes
}

impl PartialEq for Packed {
    /// Equal items are equal byte by byte, save where another release compressed the record.
    fn eq(&self, other: &Self) -> bool {
        let both_there = self.is_present() && other.is_present();
        self.0 == other.0 || (both_there && self.unpack() == other.unpack())
    }
}

#[cfg(test)]
mod tests;
