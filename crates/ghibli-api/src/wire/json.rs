//! Looks at JSON text without building values, which would round numbers, merge repeated keys and
//! limit the depth.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

pub(super) const NUMBER: &str = "a number";
pub(super) const STRING: &str = "a string";

/// The type of a JSON value, with its article.
pub(super) fn type_name(value: &RawValue) -> &'static str {
    match value.get().chars().next() {
        Some('{') => "an object",
        Some('[') => "a list",
        Some('"') => STRING,
        Some('t' | 'f') => "a boolean",
        Some('n') => "null",
        _ => NUMBER,
    }
}

/// The text of an id: a string, or a number as json-server compares it with a path.
pub(super) fn id_text(value: &RawValue) -> Option<String> {
    let text = value.get();
    if type_name(value) != NUMBER {
        return serde_json::from_str(text).ok();
    }
    let is_integer = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    match text.parse::<f64>().ok()? {
        0.0 => Some("0".to_owned()),
        // Integers may have more digits than a float.
        _ if is_integer => Some(text.to_owned()),
        number => Some(number.to_string()),
    }
}

/// The elements of a list, or any other value itself. They are read one at a time: a list of all
/// elements of a large record takes a multiple of its text.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements<'a>(&'a str);

impl<'a> Elements<'a> {
    pub(super) fn of(value: &'a RawValue) -> Self {
        let text = value.get();
        Self(text.strip_prefix('[').unwrap_or(text))
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a RawValue;

    fn next(&mut self) -> Option<&'a RawValue> {
        let rest = self.0.trim_start_matches([',', ' ', '\t', '\n', '\r']);
        let mut values = serde_json::Deserializer::from_str(rest).into_iter();
        // Fails at the closing bracket.
        let value = values.next()?.ok()?;
        self.0 = rest.get(values.byte_offset()..)?;
        Some(value)
    }
}

/// Calls `visit` with the name and value of each field of an object, one at a time.
///
/// # Errors
/// If a name has an unpaired surrogate, or the value is not an object.
pub(super) fn for_each_field<'a>(
    object: &'a RawValue,
    visit: impl FnMut(&str, &'a RawValue),
) -> serde_json::Result<()> {
    struct Fields<F>(F);
    impl<'de, F: FnMut(&str, &'de RawValue)> Visitor<'de> for Fields<F> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
            while let Some(name) = fields.next_key::<String>()? {
                (self.0)(&name, fields.next_value()?);
            }
            Ok(())
        }
    }
    serde_json::Deserializer::from_str(object.get()).deserialize_map(Fields(visit))
}

/// Tells string bytes from structural bytes.
#[derive(Default)]
pub(crate) struct StringScanner {
    in_string: bool,
    is_escaped: bool,
}

impl StringScanner {
    /// Whether the next byte belongs to a string, quotes included.
    pub(crate) fn is_string_byte(&mut self, byte: u8) -> bool {
        if !self.in_string {
            self.in_string = byte == b'"';
            return self.in_string;
        }
        match byte {
            _ if self.is_escaped => self.is_escaped = false,
            b'\\' => self.is_escaped = true,
            b'"' => self.in_string = false,
            _ => {}
        }
        true
    }
}

/// Position of a string value.
pub(super) struct StringPosition<'a> {
    /// The field of the outermost object.
    pub(super) field: &'a str,
    /// Whether the string is the field's value or an element of its list.
    pub(super) is_direct: bool,
}

/// Compact JSON with normalized escapes.
pub(super) struct RewrittenJson {
    pub(super) json: String,
    /// Nesting depth of lists and objects.
    pub(super) depth: usize,
    /// False if a string contains an unpaired surrogate. Such a string is copied unchanged.
    pub(super) is_unicode: bool,
}

