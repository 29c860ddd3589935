//! Changes the strings inside a JSON text and nothing else.
//!
//! A tree of values would round numbers, merge repeated keys and limit the depth; walking the
//! text keeps what the source wrote.

use std::borrow::Cow;

use serde_json::Value;

/// Where a string value stands.
pub(crate) struct Place<'a> {
    /// The field of the outermost object.
    pub(crate) field: &'a str,
    /// Whether the string is that field's value, or an element of the list that is.
    pub(crate) is_direct: bool,
}

/// A JSON text without spaces, its strings escaped in one way.
pub(crate) struct Rewritten {
    pub(crate) json: String,
    /// How deeply lists and objects are nested.
    pub(crate) depth: usize,
    /// False if a string holds an escape that is no character (it is then left as it stood).
    pub(crate) is_unicode: bool,
}

/// Copies a JSON text that is valid, asking `change` for each string that is a value (`None`
/// leaves it).
pub(crate) fn rewrite(
    json: &str,
    mut change: impl FnMut(Place<'_>, &str) -> Option<String>,
) -> Rewritten {
    let mut rewritten = Rewritten {
        json: String::with_capacity(json.len()),
        depth: 0,
        is_unicode: true,
    };
    let mut nesting: Vec<char> = Vec::new();
    let mut field = String::new();
    let mut rest = json;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '"' => rest.split_at(string_length(rest)),
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
                let place = Place {
                    field: &field,
                    is_direct: matches!(nesting[..], ['{'] | ['{', '[']),
                };
                let changed = if is_key { None } else { change(place, &string) };
                match changed {
                    Some(changed) => push_string(&mut rewritten.json, &changed),
                    // A string without escapes is written in the one way there is.
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

/// The length of the string, quotes included, that a text starts with.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
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

    fn rewritten(json: &str) -> Rewritten {
        rewrite(json, |_, _| None)
    }

    #[test]
    fn numbers_order_and_repeated_keys_are_kept_and_spaces_are_not() {
        let json = r#" { "b" : 1.50, "a" : [ 1e2, 123456789012345678901234567890, -0 ],
            "a" : null, "c" : { } } "#;
        assert_eq!(
            rewritten(json).json,
            r#"{"b":1.50,"a":[1e2,123456789012345678901234567890,-0],"a":null,"c":{}}"#
        );
    }

    #[test]
    fn strings_are_escaped_in_one_way() {
        let json = r#"["\u3042\/\"\\\n\u0000", "\\\" : ", "あ"]"#;
        assert_eq!(
            rewritten(json).json,
            r#"["あ/\"\\\n\u0000","\\\" : ","あ"]"#
        );
    }

    #[test]
    fn half_a_surrogate_pair_is_noticed_and_left() {
        let half = rewritten(r#"["\ud800"]"#);
        assert!(!half.is_unicode);
        assert_eq!(half.json, r#"["\ud800"]"#);
    }

    #[test]
    fn keys_are_no_values_and_places_name_the_outermost_field() {
        let json = r#"{"url":"x","films":["x",{"url":"x"},["x"]],"more":{"films":"x"}}"#;
        let marked = rewrite(json, |place, text| {
            (text == "x").then(|| format!("{} {}", place.field, place.is_direct))
        });
        assert_eq!(
            marked.json,
            r#"{"url":"url true","films":["films true",{"url":"films false"},["films false"]],"more":{"films":"more false"}}"#
        );
    }
}
