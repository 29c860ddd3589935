use std::sync::LazyLock;

use icu_collator::options::{CollatorOptions, Strength};
use icu_collator::{Collator, CollatorBorrowed};

use crate::fold::fold;
use crate::token::{is_letter, tokenise, truncated, whole_name};

/// The order of the letters of other scripts, for no language in particular.
static COLLATOR: LazyLock<Option<CollatorBorrowed<'static>>> = LazyLock::new(|| {
    let mut options = CollatorOptions::default();
    options.strength = Some(Strength::Primary);
    Collator::try_new(Default::default(), options).ok()
});

/// Before the names without letters and digits.
const SIGNS_ONLY: u8 = 1;
/// After a run of letters of other scripts; no byte of a key by the collator is as small.
const END_OF_RUN: u8 = 1;
/// Before a number.
const NUMBER: u8 = b'0';
/// Before a run of letters of other scripts.
const OTHER_SCRIPT: u8 = 0x80;

/// The key of a name by [`push_sort_key`].
pub fn sort_key(name: &str) -> Vec<u8> {
    let mut key = Vec::new();
    push_sort_key(&mut key, name);
    key
}

/// Appends the key that sorts a name by its bytes: signs alone first, then numbers by value, then
/// Latin letters, then other scripts. Names that fold to the same text sort by their own bytes, so
/// that only equal names have equal keys.
pub fn push_sort_key(key: &mut Vec<u8>, name: &str) {
    let words = folded_words(name);
    if !words.contains(is_letter) {
        key.push(SIGNS_ONLY);
    }
    let mut rest = words.as_str();
    while let Some(first) = rest.chars().next() {
        let belongs: fn(char) -> bool = match first {
            '0'..='9' => |c| c.is_ascii_digit(),
            '\0'..='\u{7f}' => |c| c.is_ascii() && !c.is_ascii_digit(),
            _ => |c| !c.is_ascii(),
        };
        let (run, after) = rest.split_at(rest.find(|c| !belongs(c)).unwrap_or(rest.len()));
        match first {
            '0'..='9' => push_number(key, run),
            '\0'..='\u{7f}' => key.extend(run.bytes().filter(|byte| *byte != 0)),
            _ => {
                key.push(OTHER_SCRIPT);
                push_collated(key, run);
                key.push(END_OF_RUN);
            }
        }
        rest = after;
    }
    key.push(0);
    key.extend(name.bytes());
}

/// The folded words of a name with a space between.
fn folded_words(name: &str) -> String {
    let is_word = |word: &str| {
        let mut bytes = word.bytes();
        !word.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric())
    };
    let name = truncated(name);
    // Most names, so that a million of them take little time.
    if name.split(' ').all(is_word) {
        return name.to_ascii_lowercase();
    }
    let mut folded = Vec::new();
    fold(name, &mut folded);
    let mut words = String::new();
    whole_name(&mut words, &folded, &tokenise(&folded));
    words
}

/// The number of digits without leading zeros, then the digits. Counts are written in bytes that
/// are not 0: full ones, and the rest.
fn push_number(key: &mut Vec<u8>, digits: &str) {
    const FULL: usize = 254;
    let digits = digits.trim_start_matches('0');
    key.push(NUMBER);
    key.extend(std::iter::repeat_n(u8::MAX, digits.len() / FULL));
    key.extend(u8::try_from(digits.len() % FULL + 1));
    key.extend(digits.bytes());
}

fn push_collated(key: &mut Vec<u8>, run: &str) {
    let collator = COLLATOR.as_ref();
    let written = collator.map(|collator| collator.write_sort_key_to(run, key));
    if written.is_none() {
        key.extend(run.bytes());
    }
}
