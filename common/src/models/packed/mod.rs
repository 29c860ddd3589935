//! An item in few bytes, as a catalogue holds it: a million of them have to fit into memory.
//!
//! Facts are written one after another in a form of their own, so that a name is at hand without
//! unpacking anything. The source's record follows, compressed with all that comes before it as
//! the dictionary, since most of what it says has been said by then. UUIDs take 16 bytes.

mod code;
mod source;

use std::sync::Arc;

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use self::code::{Reader, Writer};
use super::{
    Age, Facts, Item, Kind, Link, Location, Movie, Person, SourceRecord, Species, Vehicle,
};

/// What the first byte is for an item that others name and that is not there.
const NAMED_ONLY: u8 = 8;
/// The kind, and where the source's record begins.
const HEAD_BYTES: usize = 1 + size_of::<u32>();

/// An item, or the name of one. Equal items are equal byte by byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Packed(Arc<[u8]>);

impl Packed {
    /// Packs an item.
    pub(crate) fn of(item: &Item) -> Self {
        let mut writer = Writer::default();
        writer.head(item.kind() as u8);
        writer.id(&item.id);
        writer.rank(item.rank);
        writer.text(&item.slug);
        write(&mut writer, &item.facts);
        let mut bytes = writer.finish();
        let end = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        bytes[1..HEAD_BYTES].copy_from_slice(&end.to_le_bytes());
        source::append(&mut bytes, item.kind(), &item.source.text());
        Self(bytes.into())
    }

    /// The name of an item that is not there.
    pub(crate) fn name_only(kind: Kind, written_id: &[u8]) -> Self {
        let mut writer = Writer::default();
        writer.head(kind as u8 | NAMED_ONLY);
        Self([&writer.finish(), written_id].concat().into())
    }

    /// Whether this is an item and not only the name of one.
    pub(crate) fn is_there(&self) -> bool {
        self.0.first().is_some_and(|first| first & NAMED_ONLY == 0)
    }

    pub(crate) fn kind(&self) -> Kind {
        let first = self.0.first().copied().unwrap_or_default() & !NAMED_ONLY;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == first);
        kind.unwrap_or(Kind::Movie)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as it is written here, which [`written_id`] gives.
    pub(crate) fn written_id(&self) -> &[u8] {
        self.after_head().written_id()
    }

    pub(crate) fn rank(&self) -> i64 {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank()
    }

    pub(crate) fn slug(&self) -> &str {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.text()
    }

    /// The name, as [`Item::name`]: what is written first of all facts.
    pub(crate) fn name(&self) -> &str {
        let mut reader = self.after_head();
        reader.written_id();
        reader.rank();
        reader.text();
        reader.text()
    }

    /// The items that this one names, as [`Item::links`], by their ids as they are written here.
    pub(crate) fn links(&self) -> Vec<(Link, &[u8])> {
        let mut reader = self.after_head();
        let mut links = Vec::new();
        if !self.is_there() {
            return links;
        }
        reader.written_id();
        reader.rank();
        // The slug and the name, which come first in every kind.
        reader.text();
        reader.text();
        let kind = self.kind();
        let (texts, numbers) = match kind {
            Kind::Movie => (7, 3),
            Kind::Person => (3, 1),
            Kind::Location => (2, 1),
            Kind::Species => return links,
            Kind::Vehicle => (2, 0),
        };
        for _ in 0..texts {
            reader.text_or_none();
        }
        for _ in 0..numbers {
            reader.number_or_none();
        }
        match kind {
            Kind::Person => _ = reader.text_or_none(),
            Kind::Vehicle => _ = reader.float_or_none(),
            _ => {}
        }
        for link in Link::ALL.into_iter().filter(|link| link.from() == kind) {
            let count = reader.count();
            links.extend((0..count).map(|_| (link, reader.written_id())));
        }
        links
    }

    /// The item; `None` for what is only the name of one. Its source record stays packed until
    /// somebody wants it.
    pub(crate) fn unpack(&self) -> Option<Item> {
        if !self.is_there() {
            return None;
        }
        let mut reader = self.after_head();
        let id = reader.id().into();
        let rank = reader.rank();
        let slug = reader.text().into();
        let facts = read(&mut reader, self.kind());
        Some(Item {
            id,
            slug,
            rank,
            facts,
            source: SourceRecord::packed(self.clone()),
        })
    }

    /// The source's record.
    pub(crate) fn source(&self) -> Box<RawValue> {
        let text = self.source_text();
        let json = text.and_then(|text| RawValue::from_string(text).ok());
        json.unwrap_or_else(|| RawValue::NULL.to_owned())
    }

    fn source_text(&self) -> Option<String> {
        let start = self.0.get(1..HEAD_BYTES)?.try_into().ok()?;
        let start = usize::try_from(u32::from_le_bytes(start)).ok()?;
        let (facts, record) = self.0.split_at_checked(start)?;
        source::read(record, self.kind(), facts)
    }

