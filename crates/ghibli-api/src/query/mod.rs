//! The query language of the source's own server: json-server 0.8, and the rendering before it.
//!
//! What it does with odd questions is part of it: a filter by a number finds no string of digits,
//! a field that no record has is no filter, a descending order is the ascending one backwards.
//! Only where it breaks with a 500 there is an error instead.

mod filter;
mod pattern;
mod script;
#[cfg(test)]
mod tests;
mod window;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::filter::Filter;
use self::script::{compare, get};
use self::window::Window;
use crate::{Collection, link};

/// The most parameters that a question may have.
const MOST_PARAMETERS: usize = 100;
/// The most records that `limit` can ask for.
const MOST_RECORDS: usize = 250;
/// The most characters of a name in `callback`.
const LONGEST_CALLBACK: usize = 200;

/// Why a question cannot be answered; the source's own server breaks at most of these.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// There are too many parameters.
    #[error("there are more than {MOST_PARAMETERS} parameters: ask for less")]
    TooMany,
    /// A parameter is there more than once.
    #[error("{0} may be given once")]
    Repeated(&'static str),
    /// `limit` is not a number that the list can be cut to.
    #[error("limit is a whole number from 0 on, of which {MOST_RECORDS} is the most that is given")]
    Limit,
    /// A pattern of `_like` cannot be used.
    #[error("{parameter} is no pattern that can be used here: {problem}")]
    Pattern {
        /// The parameter.
        parameter: String,
        /// What is wrong with it, and what would do.
        problem: String,
    },
    /// `callback` is not a name.
    #[error(
        "callback is the name of a function: letters, digits, _ and $, with dots between names"
    )]
    Callback,
    /// `_expand` names a collection, and no record has what it would follow.
    #[error("_expand={0} cannot be followed: no record names one by an id of its own")]
    Expand(String),
}

/// What is asked of a collection.
#[derive(Debug, Clone, Default)]
pub struct Question {
    filters: Vec<Filter>,
    /// Lower case.
    text: Option<String>,
    sort: Option<String>,
    descending: bool,
    window: Window,
    embed: Vec<Collection>,
    fields: Option<Vec<String>>,
    limit: Option<f64>,
    callback: Option<String>,
}

/// The records that answer a question, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The records, still to be given the form that was asked for by [`Question::shape`].
    pub records: Vec<T>,
    /// How many there are in all, where the answer is a part (`X-Total-Count`).
    pub total: Option<usize>,
    /// The pages that are linked to, where pages were asked for (`Link`): the relation and the
    /// page's address, made of the question's own.
    pub links: Option<Vec<(&'static str, Page)>>,
}

/// A page beside the one that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    current: i64,
    wanted: i64,
}

impl Page {
    /// Its address, given that of the page that was asked for.
    pub fn address(&self, asked: &str) -> String {
        let (from, to) = (
            format!("page={}", self.current),
            format!("page={}", self.wanted),
        );
        asked.replacen(&from, &to, 1)
    }
}

impl Question {
    /// Reads the query of an address.
    ///
    /// # Errors
    /// When it cannot be answered.
    pub fn parse(query: &str) -> Result<Self, QuestionError> {
        let pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        if pairs.len() > MOST_PARAMETERS {
            return Err(QuestionError::TooMany);
        }
        let mut parameters: Vec<(String, Vec<String>)> = Vec::new();
        for pair in pairs {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (plain_name(&decoded(name)).to_owned(), decoded(value));
            match parameters.iter_mut().find(|(other, _)| *other == name) {
                Some((_, values)) => values.push(value),
                None => parameters.push((name, vec![value])),
            }
        }
        let mut question = Self::default();
        for (name, values) in parameters {
            question.take(name, values)?;
        }
        Ok(question)
    }

    fn take(&mut self, name: String, values: Vec<String>) -> Result<(), QuestionError> {
        let one = |what| only(what, &values);
        match name.as_str() {
            "q" => self.text = one("q")?.map(|text| text.to_lowercase()),
            // Several names are one path to it, which leads nowhere.
            "_sort" if values.len() > 1 => self.sort = Some(String::new()),
            "_sort" => self.sort = one("_sort")?,
            "_order" => self.descending = values == ["DESC"],
            "_start" => self.window.start = first(&values),
            "_end" => self.window.end = first(&values),
            "_limit" => self.window.limit = first(&values),
            "_page" => self.window.page = first(&values),
            "_embed" => self.embed = values.iter().filter_map(|name| name.parse().ok()).collect(),
            "_expand" => {
                let known = |name: &&String| collection_of(name).is_some();
                if let Some(name) = values.iter().find(known) {
                    return Err(QuestionError::Expand(name.clone()));
                }
            }
            "fields" => {
                let fields = one("fields")?;
                self.fields = fields.map(|fields| fields.split(',').map(str::to_owned).collect());
            }
            "limit" => {
                if let Some(limit) = one("limit")? {
                    self.limit = Some(script::number(&limit));
                }
            }
            "callback" => self.callback = first(&values).map(callback).transpose()?,
            "_" => {}
            _ => self.filters.push(Filter::parse(name, values)?),
        }
        Ok(())
    }

    /// The function that the answer is to call (JSONP).
    pub fn callback(&self) -> Option<&str> {
        self.callback.as_deref()
    }

    /// Whether answering takes a look at every record.
    pub fn looks_at_all(&self) -> bool {
        !self.filters.is_empty() || self.text.is_some() || self.sort.is_some()
    }

