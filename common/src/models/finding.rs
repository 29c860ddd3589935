use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Id, Kind};

/// A problem in a record of the source.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Finding {
    /// Kind of the record's item.
    pub kind: Kind,
    /// ID of the record's item.
    pub id: Id,
    /// Field of the record.
    pub field: String,
    /// The type of problem.
    pub problem: Problem,
    /// The ID or text found or missing there.
    pub value: String,
}

impl Finding {
    /// A key that is the same in every run.
    pub fn key(&self) -> String {
        format!(
            "{}/{}/{}/{}/{}",
            self.kind.plural(),
            self.id,
            self.field,
            self.problem.name(),
            self.value
        )
    }
}

/// A type of problem in the source data that does not stop a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// A link to an item that does not exist.
    Dangling,
    /// A relation that only the other item's record has.
    OneSided,
    /// Records that name different items where only one is possible.
    Contradiction,
    /// A text instead of a link.
    NotALink,
    /// A `url` of another item.
    ForeignUrl,
    /// A placeholder for an unknown value.
    Placeholder,
    /// A value of an unusual type or format, read nevertheless.
    UnusualValue,
    /// A value that could not be read.
    UnreadableValue,
}

impl Problem {
    const fn name(self) -> &'static str {
        match self {
            Self::Dangling => "dangling",
            Self::OneSided => "one-sided",
            Self::Contradiction => "contradiction",
            Self::NotALink => "not-a-link",
            Self::ForeignUrl => "foreign-url",
            Self::Placeholder => "placeholder",
            Self::UnusualValue => "unusual-value",
            Self::UnreadableValue => "unreadable-value",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dangling => "link to a missing item",
            Self::OneSided => "missing back-link",
            Self::Contradiction => "conflicts with the linked record",
            Self::NotALink => "text instead of a link",
            Self::ForeignUrl => "URL of a different item",
            Self::Placeholder => "placeholder for an unknown value",
            Self::UnusualValue => "unusual format",
            Self::UnreadableValue => "unreadable value",
        })
    }
}

/// A quarantined record: the source's record could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRecord {
    /// The kind of its collection.
    pub kind: Kind,
    /// Its id, if that could be read.
    pub id: Option<Id>,
    /// Its index in the collection, from 0.
    pub index: u64,
    /// Why it could not be parsed.
    pub reason: String,
    /// The text of the record, shortened if it is long.
    pub raw: String,
}

impl QuarantinedRecord {
    /// A key that is the same in every run.
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("{}/{id}/{}", self.kind.plural(), self.index),
            None => format!("{}/#{}", self.kind.plural(), self.index),
        }
    }
}
