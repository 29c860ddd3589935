//! Packing items and changes into parts, and reading them back: a JSON document a line,
//! compressed.

use std::io::{self, Write as _};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::store::{PartName, Result, StoreError};

const MOST_ITEMS: usize = 2_000;
/// Raw bytes at which a part is closed; with the largest item behind it still below what a
/// MongoDB document may hold.
const ENOUGH_BYTES: usize = 4 << 20;
const LEVEL: i32 = 1;

/// Something stored that could not be read; the rest is served without it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The part, and the line in it where only that is damaged.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

/// Packs values, a part whenever one is asked for.
pub(super) fn pack<T: Serialize>(
    values: impl IntoIterator<Item = T>,
) -> impl Iterator<Item = Result<Vec<u8>>> {
    let mut values = values.into_iter();
    std::iter::from_fn(move || pack_one(&mut values).transpose())
}

fn pack_one<T: Serialize>(values: &mut impl Iterator<Item = T>) -> Result<Option<Vec<u8>>> {
    let mut raw = Vec::new();
    for value in values.take(MOST_ITEMS) {
        serde_json::to_writer(&mut raw, &value).map_err(|error| cannot_pack(&error))?;
        raw.push(b'\n');
        if raw.len() >= ENOUGH_BYTES {
            break;
        }
    }
    (!raw.is_empty()).then(|| compress(&raw)).transpose()
}

pub(super) fn unpack<T: DeserializeOwned>(name: PartName, data: &[u8]) -> (Vec<T>, Vec<Damage>) {
    let damaged = |name: String, reason: &dyn std::fmt::Display| Damage {
        name,
        reason: reason.to_string(),
    };
    let raw = match zstd::decode_all(data) {
        Ok(raw) => raw,
        Err(error) => return (Vec::new(), vec![damaged(name.to_string(), &error)]),
    };
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

/// Whether a part is whole, which its checksum tells without reading its lines.
pub(super) fn is_whole(data: &[u8]) -> bool {
    zstd::stream::copy_decode(data, io::sink()).is_ok()
}

fn compress(raw: &[u8]) -> Result<Vec<u8>> {
    let compress = || {
        let mut encoder = zstd::Encoder::new(Vec::new(), LEVEL)?;
        encoder.include_checksum(true)?;
        encoder.write_all(raw)?;
        encoder.finish()
    };
    compress().map_err(|error: io::Error| cannot_pack(&error))
}

fn cannot_pack(error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable {
        name: "a part to be written".into(),
        reason: error.to_string(),
    }
}
