use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Id, Kind, Link, SourceRecord};

/// One item of the catalogue at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// ID at the source.
    pub id: Id,
    /// The readable name in URLs, unique within the kind; kept when a title is corrected.
    pub slug: Arc<str>,
    /// Its position in the source's order: ascending with gaps, unique within the kind.
    pub rank: i64,
    /// Its typed facts.
    pub facts: Facts,
    /// The source's own record, with links among the five collections by path.
    pub source: SourceRecord,
}

/// The fields of a movie for search and its ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits<'a> {
    /// As [`Movie::title`].
    pub title: &'a str,
    /// As [`Movie::original_title`].
    pub original_title: Option<&'a str>,
    /// As [`Movie::original_title_romanised`].
    pub original_title_romanised: Option<&'a str>,
    /// As [`Movie::director`].
    pub director: Option<&'a str>,
    /// As [`Movie::producer`].
    pub producer: Option<&'a str>,
    /// As [`Movie::score_percent`].
    pub score_percent: Option<u8>,
}

impl Movie {
    /// The credits of this movie.
    pub fn credits(&self) -> Credits<'_> {
        Credits {
            title: &self.title,
            original_title: self.original_title.as_deref(),
            original_title_romanised: self.original_title_romanised.as_deref(),
            director: self.director.as_deref(),
            producer: self.producer.as_deref(),
            score_percent: self.score_percent,
        }
    }
}

impl Item {
    /// The item's kind.
    pub fn kind(&self) -> Kind {
        self.facts.kind()
    }

    /// The title of a movie, the name of anything else.
    pub fn name(&self) -> &str {
        match &self.facts {
            Facts::Movie(movie) => &movie.title,
            Facts::Person(person) => &person.name,
            Facts::Location(location) => &location.name,
            Facts::Species(species) => &species.name,
            Facts::Vehicle(vehicle) => &vehicle.name,
        }
    }

    /// The ids of linked items; each relation is stored on one side only.
    pub fn links(&self) -> Vec<(Link, &Id)> {
        match &self.facts {
            Facts::Movie(movie) => [
                (Link::MoviePerson, &movie.people),
                (Link::MovieLocation, &movie.locations),
                (Link::MovieSpecies, &movie.species),
                (Link::MovieVehicle, &movie.vehicles),
            ]
            .into_iter()
            .flat_map(|(link, ids)| ids.iter().map(move |id| (link, id)))
            .collect(),
            Facts::Person(person) => person
                .species
                .iter()
                .map(|id| (Link::PersonSpecies, id))
                .collect(),
            Facts::Location(location) => location
                .residents
                .iter()
                .map(|id| (Link::LocationResident, id))
                .collect(),
            Facts::Vehicle(vehicle) => vehicle
                .pilot
                .iter()
                .map(|id| (Link::VehiclePilot, id))
                .collect(),
            Facts::Species(_) => Vec::new(),
        }
    }
}

/// The facts of an item by kind. Unknown is `None` or empty, never `""` or 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facts {
    /// Facts of a movie.
    Movie(Movie),
    /// Facts of a character.
    Person(Person),
    /// Facts of a place.
    Location(Location),
    /// Facts of a species.
    Species(Species),
    /// Facts of a vehicle.
    Vehicle(Vehicle),
}

impl Facts {
    /// The kind of the item.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Movie(_) => Kind::Movie,
            Self::Person(_) => Kind::Person,
            Self::Location(_) => Kind::Location,
            Self::Species(_) => Kind::Species,
            Self::Vehicle(_) => Kind::Vehicle,
        }
    }
}

/// A movie.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Movie {
    /// The English title.
    pub title: String,
    /// Title in the original script.
    pub original_title: Option<String>,
    /// Romanised original title.
    pub original_title_romanised: Option<String>,
    /// A synopsis of some sentences.
    pub description: Option<String>,
    /// Director; several are separated by commas.
    pub director: Option<String>,
    /// Producer; several are separated by commas.
    pub producer: Option<String>,
    /// Year of first release.
    pub release_year: Option<u16>,
    /// The running time in minutes.
    pub running_time_minutes: Option<u16>,
    /// Critics' score (Rotten Tomatoes), in percent.
    pub score_percent: Option<u8>,
    /// The URL of a poster on another host.
    pub poster_url: Option<String>,
    /// The URL of a banner image on another host.
    pub banner_url: Option<String>,
    /// Its characters.
    pub people: Vec<Id>,
    /// Its places.
    pub locations: Vec<Id>,
    /// The species that appear in it.
    pub species: Vec<Id>,
    /// Its vehicles.
    pub vehicles: Vec<Id>,
}

/// A character.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Person {
    /// The name.
    pub name: String,
    /// Gender, as spelled by the source.
    pub gender: Option<String>,
    /// The age.
    pub age: Option<Age>,
    /// Eye colour.
    pub eye_color: Option<String>,
    /// Hair colour. The source writes `None` for bald.
    pub hair_color: Option<String>,
    /// ID of its species.
    pub species: Option<Id>,
}

/// An age, as far as the source knows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Age {
    /// In years.
    Years(u32),
    /// In words: "late teens".
    Words(String),
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Years(years) => write!(f, "{years}"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Location {
    /// The name.
    pub name: String,
    /// Climate.
    pub climate: Option<String>,
    /// Terrain.
    pub terrain: Option<String>,
    /// Surface water in percent, 0 to 100.
    pub surface_water_percent: Option<u8>,
    /// IDs of its residents.
    pub residents: Vec<Id>,
}

/// A species.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Species {
    /// The name.
    pub name: String,
    /// Biological classification.
    pub classification: Option<String>,
    /// Known eye colours.
    pub eye_colors: Vec<String>,
    /// Known hair colours.
    pub hair_colors: Vec<String>,
}

/// A vehicle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vehicle {
    /// The name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Type, such as airship or boat.
    pub vehicle_class: Option<String>,
    /// Its length in feet.
    pub length_feet: Option<f64>,
    /// ID of its pilot.
    pub pilot: Option<Id>,
}
