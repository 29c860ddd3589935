use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Id, Kind};

/// Something at the source that does not join or looks wrong, for its maintainers to mend.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Finding {
    /// The kind of the item whose record it is in.
    pub kind: Kind,
    /// The id of the item whose record it is in.
    pub id: Id,
    /// The field of the source's record.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
    /// The id, or the text, that stands there or is missing there.
    pub value: String,
}

impl Finding {
    /// A name that stays the same from run to run.
    pub fn key(&self) -> String {
        format!(
            "{}/{}/{}/{}/{}",
            self.kind.plural(),
            self.id,
            self.field,
            self.problem.word(),
            self.value
        )
    }
}

/// What can be wrong at the source without stopping anything.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// A link to an item that the source does not have.
    Dangling,
    /// A relation that only the other side tells of.
    OneSided,
    /// Two sides that tell of different items where there can be one.
    Contradiction,
    /// Something that is no link where a link should be.
    NotALink,
    /// A `url` that names another item.
    ForeignUrl,
    /// A word that stands for "not known".
    Placeholder,
    /// A value of an unusual type or form, read all the same.
    UnusualValue,
    /// A value that could not be read as what the field holds.
    UnreadableValue,
}

impl Problem {
    const fn word(self) -> &'static str {
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

/// A record of the source that was set aside because it cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The kind of the collection that it came in.
    pub kind: Kind,
    /// Its id, as far as it could be read.
    pub id: Option<Id>,
    /// Its place in the collection, from 0.
    pub index: u64,
    /// Why it cannot be understood.
    pub reason: String,
    /// The record's own text, cut where it is long.
    pub raw: String,
}

impl Quarantined {
    /// A name that stays the same from run to run.
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("{}/{id}/{}", self.kind.plural(), self.index),
            None => format!("{}/#{}", self.kind.plural(), self.index),
        }
    }
}
