//! What the list of each kind can be narrowed down by.

use catalogue_index::{Field, Filter};
use common::models::Kind;

use super::items::Related;
use super::operation::Asked;
use super::parameter::{Form, Parameter};
use crate::http::AppError;

/// The filters of a kind's list.
pub(super) fn parameters(kind: Kind) -> impl Iterator<Item = Parameter> {
    table(kind).into_iter().map(|(parameter, _)| parameter)
}

/// What somebody narrows a list down to.
pub(super) fn chosen(kind: Kind, asked: &Asked<'_>) -> Result<Vec<Filter>, AppError> {
    let given = table(kind).into_iter().filter_map(|(parameter, look)| {
        let value = asked.values.get(parameter.name)?;
        Some(filter(asked, kind, &parameter, look, value))
    });
    given.collect()
}

fn filter(
    asked: &Asked<'_>,
    list: Kind,
    parameter: &Parameter,
    look: Look,
    value: &str,
) -> Result<Filter, AppError> {
    let number = asked.values.number(parameter.name).unwrap_or_default();
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ok(match look {
        Look::Is(field) => Filter::Is(field, value.to_owned()),
        Look::Exactly(field) => Filter::Between(field, number..=number),
        Look::AtLeast(field) => Filter::Between(field, number..=u32::MAX),
        Look::AtMost(field) => Filter::Between(field, 0..=number),
        Look::Related(kind) => {
            let catalogue = &asked.site.snapshot.catalogue;
            let item = catalogue.find(kind, value).ok_or_else(|| {
                AppError::BadRequest(format!(
                    "{} must be a known slug or ID, and {value:?} is neither; see /api/v1/{}",
                    parameter.name,
                    kind.plural()
                ))
            })?;
            Filter::Among(Related::of(&item, list, &asked.site.indexes.lists).all())
        }
    })
}

/// What a filter looks at.
#[derive(Clone, Copy)]
enum Look {
    Is(Field),
    Exactly(Field),
    AtLeast(Field),
    AtMost(Field),
    Related(Kind),
}

fn number(name: &'static str, most: u64, about: &'static str, example: &'static str) -> Parameter {
    Parameter::new(name, Form::Number(0, most), about, example)
}

fn text(name: &'static str, about: &'static str, example: &'static str) -> Parameter {
    Parameter::new(name, Form::Text, about, example)
}

fn table(kind: Kind) -> Vec<(Parameter, Look)> {
    use Field::*;
    use Look::*;
    match kind {
        Kind::Movie => vec![
            (
                text(
                    "director",
                    "Only movies by this director.",
                    "Hayao Miyazaki",
                ),
                Is(Director),
            ),
            (
                text("producer", "Only movies by this producer.", "Toshio Suzuki"),
                Is(Producer),
            ),
            (
                number("year", 9999, "Only movies released in this year.", "1988"),
                Exactly(Year),
            ),
            (
                number(
                    "year_min",
                    9999,
                    "Only movies released in this year or later.",
                    "1990",
                ),
                AtLeast(Year),
            ),
            (
                number(
                    "year_max",
                    9999,
                    "Only movies released in this year or earlier.",
                    "1999",
                ),
                AtMost(Year),
            ),
            (
                number(
                    "score_min",
                    100,
                    "Only movies with at least this score.",
                    "95",
                ),
                AtLeast(Score),
            ),
            (
                number(
                    "score_max",
                    100,
                    "Only movies with at most this score.",
                    "80",
                ),
                AtMost(Score),
            ),
            (
                number(
                    "running_time_min",
                    9999,
                    "Only movies at least this long, in minutes.",
                    "100",
                ),
                AtLeast(RunningTime),
            ),
            (
                number(
                    "running_time_max",
                    9999,
                    "Only movies at most this long, in minutes.",
                    "90",
                ),
                AtMost(RunningTime),
            ),
            (
                text(
                    "person",
                    "Only movies with this character (slug or ID).",
                    "totoro",
                ),
                Related(Kind::Person),
            ),
            (
                text(
                    "location",
                    "Only movies set in this place (slug or ID).",
                    "irontown",
                ),
                Related(Kind::Location),
            ),
            (
                text(
                    "species",
                    "Only movies with this species (slug or ID).",
                    "spirit",
                ),
                Related(Kind::Species),
            ),
            (
                text(
                    "vehicle",
                    "Only movies with this vehicle (slug or ID).",
                    "red-wing",
                ),
                Related(Kind::Vehicle),
            ),
        ],
        Kind::Person => vec![
            (
                text(
                    "gender",
                    "Only people of this gender, as spelled by the source.",
                    "Female",
                ),
                Is(Gender),
            ),
            (
                text("eye_color", "Only people with this eye colour.", "Brown"),
                Is(EyeColor),
            ),
            (
                text("hair_color", "Only people with this hair colour.", "Black"),
                Is(HairColor),
            ),
            (
                number(
                    "age_min",
                    100_000,
                    "Only people at least this old, in years.",
                    "10",
                ),
                AtLeast(Age),
            ),
            (
                number(
                    "age_max",
                    100_000,
                    "Only people at most this old, in years.",
                    "20",
                ),
                AtMost(Age),
            ),
            (
                text(
                    "species",
                    "Only people of this species (slug or ID).",
                    "human",
                ),
                Related(Kind::Species),
            ),
            (
                text(
                    "movie",
                    "Only people in this movie (slug or ID).",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "location",
                    "Only people who live in this place (slug or ID).",
                    "irontown",
                ),
                Related(Kind::Location),
            ),
        ],
        Kind::Location => vec![
            (
                text("climate", "Only places with this climate.", "Continental"),
                Is(Climate),
            ),
            (
                text("terrain", "Only places with this terrain.", "Hill"),
                Is(Terrain),
            ),
            (
                number(
                    "surface_water_min",
                    100,
                    "Only places with at least this percentage of surface water.",
                    "40",
                ),
                AtLeast(SurfaceWater),
            ),
            (
                number(
                    "surface_water_max",
                    100,
                    "Only places with at most this percentage of surface water.",
                    "60",
                ),
                AtMost(SurfaceWater),
            ),
            (
                text(
                    "movie",
                    "Only places in this movie (slug or ID).",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "resident",
                    "Only places where this person lives (slug or ID).",
                    "totoro",
                ),
                Related(Kind::Person),
            ),
        ],
        Kind::Species => vec![
            (
                text(
                    "classification",
                    "Only species of this classification.",
                    "Mammal",
                ),
                Is(Classification),
            ),
            (
                text("eye_color", "Only species with this eye colour.", "Brown"),
                Is(EyeColor),
            ),
            (
                text("hair_color", "Only species with this hair colour.", "Brown"),
                Is(HairColor),
            ),
            (
                text(
                    "movie",
                    "Only species in this movie (slug or ID).",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
        ],
        Kind::Vehicle => vec![
            (
                text("vehicle_class", "Only vehicles of this type.", "Airship"),
                Is(VehicleClass),
            ),
            (
                text(
                    "movie",
                    "Only vehicles in this movie (slug or ID).",
                    "porco-rosso",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "pilot",
                    "Only vehicles piloted by this person (slug or ID).",
                    "porco-rosso",
                ),
                Related(Kind::Person),
            ),
        ],
    }
}
