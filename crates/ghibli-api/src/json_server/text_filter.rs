//! `q`: a text that is looked for in all values of a record.

use memchr::memmem::{self, Finder};
use memchr::{memchr, memchr_iter};
use serde_json::Value;

use super::Base;
use super::js_value::text_of;

/// What is looked for, in lower case.
pub(super) struct Needle {
    text: String,
    finder: Finder<'static>,
    /// Whether the text of a record says the same as its values do: what is escaped there, or
    /// given back with a base, does not.
    is_plain: bool,
    /// Whether all of it that is not ASCII has no case.
    is_simple: bool,
    /// Whether it has one of the two letters that something beyond ASCII becomes in lower case.
    has_i_or_k: bool,
    /// Whether it could stand in a number, which the text may write otherwise.
    is_of_number: bool,
    /// Whether every link has it.
    is_in_base: bool,
}

impl Needle {
    pub(super) fn new(text: &str, base: &Base) -> Self {
        let text = base.own_link(text).unwrap_or_else(|| text.to_owned());
        let text = text.to_lowercase();
        let is_escaped = |c: char| matches!(c, '"' | '\\' | '/') || c.is_control();
        // Alone among what has no case, this dot is what a letter becomes.
        let has_case = |c: char| c.is_lowercase() || c == '\u{307}';
        let is_of_number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e');
        Self {
            finder: Finder::new(&text).into_owned(),
            is_plain: !text.contains(is_escaped),
            is_simple: !text.contains(|c: char| !c.is_ascii() && has_case(c)),
            has_i_or_k: text.contains(['i', 'k']),
            is_of_number: text.chars().all(is_of_number),
            is_in_base: base.0.to_lowercase().contains(&text),
            text,
        }
    }

    /// Whether it is anywhere in the values of a record.
    pub(super) fn is_in(&self, value: &Value) -> bool {
        match value {
            Value::Array(elements) => elements.iter().any(|element| self.is_in(element)),
            Value::Object(fields) => fields.values().any(|field| self.is_in(field)),
            Value::Null | Value::Bool(false) => false,
            Value::Number(number) if number.as_f64() == Some(0.0) => false,
            other => text_of(other).to_lowercase().contains(&self.text),
        }
    }

    /// The same by a look at the record's stored form alone; nothing if that does not tell.
    pub(super) fn is_in_text(&self, stored: &str) -> Option<bool> {
        if !self.is_plain || stored.contains('\\') {
            return None;
        }
        let mut outside = stored.split('"').step_by(2);
        let is_digit = |c: char| c.is_ascii_digit();
        if self.is_of_number && outside.any(|outside| outside.contains(is_digit)) {
            return None;
        }
        let lower = if self.is_simple {
            let has = |c: &str| memmem::find(stored.as_bytes(), c.as_bytes()).is_some();
            if self.has_i_or_k && (has("\u{130}") || has("\u{212a}")) {
                return None;
            }
            stored.to_ascii_lowercase()
        } else {
            stored.to_lowercase()
        };
        let lower = lower.as_bytes();
        let (mut done, mut is_in_string) = (0, false);
        for at in self.finder.find_iter(lower) {
            if at < done {
                continue;
            }
            is_in_string ^= memchr_iter(b'"', &lower[done..at]).count() % 2 == 1;
            if !is_in_string {
                return None;
            }
            let end = at + memchr(b'"', &lower[at..])? + 1;
            let is_name = lower[end..].trim_ascii_start().starts_with(b":");
            if !is_name {
                return tells_values(stored).then_some(true);
            }
            (done, is_in_string) = (end, false);
        }
        (!self.is_in_base).then_some(false)
    }
}

/// Whether every value that a record's text has is one that counts: no field is repeated, of which
/// the last one would, and no number could be too large to be read.
fn tells_values(stored: &str) -> bool {
    let mut names = Vec::new();
    let mut pieces = stored.split('"').skip(1);
    while let (Some(string), Some(after)) = (pieces.next(), pieces.next()) {
        if after.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        if after.trim_ascii_start().starts_with(':') {
            names.push(string);
        }
    }
    names.sort_unstable();
    names.windows(2).all(|pair| pair[0] != pair[1])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::wire::given_back;

    const BASE: &str = "http://Here:8000/ghibli";

    fn needle(text: &str) -> Needle {
        Needle::new(text, &Base(BASE.to_owned()))
    }

    fn is_in_values(text: &str, stored: &str) -> bool {
        let value = serde_json::from_str(&given_back(stored, BASE)).unwrap();
        needle(text).is_in(&value)
    }

    #[test]
    fn the_text_of_a_record_tells_what_its_values_hold() {
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
            // Names of fields are no values.
            ("muta", Some(false)),
            ("original_title", Some(false)),
            // What only a look at the values tells.
            ("here:8000", None),
            ("ghibli/people", None),
            ("true", None),
            ("\"", None),
        ] {
            assert_eq!(needle(text).is_in_text(&stored), expected, "{text}");
            let is_in = is_in_values(text, &stored);
            assert!(expected.is_none_or(|expected| expected == is_in), "{text}");
        }
        for odd in [
            r#"{"title":"Ponyo","title":"Kiki"}"#,
            r#"{"title":"Ponyo","n":1e999}"#,
        ] {
            assert_eq!(needle("ponyo").is_in_text(odd), None, "{odd}");
        }
        let numbers = json!({"year": "2002", "score": 2e3}).to_string();
        assert_eq!(needle("2000").is_in_text(&numbers), None);
        let escaped = json!({"title": "\"Kiki\""}).to_string();
        assert_eq!(needle("kiki").is_in_text(&escaped), None);
    }

    #[test]
    fn a_long_name_of_a_field_is_passed_over_at_once() {
        let long = "a".repeat(1_000_000);
        let stored = json!({ long: "b" }).to_string();
        assert_eq!(needle("a").is_in_text(&stored), Some(false));
    }

    #[test]
    fn only_what_has_a_case_becomes_another_character_in_lower_case() {
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
        fn a_text_never_tells_anything_else_than_the_values(
            fields in prop::collection::vec((word(), value()), 0..5),
            text in word(),
        ) {
            let fields = fields.iter().map(|(name, value)| format!("{}:{value}", json!(name)));
            let stored = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
            if let Some(told) = needle(&text).is_in_text(&stored) {
                prop_assert_eq!(told, is_in_values(&text, &stored), "{} in {}", text, stored);
            }
        }
    }
}
