//! The elements of a JSON list, taken out of its text while that comes, one at a time.

use std::fmt;
use std::io::BufRead;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{ListError, MAX_RECORD_BYTES};

/// How much is kept of an element that is too large.
const START_BYTES: usize = 64 * 1024;

/// A list of which so much was taken.
pub(super) struct Split<R> {
    text: R,
    is_first: bool,
}

/// One element.
pub(super) enum Element {
    Whole(Box<RawValue>),
    /// One that is too large to be a record: its start, and its size.
    TooLarge(String, usize),
}

impl<R: BufRead> Split<R> {
    /// A list whose opening bracket is the first character.
    pub(super) fn new(mut text: R) -> Result<Self, ListError> {
        if come(&mut text)?.starts_with("\u{feff}".as_bytes()) {
            text.consume("\u{feff}".len());
        }
        let mut split = Self {
            text,
            is_first: true,
        };
        if split.peek()? == Some(b'[') {
            split.text.consume(1);
            return Ok(split);
        }
        let start = come(&mut split.text)?;
        let start = start.get(..start.len().min(4)).unwrap_or_default();
        Err(match String::from_utf8_lossy(start).chars().next() {
            Some('<') => ListError::Html,
            Some(other) => ListError::NotAList(other),
            None => ListError::Empty,
        })
    }

    /// The next element; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Element>, ListError> {
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

    fn element(&mut self) -> Result<Element, ListError> {
        let mut text = Vec::new();
        let mut bytes = 0;
        let mut end = End::default();
        loop {
            let come = come(&mut self.text)?;
            if come.is_empty() {
                return Err(not_json("EOF while parsing a list"));
            }
            let (count, is_end) = end.find(come);
            let room = MAX_RECORD_BYTES.saturating_sub(text.len());
            text.extend_from_slice(come.get(..count.min(room)).unwrap_or_default());
            bytes += count;
            self.text.consume(count);
            if is_end {
                break;
            }
        }
        if bytes > MAX_RECORD_BYTES {
            text.truncate(START_BYTES);
            let start = String::from_utf8_lossy(&text).into_owned();
            return Ok(Element::TooLarge(start, bytes));
        }
        let text = String::from_utf8(text).map_err(|error| not_json(&error))?;
        let json = RawValue::from_string(text).map_err(|error| not_json(&error))?;
        Ok(Element::Whole(json))
    }

    /// The next byte but spaces.
    fn peek(&mut self) -> Result<Option<u8>, ListError> {
        loop {
            let come = come(&mut self.text)?;
            let spaces = come.iter().take_while(|byte| byte.is_ascii_whitespace());
            let spaces = spaces.count();
            if spaces < come.len() || come.is_empty() {
                let next = come.get(spaces).copied();
                self.text.consume(spaces);
                return Ok(next);
            }
            self.text.consume(spaces);
        }
    }
}

fn come<R: BufRead>(text: &mut R) -> Result<&[u8], ListError> {
    text.fill_buf().map_err(|error| not_json(&error))
}

fn not_json(error: &(impl fmt::Display + ?Sized)) -> ListError {
    ListError::NotJson(error.to_string())
}

/// Looks for the end of a value, as far as that needs no understanding.
#[derive(Default)]
struct End {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl End {
    /// How many of the bytes belong to the value, and whether it ends there.
    fn find(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (at, byte) in bytes.iter().enumerate() {
            if self.in_string {
                match byte {
                    _ if self.is_escaped => self.is_escaped = false,
                    b'\\' => self.is_escaped = true,
                    b'"' => self.in_string = false,
                    _ => {}
                }
            } else {
                match byte {
                    b',' | b']' if self.depth == 0 => return (at, true),
                    b'"' => self.in_string = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
            }
        }
        (bytes.len(), false)
    }
}

/// The id of a record of which only the start is there, if it stands there.
pub(super) fn id_in_start(start: &str) -> Option<String> {
    struct Start<'a>(&'a mut Option<String>);
    impl<'de> Visitor<'de> for Start<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a record")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
            while let Some(field) = fields.next_key::<String>()? {
                match &*field {
                    "id" => *self.0 = Some(fields.next_value()?),
                    _ => drop(fields.next_value::<IgnoredAny>()?),
                }
            }
            Ok(())
        }
    }
    let mut id = None;
    let mut deserializer = serde_json::Deserializer::from_str(start);
    // It breaks off somewhere.
    deserializer.deserialize_map(Start(&mut id)).ok();
    id.filter(|id| !id.trim().is_empty())
}
