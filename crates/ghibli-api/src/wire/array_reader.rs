//! Reads the elements of a JSON list one at a time, while the text arrives.

use std::fmt;
use std::io::BufRead;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::error::{ListError, MAX_RECORD_BYTES};
use super::id::canonical_id;
use super::json::{StringScanner, id_text};

/// How much is kept of an element that is too large.
const PREFIX_BYTES: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a list with bounded memory: at most one element, and of that at most
/// [`MAX_RECORD_BYTES`].
pub(super) struct ArrayReader<R> {
    text: R,
    is_first: bool,
}

pub(super) enum ArrayElement {
    Complete(Box<RawValue>),
    /// More than [`MAX_RECORD_BYTES`].
    TooLarge {
        prefix: String,
        bytes: usize,
    },
}

impl<R: BufRead> ArrayReader<R> {
    /// Reads the opening bracket.
    pub(super) fn new(mut text: R) -> Result<Self, ListError> {
        if fill_buf(&mut text)?.starts_with(BYTE_ORDER_MARK) {
            text.consume(BYTE_ORDER_MARK.len());
        }
        let mut reader = Self {
            text,
            is_first: true,
        };
        if reader.peek()? == Some(b'[') {
            reader.text.consume(1);
            return Ok(reader);
        }
        let start = fill_buf(&mut reader.text)?;
        let start = start.get(..start.len().min(4)).unwrap_or_default();
        Err(match String::from_utf8_lossy(start).chars().next() {
            Some('<') => ListError::Html,
            Some(other) => ListError::NotAList(other),
            None => ListError::Empty,
        })
    }

    /// The next element; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<ArrayElement>, ListError> {
        let mut next = self.peek()?;
        if next == Some(b']') {
            self.text.consume(1);
            return match self.peek()? {
                None => Ok(None),
                Some(_) => Err(not_json("trailing characters")),
            };
        }
        if !std::mem::take(&mut self.is_first) {
            match next {
                Some(b',') => self.text.consume(1),
                Some(_) => return Err(not_json("expected `,` or `]`")),
                None => {}
            }
            next = self.peek()?;
        }
        match next {
            None => Err(not_json("EOF while parsing a list")),
            Some(_) => self.element().map(Some),
        }
    }

    fn element(&mut self) -> Result<ArrayElement, ListError> {
        let mut text = Vec::new();
        let mut bytes = 0;
        let mut scanner = ElementScanner::default();
        loop {
            let buffer = fill_buf(&mut self.text)?;
            if buffer.is_empty() {
                return Err(not_json("EOF while parsing a list"));
            }
            let (count, is_end) = scanner.scan(buffer);
            let capacity = MAX_RECORD_BYTES.saturating_sub(text.len());
            text.extend_from_slice(buffer.get(..count.min(capacity)).unwrap_or_default());
            bytes += count;
            self.text.consume(count);
            if is_end {
                break;
            }
        }
        if bytes > MAX_RECORD_BYTES {
            text.truncate(PREFIX_BYTES);
            let prefix = String::from_utf8_lossy(&text).into_owned();
            return Ok(ArrayElement::TooLarge { prefix, bytes });
        }
        let text = String::from_utf8(text).map_err(|error| not_json(&error))?;
        let json = RawValue::from_string(text).map_err(|error| not_json(&error))?;
        Ok(ArrayElement::Complete(json))
    }

    /// The next byte that is not whitespace.
    fn peek(&mut self) -> Result<Option<u8>, ListError> {
        loop {
            let buffer = fill_buf(&mut self.text)?;
            let spaces = buffer.iter().take_while(|byte| byte.is_ascii_whitespace());
            let spaces = spaces.count();
            if spaces < buffer.len() || buffer.is_empty() {
                let next = buffer.get(spaces).copied();
                self.text.consume(spaces);
                return Ok(next);
            }
            self.text.consume(spaces);
        }
    }
}

fn fill_buf<R: BufRead>(text: &mut R) -> Result<&[u8], ListError> {
    text.fill_buf().map_err(|error| not_json(&error))
}

fn not_json(error: &(impl fmt::Display + ?Sized)) -> ListError {
    ListError::NotJson(error.to_string())
}

/// Finds the end of an element without checking its syntax.
#[derive(Default)]
struct ElementScanner {
    depth: usize,
    strings: StringScanner,
}

impl ElementScanner {
    /// Number of bytes that belong to the element, and whether it ends after them.
    fn scan(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.strings.is_string_byte(byte) {
                continue;
            }
            match byte {
                b',' | b']' if self.depth == 0 => return (at, true),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
        }
        (bytes.len(), false)
    }
}

/// The id of a truncated record, if the prefix contains it.
pub(super) fn id_in_prefix(prefix: &str) -> Option<String> {
    struct IdVisitor<'a>(&'a mut Option<String>);
    impl<'de> Visitor<'de> for IdVisitor<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a record")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
            while let Some(field) = fields.next_key::<String>()? {
                match &*field {
                    "id" => *self.0 = id_text(&fields.next_value::<Box<RawValue>>()?),
                    _ => drop(fields.next_value::<IgnoredAny>()?),
                }
            }
            Ok(())
        }
    }
    let mut id = None;
    let mut deserializer = serde_json::Deserializer::from_str(prefix);
    // Fails where the prefix ends.
    deserializer.deserialize_map(IdVisitor(&mut id)).ok();
    let id = id.filter(|id| !id.trim().is_empty())?;
    Some(canonical_id(&id).into_owned())
}
