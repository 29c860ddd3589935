//! Output of records: indented by two spaces per level, fields in the source's order.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::json::StringScanner;

/// Appends compact JSON as indented lines, starting at `level`.
pub(super) fn pretty(out: &mut String, json: &str, level: usize) {
    let mut level = level;
    let mut strings = StringScanner::default();
    let mut copied = 0;
    let bytes = json.as_bytes();
    let mut previous = b' ';
    for (at, &byte) in bytes.iter().enumerate() {
        if !strings.is_string_byte(byte) {
            let mut copy_to = |end: usize| {
                out.push_str(json.get(copied..end).unwrap_or_default());
                copied = end;
            };
            match byte {
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
                    if !matches!(previous, b'{' | b'[') {
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
        previous = byte;
    }
    out.push_str(json.get(copied..).unwrap_or_default());
}

fn new_line(out: &mut String, level: usize) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}

/// A record with empty lists for the `embedded` fields, and then only with `fields`.
pub(super) fn with_fields(
    record: &str,
    embedded: &[String],
    fields: Option<&[String]>,
) -> serde_json::Result<String> {
    let mut entries: ObjectEntries<'_> = serde_json::from_str(record)?;
    let empty: &RawValue = serde_json::from_str("[]")?;
    for name in embedded {
        match entries.0.iter_mut().find(|(other, _)| other == name) {
            Some((_, value)) => *value = empty,
            None => entries.0.push((name.clone(), empty)),
        }
    }
    let mut out = String::from("{");
    for (name, value) in entries.0 {
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

/// The fields of an object in order, with unparsed values.
struct ObjectEntries<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for ObjectEntries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = ObjectEntries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(ObjectEntries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whitespace_changes() {
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
        let all = with_fields(record, &["b".to_owned(), "d".to_owned()], None).unwrap();
        assert_eq!(all, r#"{"a":1,"b":[],"c":[3.0],"d":[]}"#);
        assert_eq!(
            with_fields(record, &[], Some(&fields)).unwrap(),
            r#"{"a":1,"c":[3.0]}"#
        );
        assert_eq!(with_fields(record, &[], Some(&[])).unwrap(), "{}");
    }
}
