use std::ops::RangeInclusive;

use common::models::{Age, Id, Kind, Problem};
use ghibli_api::{RecordError, RecordWarning};

use super::quantity::{self, Quantity, Unit};
use crate::pipeline::findings::Findings;

/// Why a record that the wire format allows still makes no item.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableRecord {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("{0} is missing or empty")]
    NoName(&'static str),
    #[error("{0}")]
    NameIsNotAText(RecordWarning),
}

/// Placeholders for unknown values, in lower case.
const PLACEHOLDERS: [&str; 19] = [
    "na",
    "n/a",
    "n.a.",
    "todo",
    "tbd",
    "tba",
    "unknown",
    "unspecified",
    "undefined",
    "null",
    "nan",
    "-",
    "--",
    "---",
    "–",
    "—",
    "?",
    "??",
    "???",
];

/// Reads the scalars of one record from their texts.
pub(super) struct Scalars<'a> {
    pub(super) kind: Kind,
    pub(super) id: Id,
    /// Deviations in the types of the record.
    pub(super) warnings: &'a [RecordWarning],
    pub(super) findings: &'a mut Findings,
}

impl Scalars<'_> {
    /// A name, which every item must have.
    pub(super) fn name(
        &self,
        field: &'static str,
        value: Option<String>,
    ) -> Result<String, UnreadableRecord> {
        let name = value.map(|name| trim(&name).to_owned());
        name.filter(|name| !name.is_empty())
            .ok_or_else(|| match self.warning(field) {
                Some(warning) => UnreadableRecord::NameIsNotAText(warning.clone()),
                None => UnreadableRecord::NoName(field),
            })
    }

    /// A text; `None` if it is empty or a placeholder.
    pub(super) fn text(&mut self, field: &str, value: Option<String>) -> Option<String> {
        let text = value?;
        let text = trim(&text);
        if text.is_empty() {
            return None;
        }
        if PLACEHOLDERS.contains(&text.to_lowercase().as_str()) {
            self.find(field, Problem::Placeholder, text);
            return None;
        }
        Some(text.to_owned())
    }

    /// A quantity within bounds, as `read` reads it; anything else is `None`. All that is not in
    /// the source's own form is found.
    pub(super) fn quantity<T: PartialOrd>(
        &mut self,
        field: &str,
        value: Option<String>,
        read: impl Fn(&str) -> Option<Quantity<T>>,
        bounds: RangeInclusive<T>,
    ) -> Option<T> {
        let text = self.text(field, value)?;
        let quantity = read(&text).filter(|quantity| bounds.contains(&quantity.value));
        match &quantity {
            None => self.find(field, Problem::UnreadableValue, &text),
            Some(quantity) if !quantity.is_usual && self.warning(field).is_none() => {
                self.find(field, Problem::UnusualValue, &text);
            }
            Some(_) => {}
        }
        quantity.map(|quantity| quantity.value)
    }

    /// A whole number of years in any digits, or words.
    pub(super) fn age(&mut self, field: &str, value: Option<String>) -> Option<Age> {
        let text = self.text(field, value)?;
        let plain = quantity::plain(&text);
        let years = quantity::whole(&plain, Unit::None).filter(|years| years.is_usual);
        let Some(years) = years else {
            return Some(Age::Words(text));
        };
        if plain != text {
            self.find(field, Problem::UnusualValue, &text);
        }
        Some(Age::Years(years.value))
    }

    /// A comma-separated list.
    pub(super) fn list(&mut self, field: &str, value: Option<String>) -> Vec<String> {
        let text = self.text(field, value).unwrap_or_default();
        let words = text.split(',').map(str::trim);
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// The deviation in the type of a field.
    fn warning(&self, field: &str) -> Option<&RecordWarning> {
        let mut warnings = self.warnings.iter();
        warnings.find(|warning| match warning {
            RecordWarning::NotAString { field: of, .. } => *of == field,
            RecordWarning::UrlMismatch { .. } => false,
        })
    }

    fn find(&mut self, field: &str, problem: Problem, value: &str) {
        let id = self.id.clone();
        self.findings.add(self.kind, id, field, problem, value);
    }
}

/// A text without spaces and invisible characters around it.
fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || quantity::is_invisible(c))
}
