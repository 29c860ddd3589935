//! What is sent: a list or a record in two-space JSON, or a call with it.

use http_content::{Conditions, Representation, Streamed};
use std::io;

use axum::response::{IntoResponse, Response};
use common::models::{Catalogue, Number};
use ghibli_api::{ListQuery, ListQueryError};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::Xxh3;

use crate::http::AppError;
use crate::http::content::{AtVersion as _, JS, JSON_UTF8, X_CATALOGUE_VERSION};
use http::HeaderValue;

/// A list whose records weigh more than this as they are held, which is some 512 KiB of text, is
/// made while it is sent.
const MOST_AT_ONCE_BYTES: usize = 192 * 1024;
/// About how much of such a list is made at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A list of records, whole or in pieces as its size demands.
pub(super) struct List {
    pub(super) question: ListQuery,
    pub(super) catalogue: Catalogue,
    pub(super) numbers: Vec<Number>,
    /// What decides the bytes beside the records: where they stand, and the question.
    pub(super) asked: String,
    pub(super) version: u64,
}

impl List {
    pub(super) fn answer(self, conditions: &Conditions) -> Result<Response, AppError> {
        let weights = self.held().map(<[u8]>::len);
        let media_type = media_type(&self.question);
        let version = self.version;
        if weights.sum::<usize>() > MOST_AT_ONCE_BYTES {
            let hash = self.hash();
            let streamed = Streamed {
                media_type,
                hash,
                chunks: self.pieces(),
            };
            let mut response = streamed.respond(conditions)?;
            let version = HeaderValue::from(version);
            response.headers_mut().insert(X_CATALOGUE_VERSION, version);
            return Ok(response);
        }
        let whole: io::Result<String> = self.pieces().collect();
        let whole = whole.map_err(|error| AppError::Internal(error.into()))?;
        let answer = Representation::new(media_type, whole);
        Ok(answer.at_version(version).varying_by_host().into_response())
    }

    /// The records as they are held.
    fn held(&self) -> impl Iterator<Item = &[u8]> {
        let numbers = self.numbers.iter();
        numbers.filter_map(|number| self.catalogue.bytes(*number))
    }

    /// A hash of all that decides the bytes, which takes one look at the records.
    fn hash(&self) -> u128 {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(self.asked.as_bytes());
        for held in self.held() {
            hash.update(&held.len().to_le_bytes());
            hash.update(held);
        }
        hash.digest128()
    }

    fn pieces(self) -> impl Iterator<Item = io::Result<String>> + Send + 'static {
        let (before, after) = call(&self.question);
        let catalogue = self.catalogue;
        let mut numbers = self.numbers.into_iter().peekable();
        let question = self.question;
        let mut opening = Some(before + "[");
        let mut is_done = false;
        std::iter::from_fn(move || {
            if is_done {
                return None;
            }
            let is_first = opening.is_some();
            let mut piece = opening.take().unwrap_or_default();
            let is_empty = is_first && numbers.peek().is_none();
            let mut separator = if is_first { "\n  " } else { ",\n  " };
            while piece.len() < PIECE_BYTES
                && let Some(number) = numbers.next()
            {
                let record = catalogue.source(number).unwrap_or_default();
                piece.push_str(separator);
                separator = ",\n  ";
                if let Err(error) = write(&question, &mut piece, &record, 1) {
                    is_done = true;
                    return Some(Err(io::Error::other(error)));
                }
            }
            if numbers.peek().is_none() {
                is_done = true;
                piece.push_str(if is_empty { "]" } else { "\n]" });
                piece.push_str(after);
            }
            Some(Ok(piece))
        })
    }
}

/// One record.
pub(super) fn record(
    question: &ListQuery,
    stored: &RawValue,
    version: u64,
) -> Result<Representation, AppError> {
    let (mut whole, after) = call(question);
    write(question, &mut whole, stored, 0)?;
    whole.push_str(after);
    let answer = Representation::new(media_type(question), whole);
    Ok(answer.at_version(version).varying_by_host())
}

/// What is said of a record or a collection that is not there; 404 goes with it.
pub(super) fn nothing(question: &ListQuery) -> (&'static str, String) {
    let (before, after) = call(question);
    (media_type(question), format!("{before}{{}}{after}"))
}

fn write(
    question: &ListQuery,
    out: &mut String,
    stored: &RawValue,
    level: usize,
) -> Result<(), ListQueryError> {
    let start = out.len();
    question.write_record(out, stored, level)?;
    let is_script = question.callback().is_some();
    if is_script
        && out
            .get(start..)
            .is_some_and(|text| text.contains(LINE_ENDS))
    {
        // They end a line in older scripts, in the middle of a text.
        let record = out.split_off(start);
        let record = record.replace('\u{2028}', "\\u2028");
        out.push_str(&record.replace('\u{2029}', "\\u2029"));
    }
    Ok(())
}

const LINE_ENDS: [char; 2] = ['\u{2028}', '\u{2029}'];

/// What stands before and after the JSON.
fn call(question: &ListQuery) -> (String, &'static str) {
    match question.callback() {
        Some(name) => (
            format!("/**/ typeof {name} === 'function' && {name}("),
            ");",
        ),
        None => (String::new(), ""),
    }
}

fn media_type(question: &ListQuery) -> &'static str {
    match question.callback() {
        Some(_) => JS,
        None => JSON_UTF8,
    }
}
