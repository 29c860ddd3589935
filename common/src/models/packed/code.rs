//! The encoding of values, one after another. Invalid values are decoded as empty.

use std::borrow::Cow;
use std::sync::Arc;

use super::super::Id;

/// The mark before the 16 bytes of a UUID; no text begins with it.
pub(super) const UUID: u8 = 1;
pub(super) const UUID_BYTES: usize = 16;
/// Length of the hyphenated form (8-4-4-4-12).
pub(super) const UUID_CHARACTERS: usize = 36;

/// Writes values.
#[derive(Default)]
pub(super) struct Writer(Vec<u8>);

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }

    /// A byte, and space for the end of the facts.
    pub(super) fn prefix(&mut self, byte: u8) {
        self.0.extend_from_slice(&[byte, 0, 0, 0, 0]);
    }

    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    /// 7 bits a byte, the lowest first.
    pub(super) fn number(&mut self, number: u64) {
        push_number(&mut self.0, number);
    }

    pub(super) fn rank(&mut self, rank: i64) {
        self.0.extend_from_slice(&rank.to_le_bytes());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend_from_slice(text.as_bytes());
    }

    pub(super) fn text_or_none(&mut self, text: Option<&str>) {
        self.number(text.map_or(0, |text| text.len() as u64 + 1));
        self.0
            .extend_from_slice(text.unwrap_or_default().as_bytes());
    }

    pub(super) fn number_or_none(&mut self, number: Option<u32>) {
        self.number(number.map_or(0, |number| u64::from(number) + 1));
    }

    pub(super) fn float_or_none(&mut self, number: Option<f64>) {
        self.byte(number.is_some().into());
        if let Some(number) = number {
            self.0.extend_from_slice(&number.to_le_bytes());
        }
    }

    pub(super) fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        for text in texts {
            self.text(text);
        }
    }

    /// The mark and a UUID, or the length + 2 and a text.
    pub(super) fn id(&mut self, id: &str) {
        match uuid(id.as_bytes()) {
            Some(uuid) => {
                self.byte(UUID);
                self.0.extend_from_slice(&uuid);
            }
            None => {
                self.number(id.len() as u64 + 2);
                self.0.extend_from_slice(id.as_bytes());
            }
        }
    }

    pub(super) fn ids(&mut self, ids: &[Id]) {
        self.number(ids.len() as u64);
        for id in ids {
            self.id(id);
        }
    }
}

/// Reads values in the order in which they were written.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    /// Whether a value was invalid.
    is_broken: bool,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_broken: false,
        }
    }

    /// Number of bytes left, if all before them were valid.
    pub(super) fn left(&self) -> Option<usize> {
        (!self.is_broken).then_some(self.bytes.len())
    }

    /// A value, or its default if it is invalid.
    fn or_broken<T: Default>(&mut self, value: Option<T>) -> T {
        self.is_broken |= value.is_none();
        value.unwrap_or_default()
    }

    fn take(&mut self, count: u64) -> &'a [u8] {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let split = self.bytes.split_at_checked(count);
        let (taken, left) = self.or_broken(split);
        self.bytes = left;
        taken
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        // `take` returns fewer bytes only for invalid data.
        self.take(N as u64).try_into().unwrap_or([0; N])
    }

    fn str(&mut self, length: u64) -> &'a str {
        let text = std::str::from_utf8(self.take(length)).ok();
        self.or_broken(text)
    }

    pub(super) fn count(&mut self) -> usize {
        // Each value takes at least a byte.
        let count = usize::try_from(self.number()).ok();
        let count = count.filter(|count| *count <= self.bytes.len());
        self.or_broken(count)
    }

    pub(super) fn count_up_to_one(&mut self) -> usize {
        let count = self.count();
        self.or_broken((count <= 1).then_some(count))
    }

    pub(super) fn number(&mut self) -> u64 {
        let number = pop_number(&mut self.bytes);
        self.or_broken(number)
    }

    pub(super) fn rank(&mut self) -> i64 {
        i64::from_le_bytes(self.array())
    }

    pub(super) fn text(&mut self) -> &'a str {
        let length = self.number();
        self.str(length)
    }

    pub(super) fn text_or_none(&mut self) -> Option<&'a str> {
        let length = self.number().checked_sub(1)?;
        Some(self.str(length))
    }

    /// Skips a text.
    pub(super) fn skip_text(&mut self) {
        let length = self.number();
        self.take(length);
    }

    /// Skips an optional text.
    pub(super) fn skip_text_or_none(&mut self) {
        let length = self.number().saturating_sub(1);
        self.take(length);
    }

    pub(super) fn number_or_none(&mut self) -> Option<u32> {
        let number = u32::try_from(self.number().checked_sub(1)?).ok();
        Some(self.or_broken(number))
    }

    pub(super) fn float_or_none(&mut self) -> Option<f64> {
        let is_present = self.take(1) == [1];
        is_present.then(|| f64::from_le_bytes(self.array()))
    }

    pub(super) fn texts(&mut self) -> Vec<String> {
        let count = self.count();
        (0..count).map(|_| self.text().to_owned()).collect()
    }

    pub(super) fn skip_texts(&mut self) {
        for _ in 0..self.count() {
            self.text();
        }
    }

    pub(super) fn id(&mut self) -> Cow<'a, str> {
        match self.number() {
            1 => {
                let mut text = [0; UUID_CHARACTERS];
                let text: &str = uuid::Uuid::from_bytes(self.array())
                    .hyphenated()
                    .encode_lower(&mut text);
                Cow::Owned(text.to_owned())
            }
            length => Cow::Borrowed(self.str(length.saturating_sub(2))),
        }
    }

    /// An id as [`Writer::id`] writes it.
    pub(super) fn encoded_id(&mut self) -> &'a [u8] {
        let from = self.bytes;
        match self.number() {
            1 => self.take(UUID_BYTES as u64),
            length => self.take(length.saturating_sub(2)),
        };
        from.get(..from.len() - self.bytes.len())
            .unwrap_or_default()
    }

    pub(super) fn ids(&mut self) -> Vec<Id> {
        let count = self.count();
        (0..count).map(|_| Arc::from(&*self.id())).collect()
    }
}

/// The bytes of a UUID in the usual form: lower case, with hyphens.
pub(super) fn uuid(text: &[u8]) -> Option<[u8; UUID_BYTES]> {
    if text.len() != UUID_CHARACTERS {
        return None;
    }
    let mut bytes = [0; UUID_BYTES];
    let mut place = 0;
    for (at, byte) in text.iter().enumerate() {
        let digit = match byte {
            b'-' if matches!(at, 8 | 13 | 18 | 23) => continue,
            _ if matches!(at, 8 | 13 | 18 | 23) => return None,
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        bytes[place / 2] = bytes[place / 2] << 4 | digit;
        place += 1;
    }
    Some(bytes)
}

pub(super) fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

pub(super) fn pop_number(bytes: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f).checked_shl(shift)?;
        if byte & 0x80 == 0 {
            return Some(number);
        }
        shift += 7;
    }
}
