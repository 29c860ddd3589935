//! Where in a record something stands: `title`, `people.0`, `people.length`.

use std::borrow::Cow;

use serde_json::Value;

/// A field, or a way down into one.
#[derive(Debug, Clone)]
pub(super) struct Path {
    written: String,
    steps: Vec<String>,
}

impl Path {
    pub(super) fn read(written: &str) -> Self {
        let goes_down = written.contains('.')
            || written
                .split_once('[')
                .is_some_and(|(_, rest)| rest.contains(']'));
        let steps = if goes_down {
            written.split('.').flat_map(steps_of).collect()
        } else {
            vec![written.to_owned()]
        };
        Self {
            written: written.to_owned(),
            steps,
        }
    }

    /// One step for each name, whatever is in it.
    pub(super) fn of_steps(steps: Vec<String>) -> Self {
        Self {
            written: steps.join(","),
            steps,
        }
    }

    /// What stands there.
    pub(super) fn get<'a>(&self, record: &'a Value) -> Option<Cow<'a, Value>> {
        if let Some(value) = record.get(&self.written) {
            return Some(Cow::Borrowed(value));
        }
        let mut here = Cow::Borrowed(record);
        for step in &self.steps {
            here = match here {
                Cow::Borrowed(value) => below(value, step)?,
                Cow::Owned(value) => Cow::Owned(below(&value, step)?.into_owned()),
            };
        }
        Some(here)
    }

    /// As it was written.
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    /// The fields of a record in which it may stand.
    pub(super) fn fields(&self) -> impl Iterator<Item = &str> {
        let names = self.steps.first().into_iter().chain([&self.written]);
        names.map(String::as_str)
    }

    /// The one field of a record that decides what stands there, among the fields that records
    /// have; none if two may.
    pub(super) fn field(&self, is_field: impl Fn(&str) -> bool) -> Option<&str> {
        let first = self.steps.first()?;
        (*first == self.written || !is_field(&self.written)).then_some(first)
    }

    /// Whether it is a field and not a way down into one.
    pub(super) fn is_field(&self) -> bool {
        matches!(&*self.steps, [only] if *only == self.written)
    }

    /// Whether a record's text can hold it at all: a look that needs no parsing.
    pub(super) fn may_be_in(&self, json: &str) -> bool {
        self.fields()
            .any(|name| json.contains(&*Value::from(name).to_string()))
    }
}

fn steps_of(part: &str) -> Vec<String> {
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

/// What is one step below: lists and texts have places and a length, as in JavaScript.
fn below<'a>(value: &'a Value, step: &str) -> Option<Cow<'a, Value>> {
    let place = || {
        let place: usize = step.parse().ok()?;
        (place.to_string() == step).then_some(place)
    };
    match value {
        Value::Object(fields) => fields.get(step).map(Cow::Borrowed),
        Value::Array(elements) if step == "length" => Some(Cow::Owned(elements.len().into())),
        Value::Array(elements) => elements.get(place()?).map(Cow::Borrowed),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_into_lists_texts_and_objects() {
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
            let path = Path::read(path);
            assert_eq!(path.get(&record).map(Cow::into_owned), expected, "{path:?}");
        }
        let steps = Path::of_steps(vec!["people".to_owned(), "1".to_owned()]);
        assert_eq!(steps.get(&record).as_deref(), Some(&json!("b")));
    }
}
