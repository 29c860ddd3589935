//! Response bodies: a list or a record as JSON indented by two spaces, or as JSONP.

use http_content::{Representation, RequestConditions, StreamedText};
use std::io;

use axum::response::{IntoResponse, Response};
use common::models::{Catalogue, Number};
use ghibli_api::{Collection, ListQuery, ListQueryError};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use crate::http::AppError;
use crate::http::content::{AtVersion as _, JS, JSON_UTF8, X_CATALOGUE_VERSION};
use http::HeaderValue;

/// A larger list is streamed. In bytes of packed records; about 512 KiB of text.
const MAX_BUFFERED_BYTES: usize = 192 * 1024;
const INDENT: &str = "  ";
/// The approximate size of a chunk.
const CHUNK_BYTES: usize = 64 * 1024;

/// Lists of records, streamed if they are large.
pub(super) struct ListResponse {
    pub(super) query: ListQuery,
    pub(super) catalogue: Catalogue,
    pub(super) body: ResponseRecords,
    /// The URL with the host, which the body depends on besides the records.
    pub(super) url: String,
    pub(super) version: u64,
}

pub(super) enum ResponseRecords {
    /// An array.
    One(Vec<Number>),
    /// An object with an array for each collection.
    Named(Vec<(Collection, Vec<Number>)>),
}

/// A part of the body.
enum Part {
    Text(String),
    Record {
        number: Number,
        is_first: bool,
        /// The record's depth of indentation.
        level: usize,
    },
}

impl ListResponse {
    pub(super) fn respond(self, conditions: &RequestConditions) -> Result<Response, AppError> {
        let sizes = self.packed_records().map(<[u8]>::len);
        let media_type = media_type(&self.query);
        let version = self.version;
        if sizes.sum::<usize>() > MAX_BUFFERED_BYTES {
            let hash = self.hash();
            let streamed = StreamedText {
                media_type,
                hash,
                chunks: self.chunks(),
            };
            let mut response = streamed.respond(conditions)?;
            let version = HeaderValue::from(version);
            response.headers_mut().insert(X_CATALOGUE_VERSION, version);
            return Ok(response);
        }
        let body: io::Result<String> = self.chunks().collect();
        let body = body.map_err(|error| AppError::Internal(error.into()))?;
        let response = Representation::new(media_type, body);
        Ok(response
            .at_version(version)
            .varying_by_host()
            .into_response())
    }

    fn packed_records(&self) -> impl Iterator<Item = &[u8]> {
        let numbers: Box<dyn Iterator<Item = &Number>> = match &self.body {
            ResponseRecords::One(numbers) => Box::new(numbers.iter()),
            ResponseRecords::Named(lists) => {
                Box::new(lists.iter().flat_map(|(_, numbers)| numbers))
            }
        };
        numbers.filter_map(|number| self.catalogue.bytes(*number))
    }

    /// A hash of everything that the body depends on.
    fn hash(&self) -> u128 {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(self.url.as_bytes());
        for record in self.packed_records() {
            hash.update(&record.len().to_le_bytes());
            hash.update(record);
        }
        hash.digest128()
    }

    fn chunks(self) -> impl Iterator<Item = io::Result<String>> + Send + 'static {
        let (prefix, suffix) = callback(&self.query);
        let opening = std::iter::once(Part::Text(prefix));
        let closing = std::iter::once(Part::Text(suffix.to_owned()));
        let parts = opening.chain(self.body.parts()).chain(closing);
        let mut parts = parts.peekable();
        let (query, catalogue) = (self.query, self.catalogue);
        std::iter::from_fn(move || {
            parts.peek()?;
            let mut chunk = String::new();
            while chunk.len() < CHUNK_BYTES
                && let Some(part) = parts.next()
            {
                if let Err(error) = part.write(&query, &catalogue, &mut chunk) {
                    parts.by_ref().for_each(drop);
                    return Some(Err(io::Error::other(error)));
                }
            }
            Some(Ok(chunk))
        })
    }
}

impl ResponseRecords {
    fn parts(self) -> Box<dyn Iterator<Item = Part> + Send> {
        let lists = match self {
            Self::One(numbers) => return Box::new(array(String::new(), numbers, 1)),
            Self::Named(lists) => lists,
        };
        let named = lists.into_iter().enumerate();
        let named = named.flat_map(|(place, (collection, numbers))| {
            let separator = if place == 0 { "" } else { "," };
            array(format!("{separator}\n  \"{collection}\": "), numbers, 2)
        });
        let opening = std::iter::once(Part::Text("{".to_owned()));
        let closing = std::iter::once(Part::Text("\n}".to_owned()));
        Box::new(opening.chain(named).chain(closing))
    }
}

/// An array of records at a depth of indentation, after a text.
fn array(before: String, numbers: Vec<Number>, level: usize) -> impl Iterator<Item = Part> + Send {
    let end = match numbers.is_empty() {
        true => "]".to_owned(),
        false => format!("\n{}]", INDENT.repeat(level - 1)),
    };
    let records = numbers.into_iter().enumerate();
    let records = records.map(move |(place, number)| Part::Record {
        number,
        is_first: place == 0,
        level,
    });
    let start = std::iter::once(Part::Text(format!("{before}[")));
    start.chain(records).chain(std::iter::once(Part::Text(end)))
}

impl Part {
    fn write(
        self,
        query: &ListQuery,
        catalogue: &Catalogue,
        out: &mut String,
    ) -> Result<(), ListQueryError> {
        match self {
            Self::Text(text) => out.push_str(&text),
            Self::Record {
                number,
                is_first,
                level,
            } => {
                out.push_str(if is_first { "\n" } else { ",\n" });
                out.extend(std::iter::repeat_n(INDENT, level));
                let record = catalogue.source(number).unwrap_or_default();
                write(query, out, &record, level)?;
            }
        }
        Ok(())
    }
}

pub(super) fn record(
    query: &ListQuery,
    stored: &RawValue,
    version: u64,
) -> Result<Representation, AppError> {
    let (mut body, suffix) = callback(query);
    write(query, &mut body, stored, 0)?;
    body.push_str(suffix);
    let response = Representation::new(media_type(query), body);
    Ok(response.at_version(version).varying_by_host())
}

/// Media type and body of a 404: an empty object, for records and collections alike.
pub(super) fn not_found(query: &ListQuery) -> (&'static str, String) {
    let (prefix, suffix) = callback(query);
    (media_type(query), format!("{prefix}{{}}{suffix}"))
}

fn write(
    query: &ListQuery,
    out: &mut String,
    stored: &RawValue,
    level: usize,
) -> Result<(), ListQueryError> {
    let start = out.len();
    query.write_record(out, stored, level)?;
    let is_script = query.callback().is_some();
    if is_script
        && out
            .get(start..)
            .is_some_and(|text| text.contains(LINE_SEPARATORS))
    {
        // Before ES2019 these end a line, which a string literal must not contain.
        let record = out.split_off(start);
        let record = record.replace('\u{2028}', "\\u2028");
        out.push_str(&record.replace('\u{2029}', "\\u2029"));
    }
    Ok(())
}

const LINE_SEPARATORS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// The text before and after the JSON in the body.
fn callback(query: &ListQuery) -> (String, &'static str) {
    match query.callback() {
        Some(name) => (
            format!("/**/ typeof {name} === 'function' && {name}("),
            ");",
        ),
        None => (String::new(), ""),
    }
}

fn media_type(query: &ListQuery) -> &'static str {
    match query.callback() {
        Some(_) => JS,
        None => JSON_UTF8,
    }
}
