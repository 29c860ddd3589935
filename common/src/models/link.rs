use serde::{Deserialize, Serialize};

use super::Kind;

/// A relation between two items, stored in the first and indexed for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Link {
    /// A movie has a person in it.
    MoviePerson,
    /// A movie plays at a location.
    MovieLocation,
    /// A movie shows a species.
    MovieSpecies,
    /// A movie shows a vehicle.
    MovieVehicle,
    /// A person is of a species.
    PersonSpecies,
    /// A location has a person as resident.
    LocationResident,
    /// A vehicle has a person as pilot.
    VehiclePilot,
}

impl Link {
    /// All relations; those of a kind in the order of its fields.
    pub(crate) const ALL: [Self; 7] = [
        Self::MoviePerson,
        Self::MovieLocation,
        Self::MovieSpecies,
        Self::MovieVehicle,
        Self::PersonSpecies,
        Self::LocationResident,
        Self::VehiclePilot,
    ];

    /// The kind of the linked item.
    pub const fn to(self) -> Kind {
        self.ends().1
    }

    /// The kind of the linking item.
    pub(crate) const fn from(self) -> Kind {
        self.ends().0
    }

    /// Whether an item has at most one.
    pub(crate) const fn is_single(self) -> bool {
        matches!(self, Self::PersonSpecies | Self::VehiclePilot)
    }

    /// The kinds of the linking and the linked item.
    const fn ends(self) -> (Kind, Kind) {
        match self {
            Self::MoviePerson => (Kind::Movie, Kind::Person),
            Self::MovieLocation => (Kind::Movie, Kind::Location),
            Self::MovieSpecies => (Kind::Movie, Kind::Species),
            Self::MovieVehicle => (Kind::Movie, Kind::Vehicle),
            Self::PersonSpecies => (Kind::Person, Kind::Species),
            Self::LocationResident => (Kind::Location, Kind::Person),
            Self::VehiclePilot => (Kind::Vehicle, Kind::Person),
        }
    }
}
