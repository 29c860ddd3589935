//! One condition on a record: `title=`, `title_ne=`, `title_gte=`, `title_lte=`, `title_like=`.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

use super::field_path::Path;
use super::js_value::{Native, text_of};
use super::params::Given;
use super::{BadQuestion, Base, pattern};

/// A condition; a record meets it with any of the values.
pub(super) struct Condition {
    pub(super) path: Path,
    /// Whether it counts only if some record has the field.
    pub(super) needs_field: bool,
    test: Test,
}

enum Test {
    Equal(Vec<Native>),
    Different(Vec<Native>),
    AtLeast(Vec<Native>),
    AtMost(Vec<Native>),
    Like(Vec<Regex>),
}

impl Condition {
    pub(super) fn read(name: &str, given: Given, base: &Base) -> Result<Self, BadQuestion> {
        let suffix = ["_lte", "_gte", "_ne", "_like"];
        let suffix = suffix.iter().find_map(|suffix| name.strip_suffix(suffix));
        let has = |part: &str| name.contains(part);
        let (is_like, is_range) = (has("_like"), has("_lte") || has("_gte"));
        let is_like = is_like && !is_range && !has("_ne");
        let native = |value: String| Native::of(base.own_link(&value).unwrap_or(value));
        let values = || match given.clone() {
            Given::One(value) => vec![native(value)],
            Given::Many(values) => values.into_iter().map(native).collect(),
            Given::Object => vec![Native::Object],
        };
        let test = if has("_gte") {
            Test::AtLeast(values())
        } else if is_range {
            Test::AtMost(values())
        } else if has("_ne") {
            Test::Different(values())
        } else if is_like {
            Test::Like(patterns(name, given.clone(), base)?)
        } else {
            Test::Equal(values())
        };
        Ok(Self {
            path: Path::read(suffix.unwrap_or(name)),
            needs_field: matches!(test, Test::Equal(_)),
            test,
        })
    }

    /// How many patterns it holds.
    pub(super) fn patterns(&self) -> usize {
        match &self.test {
            Test::Like(patterns) => patterns.len(),
            _ => 0,
        }
    }

    /// The texts of which a record must have one in this field; none where anything else will do.
    pub(super) fn texts(&self) -> Option<Vec<&str>> {
        let Test::Equal(values) = &self.test else {
            return None;
        };
        let texts = values.iter().map(|value| match value {
            Native::Text(text) => Some(&**text),
            _ => None,
        });
        texts.collect()
    }

    pub(super) fn is_met_by(&self, record: &Value) -> bool {
        let found = self.path.get(record);
        let found = found.as_deref();
        let compares = |values: &[Native], wanted: Ordering| {
            let orders = values.iter().filter_map(|value| value.compare(found));
            orders
                .into_iter()
                .any(|order| order == wanted || order == Ordering::Equal)
        };
        match &self.test {
            Test::Equal(values) => {
                found.is_some_and(|found| values.iter().any(|value| value.is(found)))
            }
            Test::Different(values) => values
                .iter()
                .any(|value| !found.is_some_and(|found| value.is(found))),
            Test::AtLeast(values) => compares(values, Ordering::Less),
            Test::AtMost(values) => compares(values, Ordering::Greater),
            Test::Like(patterns) => {
                let text = found.map_or(Cow::Borrowed("undefined"), text_of);
                patterns.iter().any(|pattern| pattern.is_match(&text))
            }
        }
    }
}

fn patterns(name: &str, given: Given, base: &Base) -> Result<Vec<Regex>, BadQuestion> {
    let texts = match given {
        Given::One(text) => vec![text],
        Given::Many(texts) => texts,
        Given::Object => vec![super::js_value::OBJECT.to_owned()],
    };
    let compiled = texts.into_iter().map(|text| {
        let written = base
            .own_link_in_pattern(&text)
            .unwrap_or_else(|| Native::of(text).into_text());
        pattern::compile(&written)
            .map_err(|why| BadQuestion(format!("{name} has an unusable pattern: {why}")))
    });
    compiled.collect()
}