    /// Answers it from a collection; `read` gives a record as it is shown without a question.
    ///
    /// # Errors
    /// [`QuestionError::Limit`] if the list cannot be cut to the limit.
    pub fn answer<T: Copy, I: Iterator<Item = T>>(
        &self,
        records: impl Fn() -> I,
        read: impl Fn(T) -> Value,
    ) -> Result<Answer<T>, QuestionError> {
        let mut chosen: Vec<T> = if self.filters.is_empty() && self.text.is_none() {
            records().collect()
        } else {
            let filters = self.effective(&records, &read);
            let passes = |record: &T| {
                let record = read(*record);
                let text = self.text.as_deref();
                text.is_none_or(|text| holds(&record, text))
                    && filters.iter().all(|filter| filter.passes(&record))
            };
            records().filter(passes).collect()
        };
        if let Some(sort) = &self.sort {
            let key = |record| get(&read(record), sort).map(Cow::into_owned);
            let mut keyed: Vec<_> = chosen
                .into_iter()
                .map(|record| (key(record), record))
                .collect();
            keyed.sort_by(|(a, _), (b, _)| compare(a.as_ref(), b.as_ref()));
            if self.descending {
                keyed.reverse();
            }
            chosen = keyed.into_iter().map(|(_, record)| record).collect();
        }
        let mut answer = self.window.cut(chosen);
        if let Some(limit) = self.limit {
            let most = answer.records.len().min(MOST_RECORDS);
            let length = length(limit, most).ok_or(QuestionError::Limit)?;
            answer.records.truncate(length);
        }
        Ok(answer)
    }

    /// The filters by something that at least one record has; others are none.
    fn effective<T, I: Iterator<Item = T>>(
        &self,
        records: impl Fn() -> I,
        read: impl Fn(T) -> Value,
    ) -> Vec<&Filter> {
        let (mut known, mut unknown): (Vec<_>, Vec<_>) = self
            .filters
            .iter()
            .partition(|filter| filter.is_always_one());
        let mut records = records();
        while !unknown.is_empty() {
            let Some(record) = records.next() else { break };
            let record = read(record);
            unknown.retain(|filter| {
                let found = get(&record, filter.name()).is_some();
                if found {
                    known.push(filter);
                }
                !found
            });
        }
        known
    }

    /// A record in the form that was asked for.
    pub fn shape(&self, record: Value) -> Value {
        let Value::Object(mut record) = record else {
            return record;
        };
        for collection in &self.embed {
            // Nothing names a record of another collection by an id of its own.
            record.insert(collection.path().to_owned(), Value::Array(Vec::new()));
        }
        if let Some(fields) = &self.fields {
            let kept = record.into_iter().filter(|(name, _)| fields.contains(name));
            record = kept.collect::<Map<_, _>>();
        }
        Value::Object(record)
    }
}

/// `name[]` and `name[0]` are `name`, as one of several.
fn plain_name(name: &str) -> &str {
    let plain = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    match plain {
        Some((plain, place))
            if !plain.is_empty()
                && place.len() < 3
                && place.bytes().all(|b| b.is_ascii_digit()) =>
        {
            plain
        }
        _ => name,
    }
}

/// What stands in an address; bytes that are no text are left as they are written.
fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8();
    decoded.map_or_else(|_| spaced.clone(), Cow::into_owned)
}

/// A value that may be there once; an empty one counts as none.
fn only(what: &'static str, values: &[String]) -> Result<Option<String>, QuestionError> {
    match values {
        [value] => Ok(Some(value.clone()).filter(|value| !value.is_empty())),
        _ => Err(QuestionError::Repeated(what)),
    }
}

/// The first value counts, as it does for who reads a list as a number.
fn first(values: &[String]) -> Option<String> {
    let value = values.first().filter(|value| !value.is_empty());
    value.cloned()
}

fn callback(name: String) -> Result<String, QuestionError> {
    let is_name = |name: &str| {
        let mut characters = name.chars();
        let is_start = |c: char| c.is_ascii_alphabetic() || c == '_' || c == '$';
        characters.next().is_some_and(is_start)
            && characters.all(|c| is_start(c) || c.is_ascii_digit())
    };
    if name.len() > LONGEST_CALLBACK || !name.split('.').all(is_name) {
        return Err(QuestionError::Callback);
    }
    Ok(name)
}

/// The collection that a word for one of its records stands for.
fn collection_of(name: &str) -> Option<Collection> {
    match name {
        "film" => Some(Collection::Films),
        "person" => Some(Collection::People),
        "location" => Some(Collection::Locations),
        "vehicle" => Some(Collection::Vehicles),
        _ => name.parse().ok(),
    }
}

/// The length that a list is cut to: the smaller of the two, if a list can have it.
fn length(limit: f64, most: usize) -> Option<usize> {
    let shorter = (0..most).find(|length| limit <= *length as f64);
    match shorter {
        None => (!limit.is_nan()).then_some(most),
        Some(length) => (limit == length as f64).then_some(length),
    }
}

/// Whether a text stands anywhere in a value.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::Null => false,
        Value::Object(fields) => fields.values().any(|value| holds(value, text)),
        Value::Array(values) => values.iter().any(|value| holds(value, text)),
        Value::String(string) => !string.is_empty() && string.to_lowercase().contains(text),
        Value::Bool(truth) => *truth && "true".contains(text),
        Value::Number(number) => {
            number.as_f64() != Some(0.0) && script::written(value).contains(text)
        }
    }
}

/// Where a text of an answer or of a question leads among the collections, whatever the host.
fn target(text: &str) -> Option<(Collection, Option<&str>)> {
    let link = link::Link::parse(text)?;
    Some((link.target.collection, link.target.id))
}
