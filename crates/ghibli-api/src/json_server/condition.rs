//! A condition on a field: `title=`, `title_ne=`, `title_gte=`, `title_lte=`, `title_like=`.

use std::borrow::Cow;
use std::cmp::Ordering;

use regex::Regex;
use serde_json::Value;

use super::base_url::BaseUrl;
use super::error::ListQueryError;
use super::field_path::FieldPath;
use super::js_value::{JsValue, OBJECT_STRING, to_js_string};
use super::params::ParamValue;
use super::pattern;

/// A condition on a field. Several values are alternatives.
pub(super) struct Condition {
    pub(super) path: FieldPath,
    /// Whether it is ignored if no record has the field.
    pub(super) is_ignored_without_field: bool,
    predicate: Predicate,
}

enum Predicate {
    Equal(Vec<JsValue>),
    NotEqual(Vec<JsValue>),
    AtLeast(Vec<JsValue>),
    AtMost(Vec<JsValue>),
    Like(Vec<Regex>),
}

impl Condition {
    pub(super) fn parse(
        name: &str,
        param: ParamValue,
        base: &BaseUrl,
    ) -> Result<Self, ListQueryError> {
        let suffix = ["_lte", "_gte", "_ne", "_like"];
        let suffix = suffix.iter().find_map(|suffix| name.strip_suffix(suffix));
        // The server looks for these anywhere in the name.
        let has = |part: &str| name.contains(part);
        let (is_like, is_range) = (has("_like"), has("_lte") || has("_gte"));
        let is_like = is_like && !is_range && !has("_ne");
        let js_value = |value: String| JsValue::parse(base.rebase(&value).unwrap_or(value));
        let values = || match param.clone() {
            ParamValue::One(value) => vec![js_value(value)],
            ParamValue::Many(values) => values.into_iter().map(js_value).collect(),
            ParamValue::Object => vec![JsValue::Object],
        };
        let predicate = if has("_gte") {
            Predicate::AtLeast(values())
        } else if is_range {
            Predicate::AtMost(values())
        } else if has("_ne") {
            Predicate::NotEqual(values())
        } else if is_like {
            Predicate::Like(compile_patterns(name, param.clone(), base)?)
        } else {
            Predicate::Equal(values())
        };
        Ok(Self {
            path: FieldPath::parse(suffix.unwrap_or(name)),
            is_ignored_without_field: matches!(predicate, Predicate::Equal(_)),
            predicate,
        })
    }

    pub(super) fn pattern_count(&self) -> usize {
        match &self.predicate {
            Predicate::Like(patterns) => patterns.len(),
            _ => 0,
        }
    }

    /// The texts of which the field must equal one; `None` if other values match as well. Of an id
    /// that is a number, its text.
    pub(super) fn required_texts(&self) -> Option<Vec<Cow<'_, str>>> {
        let Predicate::Equal(values) = &self.predicate else {
            return None;
        };
        let is_id = self.path.raw() == "id";
        let texts = values.iter().map(|value| match value {
            JsValue::Text(text) => Some(Cow::Borrowed(&**text)),
            JsValue::Number(number) if is_id => number_id(*number).map(Cow::Owned),
            _ => None,
        });
        texts.collect()
    }

    pub(super) fn matches(&self, record: &Value) -> bool {
        let found = self.path.get(record);
        let found = found.as_deref();
        let compares = |values: &[JsValue], expected: Ordering| {
            let orderings = values.iter().filter_map(|value| value.compare(found));
            orderings
                .into_iter()
                .any(|ordering| ordering == expected || ordering == Ordering::Equal)
        };
        match &self.predicate {
            Predicate::Equal(values) => {
                found.is_some_and(|found| values.iter().any(|value| value.strictly_equals(found)))
            }
            Predicate::NotEqual(values) => values
                .iter()
                .any(|value| !found.is_some_and(|found| value.strictly_equals(found))),
            Predicate::AtLeast(values) => compares(values, Ordering::Less),
            Predicate::AtMost(values) => compares(values, Ordering::Greater),
            Predicate::Like(patterns) => {
                let text = found.map_or(Cow::Borrowed("undefined"), to_js_string);
                patterns.iter().any(|pattern| pattern.is_match(&text))
            }
        }
    }
}

/// The id of the record whose `id` is this number; `None` if several can be.
fn number_id(number: f64) -> Option<String> {
    const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
    // Also of -0.
    let number = if number == 0.0 { 0.0 } else { number };
    (number.abs() < MAX_EXACT).then(|| number.to_string())
}

fn compile_patterns(
    name: &str,
    param: ParamValue,
    base: &BaseUrl,
) -> Result<Vec<Regex>, ListQueryError> {
    let texts = match param {
        ParamValue::One(text) => vec![text],
        ParamValue::Many(texts) => texts,
        ParamValue::Object => vec![OBJECT_STRING.to_owned()],
    };
    let patterns = texts.into_iter().map(|text| {
        let source = base
            .rebase_pattern(&text)
            .unwrap_or_else(|| JsValue::parse(text).into_string());
        pattern::compile(&source).map_err(|reason| {
            ListQueryError::new(format!("{name} has an unusable pattern: {reason}"))
        })
    });
    patterns.collect()
}
