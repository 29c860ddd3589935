use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An item's identity within its kind: the source's own id, cheap to clone.
pub type Id = Arc<str>;

/// The five kinds of item in a catalogue.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Kind {
    /// A film.
    Movie,
    /// A character.
    Person,
    /// A place.
    Location,
    /// A species of people.
    Species,
    /// A vehicle.
    Vehicle,
}

impl Kind {
    /// All kinds in display order.
    pub const ALL: [Self; 5] = [
        Self::Movie,
        Self::Person,
        Self::Location,
        Self::Species,
        Self::Vehicle,
    ];

    /// The plural: path segment, collection and API name.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Movie => "movies",
            Self::Person => "people",
            Self::Location => "locations",
            Self::Species => "species",
            Self::Vehicle => "vehicles",
        }
    }

    /// The kind of the items that a field of this name links to; `None` if it has no links.
    pub fn linked_by(field: &str) -> Option<Self> {
        match field {
            "films" => Some(Self::Movie),
            "people" | "residents" | "pilot" => Some(Self::Person),
            "locations" => Some(Self::Location),
            "species" => Some(Self::Species),
            "vehicles" => Some(Self::Vehicle),
            _ => None,
        }
    }

    /// The singular.
    pub const fn singular(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Person => "person",
            Self::Location => "location",
            Self::Species => "species",
            Self::Vehicle => "vehicle",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.singular())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.singular() == text || kind.plural() == text)
            .ok_or(UnknownKind)
    }
}

/// The text names none of the five kinds.
#[derive(Debug, thiserror::Error)]
#[error("not a kind: movie, person, location, species or vehicle")]
pub struct UnknownKind;

/// An item's number in a catalogue: dense, unique among the items there, and reused later.
pub type Number = u32;
