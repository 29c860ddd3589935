//! The five kinds of record with the source's own field names.
//!
//! Scalars are the source's strings (`None` where missing or null), links are ids.

use serde_json::value::RawValue;

use super::Record;
use super::error::RecordError;
use super::field_reader::Fields;
use super::links::Links;
use crate::Collection;

/// A record of [`Collection::Films`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the source's own")]
pub struct Film {
    pub id: String,
    pub title: Option<String>,
    pub original_title: Option<String>,
    pub original_title_romanised: Option<String>,
    pub image: Option<String>,
    pub movie_banner: Option<String>,
    pub description: Option<String>,
    pub director: Option<String>,
    pub producer: Option<String>,
    pub release_date: Option<String>,
    pub running_time: Option<String>,
    pub rt_score: Option<String>,
    pub people: Links,
    pub species: Links,
    pub locations: Links,
    pub vehicles: Links,
    pub url: Option<String>,
}

/// A record of [`Collection::People`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the source's own")]
pub struct Person {
    pub id: String,
    pub name: Option<String>,
    pub gender: Option<String>,
    pub age: Option<String>,
    pub eye_color: Option<String>,
    pub hair_color: Option<String>,
    pub films: Links,
    pub species: Links,
    pub url: Option<String>,
}

/// A record of [`Collection::Locations`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the source's own")]
pub struct Location {
    pub id: String,
    pub name: Option<String>,
    pub climate: Option<String>,
    pub terrain: Option<String>,
    pub surface_water: Option<String>,
    pub residents: Links,
    pub films: Links,
    pub url: Option<String>,
}

/// A record of [`Collection::Species`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the source's own")]
pub struct Species {
    pub id: String,
    pub name: Option<String>,
    pub classification: Option<String>,
    pub eye_colors: Option<String>,
    pub hair_colors: Option<String>,
    pub people: Links,
    pub films: Links,
    pub url: Option<String>,
}

/// A record of [`Collection::Vehicles`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the source's own")]
pub struct Vehicle {
    pub id: String,
    pub name: Option<String>,
    pub description: Option<String>,
    pub vehicle_class: Option<String>,
    pub length: Option<String>,
    pub pilot: Links,
    pub films: Links,
    pub url: Option<String>,
}

/// Reads a stored record as its collection's kind, for what is wrong with it.
pub(super) fn checked(collection: Collection, json: Box<RawValue>) -> Result<Record, RecordError> {
    let mut fields = Fields::of(&json)?;
    let id = fields.id()?;
    match collection {
        Collection::Films => drop(Film::take(&mut fields)?),
        Collection::People => drop(Person::take(&mut fields)?),
        Collection::Locations => drop(Location::take(&mut fields)?),
        Collection::Species => drop(Species::take(&mut fields)?),
        Collection::Vehicles => drop(Vehicle::take(&mut fields)?),
    }
    let notes = fields.notes;
    Ok(Record { id, json, notes })
}

impl Film {
    /// Reads a stored record ([`Record::json`](crate::Record::json)).
    ///
    /// # Errors
    /// None for what [`Record::read`](crate::Record::read) gave for this collection.
    pub fn read(stored: &RawValue) -> Result<Self, RecordError> {
        Self::take(&mut Fields::of(stored)?)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, RecordError> {
        let id = fields.id()?;
        Ok(Self {
            title: fields.text("title")?,
            original_title: fields.text("original_title")?,
            original_title_romanised: fields.text("original_title_romanised")?,
            image: fields.text("image")?,
            movie_banner: fields.text("movie_banner")?,
            description: fields.text("description")?,
            director: fields.text("director")?,
            producer: fields.text("producer")?,
            release_date: fields.quantity("release_date")?,
            running_time: fields.quantity("running_time")?,
            rt_score: fields.quantity("rt_score")?,
            people: fields.links("people", Collection::People)?,
            species: fields.links("species", Collection::Species)?,
            locations: fields.links("locations", Collection::Locations)?,
            vehicles: fields.links("vehicles", Collection::Vehicles)?,
            url: fields.url(Collection::Films, &id)?,
            id,
        })
    }
}

impl Person {
    /// Reads a stored record ([`Record::json`](crate::Record::json)).
    ///
    /// # Errors
    /// None for what [`Record::read`](crate::Record::read) gave for this collection.
    pub fn read(stored: &RawValue) -> Result<Self, RecordError> {
        Self::take(&mut Fields::of(stored)?)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, RecordError> {
        let id = fields.id()?;
        Ok(Self {
            name: fields.text("name")?,
            gender: fields.text("gender")?,
            age: fields.quantity("age")?,
            eye_color: fields.text("eye_color")?,
            hair_color: fields.text("hair_color")?,
            films: fields.links("films", Collection::Films)?,
            species: fields.links("species", Collection::Species)?,
            url: fields.url(Collection::People, &id)?,
            id,
        })
    }
}

impl Location {
    /// Reads a stored record ([`Record::json`](crate::Record::json)).
    ///
    /// # Errors
    /// None for what [`Record::read`](crate::Record::read) gave for this collection.
    pub fn read(stored: &RawValue) -> Result<Self, RecordError> {
        Self::take(&mut Fields::of(stored)?)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, RecordError> {
        let id = fields.id()?;
        Ok(Self {
            name: fields.text("name")?,
            climate: fields.text("climate")?,
            terrain: fields.text("terrain")?,
            surface_water: fields.quantity("surface_water")?,
            residents: fields.links("residents", Collection::People)?,
            films: fields.links("films", Collection::Films)?,
            url: fields.url(Collection::Locations, &id)?,
            id,
        })
    }
}

impl Species {
    /// Reads a stored record ([`Record::json`](crate::Record::json)).
    ///
    /// # Errors
    /// None for what [`Record::read`](crate::Record::read) gave for this collection.
    pub fn read(stored: &RawValue) -> Result<Self, RecordError> {
        Self::take(&mut Fields::of(stored)?)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, RecordError> {
        let id = fields.id()?;
        Ok(Self {
            name: fields.text("name")?,
            classification: fields.text("classification")?,
            eye_colors: fields.text("eye_colors")?,
            hair_colors: fields.text("hair_colors")?,
            people: fields.links("people", Collection::People)?,
            films: fields.links("films", Collection::Films)?,
            url: fields.url(Collection::Species, &id)?,
            id,
        })
    }
}

impl Vehicle {
    /// Reads a stored record ([`Record::json`](crate::Record::json)).
    ///
    /// # Errors
    /// None for what [`Record::read`](crate::Record::read) gave for this collection.
    pub fn read(stored: &RawValue) -> Result<Self, RecordError> {
        Self::take(&mut Fields::of(stored)?)
    }

    fn take(fields: &mut Fields<'_>) -> Result<Self, RecordError> {
        let id = fields.id()?;
        Ok(Self {
            name: fields.text("name")?,
            description: fields.text("description")?,
            vehicle_class: fields.text("vehicle_class")?,
            length: fields.quantity("length")?,
            pilot: fields.links("pilot", Collection::People)?,
            films: fields.links("films", Collection::Films)?,
            url: fields.url(Collection::Vehicles, &id)?,
            id,
        })
    }
}
