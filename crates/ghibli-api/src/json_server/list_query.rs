//! The query language of the source's own server, json-server 0.8 behind a front of its own.
//!
//! A [`Question`] is read from a query string and put to records in their stored form. Its rules
//! are the server's, odd ones included: a value that looks like a number is one, and then equal
//! to no text; several values of a name are alternatives; a name that no record has is no
//! condition; `limit` and `fields` come after everything else. What made that server fail is a
//! [`BadQuestion`].

use std::ops::{Deref, Range};

use roaring::RoaringBitmap;
use serde_json::value::RawValue;

use super::condition::Condition;
use super::executor::Look;
use super::field_index::Fields;
use super::js_value::number_of;
use super::params::{Given, Params};
use super::render;
use super::slice::Slice;
use super::sort::Order;
use super::text_filter::Needle;
use super::title_index::Names;
use crate::Collection;
use crate::wire::{give_back, link};

/// The most records that `limit` gives.
const MAX_LIMIT: f64 = 250.0;
/// The most patterns that a question may have.
const MAX_PATTERNS: usize = 4;
/// The most characters of a callback's name.
const MAX_CALLBACK: usize = 100;
/// What `_expand` may not name: with one of these the source's own server fails.
const EXPANDING: [&str; 9] = [
    "film",
    "films",
    "person",
    "people",
    "location",
    "locations",
    "species",
    "vehicle",
    "vehicles",
];

/// Why a question is not answered; the text says what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadQuestion(pub(super) String);

/// What is asked of a collection or of a record.
pub struct Question {
    pub(super) base: Base,
    pub(super) conditions: Vec<Condition>,
    pub(super) search: Option<Needle>,
    pub(super) order: Option<Order>,
    pub(super) slice: Slice,
    embedded: Vec<String>,
    expands: bool,
    fields: Option<Vec<String>>,
    pub(super) limit: Option<f64>,
    callback: Option<String>,
}

/// The records of a collection, each by a number.
pub trait Collected {
    /// Which collection it is.
    fn collection(&self) -> Collection;

    /// How many there are.
    fn count(&self) -> usize;

    /// All of them in the source's order.
    fn numbers(&self) -> impl Iterator<Item = u32>;

    /// Some of them in the source's order, or in the opposite one: a stretch of that.
    fn stretch(&self, of: &RoaringBitmap, reversed: bool, places: Range<usize>) -> Vec<u32>;

    /// The stored form of one.
    fn stored(&self, number: u32) -> impl Deref<Target = str>;

    /// What all of them say by field, if that is known.
    fn fields(&self) -> Option<&Fields>;

    /// The one with an id.
    fn with_id(&self, id: &str) -> Option<u32>;

    /// The title or name that a record says, to the letter and whatever the base, if it is at hand.
    fn name(&self, number: u32) -> Option<&str>;

    /// All titles or names, if they are known.
    fn names(&self) -> Option<&Names>;

    /// All with a title or name, and perhaps others; nothing if that is not known.
    fn named(&self, name: &str) -> Option<RoaringBitmap>;

    /// Asked before each look at a record: whether somebody still waits for what it shows.
    fn is_wanted(&self) -> bool;
}

/// The records that answer a question.
#[derive(Debug)]
pub struct Selection {
    /// In the order in which they are given.
    pub records: Vec<u32>,
    /// How many there are in all, where a part was asked for (`X-Total-Count`).
    pub total: Option<usize>,
}

/// Where the records stand, such as `http://localhost:8000/ghibli`.
pub(super) struct Base(pub(super) String);

impl Question {
    /// Reads a query string, still encoded. `base` is where the records stand, such as
    /// `http://localhost:8000/ghibli`; links start with it, and values that are links among the
    /// collections are taken as links to there.
    ///
    /// # Errors
    /// If it is too long, has a pattern that cannot be used, or would make the source's own
    /// server fail whatever the records are.
    pub fn read(query: &str, base: &str) -> Result<Self, BadQuestion> {
        let params = Params::read(query)?;
        let base = Base(base.trim_end_matches('/').to_owned());
        let search = match params.get("q").filter(|given| !given.is_empty()) {
            None => None,
            Some(Given::One(text)) => Some(Needle::new(&text, &base)),
            Some(_) => return Err(BadQuestion("q may be given only once".to_owned())),
        };
        let mut conditions = Vec::new();
        for name in params.names() {
            if is_condition(name)
                && let Some(given) = params.get(name)
            {
                conditions.push(Condition::read(name, given, &base)?);
            }
        }
        if conditions.iter().map(Condition::patterns).sum::<usize>() > MAX_PATTERNS {
            return Err(BadQuestion(format!(
                "at most {MAX_PATTERNS} patterns are allowed"
            )));
        }
        let expanded = several(&params, "_expand");
        Ok(Self {
            conditions,
            search,
            order: Order::read(&params),
            slice: Slice::read(&params),
            embedded: several(&params, "_embed"),
            expands: expanded.iter().any(|name| EXPANDING.contains(&&**name)),
            fields: fields(&params)?,
            limit: limit(&params),
            callback: callback(&params)?,
            base,
        })
    }

    /// The function that is to be called with the answer (JSONP).
    pub fn callback(&self) -> Option<&str> {
        self.callback.as_deref()
    }

    /// The records of a collection that answer this. Without a condition or an order, no record is
    /// looked at; nor for what is known of their fields; and none after the last that is wanted.
    ///
    /// # Errors
    /// If the source's own server would fail over these records.
    pub fn select(&self, collected: &impl Collected) -> Result<Selection, BadQuestion> {
        let look = Look {
            question: self,
            collected,
        };
        let mut selection = look.select()?;
        let length = self.cut(selection.records.len())?;
        selection.records.truncate(length);
        if self.slice == Slice::All {
            selection.total = None;
        }
        if self.expands && !selection.records.is_empty() {
            return Err(self.cannot_expand());
        }
        Ok(selection)
    }

