//! Packing items and changes into parts, and reading them back. Both are compressed with a checksum:
//! items as they are held in memory, each behind its length, so that loading parses nothing; changes
//! as JSON lines.

use std::fmt;
use std::io::{self, Write as _};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::part_name::PartName;
use super::store::{Result, StoreError};
use crate::models::{Catalogue, Changes, PackedItem};

/// Maximum number of items or changes of a part, unless configured.
pub(super) const MAX_ITEMS_PER_PART: usize = 2_000;
/// Raw size in bytes at which a part is closed. One more item, however large, stays within the limit
/// of a MongoDB document.
const TARGET_RAW_BYTES: usize = 4 << 20;
const LEVEL: i32 = 1;

/// A lost or damaged part, or a damaged entry of one. The rest is served without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The part, and the line or record in it if only that is damaged.
    pub name: String,
    /// The problem.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, reason } = self;
        write!(f, "{name}: {reason}")
    }
}

/// Parts, each packed on demand.
pub(super) type PackedParts = Box<dyn Iterator<Item = Result<Vec<u8>>> + Send>;

pub(super) fn pack(changes: &Changes, most: usize) -> PackedParts {
    pack_by(changes.clone().into_each(), most, write_line)
}

pub(super) fn pack_rows<T: Serialize + Send + 'static>(rows: Vec<T>) -> PackedParts {
    pack_by(rows.into_iter(), MAX_ITEMS_PER_PART, write_line)
}

fn write_line<T: Serialize>(raw: &mut Vec<u8>, value: T) -> Result<()> {
    serde_json::to_writer(&mut *raw, &value).map_err(|error| cannot_pack(&error))?;
    raw.push(b'\n');
    Ok(())
}

pub(super) fn pack_items(catalogue: &Catalogue, most: usize) -> PackedParts {
    let items: Vec<_> = catalogue.all_packed().cloned().collect();
    pack_all(items, most)
}

fn pack_all(items: Vec<PackedItem>, most: usize) -> PackedParts {
    pack_by(items.into_iter(), most, |raw, item| {
        let bytes = item.bytes();
        let length = u32::try_from(bytes.len()).map_err(|error| cannot_pack(&error))?;
        raw.extend_from_slice(&length.to_le_bytes());
        raw.extend_from_slice(bytes);
        Ok(())
    })
}

fn pack_by<T: 'static>(
    mut values: impl Iterator<Item = T> + Send + 'static,
    most: usize,
    write: fn(&mut Vec<u8>, T) -> Result<()>,
) -> PackedParts {
    let mut next = move || {
        let mut part = Part::new()?;
        for value in values.by_ref().take(most) {
            write(&mut part.raw, value)?;
            part.compress()?;
            if part.bytes >= TARGET_RAW_BYTES {
                break;
            }
        }
        (part.bytes > 0).then(|| part.end()).transpose()
    };
    Box::new(std::iter::from_fn(move || next().transpose()))
}

/// A part being packed. It is compressed a little at a time: raw, a part is much larger.
struct Part {
    encoder: zstd::Encoder<'static, Vec<u8>>,
    /// Bytes not compressed yet.
    raw: Vec<u8>,
    /// Its raw size in bytes.
    bytes: usize,
}

impl Part {
    fn new() -> Result<Self> {
        let encoder = || {
            let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
            encoder.include_checksum(true)?;
            Ok(encoder)
        };
        Ok(Self {
            encoder: encoder().map_err(|error: io::Error| cannot_pack(&error))?,
            raw: Vec::new(),
            bytes: 0,
        })
    }

    fn compress(&mut self) -> Result<()> {
        self.bytes += self.raw.len();
        let written = self.encoder.write_all(&self.raw);
        self.raw.clear();
        written.map_err(|error| cannot_pack(&error))
    }

    fn end(self) -> Result<Vec<u8>> {
        self.encoder.finish().map_err(|error| cannot_pack(&error))
    }
}

pub(super) fn unpack<T: DeserializeOwned>(name: PartName, data: &[u8]) -> (Vec<T>, Vec<Damage>) {
    match decompress(name, data) {
        Ok(raw) => read_lines(name, &raw),
        Err(damage) => (Vec::new(), vec![damage]),
    }
}

