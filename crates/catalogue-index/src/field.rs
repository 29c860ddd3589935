use std::fmt;
use std::sync::Arc;

use common::models::{Age, Credits, Facts, Item, Kind};

/// A field of items for filters and facets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Each director of a movie.
    Director,
    /// Each producer of a movie.
    Producer,
    /// The year of a movie's first release.
    Year,
    /// A movie's score in percent.
    Score,
    /// A movie's running time in minutes.
    RunningTime,
    /// A person's gender.
    Gender,
    /// A person's age in years.
    Age,
    /// The id of a person's species, or of each species in a movie.
    Species,
    /// The eye colour of a person, or each one of a species.
    EyeColor,
    /// The hair colour of a person, or each one of a species.
    HairColor,
    /// A location's climate.
    Climate,
    /// A location's terrain.
    Terrain,
    /// The share of a location that is water, in percent.
    SurfaceWater,
    /// A species' classification.
    Classification,
    /// A vehicle's class.
    VehicleClass,
}

impl Field {
    /// The kinds that have this field.
    pub(crate) fn kinds(self) -> impl Iterator<Item = Kind> {
        let kinds = Kind::ALL.into_iter();
        kinds.filter(move |kind| of_kind(*kind).contains(&self))
    }

    /// Whether its values are numbers.
    pub(crate) const fn is_number(self) -> bool {
        matches!(
            self,
            Self::Year | Self::Score | Self::RunningTime | Self::Age | Self::SurfaceWater
        )
    }
}

/// A value of a field. Texts are lowercased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum FieldValue {
    Number(u32),
    Text(Arc<str>),
    /// An upper bound of all values.
    Greatest,
}

impl FieldValue {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.trim().to_lowercase().into())
    }

    pub(crate) const fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Greatest => None,
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Greatest => Ok(()),
        }
    }
}

/// All values of an item with their fields.
pub(crate) fn values(item: &Item) -> impl Iterator<Item = (Field, FieldValue)> {
    let fields = of_kind(item.kind()).iter();
    fields.flat_map(|field| {
        values_of(*field, item)
            .into_iter()
            .map(|value| (*field, value))
    })
}

/// The values of an item's field.
fn values_of(field: Field, item: &Item) -> Vec<FieldValue> {
    if let Some(number) = number(field, item) {
        return vec![FieldValue::Number(number)];
    }
    let texts = texts(field, item).into_iter();
    texts.map(FieldValue::text).collect()
}

/// The fields of a kind.
pub(crate) const fn of_kind(kind: Kind) -> &'static [Field] {
    match kind {
        Kind::Movie => &[
            Field::Director,
            Field::Producer,
            Field::Species,
            Field::Year,
            Field::Score,
            Field::RunningTime,
        ],
        Kind::Person => &[
            Field::Gender,
            Field::EyeColor,
            Field::HairColor,
            Field::Species,
            Field::Age,
        ],
        Kind::Location => &[Field::Climate, Field::Terrain, Field::SurfaceWater],
        Kind::Species => &[Field::Classification, Field::EyeColor, Field::HairColor],
        Kind::Vehicle => &[Field::VehicleClass],
    }
}

/// The texts of an item's field as written.
pub(crate) fn texts(field: Field, item: &Item) -> Vec<&str> {
    let texts = match (field, &item.facts) {
        (Field::Director | Field::Producer, Facts::Movie(movie)) => {
            let credits = movie.credits();
            let names = credited(&credits).filter(|(of, _)| *of == field);
            names.map(|(_, name)| name).collect()
        }
        (Field::Species, Facts::Movie(movie)) => movie.species.iter().map(|id| &**id).collect(),
        (Field::Gender, Facts::Person(person)) => one(&person.gender),
        (Field::EyeColor, Facts::Person(person)) => one(&person.eye_color),
        (Field::HairColor, Facts::Person(person)) => one(&person.hair_color),
        (Field::Species, Facts::Person(person)) => person.species.as_deref().into_iter().collect(),
        (Field::Climate, Facts::Location(location)) => one(&location.climate),
        (Field::Terrain, Facts::Location(location)) => one(&location.terrain),
        (Field::Classification, Facts::Species(species)) => one(&species.classification),
        (Field::EyeColor, Facts::Species(species)) => several(&species.eye_colors),
        (Field::HairColor, Facts::Species(species)) => several(&species.hair_colors),
        (Field::VehicleClass, Facts::Vehicle(vehicle)) => one(&vehicle.vehicle_class),
        _ => Vec::new(),
    };
    let texts = texts.into_iter().map(str::trim);
    texts.filter(|text| !text.is_empty()).collect()
}

fn one(text: &Option<String>) -> Vec<&str> {
    text.iter().map(String::as_str).collect()
}

fn several(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

/// The directors and producers of a movie as written.
pub(crate) fn credited<'a>(credits: &Credits<'a>) -> impl Iterator<Item = (Field, &'a str)> {
    let of = |field, text: Option<&'a str>| {
        let names = text.into_iter().flat_map(credited_names);
        names.map(move |name| (field, name))
    };
    of(Field::Director, credits.director).chain(of(Field::Producer, credits.producer))
}

/// The names in a movie's field of directors or producers. Only a comma separates names: the source
/// uses nothing else, and “and” or “&” can be part of a name.
pub fn credited_names(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split(',').map(str::trim);
    names.filter(|name| !name.is_empty())
}

/// The number in an item's field.
pub(crate) fn number(field: Field, item: &Item) -> Option<u32> {
    match (field, &item.facts) {
        (Field::Year, Facts::Movie(movie)) => movie.release_year.map(u32::from),
        (Field::Score, Facts::Movie(movie)) => movie.score_percent.map(u32::from),
        (Field::RunningTime, Facts::Movie(movie)) => movie.running_time_minutes.map(u32::from),
        (Field::Age, Facts::Person(person)) => match person.age {
            Some(Age::Years(years)) => Some(years),
            _ => None,
        },
        (Field::SurfaceWater, Facts::Location(location)) => {
            location.surface_water_percent.map(u32::from)
        }
        _ => None,
    }
}
