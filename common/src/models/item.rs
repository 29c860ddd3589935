use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::Link;
use super::packed::Packed;

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
    /// All kinds, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::Movie,
        Self::Person,
        Self::Location,
        Self::Species,
        Self::Vehicle,
    ];

    /// The word for several of them: path segment, collection and API name.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Movie => "movies",
            Self::Person => "people",
            Self::Location => "locations",
            Self::Species => "species",
            Self::Vehicle => "vehicles",
        }
    }

    /// The word for one of them.
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

/// One item of the catalogue at one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// The source's id.
    pub id: Id,
    /// The readable name in URLs, unique within the kind; kept when a title is corrected.
    pub slug: Arc<str>,
    /// Where the item stands in the source's order: gapped, ascending, unique within the kind.
    pub rank: i64,
    /// What is known of it, typed.
    pub facts: Facts,
    /// The source's own record, with links among the five collections by path.
    pub source: SourceRecord,
}

/// What of a movie people look for, and what its place among equals goes by.
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
    /// What of it people look for.
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

    /// The items that this one names, with the relation; each relation is held on one side only.
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

/// What is known of an item, by kind. Unknown is `None` or empty, never `""` or 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Facts {
    /// Of a film.
    Movie(Movie),
    /// Of a character.
    Person(Person),
    /// Of a place.
    Location(Location),
    /// Of a species.
    Species(Species),
    /// Of a vehicle.
    Vehicle(Vehicle),
}

impl Facts {
    /// The kind that these facts are of.
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

/// A film.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Movie {
    /// The English title.
    pub title: String,
    /// The title in its own script.
    pub original_title: Option<String>,
    /// The original title in Latin letters.
    pub original_title_romanised: Option<String>,
    /// A synopsis of some sentences.
    pub description: Option<String>,
    /// The director, or several with commas.
    pub director: Option<String>,
    /// The producer, or several with commas.
    pub producer: Option<String>,
    /// The year of the first release.
    pub release_year: Option<u16>,
    /// The running time in minutes.
    pub running_time_minutes: Option<u16>,
    /// The critics' score in percent, 0 to 100.
    pub score_percent: Option<u8>,
    /// The URL of a poster on another host.
    pub poster_url: Option<String>,
    /// The URL of a wide picture on another host.
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
    /// The gender in the source's word.
    pub gender: Option<String>,
    /// The age.
    pub age: Option<Age>,
    /// The colour of the eyes.
    pub eye_color: Option<String>,
    /// The colour of the hair; `None` the word is the source's for bald.
    pub hair_color: Option<String>,
    /// What kind of being it is.
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
    /// The climate in a word.
    pub climate: Option<String>,
    /// The terrain in a word.
    pub terrain: Option<String>,
    /// How much of it is water, in percent, 0 to 100.
    pub surface_water_percent: Option<u8>,
    /// Who lives there.
    pub residents: Vec<Id>,
}

/// A species.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Species {
    /// The name.
    pub name: String,
    /// The class of beings that it belongs to.
    pub classification: Option<String>,
    /// The colours of eyes that occur.
    pub eye_colors: Vec<String>,
    /// The colours of hair that occur.
    pub hair_colors: Vec<String>,
}

/// A vehicle.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vehicle {
    /// The name.
    pub name: String,
    /// What it is, in a sentence.
    pub description: Option<String>,
    /// Its class: airship, boat, …
    pub vehicle_class: Option<String>,
    /// Its length in feet.
    pub length_feet: Option<f64>,
    /// Who steers it.
    pub pilot: Option<Id>,
}

/// The source's record of an item, as compact JSON in the source's order of fields.
///
/// Opaque here: only the `ghibli-api` crate knows its shape. Of an item that a catalogue gives it
/// is unpacked each time it is asked for.
#[derive(Clone, Debug)]
pub struct SourceRecord(Form);

#[derive(Clone, Debug)]
enum Form {
    Text(Box<RawValue>),
    Packed(Packed),
}

impl SourceRecord {
    /// Keeps a record that is valid JSON.
    pub fn new(json: Box<RawValue>) -> Self {
        Self(Form::Text(json))
    }

    pub(super) fn packed(item: Packed) -> Self {
        Self(Form::Packed(item))
    }

    /// The record as JSON.
    pub fn json(&self) -> Cow<'_, RawValue> {
        match &self.0 {
            Form::Text(json) => Cow::Borrowed(json),
            Form::Packed(item) => Cow::Owned(item.source()),
        }
    }

    /// The record's JSON text.
    pub fn text(&self) -> Cow<'_, str> {
        match self.json() {
            Cow::Borrowed(json) => Cow::Borrowed(json.get()),
            Cow::Owned(json) => Cow::Owned(Box::<str>::from(json).into()),
        }
    }
}

impl PartialEq for SourceRecord {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl Serialize for SourceRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SourceRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Deserialize::deserialize(deserializer).map(Self::new)
    }
}
