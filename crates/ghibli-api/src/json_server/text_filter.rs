//! `q`: a text search in all values of a record.

use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr_iter};
use serde_json::Value;

use super::base_url::BaseUrl;
use super::js_value::to_js_string;

/// A case-insensitive text search.
pub(super) struct TextFilter {
    /// In lower case.
    text: String,
    finder: Finder<'static>,
    /// Whether a stored record contains it exactly where its values do: no character is escaped,
    /// or may be part of a link's base.
    is_literal: bool,
    /// Whether all its characters beyond ASCII have no case.
    has_only_ascii_case: bool,
    /// Whether it has one of the two ASCII letters that are the lower case of other characters.
    has_i_or_k: bool,
    /// Whether it may be part of a number, which can have several notations.
    may_be_number: bool,
    /// Whether every link matches.
    is_in_base: bool,
}

impl TextFilter {
    pub(super) fn new(text: &str, base: &BaseUrl) -> Self {
        let text = base.rebase(text).unwrap_or_else(|| text.to_owned());
        let text = text.to_lowercase();
        let is_escaped = |c: char| matches!(c, '"' | '\\' | '/') || c.is_control();
        // The combining dot has no case but is part of the lower case of İ.
        let has_case = |c: char| c.is_lowercase() || c == '\u{307}';
        let is_number_char = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e');
        Self {
            finder: Finder::new(&text).into_owned(),
            is_literal: !text.contains(is_escaped),
            has_only_ascii_case: !text.contains(|c: char| !c.is_ascii() && has_case(c)),
            has_i_or_k: text.contains(['i', 'k']),
            may_be_number: text.chars().all(is_number_char),
            is_in_base: base.as_str().to_lowercase().contains(&text),
            text,
        }
    }

    /// Whether any value of a record contains the text.
    pub(super) fn matches(&self, value: &Value) -> bool {
        match value {
            Value::Array(elements) => elements.iter().any(|element| self.matches(element)),
            Value::Object(fields) => fields.values().any(|field| self.matches(field)),
            Value::Null | Value::Bool(false) => false,
            Value::Number(number) if number.as_f64() == Some(0.0) => false,
            other => to_js_string(other).to_lowercase().contains(&self.text),
        }
    }

    /// The same without parsing the stored record; `None` if that is not enough.
    pub(super) fn matches_stored(&self, stored: &str) -> Option<bool> {
        if !self.is_literal || stored.contains('\\') {
            return None;
        }
        let mut outside = stored.split('"').step_by(2);
        let is_digit = |c: char| c.is_ascii_digit();
        if self.may_be_number && outside.any(|outside| outside.contains(is_digit)) {
            return None;
        }
        let lower = if self.has_only_ascii_case {
            let has = |c: &str| memmem::find(stored.as_bytes(), c.as_bytes()).is_some();
            if self.has_i_or_k && (has("\u{130}") || has("\u{212a}")) {
                return None;
            }
            stored.to_ascii_lowercase()
        } else {
            stored.to_lowercase()
        };
        let lower = lower.as_bytes();
        let (mut scanned, mut in_string) = (0, false);
        for at in self.finder.find_iter(lower) {
            if at < scanned {
                continue;
            }
            in_string ^= memchr_iter(b'"', &lower[scanned..at]).count() % 2 == 1;
            if !in_string {
                return None;
            }
            let end = at + memchr(b'"', &lower[at..])? + 1;
            let is_key = lower[end..].trim_ascii_start().starts_with(b":");
            if !is_key {
                return is_unambiguous(stored).then_some(true);
            }
            (scanned, in_string) = (end, false);
        }
        (!self.is_in_base).then_some(false)
    }
}