    fn after_head(&self) -> Reader<'_> {
        Reader::new(self.0.get(HEAD_BYTES..).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Packed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Item::deserialize(deserializer).map(|item| Self::of(&item))
    }
}

/// An id as it is written in packed items.
pub(crate) fn written_id(id: &str) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.id(id);
    writer.finish()
}

fn write(to: &mut Writer, facts: &Facts) {
    // Every field by its name: one that is added is not forgotten here.
    match facts {
        Facts::Movie(Movie {
            title,
            original_title,
            original_title_romanised,
            description,
            director,
            producer,
            release_year,
            running_time_minutes,
            score_percent,
            poster_url,
            banner_url,
            people,
            locations,
            species,
            vehicles,
        }) => {
            to.text(title);
            for text in [
                original_title,
                original_title_romanised,
                description,
                director,
                producer,
                poster_url,
                banner_url,
            ] {
                to.text_or_none(text.as_deref());
            }
            to.number_or_none(release_year.map(u32::from));
            to.number_or_none(running_time_minutes.map(u32::from));
            to.number_or_none(score_percent.map(u32::from));
            for ids in [people, locations, species, vehicles] {
                to.ids(ids);
            }
        }
        Facts::Person(Person {
            name,
            gender,
            age,
            eye_color,
            hair_color,
            species,
        }) => {
            to.text(name);
            for text in [gender, eye_color, hair_color] {
                to.text_or_none(text.as_deref());
            }
            let (years, words) = match age {
                Some(Age::Years(years)) => (Some(*years), None),
                Some(Age::Words(words)) => (None, Some(words.as_str())),
                None => (None, None),
            };
            to.number_or_none(years);
            to.text_or_none(words);
            to.ids(species.as_slice());
        }
        Facts::Location(Location {
            name,
            climate,
            terrain,
            surface_water_percent,
            residents,
        }) => {
            to.text(name);
            to.text_or_none(climate.as_deref());
            to.text_or_none(terrain.as_deref());
            to.number_or_none(surface_water_percent.map(u32::from));
            to.ids(residents);
        }
        Facts::Species(Species {
            name,
            classification,
            eye_colors,
            hair_colors,
        }) => {
            to.text(name);
            to.text_or_none(classification.as_deref());
            to.texts(eye_colors);
            to.texts(hair_colors);
        }
        Facts::Vehicle(Vehicle {
            name,
            description,
            vehicle_class,
            length_feet,
            pilot,
        }) => {
            to.text(name);
            to.text_or_none(description.as_deref());
            to.text_or_none(vehicle_class.as_deref());
            to.float_or_none(*length_feet);
            to.ids(pilot.as_slice());
        }
    }
}

/// The fields in the order in which [`write`] has them.
fn read(from: &mut Reader<'_>, kind: Kind) -> Facts {
    match kind {
        Kind::Movie => {
            let title = from.text().to_owned();
            let mut text = || from.text_or_none().map(str::to_owned);
            let (original_title, original_title_romanised) = (text(), text());
            let (description, director, producer) = (text(), text(), text());
            let (poster_url, banner_url) = (text(), text());
            let mut number = || from.number_or_none();
            let (year, minutes, percent) = (number(), number(), number());
            Facts::Movie(Movie {
                title,
                original_title,
                original_title_romanised,
                description,
                director,
                producer,
                release_year: year.and_then(|year| year.try_into().ok()),
                running_time_minutes: minutes.and_then(|minutes| minutes.try_into().ok()),
                score_percent: percent.and_then(|percent| percent.try_into().ok()),
                poster_url,
                banner_url,
                people: from.ids(),
                locations: from.ids(),
                species: from.ids(),
                vehicles: from.ids(),
            })
        }
        Kind::Person => {
            let name = from.text().to_owned();
            let mut text = || from.text_or_none().map(str::to_owned);
            let (gender, eye_color, hair_color) = (text(), text(), text());
            let years = from.number_or_none().map(Age::Years);
            let words = from
                .text_or_none()
                .map(|words| Age::Words(words.to_owned()));
            Facts::Person(Person {
                name,
                gender,
                age: years.or(words),
                eye_color,
                hair_color,
                species: from.ids().pop(),
            })
        }
        Kind::Location => Facts::Location(Location {
            name: from.text().to_owned(),
            climate: from.text_or_none().map(str::to_owned),
            terrain: from.text_or_none().map(str::to_owned),
            surface_water_percent: from
                .number_or_none()
                .and_then(|water| water.try_into().ok()),
            residents: from.ids(),
        }),
        Kind::Species => Facts::Species(Species {
            name: from.text().to_owned(),
            classification: from.text_or_none().map(str::to_owned),
            eye_colors: from.texts(),
            hair_colors: from.texts(),
        }),
        Kind::Vehicle => Facts::Vehicle(Vehicle {
            name: from.text().to_owned(),
            description: from.text_or_none().map(str::to_owned),
            vehicle_class: from.text_or_none().map(str::to_owned),
            length_feet: from.float_or_none(),
            pilot: from.ids().pop(),
        }),
    }
}

#[cfg(test)]
mod tests;
