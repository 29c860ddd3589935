//! An item in few bytes, as a catalogue holds it: a million of them have to fit into memory.
//!
//! Facts are written one after another in a form of their own, so that a name is at hand without
//! unpacking anything. The source's record follows, compressed with all that comes before it as
//! the dictionary, since most of what it says has been said by then. UUIDs take 16 bytes.

mod code;
mod facts;
mod source;

use std::sync::Arc;

use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use self::code::{Reader, Writer};
use super::{Credits, Id, Item, Kind, Link, SourceRecord};

/// What the first byte is for an item that others name and that is not there.
const NAMED_ONLY: u8 = 8;
/// The kind, and where the source's record begins.
const HEAD_BYTES: usize = 1 + size_of::<u32>();

/// An item, or the name of one. Bases are made of these bytes: whoever changes what they say
/// changes the format of the stores.
#[derive(Clone, Debug)]
pub(crate) struct Packed(Arc<[u8]>);

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

    /// The name of an item that is not there.
    pub(crate) fn name_only(kind: Kind, written_id: &[u8]) -> Self {
        let mut writer = Writer::default();
        writer.head(kind as u8 | NAMED_ONLY);
        Self([&writer.finish(), written_id].concat().into())
    }

    /// Whether this is an item and not only the name of one.
    pub(crate) fn is_there(&self) -> bool {
        self.0.first().is_some_and(|first| first & NAMED_ONLY == 0)
    }

    pub(crate) fn kind(&self) -> Kind {
        let first = self.0.first().copied().unwrap_or_default() & !NAMED_ONLY;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == first);
        kind.unwrap_or(Kind::Movie)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as it is written here, which [`written_id`] gives.
    pub(crate) fn written_id(&self) -> &[u8] {
        self.after_head().written_id()
    }

    pub(crate) fn rank(&self) -> i64 {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank()
    }

    pub(crate) fn slug(&self) -> &str {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.text()
    }

    /// The name, as [`Item::name`]: what is written first of all facts.
    pub(crate) fn name(&self) -> &str {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.skip_text();
        reader.text()
    }

    /// The items that this one names, as [`Item::links`], by their ids as they are written here.
    pub(crate) fn links(&self) -> Vec<(Link, &[u8])> {
        if !self.is_there() {
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
        if !self.is_there() || self.kind() != Kind::Movie {
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
        if !self.is_there() {
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

    /// The source's record.
    pub(crate) fn source(&self) -> Box<RawValue> {
        let text = self.source_text();
        let json = text.and_then(|text| RawValue::from_string(text).ok());
        json.unwrap_or_else(|| RawValue::NULL.to_owned())
    }

    /// Its JSON text; nothing if it cannot be unpacked.
    pub(crate) fn source_text(&self) -> Option<String> {
        let (facts, record) = self.0.split_at_checked(self.end_of_facts()?)?;
        source::read(record, self.kind(), facts)
    }

    /// A hash of all but its rank, the same however another release compressed the record.
    pub(crate) fn digest(&self) -> u128 {
        let text = self.source_text().unwrap_or_default();
        let facts = self.facts().unwrap_or_default();
        let mut hash = Xxh3::new();
        hash.update(&[self.kind() as u8]);
        for field in [
            self.written_id(),
            self.slug().as_bytes(),
            facts,
            text.as_bytes(),
        ] {
            hash.update(&(field.len() as u64).to_le_bytes());
            hash.update(field);
        }
        hash.digest128()
    }

    /// The facts as they are written.
    fn facts(&self) -> Option<&[u8]> {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.text();
        let start = self.0.len().checked_sub(reader.left()?)?;
        self.0.get(start..self.end_of_facts()?)
    }

    fn end_of_facts(&self) -> Option<usize> {
        let end = self.0.get(1..HEAD_BYTES)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(end)).ok()
    }

    fn after_head(&self) -> Reader<'_> {
        Reader::new(self.0.get(HEAD_BYTES..).unwrap_or_default())
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
        let both_there = self.is_there() && other.is_there();
        self.0 == other.0 || (both_there && self.unpack() == other.unpack())
    }
}

/// An id as it is written in packed items.
pub(crate) fn written_id(id: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.id(id);
    writer.finish()
}

/// An id from how a catalogue holds it.
pub fn read_id(written: &[u8]) -> Id {
    Reader::new(written).id().into()
}

#[cfg(test)]
mod tests;
