//! Packing items and changes into parts, and reading them back. Both are compressed with a checksum:
//! items as they are held in memory, behind [`RECORDS`] and each behind its length, so that loading
//! them parses nothing; changes as JSON, one a line.

use std::fmt;
use std::io::{self, Write as _};

use serde::de::DeserializeOwned;

use super::store::{PartName, Result, StoreError};
use crate::models::{Catalogue, Change, Changes, Packed};

/// The first byte of a part of packed items. JSON lines, which bases were once made of as well, have
/// another.
const RECORDS: u8 = 1;
/// How many items or changes a part has at most, unless configured.
pub(super) const MAX_ITEMS_PER_PART: usize = 2_000;
/// Raw bytes at which a part is closed; with the largest item behind it still below what a
/// MongoDB document may hold.
const TARGET_RAW_BYTES: usize = 4 << 20;
const LEVEL: i32 = 1;

/// Something stored that could not be read; the rest is served without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The part, and the line or record in it where only that is damaged.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, reason } = self;
        write!(f, "{name}: {reason}")
    }
}

/// Parts, each packed when it is asked for.
pub(super) type PackedParts = Box<dyn Iterator<Item = Result<Vec<u8>>> + Send>;

pub(super) fn pack(changes: &Changes, most: usize) -> PackedParts {
    pack_by(changes.clone().into_each(), most, &[], |raw, change| {
        serde_json::to_writer(&mut *raw, &change).map_err(|error| cannot_pack(&error))?;
        raw.push(b'\n');
        Ok(())
    })
}

pub(super) fn pack_items(catalogue: &Catalogue, most: usize) -> PackedParts {
    let items: Vec<_> = catalogue.all_packed().cloned().collect();
    pack_all(items, most)
}

fn pack_all(items: Vec<Packed>, most: usize) -> PackedParts {
    pack_by(items.into_iter(), most, &[RECORDS], |raw, item| {
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
    start: &'static [u8],
    write: fn(&mut Vec<u8>, T) -> Result<()>,
) -> PackedParts {
    let mut next = move || {
        let mut part = Part::starting_with(start)?;
        for value in values.by_ref().take(most) {
            write(&mut part.raw, value)?;
            part.compress()?;
            if part.bytes >= TARGET_RAW_BYTES {
                break;
            }
        }
        (part.bytes > start.len()).then(|| part.end()).transpose()
    };
    Box::new(std::iter::from_fn(move || next().transpose()))
}

/// A part under way. It is compressed a little at a time: raw, a part is much larger.
struct Part {
    encoder: zstd::Encoder<'static, Vec<u8>>,
    /// What is not compressed yet.
    raw: Vec<u8>,
    /// How many raw bytes it has.
    bytes: usize,
}

impl Part {
    fn starting_with(start: &[u8]) -> Result<Self> {
        let part = || {
            let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
            encoder.include_checksum(true)?;
            encoder.write_all(start)?;
            Ok(encoder)
        };
        Ok(Self {
            encoder: part().map_err(|error: io::Error| cannot_pack(&error))?,
            raw: Vec::new(),
            bytes: start.len(),
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

pub(super) fn unpack(name: PartName, data: &[u8]) -> (Vec<Change>, Vec<Damage>) {
    match decompress(name, data) {
        Ok(raw) => lines(name, &raw),
        Err(damage) => (Vec::new(), vec![damage]),
    }
}

pub(super) fn unpack_items(name: PartName, data: &[u8]) -> (Vec<Packed>, Vec<Damage>) {
    match decompress(name, data) {
        Ok(raw) => match raw.split_first() {
            Some((&RECORDS, records)) => read_records(name, records),
            _ => lines(name, &raw),
        },
        Err(damage) => (Vec::new(), vec![damage]),
    }
}

fn lines<T: DeserializeOwned>(name: PartName, raw: &[u8]) -> (Vec<T>, Vec<Damage>) {
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

fn read_records(name: PartName, mut raw: &[u8]) -> (Vec<Packed>, Vec<Damage>) {
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
        match Packed::read(record) {
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

/// What is wrong with a part, if anything: its checksum tells without reading its lines.
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
        Part::starting_with(raw).unwrap().end().unwrap()
    }

    fn seed() -> Vec<Packed> {
        let items = crate::seed::items().unwrap();
        items.iter().map(|item| Packed::of(item)).collect()
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
    fn a_base_of_an_earlier_release_is_read() {
        let items = crate::seed::items().unwrap();
        let lines = items
            .iter()
            .map(|item| serde_json::to_string(item).unwrap() + "\n");
        let part = compressed(lines.collect::<String>().as_bytes());
        assert_eq!(unpack_items(NAME, &part), (seed(), Vec::new()));
    }

    #[test]
    fn a_bad_record_spoils_itself_alone_and_a_bad_length_what_follows() {
        let items = &seed()[..3];
        let part = pack_all(items.to_vec(), MAX_ITEMS_PER_PART)
            .next()
            .unwrap()
            .unwrap();
        let raw = zstd::decode_all(&*part).unwrap();
        let second = 1 + size_of::<u32>() + items[0].bytes().len();
        for (place, left, name) in [
            (second + size_of::<u32>(), &[0, 2][..], "record 2"),
            (second + 3, &[0], "record 2"),
            (0, &[], "line 1"),
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
