use std::borrow::Cow;
use std::collections::BTreeSet;

use http::Uri;
use serde_json::{Value, json};

use crate::http::AppError;
use crate::http::query;

/// The most characters of a text.
const LONGEST: usize = 200;
/// How like a known name an unknown one must be to be taken for it.
const ALIKE: f64 = 0.8;

/// A parameter of an address.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// What it does, in a sentence.
    pub(super) about: &'static str,
    pub(super) example: &'static str,
    pub(super) required: bool,
}

/// What a parameter's value looks like.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A whole number within bounds.
    Number(u64, u64),
    /// Any text that is not empty.
    Text,
    /// One of these.
    OneOf(Vec<&'static str>),
    /// Some of these, with commas between them.
    SomeOf(Vec<&'static str>),
}

/// The values that were given, each by its parameter's name and in its form.
#[derive(Debug, Default)]
pub(super) struct Values(Vec<(&'static str, String)>);

impl Parameter {
    pub(super) fn new(
        name: &'static str,
        form: Form,
        about: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            form,
            about,
            example,
            required: false,
        }
    }

    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    fn check(&self, value: &str) -> Result<(), String> {
        match &self.form {
            Form::Number(least, most) => {
                let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse().ok().filter(|_| is_plain);
                number
                    .is_some_and(|number: u64| (*least..=*most).contains(&number))
                    .then_some(())
            }
            Form::Text => {
                (!value.trim().is_empty() && value.chars().count() <= LONGEST).then_some(())
            }
            Form::OneOf(words) => words.contains(&value).then_some(()),
            Form::SomeOf(words) => {
                let chosen: Vec<_> = value.split(',').collect();
                let once: BTreeSet<_> = chosen.iter().collect();
                let known = chosen.iter().all(|word| words.contains(word));
                (known && once.len() == chosen.len()).then_some(())
            }
        }
        .ok_or_else(|| {
            let short: String = value.chars().take(50).collect();
            format!("{} must be {}, not {short:?}", self.name, self.in_words())
        })
    }

    /// The form in words, to follow “must be”.
    pub(super) fn in_words(&self) -> String {
        match &self.form {
            Form::Number(least, most) if *most == LARGEST => {
                format!("an integer of {least} or more")
            }
            Form::Number(least, most) => format!("an integer from {least} to {most}"),
            Form::Text => format!("a non-empty string of up to {LONGEST} characters"),
            Form::OneOf(words) => format!("one of {}", words.join(", ")),
            Form::SomeOf(words) => {
                format!(
                    "a comma-separated list, without repeats, of {}",
                    words.join(", ")
                )
            }
        }
    }

    /// As an OpenAPI parameter.
    pub(super) fn described(&self) -> Value {
        let (schema, example) = match &self.form {
            Form::Number(least, most) => (
                json!({"type": "integer", "minimum": least, "maximum": most}),
                json!(self.example.parse::<u64>().unwrap_or(*least)),
            ),
            Form::Text => (
                // At least one character that is no space.
                json!({"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "\\S"}),
                json!(self.example),
            ),
            Form::OneOf(words) => (
                json!({"type": "string", "enum": words}),
                json!(self.example),
            ),
            Form::SomeOf(words) => (
                json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "enum": words}}),
                json!(self.example.split(',').collect::<Vec<_>>()),
            ),
        };
        json!({
            "name": self.name,
            "in": "query",
            "description": self.about,
            "required": self.required,
            "style": "form",
            "explode": false,
            "schema": schema,
            "example": example,
        })
    }
}

/// More than any number that is asked for, and exact in every language.
pub(super) const LARGEST: u64 = (1 << 53) - 1;

impl Values {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// The words of a [`Form::SomeOf`].
    pub(super) fn words(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').collect())
    }
}

/// Reads an address by the parameters that an operation has.
pub(super) fn read(uri: &Uri, known: &[Parameter]) -> Result<Values, AppError> {
    let mut values = Values::default();
    for (name, value) in query::pairs(uri) {
        let Some(parameter) = known.iter().find(|parameter| parameter.name == name) else {
            return Err(unknown(&name, known));
        };
        if values.get(parameter.name).is_some() {
            return Err(AppError::BadRequest(format!(
                "{name} may be given only once"
            )));
        }
        parameter.check(&value).map_err(AppError::BadRequest)?;
        values.0.push((parameter.name, Cow::into_owned(value)));
    }
    let mut required = known.iter().filter(|parameter| parameter.required);
    match required.find(|parameter| values.get(parameter.name).is_none()) {
        Some(missing) => Err(AppError::BadRequest(format!(
            "{} is required, for example {}={}",
            missing.name, missing.name, missing.example
        ))),
        None => Ok(values),
    }
}

fn unknown(name: &str, known: &[Parameter]) -> AppError {
    let short: String = name.chars().take(50).collect();
    let names: Vec<_> = known.iter().map(|parameter| parameter.name).collect();
    let likeness = |other: &str| strsim::jaro_winkler(other, &short);
    let nearest = names
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|nearest| likeness(nearest) > ALIKE);
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => String::new(),
    };
    let there = match names.as_slice() {
        [] => "this endpoint takes none".to_owned(),
        names => format!("expected one of {}", names.join(", ")),
    };
    AppError::BadRequest(format!("unknown parameter {short:?}: {there}{hint}"))
}
