use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the five collections of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Collection {
    /// `/films`
    Films,
    /// `/people`
    People,
    /// `/locations`
    Locations,
    /// `/species`
    Species,
    /// `/vehicles`
    Vehicles,
}

impl Collection {
    /// All five, in the order in which the source documents them.
    pub const ALL: [Self; 5] = [
        Self::Films,
        Self::People,
        Self::Locations,
        Self::Species,
        Self::Vehicles,
    ];

    /// The collection's segment in a path, such as `films`.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Films => "films",
            Self::People => "people",
            Self::Locations => "locations",
            Self::Species => "species",
            Self::Vehicles => "vehicles",
        }
    }

    /// The field that holds the title or name of a record.
    pub(crate) const fn name_field(self) -> &'static str {
        match self {
            Self::Films => "title",
            Self::People | Self::Locations | Self::Species | Self::Vehicles => "name",
        }
    }

    /// The foreign key for this collection, such as `filmId`: json-server filters
    /// `/films/{id}/people` by it.
    pub const fn foreign_key(self) -> &'static str {
        match self {
            Self::Films => "filmId",
            Self::People => "personId",
            Self::Locations => "locationId",
            Self::Species => "speciesId",
            Self::Vehicles => "vehicleId",
        }
    }
}

impl fmt::Display for Collection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.path())
    }
}

impl FromStr for Collection {
    type Err = UnknownCollection;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|collection| collection.path() == text)
            .ok_or(UnknownCollection)
    }
}

/// The text is not the name of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a collection; use films, people, locations, species or vehicles")]
pub struct UnknownCollection;
