//! Paths into records: `title`, `people.0`, `people.length`.

use std::borrow::Cow;

use serde_json::Value;

/// A field, or a path into its value.
#[derive(Debug, Clone)]
pub(super) struct FieldPath {
    raw: String,
    steps: Vec<String>,
}

impl FieldPath {
    pub(super) fn parse(raw: &str) -> Self {
        let is_nested = raw.contains('.')
            || raw
                .split_once('[')
                .is_some_and(|(_, rest)| rest.contains(']'));
        let steps = if is_nested {
            raw.split('.').flat_map(split_steps).collect()
        } else {
            vec![raw.to_owned()]
        };
        Self {
            raw: raw.to_owned(),
            steps,
        }
    }

    /// Does not parse the steps.
    pub(super) fn from_steps(steps: Vec<String>) -> Self {
        Self {
            raw: steps.join(","),
            steps,
        }
    }

    /// The value at the path.
    pub(super) fn get<'a>(&self, record: &'a Value) -> Option<Cow<'a, Value>> {
        if let Some(value) = record.get(&self.raw) {
            return Some(Cow::Borrowed(value));
        }
        let mut current = Cow::Borrowed(record);
        for step in &self.steps {
            current = match current {
                Cow::Borrowed(value) => child(value, step)?,
                Cow::Owned(value) => Cow::Owned(child(&value, step)?.into_owned()),
            };
        }
        Some(current)
    }

    /// The unparsed path.
    pub(super) fn raw(&self) -> &str {
        &self.raw
    }

    /// The fields on which the value may depend.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        let names = self.steps.first().into_iter().chain([&self.raw]);
        names.map(String::as_str)
    }

    /// The one field on which the value depends, given the fields that records have; `None` if it
    /// may depend on two.
    pub(super) fn deciding_field(&self, is_field: impl Fn(&str) -> bool) -> Option<&str> {
        let first = self.steps.first()?;
        (*first == self.raw || !is_field(&self.raw)).then_some(first)
    }

    /// Whether it is only a field.
    pub(super) fn is_field(&self) -> bool {
        matches!(&*self.steps, [only] if *only == self.raw)
    }

    /// Whether a record may have a value at the path, without parsing its JSON.
    pub(super) fn may_occur_in(&self, json: &str) -> bool {
        self.fields()
            .any(|name| json.contains(&*Value::from(name).to_string()))
    }
}

fn split_steps(part: &str) -> Vec<String> {
    let steps: Vec<_> = part
        .split(['[', ']'])
        .map(|step| step.trim_matches(['"', '\'']))
        .filter(|step| !step.is_empty())
        .map(str::to_owned)
        .collect();
    if steps.is_empty() {
        vec![String::new()]
    } else {
        steps
    }
}

/// A property, as in JavaScript: lists and strings have indexes and a length.
fn child<'a>(value: &'a Value, step: &str) -> Option<Cow<'a, Value>> {
    let index = || {
        let index: usize = step.parse().ok()?;
        (index.to_string() == step).then_some(index)
    };
    match value {
        Value::Object(fields) => fields.get(step).map(Cow::Borrowed),
        Value::Array(elements) if step == "length" => Some(Cow::Owned(elements.len().into())),
        Value::Array(elements) => elements.get(index()?).map(Cow::Borrowed),
        Value::String(text) if step == "length" => {
            Some(Cow::Owned(text.encode_utf16().count().into()))
        }
        Value::String(text) => {
            let unit = text.encode_utf16().nth(index()?)?;
            Some(Cow::Owned(String::from_utf16_lossy(&[unit]).into()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_lists_strings_and_objects() {
        let record = json!({"title": "Kū", "people": ["a", "b"], "x": {"y": [{"z": 1}]}, "a.b": 2});
        for (path, expected) in [
            ("title", Some(json!("Kū"))),
            ("title.length", Some(json!(2))),
            ("title.1", Some(json!("ū"))),
            ("people.1", Some(json!("b"))),
            ("people[0]", Some(json!("a"))),
            ("people.length", Some(json!(2))),
            ("people.2", None),
            ("people.01", None),
            ("x.y[0].z", Some(json!(1))),
            ("x['y'].0.z", Some(json!(1))),
            ("a.b", Some(json!(2))),
            ("a", None),
            ("title,people", None),
            ("title.", None),
            ("", None),
        ] {
            let path = FieldPath::parse(path);
            assert_eq!(path.get(&record).map(Cow::into_owned), expected, "{path:?}");
        }
        let steps = FieldPath::from_steps(vec!["people".to_owned(), "1".to_owned()]);
        assert_eq!(steps.get(&record).as_deref(), Some(&json!("b")));
    }
}