pub(super) fn unpack_items(name: PartName, data: &[u8]) -> (Vec<PackedItem>, Vec<Damage>) {
    match decompress(name, data) {
        Ok(raw) => read_records(name, &raw),
        Err(damage) => (Vec::new(), vec![damage]),
    }
}

pub(super) fn read_lines<T: DeserializeOwned>(name: PartName, raw: &[u8]) -> (Vec<T>, Vec<Damage>) {
    let mut values = Vec::new();
    let mut damage = Vec::new();
    let lines = raw.split(|&byte| byte == b'\n');
    for (number, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(value) => values.push(value),
            Err(error) => damage.push(damaged(format!("{name} line {}", number + 1), &error)),
        }
    }
    (values, damage)
}

pub(super) fn read_records(name: PartName, mut raw: &[u8]) -> (Vec<PackedItem>, Vec<Damage>) {
    let mut items = Vec::new();
    let mut damage = Vec::new();
    let mut number = 0;
    while !raw.is_empty() {
        number += 1;
        let name = format!("{name} record {number}");
        let Some(record) = next_record(&mut raw) else {
            damage.push(damaged(
                name,
                &"it runs past the end of the part; everything after it is lost",
            ));
            break;
        };
        match PackedItem::read(record) {
            Some(item) => items.push(item),
            None => damage.push(damaged(name, &"it is not a packed item")),
        }
    }
    (items, damage)
}

fn next_record<'a>(raw: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = raw.split_first_chunk()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (record, rest) = rest.split_at_checked(length)?;
    *raw = rest;
    Some(record)
}

pub(super) fn damaged(name: String, reason: &dyn std::fmt::Display) -> Damage {
    let reason = reason.to_string();
    Damage { name, reason }
}

fn decompress(name: PartName, data: &[u8]) -> Result<Vec<u8>, Damage> {
    zstd::decode_all(data).map_err(|error| damaged(name.to_string(), &error))
}

/// Verifies the checksum of a part.
pub(super) fn check(name: PartName, data: &[u8]) -> Option<Damage> {
    let read = zstd::stream::copy_decode(data, io::sink());
    read.err().map(|error| damaged(name.to_string(), &error))
}

fn cannot_pack(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable {
        name: "a part to be written".into(),
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::PartKind;

    const NAME: PartName = PartName {
        kind: PartKind::Base,
        fence: 1,
        index: 0,
    };

    fn compressed(raw: &[u8]) -> Vec<u8> {
        let mut part = Part::new().unwrap();
        part.raw.extend_from_slice(raw);
        part.compress().unwrap();
        part.end().unwrap()
    }

    fn seed() -> Vec<PackedItem> {
        let items = crate::seed::items().unwrap();
        items.iter().map(|item| PackedItem::of(item)).collect()
    }

    #[test]
    fn items_come_out_of_a_base_as_they_were_put_in() {
        let items = seed().into_iter().cycle().take(MAX_ITEMS_PER_PART + 1);
        let items: Vec<_> = items.collect();
        let parts = pack_all(items.clone(), MAX_ITEMS_PER_PART)
            .collect::<Result<Vec<_>>>()
            .unwrap();
        assert_eq!(parts.len(), 2);
        let parts = parts.iter().map(|part| unpack_items(NAME, part));
        let (read, damage): (Vec<_>, Vec<_>) = parts.unzip();
        assert_eq!(read.concat(), items);
        assert_eq!(damage.concat(), []);
    }

    #[test]
    fn a_bad_record_spoils_itself_alone_and_a_bad_length_what_follows() {
        let items = &seed()[..3];
        let part = pack_all(items.to_vec(), MAX_ITEMS_PER_PART)
            .next()
            .unwrap()
            .unwrap();
        let raw = zstd::decode_all(&*part).unwrap();
        let second = size_of::<u32>() + items[0].bytes().len();
        for (place, left, name) in [
            (second + size_of::<u32>(), &[0, 2][..], "record 2"),
            (second + 3, &[0], "record 2"),
            (3, &[], "record 1"),
        ] {
            let mut spoilt = raw.clone();
            spoilt[place] = 0x7e;
            let (read, damage) = unpack_items(NAME, &compressed(&spoilt));
            let left: Vec<_> = left
                .iter()
                .map(|&place: &usize| items[place].clone())
                .collect();
            assert_eq!(read, left);
            assert_eq!(damage[0].name, format!("{NAME} {name}"));
        }
    }
}
