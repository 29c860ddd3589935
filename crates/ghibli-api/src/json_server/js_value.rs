//! Values as the source's server, a JavaScript program, turns and compares them.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

/// What an object is as a text.
pub(super) const OBJECT: &str = "[object Object]";

/// A parameter's value: `95` is a number to the source and never equal to the text `"95"`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Native {
    Bool(bool),
    Number(f64),
    Text(String),
    Object,
}

impl Native {
    pub(super) fn of(value: String) -> Self {
        let stays_text = value.is_empty()
            || trim(&value) != value
            || (value.len() > 1 && value.starts_with('0'));
        if stays_text {
            return Self::Text(value);
        }
        match &*value {
            "true" => Self::Bool(true),
            "false" => Self::Bool(false),
            text => match number_of(text) {
                number if number.is_nan() => Self::Text(value),
                number => Self::Number(number),
            },
        }
    }

    pub(super) fn into_text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number_text(number),
            Self::Text(text) => text,
            Self::Object => OBJECT.to_owned(),
        }
    }

    /// Equal without any turning of one type into another.
    pub(super) fn is(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Bool(a), Value::Bool(b)) => a == b,
            (Self::Number(a), Value::Number(b)) => Some(*a) == b.as_f64(),
            (Self::Text(a), Value::String(b)) => a == b,
            _ => false,
        }
    }

    /// How it compares with what a record holds: two texts by their letters, anything else as
    /// numbers; nothing if either is no number.
    pub(super) fn compare(&self, value: Option<&Value>) -> Option<Ordering> {
        let own = match self {
            Self::Text(text) => Some(&**text),
            Self::Object => Some(OBJECT),
            Self::Bool(_) | Self::Number(_) => None,
        };
        let value = value?;
        let other = match value {
            Value::String(_) | Value::Array(_) | Value::Object(_) => Some(text_of(value)),
            _ => None,
        };
        if let (Some(own), Some(other)) = (own, &other) {
            return Some(compare_texts(own, other));
        }
        let own = match self {
            Self::Bool(value) => f64::from(u8::from(*value)),
            Self::Number(number) => *number,
            Self::Text(text) => number_of(text),
            Self::Object => f64::NAN,
        };
        let other = match value {
            Value::Null => 0.0,
            Value::Bool(value) => f64::from(u8::from(*value)),
            Value::Number(number) => number.as_f64().unwrap_or(f64::NAN),
            _ => number_of(&other.unwrap_or_default()),
        };
        own.partial_cmp(&other)
    }
}

/// A value as a text: a list with commas, as JavaScript has it.
pub(super) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("null"),
        Value::Bool(value) => Cow::Owned(value.to_string()),
        Value::Number(number) => Cow::Owned(number_text(number.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => Cow::Borrowed(text),
        Value::Array(elements) => {
            let texts = elements.iter().map(|element| match element {
                Value::Null => Cow::Borrowed(""),
                element => text_of(element),
            });
            Cow::Owned(texts.collect::<Vec<_>>().join(","))
        }
        Value::Object(_) => Cow::Borrowed(OBJECT),
    }
}

/// The order of JavaScript's texts: by UTF-16 units.
pub(super) fn compare_texts(a: &str, b: &str) -> Ordering {
    let mut pairs = a.bytes().zip(b.bytes());
    match pairs.find(|(a, b)| a != b) {
        Some((a, b)) => unit(a).cmp(&unit(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// A byte of UTF-8 as it stands in the order of UTF-16: whatever has four bytes comes before the
/// last that have three, since it is written in surrogates there.
pub(super) const fn unit(byte: u8) -> u8 {
    match byte {
        0xee | 0xef => byte + 0x10,
        _ => byte,
    }
}

/// A text as a number, or NaN; no text at all is 0.
pub(super) fn number_of(text: &str) -> f64 {
    let text = trim(text);
    let radix = |radix| {
        let digits = text
            .get(2..)
            .filter(|digits| !digits.starts_with(['+', '-']));
        let number = digits.and_then(|digits| u64::from_str_radix(digits, radix).ok());
        // A number of more than 53 bits is rounded, as it is there.
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

/// The whole number that a text begins with.
pub(super) fn leading_integer(text: &str) -> Option<f64> {
    let text = trim(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.len()
        - unsigned
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let signed = text.get(..text.len() - unsigned.len() + digits)?;
    signed.parse().ok().filter(|_| digits > 0)
}

/// A number as JavaScript writes it.
pub(super) fn number_text(number: f64) -> String {
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
    fn a_value_that_looks_like_a_number_or_a_truth_is_one() {
        for (text, expected) in [
            ("95", Native::Number(95.0)),
            ("0", Native::Number(0.0)),
            ("-1.5e3", Native::Number(-1500.0)),
            (".5", Native::Number(0.5)),
            ("true", Native::Bool(true)),
            ("Infinity", Native::Number(f64::INFINITY)),
        ] {
            assert_eq!(Native::of(text.to_owned()), expected, "{text}");
        }
        for text in [
            "", "007", "0.5", "0x1f", " 1", "1,000", "inf", "nan", "1e", "1_0", ".",
        ] {
            assert_eq!(Native::of(text.to_owned()), Native::Text(text.to_owned()));
        }
    }

    #[test]
    fn a_number_compares_with_a_text_that_is_one() {
        let less = |native: &str, value: Value| {
            Native::of(native.to_owned()).compare(Some(&value)) == Some(Ordering::Less)
        };
        assert!(less("9", json!("10")));
        assert!(!less("9a", json!("10")));
        assert!(less("A", json!("B")));
        assert!(less("-1", json!("")));
        assert!(less("-1", json!(null)));
        assert!(less("5", json!(["7"])));
        assert!(!less("5", json!("1,000")));
        assert!(!less("5", json!("late teens")));
        assert_eq!(Native::of("5".to_owned()).compare(None), None);
    }

    proptest! {
        #[test]
        fn texts_are_in_the_order_of_their_units(
            a in "[a\u{ff}\u{d7ff}\u{e000}\u{fb01}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
            b in "[a\u{ff}\u{d7ff}\u{e000}\u{fb01}\u{ffff}\u{10000}\u{10ffff}]{0,3}",
        ) {
            let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
            prop_assert_eq!(compare_texts(&a, &b), units(&a).cmp(&units(&b)));
        }
    }

    #[test]
    fn numbers_are_written_and_read_as_javascript_does() {
        for (number, text) in [
            (1e21, "1e+21"),
            (123_456_789.0, "123456789"),
            (1e-7, "1e-7"),
            (0.5, "0.5"),
            (-0.0, "0"),
        ] {
            assert_eq!(number_text(number), text);
        }
        for (text, number) in [("12px", 12.0), (" -3", -3.0), ("2,3", 2.0), ("1e9", 1.0)] {
            assert_eq!(leading_integer(text), Some(number), "{text}");
        }
        for text in ["", "x1", "-", "+-1", ".5"] {
            assert_eq!(leading_integer(text), None, "{text}");
        }
    }
}
