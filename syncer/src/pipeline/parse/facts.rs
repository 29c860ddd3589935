//! The facts and link fields of one record.

use common::models::{Facts, Id, Item, Kind, Location, Movie, Person, Problem, Species, Vehicle};
use ghibli_api::{Collection, Record, RecordWarning};
use serde_json::value::RawValue;

use super::quantity::{self, Quantity, Unit};
use super::scalars::{Scalars, UnreadableRecord};
use crate::pipeline::findings::Findings;
use crate::pipeline::relations::LinkField;

/// The facts of a record and its link fields.
type FactsResult<'a> = Result<(Facts, Vec<LinkField<'a>>), UnreadableRecord>;

/// The source's collection of a kind.
pub(crate) const fn collection(kind: Kind) -> Collection {
    match kind {
        Kind::Movie => Collection::Films,
        Kind::Person => Collection::People,
        Kind::Location => Collection::Locations,
        Kind::Species => Collection::Species,
        Kind::Vehicle => Collection::Vehicles,
    }
}

/// The record of a published item; `None` if an earlier release read what this one cannot.
pub(crate) fn published_record(item: &Item) -> Option<Record> {
    Record::reparse(collection(item.kind()), &item.source.json()).ok()
}

/// The facts and link fields of a published item by its record; its published facts alone without a
/// readable one.
pub(crate) fn published_facts<'a>(
    item: &Item,
    record: Option<&'a Record>,
    findings: &mut Findings,
) -> (Facts, Vec<LinkField<'a>>) {
    let facts = record.and_then(|record| record_facts(item.kind(), record, findings).ok());
    facts.unwrap_or_else(|| (item.facts.clone(), Vec::new()))
}

/// The facts of a record before its relations are joined, and its link fields.
pub(crate) fn record_facts<'a>(
    kind: Kind,
    record: &'a Record,
    findings: &mut Findings,
) -> FactsResult<'a> {
    let id: Id = record.id.as_str().into();
    for note in &record.warnings {
        let (field, problem, value) = match note {
            RecordWarning::NotAString {
                field,
                value,
                is_read: true,
            } => (*field, Problem::UnusualValue, value.as_str()),
            RecordWarning::NotAString { field, value, .. } => {
                (*field, Problem::UnreadableValue, value.as_str())
            }
            RecordWarning::UrlMismatch { url_id, .. } => {
                ("url", Problem::ForeignUrl, url_id.as_str())
            }
        };
        findings.add(kind, id.clone(), field, problem, value);
    }
    let mut scalars = Scalars {
        kind,
        id,
        warnings: &record.warnings,
        findings,
    };
    let parse = match kind {
        Kind::Movie => movie,
        Kind::Person => person,
        Kind::Location => location,
        Kind::Species => species,
        Kind::Vehicle => vehicle,
    };
    parse(&record.json, &mut scalars)
}

fn percent(text: &str) -> Option<Quantity<u8>> {
    quantity::whole(text, Unit::Percent)
}

fn movie<'a>(json: &'a RawValue, scalars: &mut Scalars<'_>) -> FactsResult<'a> {
    let film = ghibli_api::Film::parse(json)?;
    let movie = Movie {
        title: scalars.name("title", film.title)?,
        original_title: scalars.text("original_title", film.original_title),
        original_title_romanised: scalars
            .text("original_title_romanised", film.original_title_romanised),
        description: scalars.text("description", film.description),
        director: scalars.text("director", film.director),
        producer: scalars.text("producer", film.producer),
        release_year: scalars.quantity("release_date", film.release_date, quantity::year, 1..=9999),
        running_time_minutes: scalars.quantity(
            "running_time",
            film.running_time,
            quantity::minutes,
            1..=u16::MAX,
        ),
        score_percent: scalars.quantity("rt_score", film.rt_score, percent, 0..=100),
        poster_url: scalars.text("image", film.image),
        banner_url: scalars.text("movie_banner", film.movie_banner),
        ..Movie::default()
    };
    Ok((
        Facts::Movie(movie),
        vec![
            ("people", film.people),
            ("locations", film.locations),
            ("species", film.species),
            ("vehicles", film.vehicles),
        ],
    ))
}

fn person<'a>(json: &'a RawValue, scalars: &mut Scalars<'_>) -> FactsResult<'a> {
    let person = ghibli_api::Person::parse(json)?;
    let facts = Person {
        name: scalars.name("name", person.name)?,
        gender: scalars.text("gender", person.gender),
        age: scalars.age("age", person.age),
        eye_color: scalars.text("eye_color", person.eye_color),
        hair_color: scalars.text("hair_color", person.hair_color),
        ..Person::default()
    };
    Ok((
        Facts::Person(facts),
        vec![("films", person.films), ("species", person.species)],
    ))
}

fn location<'a>(json: &'a RawValue, scalars: &mut Scalars<'_>) -> FactsResult<'a> {
    let location = ghibli_api::Location::parse(json)?;
    let facts = Location {
        name: scalars.name("name", location.name)?,
        climate: scalars.text("climate", location.climate),
        terrain: scalars.text("terrain", location.terrain),
        surface_water_percent: scalars.quantity(
            "surface_water",
            location.surface_water,
            percent,
            0..=100,
        ),
        ..Location::default()
    };
    Ok((
        Facts::Location(facts),
        vec![("films", location.films), ("residents", location.residents)],
    ))
}

fn species<'a>(json: &'a RawValue, scalars: &mut Scalars<'_>) -> FactsResult<'a> {
    let species = ghibli_api::Species::parse(json)?;
    let facts = Species {
        name: scalars.name("name", species.name)?,
        classification: scalars.text("classification", species.classification),
        eye_colors: scalars.list("eye_colors", species.eye_colors),
        hair_colors: scalars.list("hair_colors", species.hair_colors),
    };
    Ok((
        Facts::Species(facts),
        vec![("films", species.films), ("people", species.people)],
    ))
}

fn vehicle<'a>(json: &'a RawValue, scalars: &mut Scalars<'_>) -> FactsResult<'a> {
    let vehicle = ghibli_api::Vehicle::parse(json)?;
    let facts = Vehicle {
        name: scalars.name("name", vehicle.name)?,
        description: scalars.text("description", vehicle.description),
        vehicle_class: scalars.text("vehicle_class", vehicle.vehicle_class),
        length_feet: scalars.quantity(
            "length",
            vehicle.length,
            |text| quantity::decimal(text, Unit::Feet),
            0.0..=f64::MAX,
        ),
        ..Vehicle::default()
    };
    Ok((
        Facts::Vehicle(facts),
        vec![("films", vehicle.films), ("pilot", vehicle.pilot)],
    ))
}
