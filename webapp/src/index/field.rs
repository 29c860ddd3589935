use std::fmt;
use std::sync::Arc;

use common::models::{Age, Facts, Item};

/// What items can be told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// A movie's director; each, if there are several.
    Director,
    /// A movie's producer; each, if there are several.
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
    /// A person's species, or one that a movie shows, by its id.
    Species,
    /// The colour of a person's eyes, or one that occurs in a species.
    EyeColor,
    /// The colour of a person's hair, or one that occurs in a species.
    HairColor,
    /// A place's climate.
    Climate,
    /// A place's terrain.
    Terrain,
    /// How much of a place is water, in percent.
    SurfaceWater,
    /// The class of beings that a species belongs to.
    Classification,
    /// A vehicle's class.
    VehicleClass,
}

/// A value of a field: texts are compared without case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// A number.
    Number(u32),
    /// A text in lower case.
    Text(Arc<str>),
    /// More than every value.
    Greatest,
}

impl Value {
    /// A text, whatever its case.
    pub fn text(text: &str) -> Self {
        Self::Text(text.trim().to_lowercase().into())
    }

    /// The number, if it is one.
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(_) | Self::Greatest => None,
        }
    }

    pub(super) const fn greatest() -> Self {
        Self::Greatest
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::Greatest => Ok(()),
        }
    }
}

/// All values of an item.
pub(super) fn values(item: &Item) -> Vec<(Field, Value)> {
    let texts = texts(item).into_iter();
    let texts = texts.map(|(field, text)| (field, Value::text(text)));
    let numbers = numbers(item).into_iter();
    let numbers = numbers.filter_map(|(field, number)| Some((field, Value::Number(number?))));
    texts.chain(numbers).collect()
}

/// The values of an item that are texts, as they are written.
pub(super) fn texts(item: &Item) -> Vec<(Field, &str)> {
    match &item.facts {
        Facts::Movie(movie) => all_of(&[
            (Field::Director, names(&movie.director)),
            (Field::Producer, names(&movie.producer)),
            (
                Field::Species,
                movie.species.iter().map(|id| &**id).collect(),
            ),
        ]),
        Facts::Person(person) => all_of(&[
            (Field::Gender, one(&person.gender)),
            (Field::EyeColor, one(&person.eye_color)),
            (Field::HairColor, one(&person.hair_color)),
            (
                Field::Species,
                person.species.as_deref().into_iter().collect(),
            ),
        ]),
        Facts::Location(location) => all_of(&[
            (Field::Climate, one(&location.climate)),
            (Field::Terrain, one(&location.terrain)),
        ]),
        Facts::Species(species) => all_of(&[
            (Field::Classification, one(&species.classification)),
            (Field::EyeColor, several(&species.eye_colors)),
            (Field::HairColor, several(&species.hair_colors)),
        ]),
        Facts::Vehicle(vehicle) => all_of(&[(Field::VehicleClass, one(&vehicle.vehicle_class))]),
    }
}

type Texts<'a> = Vec<&'a str>;

fn all_of<'a>(fields: &[(Field, Texts<'a>)]) -> Vec<(Field, &'a str)> {
    let fields = fields.iter();
    fields
        .flat_map(|(field, texts)| texts.iter().map(|text| (*field, text.trim())))
        .filter(|(_, text)| !text.is_empty())
        .collect()
}

fn one(text: &Option<String>) -> Texts<'_> {
    text.iter().map(String::as_str).collect()
}

fn several(texts: &[String]) -> Texts<'_> {
    texts.iter().map(String::as_str).collect()
}

fn names(names: &Option<String>) -> Texts<'_> {
    names.iter().flat_map(|names| names.split(',')).collect()
}

fn numbers(item: &Item) -> Vec<(Field, Option<u32>)> {
    match &item.facts {
        Facts::Movie(movie) => vec![
            (Field::Year, movie.release_year.map(u32::from)),
            (Field::Score, movie.score_percent.map(u32::from)),
            (
                Field::RunningTime,
                movie.running_time_minutes.map(u32::from),
            ),
        ],
        Facts::Person(person) => match person.age {
            Some(Age::Years(years)) => vec![(Field::Age, Some(years))],
            _ => Vec::new(),
        },
        Facts::Location(location) => vec![(
            Field::SurfaceWater,
            location.surface_water_percent.map(u32::from),
        )],
        Facts::Species(_) | Facts::Vehicle(_) => Vec::new(),
    }
}
