use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

use super::script::{Native, get, written};
use super::{QuestionError, pattern, target};

/// One condition on a field; a record passes by any of its values.
#[derive(Debug, Clone)]
pub(super) struct Filter {
    name: String,
    path: String,
    test: Test,
}

#[derive(Debug, Clone)]
enum Test {
    Is(Vec<Native>),
    IsNot(Vec<Native>),
    AtLeast(Vec<Native>),
    AtMost(Vec<Native>),
    Like(Vec<Like>),
}

#[derive(Debug, Clone)]
enum Like {
    Pattern(Regex),
    /// A link among the collections, which is looked for by where it leads.
    Link(String),
}

/// The ends of names that are conditions of their own.
const ENDS: [&str; 4] = ["_lte", "_gte", "_ne", "_like"];

impl Filter {
    pub(super) fn parse(name: String, values: Vec<String>) -> Result<Self, QuestionError> {
        let end = ENDS.into_iter().find(|end| name.ends_with(end));
        let path = end.and_then(|end| name.strip_suffix(end)).unwrap_or(&name);
        let natives = || values.iter().map(|value| Native::of(value)).collect();
        let test = match end {
            Some("_lte") => Test::AtMost(natives()),
            Some("_gte") => Test::AtLeast(natives()),
            Some("_ne") => Test::IsNot(natives()),
            Some(_) => {
                let likes = values.iter().map(|value| like(&name, value));
                Test::Like(likes.collect::<Result<_, _>>()?)
            }
            None => Test::Is(natives()),
        };
        Ok(Self {
            path: path.to_owned(),
            name,
            test,
        })
    }

    /// The parameter's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a condition even if no record has such a field.
    pub(super) fn is_always_one(&self) -> bool {
        ENDS.into_iter().any(|end| self.name.contains(end))
    }

    pub(super) fn passes(&self, record: &Value) -> bool {
        let Some(value) = get(record, &self.path).filter(|value| !value.is_null()) else {
            return false;
        };
        let value = value.as_ref();
        let any_order = |natives: &[Native], wanted: Ordering| {
            let mut orders = natives.iter().map(|native| native.order(value));
            orders.any(|order| order.is_some_and(|order| order == wanted || order.is_eq()))
        };
        match &self.test {
            Test::Is(natives) => natives.iter().any(|native| same(native, value)),
            Test::IsNot(natives) => natives.iter().any(|native| !same(native, value)),
            Test::AtLeast(natives) => any_order(natives, Ordering::Less),
            Test::AtMost(natives) => any_order(natives, Ordering::Greater),
            Test::Like(likes) => likes.iter().any(|like| like.matches(value)),
        }
    }
}

fn same(native: &Native, value: &Value) -> bool {
    if native.is(value) {
        return true;
    }
    let (Native::Text(text), Value::String(string)) = (native, value) else {
        return false;
    };
    target(text).is_some_and(|leads| target(string) == Some(leads))
}

fn like(name: &str, value: &str) -> Result<Like, QuestionError> {
    if target(value).is_some() {
        return Ok(Like::Link(value.to_owned()));
    }
    let text = Native::of(value);
    let pattern = pattern::compile(&text.written());
    pattern
        .map(Like::Pattern)
        .map_err(|problem| QuestionError::Pattern {
            parameter: name.to_owned(),
            problem,
        })
}

impl Like {
    fn matches(&self, value: &Value) -> bool {
        let text = written(value);
        match self {
            Self::Pattern(pattern) => pattern.is_match(&text),
            Self::Link(link) => {
                let mut leads = text.split(',').map(target);
                leads.any(|leads| leads.is_some() && leads == target(link))
            }
        }
    }
}
