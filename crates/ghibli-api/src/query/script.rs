//! Values as JavaScript compares and writes them (ECMA-262, 7.1 and 7.2).

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

/// What a parameter's text stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Native {
    Text(String),
    Number(f64),
    Bool(bool),
}

impl Native {
    /// A number, `true` or `false` where the text is one; with a leading 0 or spaces it is text.
    pub(super) fn of(text: &str) -> Self {
        let is_text =
            text.is_empty() || text.trim() != text || (text.len() > 1 && text.starts_with('0'));
        if is_text {
            return Self::Text(text.to_owned());
        }
        match text {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            _ => match number(text) {
                number if number.is_nan() => Self::Text(text.to_owned()),
                number => Self::Number(number),
            },
        }
    }

    /// As it is written.
    pub(super) fn written(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number_written(*number)),
            Self::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
        }
    }

    /// `===`
    pub(super) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(text), Value::String(string)) => text == string,
            (Self::Number(number), Value::Number(other)) => other.as_f64() == Some(*number),
            (Self::Bool(truth), Value::Bool(other)) => truth == other,
            _ => false,
        }
    }

    /// `<`, `=` and `>`; nothing where one side is no number.
    pub(super) fn order(&self, value: &Value) -> Option<Ordering> {
        let other = match value {
            Value::Bool(_) | Value::Number(_) => None,
            _ => Some(written(value)),
        };
        if let (Self::Text(text), Some(other)) = (self, &other) {
            return Some(text_order(text, other));
        }
        let own = match self {
            Self::Text(text) => number(text),
            Self::Number(number) => *number,
            Self::Bool(truth) => f64::from(u8::from(*truth)),
        };
        let other = match (value, other) {
            (_, Some(text)) => number(&text),
            (Value::Bool(truth), _) => f64::from(u8::from(*truth)),
            (other, _) => other.as_f64().unwrap_or(f64::NAN),
        };
        own.partial_cmp(&other)
    }
}

/// The number that a text stands for; NaN if none.
pub(super) fn number(text: &str) -> f64 {
    let text = text.trim();
    if text.is_empty() {
        return 0.0;
    }
    for (prefix, radix) in [
        ("0x", 16),
        ("0X", 16),
        ("0o", 8),
        ("0O", 8),
        ("0b", 2),
        ("0B", 2),
    ] {
        if let Some(digits) = text.strip_prefix(prefix) {
            let digits = digits.chars().map(|digit| digit.to_digit(radix));
            let value = digits
                .collect::<Option<Vec<_>>>()
                .filter(|digits| !digits.is_empty());
            return value.map_or(f64::NAN, |digits| {
                digits.into_iter().fold(0.0, |value, digit| {
                    value * f64::from(radix) + f64::from(digit)
                })
            });
        }
    }
    match text {
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) =>
        {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// The whole number that a text begins with, as `parseInt(text, 10)` reads it.
pub(super) fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (if text.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, text),
    };
    let end = digits
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(digits.len());
    let digits = digits.get(..end).filter(|digits| !digits.is_empty())?;
    // A list is never longer than that.
    Some(
        sign * digits
            .parse()
            .unwrap_or(i64::from(u32::MAX))
            .min(i64::from(u32::MAX)),
    )
}

/// A value as `String(value)` writes it.
pub(super) fn written(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Bool(true) => Cow::Borrowed("true"),
        Value::Bool(false) => Cow::Borrowed("false"),
        Value::Null => Cow::Borrowed("null"),
        Value::Number(number) => {
            Cow::Owned(number.as_f64().map(number_written).unwrap_or_default())
        }
        Value::Array(values) => {
            let written = values.iter().map(|value| match value {
                Value::Null => Cow::Borrowed(""),
                value => written(value),
            });
            Cow::Owned(written.collect::<Vec<_>>().join(","))
        }
        Value::Object(_) => Cow::Borrowed("[object Object]"),
    }
}

fn number_written(number: f64) -> String {
    if number.is_infinite() {
        return (if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
        .to_owned();
    }
    if number.abs() >= 1e21 || (number != 0.0 && number.abs() < 1e-6) {
        let written = format!("{number:e}");
        return match written.split_once('e') {
            Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
            _ => written,
        };
    }
    // There is one zero.
    format!("{}", number + 0.0)
}

/// By the units of UTF-16.
fn text_order(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// What a path such as `people.0` leads to in a value.
pub(super) fn get<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, Value>> {
    // A field of that very name comes before a path.
    if let Some(field) = value.get(path) {
        return Some(Cow::Borrowed(field));
    }
    let mut at = Cow::Borrowed(value);
    for step in path
        .split(['.', '['])
        .map(|step| step.trim_end_matches(']'))
    {
        at = match at {
            Cow::Borrowed(value) => below(value, step)?,
            Cow::Owned(value) => Cow::Owned(below(&value, step)?.into_owned()),
        };
    }
    Some(at)
}

fn below<'a>(value: &'a Value, step: &str) -> Option<Cow<'a, Value>> {
    let place = || {
        let place: usize = step.parse().ok()?;
        (place.to_string() == step).then_some(place)
    };
    match value {
        Value::Object(fields) => fields.get(step).map(Cow::Borrowed),
        Value::Array(values) if step == "length" => Some(Cow::Owned(values.len().into())),
        Value::Array(values) => values.get(place()?).map(Cow::Borrowed),
        Value::String(text) if step == "length" => {
            Some(Cow::Owned(text.encode_utf16().count().into()))
        }
        Value::String(text) => {
            let unit = text.encode_utf16().nth(place()?)?;
            Some(Cow::Owned(String::from_utf16_lossy(&[unit]).into()))
        }
        _ => None,
    }
}

/// The order in which lodash sorts: what is not there comes last, before it `null`.
pub(super) fn compare(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else {
        return a.is_none().cmp(&b.is_none());
    };
    if a.is_null() || b.is_null() {
        return a.is_null().cmp(&b.is_null());
    }
    let own = match a {
        Value::Number(number) => Native::Number(number.as_f64().unwrap_or(f64::NAN)),
        Value::Bool(truth) => Native::Bool(*truth),
        other => Native::Text(written(other).into_owned()),
    };
    own.order(b).unwrap_or(Ordering::Equal)
}
