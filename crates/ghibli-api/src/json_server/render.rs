//! Records as they are sent: two spaces a level, fields in the source's order.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// Compact JSON, spread over lines that are indented by `level` and more.
pub(super) fn pretty(out: &mut String, json: &str, level: usize) {
    let mut level = level;
    let mut in_string = false;
    let mut is_escaped = false;
    let mut from = 0;
    let bytes = json.as_bytes();
    let mut before = b' ';
    for (at, &byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
        } else {
            // Every byte looked for is ASCII, so no character is cut.
            let mut copy_to = |end: usize| {
                out.push_str(json.get(from..end).unwrap_or_default());
                from = end;
            };
            match byte {
                b'"' => in_string = true,
                b'{' | b'[' => {
                    copy_to(at + 1);
                    level += 1;
                    if !matches!(bytes.get(at + 1), Some(b'}' | b']')) {
                        new_line(out, level);
                    }
                }
                b'}' | b']' => {
                    copy_to(at);
                    level = level.saturating_sub(1);
                    if !matches!(before, b'{' | b'[') {
                        new_line(out, level);
                    }
                }
                b',' => {
                    copy_to(at + 1);
                    new_line(out, level);
                }
                b':' => {
                    copy_to(at + 1);
                    out.push(' ');
                }
                _ => {}
            }
        }
        before = byte;
    }
    out.push_str(json.get(from..).unwrap_or_default());
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// A record with empty lists put in, and with no other fields than those that are wanted.
pub(super) fn chosen(
    record: &str,
    emptied: &[String],
    fields: Option<&[String]>,
) -> serde_json::Result<String> {
    let mut members: Members<'_> = serde_json::from_str(record)?;
    let nothing: &RawValue = serde_json::from_str("[]")?;
    for name in emptied {
        match members.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, value)) => *value = nothing,
            None => members.0.push((name.clone(), nothing)),
        }
    }
    let mut out = String::from("{");
    for (name, value) in members.0 {
        if fields.is_some_and(|fields| !fields.contains(&name)) {
            continue;
        }
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&Value::from(name).to_string());
        out.push(':');
        out.push_str(value.get());
    }
    out.push('}');
    Ok(out)
}

/// The fields of an object in their order, their values as they stand.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_indented_by_two_spaces_and_nothing_else_changes() {
        let json = r#"{"a":[],"b":{},"c":[1.50,{"d":"x, \"{y}\": [z]"}],"e":null}"#;
        let mut out = String::new();
        pretty(&mut out, json, 0);
        let expected = "{\n  \"a\": [],\n  \"b\": {},\n  \"c\": [\n    1.50,\n    {\n      \
                        \"d\": \"x, \\\"{y}\\\": [z]\"\n    }\n  ],\n  \"e\": null\n}";
        assert_eq!(out, expected);
    }

    #[test]
    fn fields_keep_the_order_of_the_record() {
        let fields = ["c", "a", "x"].map(str::to_owned);
        let record = r#"{"a":1,"b":2,"c":[3.0]}"#;
        let all = chosen(record, &["b".to_owned(), "d".to_owned()], None).unwrap();
        assert_eq!(all, r#"{"a":1,"b":[],"c":[3.0],"d":[]}"#);
        assert_eq!(
            chosen(record, &[], Some(&fields)).unwrap(),
            r#"{"a":1,"c":[3.0]}"#
        );
        assert_eq!(chosen(record, &[], Some(&[])).unwrap(), "{}");
    }
}
