//! What is sent: a list or a record in two-space JSON, or a call with it.

use std::io;
use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use common::models::Item;
use ghibli_api::{BadQuestion, Question};
use xxhash_rust::xxh3::Xxh3;

use crate::error::AppError;
use crate::respond::{Conditions, JS, JSON_UTF8, Representation, Streamed};

/// A list whose stored records weigh more than this is made while it is sent.
const MOST_AT_ONCE_BYTES: usize = 512 * 1024;
/// About how much of such a list is made at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// A list of records, whole or in pieces as its size demands.
pub(super) struct List {
    pub(super) question: Question,
    pub(super) items: Vec<Arc<Item>>,
    /// What decides the bytes beside the records: where they stand, and the question.
    pub(super) asked: String,
    pub(super) version: u64,
}

impl List {
    pub(super) fn answer(self, conditions: &Conditions) -> Result<Response, AppError> {
        let weights = self.items.iter().map(|item| item.source.as_str().len());
        let media_type = media_type(&self.question);
        let version = self.version;
        if weights.sum::<usize>() > MOST_AT_ONCE_BYTES {
            let hash = self.hash();
            let streamed = Streamed {
                media_type,
                hash,
                version,
                pieces: self.pieces(),
            };
            return streamed.answer(conditions);
        }
        let whole: io::Result<String> = self.pieces().collect();
        let whole = whole.map_err(|error| AppError::Internal(error.into()))?;
        let answer = Representation::new(media_type, whole);
        Ok(answer.at_version(version).naming_host().into_response())
    }

    /// A hash of all that decides the bytes, which takes one look at the records.
    fn hash(&self) -> u128 {
        let mut hash = Xxh3::new();
        hash.update(env!("CARGO_PKG_VERSION").as_bytes());
        hash.update(self.asked.as_bytes());
        for item in &self.items {
            hash.update(&item.source.as_str().len().to_le_bytes());
            hash.update(item.source.as_str().as_bytes());
        }
        hash.digest128()
    }

    fn pieces(self) -> impl Iterator<Item = io::Result<String>> + Send + 'static {
        let (before, after) = call(&self.question);
        let mut items = self.items.into_iter().peekable();
        let question = self.question;
        let mut opening = Some(before + "[");
        let mut is_done = false;
        std::iter::from_fn(move || {
            if is_done {
                return None;
            }
            let is_first = opening.is_some();
            let mut piece = opening.take().unwrap_or_default();
            let is_empty = is_first && items.peek().is_none();
            let mut separator = if is_first { "\n  " } else { ",\n  " };
            while piece.len() < PIECE_BYTES
                && let Some(item) = items.next()
            {
                piece.push_str(separator);
                separator = ",\n  ";
                if let Err(error) = write(&question, &mut piece, &item, 1) {
                    is_done = true;
                    return Some(Err(io::Error::other(error)));
                }
            }
            if items.peek().is_none() {
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
    question: &Question,
    item: &Item,
    version: u64,
) -> Result<Representation, AppError> {
    let (mut whole, after) = call(question);
    write(question, &mut whole, item, 0)?;
    whole.push_str(after);
    let answer = Representation::new(media_type(question), whole);
    Ok(answer.at_version(version).naming_host())
}

/// What is said of a record or a collection that is not there; 404 goes with it.
pub(super) fn nothing(question: &Question) -> (&'static str, String) {
    let (before, after) = call(question);
    (media_type(question), format!("{before}{{}}{after}"))
}

fn write(
    question: &Question,
    out: &mut String,
    item: &Item,
    level: usize,
) -> Result<(), BadQuestion> {
    let start = out.len();
    question.write(out, item.source.as_raw(), level)?;
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
fn call(question: &Question) -> (String, &'static str) {
    match question.callback() {
        Some(name) => (
            format!("/**/ typeof {name} === 'function' && {name}("),
            ");",
        ),
        None => (String::new(), ""),
    }
}

fn media_type(question: &Question) -> &'static str {
    match question.callback() {
        Some(_) => JS,
        None => JSON_UTF8,
    }
}
