//! `_sort` and `_order`.

use std::cmp::Ordering;

use serde_json::Value;

use super::field_path::FieldPath;
use super::js_value::{OBJECT_STRING, compare_strings, to_js_string};
use super::params::{ParamValue, Params};

/// The order of a list: ascending by a field, or the reverse of that.
pub(super) struct SortOrder {
    pub(super) path: FieldPath,
    pub(super) is_reversed: bool,
}

/// A record's sort key. Numbers come first, then texts, then null, then missing fields.
pub(super) enum SortKey {
    Number(f64),
    Text(String),
    Null,
    Missing,
}

impl SortOrder {
    pub(super) fn parse(params: &Params) -> Option<Self> {
        let path = match params.get("_sort")? {
            ParamValue::One(name) if name.is_empty() => return None,
            ParamValue::One(name) => FieldPath::parse(&name),
            ParamValue::Many(steps) => FieldPath::from_steps(steps),
            ParamValue::Object => FieldPath::parse(OBJECT_STRING),
        };
        // Any other spelling is ascending.
        let is_reversed = params.get("_order") == Some(ParamValue::One("DESC".to_owned()));
        Some(Self { path, is_reversed })
    }

    pub(super) fn key(&self, record: &Value) -> SortKey {
        match self.path.get(record) {
            None => SortKey::Missing,
            Some(found) => match &*found {
                Value::Null => SortKey::Null,
                Value::Bool(value) => SortKey::Number(f64::from(u8::from(*value))),
                Value::Number(number) => SortKey::Number(number.as_f64().unwrap_or(f64::MAX)),
                other => SortKey::Text(to_js_string(other).into_owned()),
            },
        }
    }
}

impl SortKey {
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Text(a), Self::Text(b)) => compare_strings(a, b),
            _ => self.type_rank().cmp(&other.type_rank()),
        }
    }

    const fn type_rank(&self) -> u8 {
        match self {
            Self::Number(_) => 0,
            Self::Text(_) => 1,
            Self::Null => 2,
            Self::Missing => 3,
        }
    }
}
