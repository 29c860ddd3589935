use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Id, Kind};

/// A problem in the source data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// The kind of the item whose record it is in.
    pub kind: Kind,
    /// The id of the item whose record it is in.
    pub id: Id,
    /// The field of the source's record.
    pub field: String,
    /// The problem.
    pub problem: Problem,
    /// The id or text found or missing there.
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
            self.problem.word(),
            self.value
        )
    }
}

/// The kinds of problems in the source data; none of them stops a sync.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Problem {
    /// A link to a missing item.
    Dangling,
    /// A relation that only the other side has.
    OneSided,
    /// Two sides of a relation with different items.
    Contradiction,
    /// A value that is no link where a link is expected.
    NotALink,
    /// A `url` that names another item.
    ForeignUrl,
    /// A word that stands for "not known".
    Placeholder,
    /// A readable value of an unusual type or format.
    UnusualValue,
    /// A value that cannot be parsed for its field.
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

/// A quarantined record: the source's record could not be parsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
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

impl Quarantined {
    /// A key that is the same in every run.
    pub fn key(&self) -> String {
        match &self.id {
            Some(id) => format!("{}/{id}/{}", self.kind.plural(), self.index),
            None => format!("{}/#{}", self.kind.plural(), self.index),
        }
    }
}
