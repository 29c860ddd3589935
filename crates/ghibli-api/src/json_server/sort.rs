//! `_sort` and `_order`.

use std::cmp::Ordering;

use serde_json::Value;

use super::field_path::Path;
use super::js_value::{compare_texts, text_of};
use super::params::{Given, Params};

/// By which field the records are sorted, and whether they are turned round after that.
pub(super) struct Order {
    pub(super) path: Path,
    pub(super) is_reversed: bool,
}

/// What a record is sorted by: numbers, then texts, then null, then what is not there.
pub(super) enum Key {
    Number(f64),
    Text(String),
    Null,
    Missing,
}

impl Order {
    pub(super) fn read(params: &Params) -> Option<Self> {
        let path = match params.get("_sort")? {
            Given::One(name) if name.is_empty() => return None,
            Given::One(name) => Path::read(&name),
            Given::Many(steps) => Path::of_steps(steps),
            Given::Object => Path::read(super::js_value::OBJECT),
        };
        // In any other case or form it is ascending.
        let is_reversed = params.get("_order") == Some(Given::One("DESC".to_owned()));
        Some(Self { path, is_reversed })
    }

    pub(super) fn key(&self, record: &Value) -> Key {
        match self.path.get(record) {
            None => Key::Missing,
            Some(found) => match &*found {
                Value::Null => Key::Null,
                Value::Bool(value) => Key::Number(f64::from(u8::from(*value))),
                Value::Number(number) => Key::Number(number.as_f64().unwrap_or(f64::MAX)),
                other => Key::Text(text_of(other).into_owned()),
            },
        }
    }
}

impl Key {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => compare_texts(a, b),
            _ => self.class().cmp(&other.class()),
        }
    }

    const fn class(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Null => 2,
            Self::Missing => 3,
        }
    }
}
