//! The compressed record of the source. UUIDs are a mark byte, which JSON never has, and 16 bytes, as
//! in the facts, so that the dictionary matches them.

use super::code::{UUID, UUID_BYTES, UUID_CHARACTERS, pop_number, push_number, uuid};
use crate::models::Kind;

/// Common texts of records by kind, in front of the dictionary. Part of the stored format.
pub(super) const COMMON_TEXTS: [&[u8]; 5] = [
    br#"{"id":"","title":"","original_title":"","original_title_romanised":"","image":"https://","movie_banner":"https://","description":"","director":"","producer":"","release_date":"2000","running_time":"100","rt_score":"90","people":["/people/","/people/"],"species":["/species/"],"locations":["/locations/"],"vehicles":["/vehicles/"],"url":"/films/"}"#,
    br#"{"id":"","name":"","gender":"Female","age":"","eye_color":"","hair_color":"","films":["/films/","/films/"],"species":"/species/","url":"/people/"}"#,
    br#"{"id":"","name":"","climate":"","terrain":"","surface_water":"","residents":["/people/","/people/"],"films":["/films/","/films/"],"url":"/locations/"}"#,
    br#"{"id":"","name":"","classification":"","eye_colors":", ","hair_colors":", ","url":"/species/","people":["/people/","/people/"],"films":["/films/","/films/"]}"#,
    br#"{"id":"","name":"","description":"","vehicle_class":"","length":"","pilot":"/people/","films":["/films/"],"url":"/vehicles/"}"#,
];

/// Maximum ratio of LZ4, to reject invalid lengths.
const MAX_COMPRESSION_RATIO: usize = 256;

/// Appends a record to the facts of its item.
pub(super) fn append(bytes: &mut Vec<u8>, kind: Kind, text: &str) {
    let short = pack_uuids(text.as_bytes());
    let compressed = lz4_flex::block::compress_with_dict(&short, &dictionary(kind, bytes));
    push_number(bytes, short.len() as u64);
    bytes.extend_from_slice(&compressed);
}

/// Reads the record after these facts.
pub(super) fn read(mut bytes: &[u8], kind: Kind, facts: &[u8]) -> Option<String> {
    let length = usize::try_from(pop_number(&mut bytes)?).ok()?;
    if length / MAX_COMPRESSION_RATIO > bytes.len() {
        return None;
    }
    let mut short = vec![0; length];
    let dictionary = dictionary(kind, facts);
    lz4_flex::block::decompress_into_with_dict(bytes, &mut short, &dictionary).ok()?;
    String::from_utf8(unpack_uuids(&short)).ok()
}

fn dictionary(kind: Kind, facts: &[u8]) -> Vec<u8> {
    [COMMON_TEXTS[kind as usize], facts].concat()
}

/// Replaces every UUID by the mark and 16 bytes.
fn pack_uuids(text: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(text.len());
    let mut done = 0;
    // A UUID has 8 digits before its first hyphen.
    for hyphen in memchr::memchr_iter(b'-', text) {
        let Some(start) = hyphen.checked_sub(8).filter(|start| *start >= done) else {
            continue;
        };
        let Some(uuid) = text.get(start..start + UUID_CHARACTERS).and_then(uuid) else {
            continue;
        };
        short.extend_from_slice(&text[done..start]);
        short.push(UUID);
        short.extend_from_slice(&uuid);
        done = start + UUID_CHARACTERS;
    }
    short.extend_from_slice(&text[done..]);
    short
}

fn unpack_uuids(mut short: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(short.len() * 2);
    while let Some(mark) = memchr::memchr(UUID, short) {
        let (before, from) = short.split_at(mark);
        text.extend_from_slice(before);
        let Some((uuid, rest)) = from[1..].split_first_chunk::<UUID_BYTES>() else {
            break;
        };
        let mut written = [0; UUID_CHARACTERS];
        let uuid = uuid::Uuid::from_bytes(*uuid).hyphenated();
        text.extend_from_slice(uuid.encode_lower(&mut written).as_bytes());
        short = rest;
    }
    text.extend_from_slice(short);
    text
}
