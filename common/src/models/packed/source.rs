//! The source's record, compressed. A UUID in it is a mark, which no JSON contains, and 16 bytes,
//! as in the facts before it, so that one that was named there is found again.

use super::code::{UUID, UUID_BYTES, UUID_CHARACTERS, pop_number, push_number, uuid};
use crate::models::Kind;

/// What records are likely to say beside their facts, by kind. It saves room and decides nothing:
/// a record of any other shape is kept as well. What is stored is read with it: it never changes
/// within a format of the stores.
pub(super) const LIKELY: [&[u8]; 5] = [
    br#"{"id":"","title":"","original_title":"","original_title_romanised":"","image":"https://","movie_banner":"https://","description":"","director":"","producer":"","release_date":"2000","running_time":"100","rt_score":"90","people":["/people/","/people/"],"species":["/species/"],"locations":["/locations/"],"vehicles":["/vehicles/"],"url":"/films/"}"#,
    br#"{"id":"","name":"","gender":"Female","age":"","eye_color":"","hair_color":"","films":["/films/","/films/"],"species":"/species/","url":"/people/"}"#,
    br#"{"id":"","name":"","climate":"","terrain":"","surface_water":"","residents":["/people/","/people/"],"films":["/films/","/films/"],"url":"/locations/"}"#,
    br#"{"id":"","name":"","classification":"","eye_colors":", ","hair_colors":", ","url":"/species/","people":["/people/","/people/"],"films":["/films/","/films/"]}"#,
    br#"{"id":"","name":"","description":"","vehicle_class":"","length":"","pilot":"/people/","films":["/films/"],"url":"/vehicles/"}"#,
];

/// The most that the compression can save: one byte for so many.
const MOST_TIMES: usize = 256;

/// Puts a record behind the facts of its item.
pub(super) fn append(bytes: &mut Vec<u8>, kind: Kind, text: &str) {
    let short = shorten(text.as_bytes());
    let compressed = lz4_flex::block::compress_with_dict(&short, &dictionary(kind, bytes));
    push_number(bytes, short.len() as u64);
    bytes.extend_from_slice(&compressed);
}

/// Reads a record that stands behind these facts.
pub(super) fn read(mut bytes: &[u8], kind: Kind, facts: &[u8]) -> Option<String> {
    let length = usize::try_from(pop_number(&mut bytes)?).ok()?;
    if length / MOST_TIMES > bytes.len() {
        return None;
    }
    let mut short = vec![0; length];
    let dictionary = dictionary(kind, facts);
    lz4_flex::block::decompress_into_with_dict(bytes, &mut short, &dictionary).ok()?;
    String::from_utf8(lengthen(&short)).ok()
}

fn dictionary(kind: Kind, facts: &[u8]) -> Vec<u8> {
    [LIKELY[kind as usize], facts].concat()
}

/// With a mark and 16 bytes for every UUID.
fn shorten(text: &[u8]) -> Vec<u8> {
    let mut short = Vec::with_capacity(text.len());
    let mut done = 0;
    // The first hyphen of a UUID stands behind 8 digits.
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

fn lengthen(mut short: &[u8]) -> Vec<u8> {
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