    /// The addresses of the other pages, as the `Link` header lists them, where a page was asked
    /// for: `asked`, the whole address of this one, with another number.
    pub fn links(&self, asked: &str, total: usize) -> Option<String> {
        self.slice.links(asked, total)
    }

    /// The names of the headers that a script of another site may read, where a part was asked
    /// for.
    pub fn exposed(&self) -> Option<&'static str> {
        match self.slice {
            Slice::All => None,
            Slice::Between { .. } => Some("X-Total-Count"),
            Slice::Page { .. } => Some("X-Total-Count, Link"),
        }
    }

    /// One record as it is sent, after `level` levels of two spaces.
    ///
    /// # Errors
    /// If the source's own server would fail, or the stored form is no JSON.
    pub fn write(
        &self,
        out: &mut String,
        stored: &RawValue,
        level: usize,
    ) -> Result<(), BadQuestion> {
        if self.expands {
            return Err(self.cannot_expand());
        }
        let record = give_back(stored, &self.base.0);
        if self.embedded.is_empty() && self.fields.is_none() {
            render::pretty(out, &record, level);
            return Ok(());
        }
        let chosen = render::chosen(&record, &self.embedded, self.fields.as_deref());
        let chosen =
            chosen.map_err(|error| BadQuestion(format!("a record is not valid JSON: {error}")))?;
        render::pretty(out, &chosen, level);
        Ok(())
    }

    fn cannot_expand(&self) -> BadQuestion {
        BadQuestion("_expand is not supported: records refer to each other by link".to_owned())
    }

    /// How many of so many records `limit` leaves.
    pub(super) fn cut(&self, length: usize) -> Result<usize, BadQuestion> {
        let Some(limit) = self.limit else {
            return Ok(length);
        };
        #[expect(clippy::cast_precision_loss, reason = "no list is longer than 2^53")]
        let left = limit.min(length as f64).min(MAX_LIMIT);
        if limit.is_nan() || left < 0.0 || left.fract() != 0.0 {
            return Err(BadQuestion(
                "limit must be a whole number of 0 or more".to_owned(),
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 250"
        )]
        Ok(left as usize)
    }
}

impl Base {
    /// A link among the collections, whatever its host, as a link to here.
    pub(super) fn own_link(&self, text: &str) -> Option<String> {
        let link::Link { target, .. } = link::Link::parse(text)?;
        let id = target.id.unwrap_or_default();
        Some(format!("{}/{}/{id}", self.0, target.collection))
    }

    /// The same for a pattern that is such a link, with `^` before it or `$` behind it.
    pub(super) fn own_link_in_pattern(&self, text: &str) -> Option<String> {
        let (begins, rest) = match text.strip_prefix('^') {
            Some(rest) => ("^", rest),
            None => ("", text),
        };
        let (ends, rest) = match rest.strip_suffix('$') {
            Some(rest) => ("$", rest),
            None => ("", rest),
        };
        let link::Link { target, .. } = link::Link::parse(rest)?;
        let id = target.id.unwrap_or_default();
        let base = regex::escape(&self.0);
        Some(format!("{begins}{base}/{}/{id}{ends}", target.collection))
    }
}

/// Whether a parameter can be a condition on the records' fields.
///
/// The last three would be to the source if a record had such a field; here they never are, so
/// that a page of a large collection needs no look at its records.
fn is_condition(name: &str) -> bool {
    let others = [
        "q", "_start", "_end", "_sort", "_order", "_limit", "_embed", "_expand", "callback", "_",
        "_page", "limit", "fields",
    ];
    !others.contains(&name)
}

fn several(params: &Params, name: &str) -> Vec<String> {
    match params.get(name) {
        Some(Given::One(value)) if !value.is_empty() => vec![value],
        Some(Given::Many(values)) => values,
        _ => Vec::new(),
    }
}

fn fields(params: &Params) -> Result<Option<Vec<String>>, BadQuestion> {
    match params.written("fields")[..] {
        [] | [""] => Ok(None),
        [list] => Ok(Some(list.split(',').map(str::to_owned).collect())),
        _ => Err(BadQuestion(
            "fields may be given only once, as a comma-separated list".to_owned(),
        )),
    }
}

fn limit(params: &Params) -> Option<f64> {
    match params.written("limit")[..] {
        [] | [""] => None,
        [text] => Some(number_of(text)),
        _ => Some(f64::NAN),
    }
}

fn callback(params: &Params) -> Result<Option<String>, BadQuestion> {
    let name = match params.get("callback") {
        None => return Ok(None),
        Some(Given::One(name)) => name,
        Some(Given::Many(names)) => names.into_iter().next().unwrap_or_default(),
        Some(Given::Object) => return Ok(None),
    };
    if name.is_empty() {
        return Ok(None);
    }
    let is_identifier = |part: &str| {
        let is_letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '$');
        part.starts_with(is_letter) && part.chars().all(|c| is_letter(c) || c.is_ascii_digit())
    };
    if name.len() <= MAX_CALLBACK && name.split('.').all(is_identifier) {
        return Ok(Some(name));
    }
    Err(BadQuestion(format!(
        "callback must be a function name of at most {MAX_CALLBACK} letters, digits, _ and $"
    )))
}

#[cfg(test)]
#[path = "tests/mod.rs"]
mod tests;
