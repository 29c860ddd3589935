//! JavaScript's conversions and comparisons, as the source's server applies them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

/// An object, converted to a string.
pub(super) const OBJECT_STRING: &str = "[object Object]";

/// A parameter's value: `95` is a number, and not equal to the text `"95"`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JsValue {
    Bool(bool),
    Number(f64),
    Text(String),
    Object,
}

impl JsValue {
    pub(super) fn parse(value: String) -> Self {
        let stays_text = value.is_empty()
            || trim(&value) != value
            || (value.len() > 1 && value.starts_with('0'));
        if stays_text {
            return Self::Text(value);
        }
        match &*value {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            text => match to_js_number(text) {
                number if number.is_nan() => Self::Text(value),
                number => Self::Number(number),
            },
        }
    }

    pub(super) fn into_string(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => format_number(number),
            Self::Text(text) => text,
            Self::Object => OBJECT_STRING.to_owned(),
        }
    }

    /// `===`
    pub(super) fn strictly_equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Number(a), Value::Number(b)) => Some(*a) == b.as_f64(),
            (Self::Text(a), Value::String(b)) => a == b,
            _ => false,
        }
    }

    /// Compares with a value of a record: two strings by UTF-16 code units, anything else as
    /// numbers. `None` if either is not a number.
    pub(super) fn compare(&self, value: Option<&Value>) -> Option<Ordering> {
        let own = match self {
            Self::Text(text) => Some(&**text),
            Self::Object => Some(OBJECT_STRING),
            Self::Bool(_) | Self::Number(_) => None,
        };
        let value = value?;
        let other = match value {
            Value::String(_) | Value::Array(_) | Value::Object(_) => Some(to_js_string(value)),
            _ => None,
        };
        if let (Some(own), Some(other)) = (own, &other) {
            return Some(compare_strings(own, other));
        }
        let own = match self {
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) => to_js_number(text),
            Self::Object => f64::NAN,
        };
        let other = match value {
            Value::Null => 0.0,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            _ => to_js_number(&other.unwrap_or_default()),
        };
        own.partial_cmp(&other)
    }
}

/// `String(value)`
pub(super) fn to_js_string(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(value) => Cow::Owned(value.to_string()),
        Value::Number(number) => Cow::Owned(format_number(number.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(elements) => {
            let texts = elements.iter().map(|element| match element {
                Value::Null => Cow::Borrowed(""),
                element => to_js_string(element),
            });
            Cow::Owned(texts.collect::<Vec<_>>().join(","))
        }
        Value::Object(_) => Cow::Borrowed(OBJECT_STRING),
    }
}

/// The order of JavaScript strings: by UTF-16 code units.
pub(super) fn compare_strings(a: &str, b: &str) -> Ordering {
    let mut pairs = a.bytes().zip(b.bytes());
    match pairs.find(|(a, b)| a != b) {
        Some((a, b)) => utf16_rank(a).cmp(&utf16_rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Maps a UTF-8 byte so that bytewise order becomes UTF-16 order: characters of four bytes are
/// surrogates there, which sort before the last characters of three bytes.
pub(super) const fn utf16_rank(byte: u8) -> u8 {
    match byte {
        0xee | 0xef => byte + 0x10,
        _ => byte,
    }
}

/// `Number(text)`
pub(super) fn to_js_number(text: &str) -> f64 {
    let text = trim(text);
    let radix = |radix| {
        let digits = text
            .get(2..)
            .filter(|digits| !digits.starts_with(['+', '-']));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, radix).ok());
        #[expect(clippy::cast_precision_loss, reason = "as JavaScript does")]
        number.map_or(f64::NAN, |number| number as f64)
    };
    match text.get(..2).unwrap_or_default() {
        "0x" | "0X" => return radix(16),
        "0o" | "0O" => return radix(8),
        "0b" | "0B" => return radix(2),
        _ => {}
    }
    match text {
        "" => 0.0,
        "Infinity" | "+Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        _ if text.bytes().all(|byte| b"0123456789+-.eE".contains(&byte)) => {
            text.parse().unwrap_or(f64::NAN)
        }
        _ => f64::NAN,
    }
}

/// `parseInt(text, 10)`; `None` for NaN.
pub(super) fn parse_int(text: &str) -> Option<f64> {
    let text = trim(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.len()
        - unsigned
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let signed = text.get(..text.len() - unsigned.len() + digits)?;
    signed.parse().ok().filter(|_| digits > 0)
}

/// A number as JavaScript prints it.
pub(super) fn format_number(number: f64) -> String {
    let size = number.abs();
    if number == 0.0 {
        "0".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned()
    } else if (1e-6..1e21).contains(&size) || number.is_nan() {
        number.to_string()
    } else {
        let text = format!("{number:e}");
        match text.split_once("e-") {
            Some(_) => text,
            None => text.replace('e', "e+"),
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_that_looks_like_a_number_or_boolean_is_one() {
        for (text, expected) in [
            ("95", JsValue::Number(95.0)),
            ("0", JsValue::Number(0.0)),
            ("-1.5e3", JsValue::Number(-1500.0)),
            (".5", JsValue::Number(0.5)),
            ("true", JsValue::Bool(true)),
            ("Infinity", JsValue::Number(f64::INFINITY)),
        ] {
            assert_eq!(JsValue::parse(text.to_owned()), expected, "{text}");
        }
        for text in [
            "", "007", "0.5", "0x1f", " 1", "1,000", "inf", "nan", "1e", "1_0", ".",
        ] {
            assert_eq!(
                JsValue::parse(text.to_owned()),
                JsValue::Text(text.to_owned())
            );
        }
    }

    #[test]
    fn a_number_compares_with_a_numeric_text() {
        let less = |param: &str, value: Value| {
            JsValue::parse(param.to_owned()).compare(Some(&value)) == Some(Ordering::Less)
        };
        assert!(less("9", json!("10")));
        assert!(!less("9a", json!("10")));
        assert!(less("A", json!("B")));
        assert!(less("-1", json!("")));
        assert!(less("-1", json!(null)));
        assert!(less("5", json!(["7"])));
        assert!(!less("5", json!("1,000")));
        assert!(!less("5", json!("late teens")));
        assert_eq!(JsValue::parse("5".to_owned()).compare(None), None);
    }

    proptest! {
        #[test]
        fn strings_are_ordered_by_utf16_code_units(
            a in "[a\u{ff}\u{d7ff}\u{e000}\u{fb01}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
            b in "[a\u{ff}\u{d7ff}\u{e000}\u{fb01}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
        ) {
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            prop_assert_eq!(compare_strings(&a, &b), units(&a).cmp(&units(&b)));
        }
    }

    #[test]
    fn numbers_are_printed_and_parsed_as_in_javascript() {
        for (number, text) in [
            (1e21, "1e+21"),
            (123_456_789.0, "123456789"),
            (1e-7, "1e-7"),
            (0.5, "0.5"),
            (-0.0, "0"),
        ] {
            assert_eq!(format_number(number), text);
        }
        for (text, number) in [("12px", 12.0), (" -3", -3.0), ("2,3", 2.0), ("1e9", 1.0)] {
            assert_eq!(parse_int(text), Some(number), "{text}");
        }
        for text in ["", "x1", "-", "+-1", ".5"] {
            assert_eq!(parse_int(text), None, "{text}");
        }
    }
}
