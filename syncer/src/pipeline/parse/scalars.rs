use std::ops::RangeInclusive;
use std::str::FromStr;

use common::models::{Age, Id, Kind, Problem};
use ghibli_api::RecordError;

use crate::pipeline::findings::Findings;

/// Why a record that the wire format allows still makes no item.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnreadableRecord {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("{0} is missing or empty")]
    NoName(&'static str),
}

/// The source's placeholders for unknown values.
const PLACEHOLDERS: [&str; 5] = ["na", "n/a", "todo", "unknown", "unspecified"];

/// Reads the scalars of one record, which are all strings.
pub(super) struct Scalars<'a> {
    pub(super) kind: Kind,
    pub(super) id: Id,
    pub(super) findings: &'a mut Findings,
}

impl Scalars<'_> {
    /// A name, which every item must have.
    pub(super) fn name(
        &self,
        field: &'static str,
        value: Option<String>,
    ) -> Result<String, UnreadableRecord> {
        let name = value.map(|name| name.trim().to_owned());
        name.filter(|name| !name.is_empty())
            .ok_or(UnreadableRecord::NoName(field))
    }

    /// A text; `None` if it is empty or a placeholder.
    pub(super) fn text(&mut self, field: &str, value: Option<String>) -> Option<String> {
        let text = value?;
        let text = text.trim();
        if text.is_empty() {
            return None;
        }
        if PLACEHOLDERS.contains(&text.to_lowercase().as_str()) {
            self.find(field, Problem::Placeholder, text);
            return None;
        }
        Some(text.to_owned())
    }

    /// A whole number within bounds; anything else is `None`.
    pub(super) fn number<T: FromStr + PartialOrd>(
        &mut self,
        field: &str,
        value: Option<String>,
        bounds: RangeInclusive<T>,
    ) -> Option<T> {
        let text = self.text(field, value)?;
        let number = text.replace(',', "").parse().ok();
        let number = number.filter(|number| bounds.contains(number));
        if number.is_none() {
            self.find(field, Problem::UnreadableValue, &text);
        }
        number
    }

    /// A number that may have decimals; anything else is `None`.
    pub(super) fn decimal(&mut self, field: &str, value: Option<String>) -> Option<f64> {
        let text = self.text(field, value)?;
        let number = text.replace(',', "").parse::<f64>().ok();
        let number = number.filter(|number| number.is_finite() && *number >= 0.0);
        if number.is_none() {
            self.find(field, Problem::UnreadableValue, &text);
        }
        number
    }

    pub(super) fn age(&mut self, field: &str, value: Option<String>) -> Option<Age> {
        let text = self.text(field, value)?;
        Some(text.parse().map_or(Age::Words(text), Age::Years))
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

    fn find(&mut self, field: &str, problem: Problem, value: &str) {
        let id = self.id.clone();
        self.findings.add(self.kind, id, field, problem, value);
    }
}