/// Copies valid JSON and replaces each string value by what `replace` returns (`None` keeps it).
pub(super) fn rewrite_strings(
    json: &str,
    mut replace: impl FnMut(StringPosition<'_>, &str) -> Option<String>,
) -> RewrittenJson {
    let mut rewritten = RewrittenJson {
        json: String::with_capacity(json.len()),
        depth: 0,
        is_unicode: true,
    };
    let mut nesting: Vec<char> = Vec::new();
    let mut field = String::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => rest.split_at(string_len(rest)),
            _ => rest.split_at(first.len_utf8()),
        };
        rest = after;
        match first {
            ' ' | '\t' | '\n' | '\r' => {}
            '"' => {
                let Some(string) = decode(token) else {
                    rewritten.is_unicode = false;
                    rewritten.json.push_str(token);
                    continue;
                };
                let is_key = rest.trim_start().starts_with(':');
                if is_key && nesting.len() == 1 {
                    field.clear();
                    field.push_str(&string);
                }
                let position = StringPosition {
                    field: &field,
                    is_direct: matches!(nesting[..], ['{'] | ['{', '[']),
                };
                let replacement = if is_key {
                    None
                } else {
                    replace(position, &string)
                };
                match replacement {
                    Some(replacement) => push_string(&mut rewritten.json, &replacement),
                    // Without escapes it is already normalized.
                    None if !token.contains('\\') => rewritten.json.push_str(token),
                    None => push_string(&mut rewritten.json, &string),
                }
            }
            _ => {
                match first {
                    '{' | '[' => nesting.push(first),
                    '}' | ']' => drop(nesting.pop()),
                    _ => {}
                }
                rewritten.depth = rewritten.depth.max(nesting.len());
                rewritten.json.push(first);
            }
        }
    }
    rewritten
}

/// Length of the string at the start of a text, quotes included.
fn string_len(text: &str) -> usize {
    let mut scanner = StringScanner::default();
    let bytes = text.bytes();
    bytes
        .take_while(|byte| scanner.is_string_byte(*byte))
        .count()
}

fn decode(token: &str) -> Option<Cow<'_, str>> {
    if token.contains('\\') {
        return serde_json::from_str(token).ok().map(Cow::Owned);
    }
    token
        .strip_prefix('"')?
        .strip_suffix('"')
        .map(Cow::Borrowed)
}

fn push_string(json: &mut String, string: &str) {
    json.push_str(&Value::from(string).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(json: &str) -> RewrittenJson {
        rewrite_strings(json, |_, _| None)
    }

    #[test]
    fn numbers_order_and_repeated_keys_are_kept_and_whitespace_is_not() {
        let json = r#" { "b" : 1.50, "a" : [ 1e2, 123456789012345678901234567890, -0 ],
            "a" : null, "c" : { } } "#;
        assert_eq!(
            rewritten(json).json,
            r#"{"b":1.50,"a":[1e2,123456789012345678901234567890,-0],"a":null,"c":{}}"#
        );
    }

    #[test]
    fn escapes_are_normalized() {
        let json = r#"["\u3042\/\"\\\n\u0000", "\\\" : ", "あ"]"#;
        assert_eq!(
            rewritten(json).json,
            r#"["あ/\"\\\n\u0000","\\\" : ","あ"]"#
        );
    }

    #[test]
    fn an_unpaired_surrogate_is_reported_and_kept() {
        let half = rewritten(r#"["\ud800"]"#);
        assert!(!half.is_unicode);
        assert_eq!(half.json, r#"["\ud800"]"#);
    }

    #[test]
    fn only_values_are_replaced_and_positions_name_the_outermost_field() {
        let json = r#"{"url":"x","films":["x",{"url":"x"},["x"]],"more":{"films":"x"}}"#;
        let marked = rewrite_strings(json, |position, text| {
            (text == "x").then(|| format!("{} {}", position.field, position.is_direct))
        });
        assert_eq!(
            marked.json,
            r#"{"url":"url true","films":["films true",{"url":"films false"},["films false"]],"more":{"films":"more false"}}"#
        );
    }
}
