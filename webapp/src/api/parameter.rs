use std::borrow::Cow;
use std::collections::BTreeSet;

use http::Uri;
use serde_json::{Value, json};

use crate::http::AppError;
use crate::http::path::VERSION;
use crate::http::query;

/// Characters of a text.
pub(super) const MAX_CHARACTERS: usize = 200;
/// How similar a known name must be to be suggested for an unknown one.
const MIN_SIMILARITY: f64 = 0.8;

/// A query parameter.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    parameter_type: ParameterType,
    /// A sentence.
    pub(super) description: &'static str,
    pub(super) example: &'static str,
    pub(super) required: bool,
    /// The value without the parameter, or words for it.
    pub(super) default: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) enum ParameterType {
    /// An integer from the first to the second.
    Integer(u64, u64),
    /// A text that is not empty.
    Text,
    /// One of these.
    OneOf(Vec<&'static str>),
    /// Some of these, with commas between them.
    SomeOf(Vec<&'static str>),
}

/// The valid values of a request, by the names of their parameters.
#[derive(Debug, Default)]
pub(super) struct ParameterValues(Vec<(&'static str, String)>);

impl Parameter {
    pub(super) fn new(
        name: &'static str,
        parameter_type: ParameterType,
        description: &'static str,
        example: &'static str,
    ) -> Self {
        Self {
            name,
            parameter_type,
            description,
            example,
            required: false,
            default: None,
        }
    }

    /// Selects the version of the response. A layer reads it; see [`crate::as_of`].
    pub(super) fn version() -> Self {
        Self::new(
            VERSION,
            ParameterType::Integer(1, MAX_INTEGER),
            "Respond as of this version, as long as it is available; see `versions`. Default: the newest.",
            "1",
        )
    }

    pub(super) fn is_version(&self) -> bool {
        self.name == VERSION
    }

    /// Whether it has the same name and description.
    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        (self.name, self.description) == (other.name, other.description)
    }

    pub(super) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(super) fn or(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// The type in a word or two, without the [`Self::choices`].
    pub(super) fn type_name(&self) -> String {
        match &self.parameter_type {
            ParameterType::Integer(min, max) if *max == MAX_INTEGER => {
                format!("integer, {min} or more")
            }
            ParameterType::Integer(min, max) => format!("integer, {min} to {max}"),
            ParameterType::Text | ParameterType::OneOf(_) => "string".into(),
            ParameterType::SomeOf(_) => "comma-separated list".into(),
        }
    }

    /// The words to choose from; without any, all values of the type are valid.
    pub(super) fn choices(&self) -> &[&'static str] {
        match &self.parameter_type {
            ParameterType::OneOf(words) | ParameterType::SomeOf(words) => words,
            ParameterType::Integer(..) | ParameterType::Text => &[],
        }
    }

    fn check(&self, value: &str) -> Result<(), String> {
        match &self.parameter_type {
            ParameterType::Integer(min, max) => {
                let is_plain = value.bytes().all(|byte| byte.is_ascii_digit());
                let number = value.parse().ok().filter(|_| is_plain);
                number
                    .is_some_and(|number: u64| (*min..=*max).contains(&number))
                    .then_some(())
            }
            ParameterType::Text => {
                (!value.trim().is_empty() && value.chars().count() <= MAX_CHARACTERS).then_some(())
            }
            ParameterType::OneOf(words) => words.contains(&value).then_some(()),
            ParameterType::SomeOf(words) => {
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

    /// The valid values in words, to follow “must be”.
    pub(super) fn in_words(&self) -> String {
        match &self.parameter_type {
            ParameterType::Integer(min, max) if *max == MAX_INTEGER => {
                format!("an integer of {min} or more")
            }
            ParameterType::Integer(min, max) => format!("an integer from {min} to {max}"),
            ParameterType::Text => {
                format!("a non-empty string of up to {MAX_CHARACTERS} characters")
            }
            ParameterType::OneOf(words) => format!("one of {}", words.join(", ")),
            ParameterType::SomeOf(words) => {
                format!(
                    "a comma-separated list, without repeats, of {}",
                    words.join(", ")
                )
            }
        }
    }

    /// As an OpenAPI parameter.
    pub(super) fn to_openapi(&self) -> Value {
        let (mut schema, example) = match &self.parameter_type {
            ParameterType::Integer(min, max) => (
                json!({"type": "integer", "minimum": min, "maximum": max}),
                json!(self.example.parse::<u64>().unwrap_or(*min)),
            ),
            ParameterType::Text => (
                // At min one character that is no space.
                json!({"type": "string", "minLength": 1, "maxLength": MAX_CHARACTERS, "pattern": "\\S"}),
                json!(self.example),
            ),
            ParameterType::OneOf(words) => (
                json!({"type": "string", "enum": words}),
                json!(self.example),
            ),
            ParameterType::SomeOf(words) => (
                json!({"type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "enum": words}}),
                json!(self.example.split(',').collect::<Vec<_>>()),
            ),
        };
        // A default in words is not a value.
        if let Some(default) = self.default.and_then(|default| default.parse::<u64>().ok()) {
            schema["default"] = default.into();
        }
        json!({
            "name": self.name,
            "in": "query",
            "description": self.description,
            "required": self.required,
            "style": "form",
            "explode": false,
            "schema": schema,
            "example": example,
        })
    }
}

/// The largest integer that every language reads exactly.
pub(super) const MAX_INTEGER: u64 = (1 << 53) - 1;

impl ParameterValues {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| *other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok()
    }

    /// The words of a [`ParameterType::SomeOf`].
    pub(super) fn words(&self, name: &str) -> Option<Vec<&str>> {
        Some(self.get(name)?.split(',').collect())
    }
}

/// Checks a query against the parameters of an operation.
pub(super) fn parse(uri: &Uri, known: &[Parameter]) -> Result<ParameterValues, AppError> {
    let mut values = ParameterValues::default();
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
    let similarity = |other: &str| strsim::jaro_winkler(other, &short);
    let nearest = names
        .iter()
        .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
        .filter(|nearest| similarity(nearest) > MIN_SIMILARITY);
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => String::new(),
    };
    let expected = match names.as_slice() {
        [] => "this endpoint takes none".to_owned(),
        names => format!("expected one of {}", names.join(", ")),
    };
    AppError::BadRequest(format!("unknown parameter {short:?}: {expected}{hint}"))
}