/// Whether every value in a stored record counts: no field is repeated (only the last would count),
/// and there is no number (it may be too large to parse).
fn is_unambiguous(stored: &str) -> bool {
    let mut keys = Vec::new();
    let mut pieces = stored.split('"').skip(1);
    while let (Some(string), Some(after)) = (pieces.next(), pieces.next()) {
        if after.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        if after.trim_ascii_start().starts_with(':') {
            keys.push(string);
        }
    }
    keys.sort_unstable();
    keys.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::to_source_json;

    const BASE: &str = "http://Here:8000/ghibli";

    fn filter(text: &str) -> TextFilter {
        TextFilter::new(text, &BaseUrl::new(BASE))
    }

    fn matches_values(text: &str, stored: &str) -> bool {
        let value = serde_json::from_str(&to_source_json(stored, BASE)).unwrap();
        filter(text).matches(&value)
    }

    #[test]
    fn stored_records_match_like_their_values() {
        let stored = json!({
            "id": "a", "title": "The Cat Returns", "original_title": "猫の恩返し", "year": "2002",
            "people": ["/people/1f", "/people/"], "Muta": {"x": "café: \u{3a3}"}, "is": true,
        })
        .to_string();
        for (text, expected) in [
            ("cat", Some(true)),
            ("CAT R", Some(true)),
            ("castle", Some(false)),
            ("恩返", Some(true)),
            ("恩人", Some(false)),
            ("CAFÉ:", Some(true)),
            ("2002", Some(true)),
            ("2003", Some(false)),
            ("1f", Some(true)),
            ("σ", Some(true)),
            ("ς", Some(false)),
            // Keys are not values.
            ("muta", Some(false)),
            ("original_title", Some(false)),
            // The stored record is not enough.
            ("here:8000", None),
            ("ghibli/people", None),
            ("true", None),
            ("\"", None),
        ] {
            assert_eq!(filter(text).matches_stored(&stored), expected, "{text}");
            let matches = matches_values(text, &stored);
            assert!(
                expected.is_none_or(|expected| expected == matches),
                "{text}"
            );
        }
        for odd in [
            r#"{"title":"Ponyo","title":"Kiki"}"#,
            r#"{"title":"Ponyo","n":1e999}"#,
        ] {
            assert_eq!(filter("ponyo").matches_stored(odd), None, "{odd}");
        }
        let numbers = json!({"year": "2002", "score": 2e3}).to_string();
        assert_eq!(filter("2000").matches_stored(&numbers), None);
        let escaped = json!({"title": "\"Kiki\""}).to_string();
        assert_eq!(filter("kiki").matches_stored(&escaped), None);
    }

    #[test]
    fn a_long_key_is_skipped_at_once() {
        let long = "a".repeat(1_000_000);
        let stored = json!({ long: "b" }).to_string();
        assert_eq!(filter("a").matches_stored(&stored), Some(false));
    }

    #[test]
    fn lower_case_differs_only_for_the_known_characters() {
        for c in '\0'..=char::MAX {
            for lower in c.to_lowercase().filter(|lower| *lower != c) {
                let is_known = if lower.is_ascii() {
                    c.is_ascii_uppercase()
                        || matches!((c, lower), ('\u{130}', 'i') | ('\u{212a}', 'k'))
                } else {
                    lower.is_lowercase() || lower == '\u{307}'
                };
                assert!(is_known, "{c} becomes {lower}");
            }
        }
    }

    fn word() -> impl Strategy<Value = String> {
        "[aAkKiIeEéÉσςΣİ\u{212a}\u{307}猫ー12.:/\" ]{0,4}"
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            word().prop_map(Value::from),
            word().prop_map(|id| Value::from(format!("/people/{id}"))),
            (-20..120_i64).prop_map(Value::from),
            Just(json!(1e21)),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        scalar.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(word(), inner, 0..3).prop_map(|fields| json!(fields)),
            ]
        })
    }

    proptest! {
        #[test]
        fn stored_records_never_match_differently_from_their_values(
            fields in prop::collection::vec((word(), value()), 0..5),
            text in word(),
        ) {
            let fields = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name)));
            let stored = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
            if let Some(matches) = filter(&text).matches_stored(&stored) {
                prop_assert_eq!(matches, matches_values(&text, &stored), "{} in {}", text, stored);
            }
        }
    }
}
