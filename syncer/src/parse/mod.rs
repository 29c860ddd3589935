//! From the source's records to drafts of items: typed, joined from both sides, with findings.

mod join;
mod scalars;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use common::models::{
    Facts, Finding, Id, Kind, Location, Movie, Person, Problem, Quarantined, SourceRecord, Species,
    Vehicle,
};
use ghibli_api::{BadRecord, Collection, Note, Record, RecordError, Records};

use join::Relations;
use scalars::Scalars;

/// An item as the source has it; its slug and rank depend on what is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The source's id.
    pub id: Id,
    /// What is known of it.
    pub facts: Facts,
    /// The source's own record.
    pub source: SourceRecord,
}

/// All that the source gave, understood as far as it can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upstream {
    /// The items of each kind in the source's order.
    pub drafts: BTreeMap<Kind, Vec<Draft>>,
    /// The records that cannot be understood.
    pub quarantined: Vec<Quarantined>,
    /// What does not join or looks wrong, sorted.
    pub findings: Vec<Finding>,
}

impl Upstream {
    /// The drafts of a kind.
    pub fn of(&self, kind: Kind) -> &[Draft] {
        self.drafts.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// How many records of a kind came, readable or not.
    pub fn came(&self, kind: Kind) -> usize {
        let bad = self.quarantined.iter().filter(|record| record.kind == kind);
        self.of(kind).len() + bad.count()
    }
}

/// The source's word for a kind.
pub const fn collection(kind: Kind) -> Collection {
    match kind {
        Kind::Movie => Collection::Films,
        Kind::Person => Collection::People,
        Kind::Location => Collection::Locations,
        Kind::Species => Collection::Species,
        Kind::Vehicle => Collection::Vehicles,
    }
}

/// Understands the five collections.
pub fn parse(mut collections: BTreeMap<Collection, Records>) -> Upstream {
    let mut parsing = Parsing::default();
    for kind in Kind::ALL {
        let records = collections.remove(&collection(kind)).unwrap_or_default();
        parsing.read(kind, records);
    }
    parsing.finish()
}

#[derive(Default)]
struct Parsing {
    upstream: Upstream,
    relations: Relations,
}

impl Parsing {
    fn read(&mut self, kind: Kind, records: Records) {
        let bad = records.bad.into_iter().map(|bad| quarantined(kind, bad));
        self.upstream.quarantined.extend(bad);
        let mut drafts = Vec::with_capacity(records.records.len());
        for (index, record) in records.records.into_iter().enumerate() {
            match self.draft(kind, &record) {
                Ok(facts) => drafts.push(Draft {
                    id: record.id.into(),
                    facts,
                    source: SourceRecord::new(record.json),
                }),
                Err(error) => self.upstream.quarantined.push(Quarantined {
                    kind,
                    id: Some(record.id.into()),
                    index: index as u64,
                    reason: error.to_string(),
                    raw: record.json.get().chars().take(4096).collect(),
                }),
            }
        }
        self.upstream.drafts.insert(kind, drafts);
    }

    fn draft(&mut self, kind: Kind, record: &Record) -> Result<Facts, Unreadable> {
        let id: Id = record.id.as_str().into();
        for note in &record.notes {
            self.upstream.findings.push(noted(kind, &id, note));
        }
        let mut scalars = Scalars {
            kind,
            id: id.clone(),
            findings: &mut self.upstream.findings,
        };
        let json = &record.json;
        Ok(match kind {
            Kind::Movie => {
                let film = ghibli_api::Film::read(json)?;
                let movie = Movie {
                    title: scalars.name("title", film.title)?,
                    original_title: scalars.text("original_title", film.original_title),
                    original_title_romanised: scalars
                        .text("original_title_romanised", film.original_title_romanised),
                    description: scalars.text("description", film.description),
                    director: scalars.text("director", film.director),
                    producer: scalars.text("producer", film.producer),
                    release_year: scalars.number("release_date", film.release_date, 1..=9999),
                    running_time_minutes: scalars.number(
                        "running_time",
                        film.running_time,
                        1..=u16::MAX,
                    ),
                    score_percent: scalars.number("rt_score", film.rt_score, 0..=100),
                    poster_url: scalars.text("image", film.image),
                    banner_url: scalars.text("movie_banner", film.movie_banner),
                    ..Movie::default()
                };
                self.relations.add(kind, &id, "people", film.people);
                self.relations.add(kind, &id, "locations", film.locations);
                self.relations.add(kind, &id, "species", film.species);
                self.relations.add(kind, &id, "vehicles", film.vehicles);
                Facts::Movie(movie)
            }
            Kind::Person => {
                let person = ghibli_api::Person::read(json)?;
                let facts = Person {
                    name: scalars.name("name", person.name)?,
                    gender: scalars.text("gender", person.gender),
                    age: scalars.age("age", person.age),
                    eye_color: scalars.text("eye_color", person.eye_color),
                    hair_color: scalars.text("hair_color", person.hair_color),
                    ..Person::default()
                };
                self.relations.add(kind, &id, "films", person.films);
                self.relations.add(kind, &id, "species", person.species);
                Facts::Person(facts)
            }
            Kind::Location => {
                let location = ghibli_api::Location::read(json)?;
                let facts = Location {
                    name: scalars.name("name", location.name)?,
                    climate: scalars.text("climate", location.climate),
                    terrain: scalars.text("terrain", location.terrain),
                    surface_water_percent: scalars.number(
                        "surface_water",
                        location.surface_water,
                        0..=100,
                    ),
                    ..Location::default()
                };
                self.relations.add(kind, &id, "films", location.films);
                self.relations
                    .add(kind, &id, "residents", location.residents);
                Facts::Location(facts)
            }
            Kind::Species => {
                let species = ghibli_api::Species::read(json)?;
                let facts = Species {
                    name: scalars.name("name", species.name)?,
                    classification: scalars.text("classification", species.classification),
                    eye_colors: scalars.list("eye_colors", species.eye_colors),
                    hair_colors: scalars.list("hair_colors", species.hair_colors),
                };
                self.relations.add(kind, &id, "films", species.films);
                self.relations.add(kind, &id, "people", species.people);
                Facts::Species(facts)
            }
            Kind::Vehicle => {
                let vehicle = ghibli_api::Vehicle::read(json)?;
                let facts = Vehicle {
                    name: scalars.name("name", vehicle.name)?,
                    description: scalars.text("description", vehicle.description),
                    vehicle_class: scalars.text("vehicle_class", vehicle.vehicle_class),
                    length_feet: scalars.decimal("length", vehicle.length),
                    ..Vehicle::default()
                };
                self.relations.add(kind, &id, "films", vehicle.films);
                self.relations.add(kind, &id, "pilot", vehicle.pilot);
                Facts::Vehicle(facts)
            }
        })
    }

    fn finish(mut self) -> Upstream {
        // A record that is set aside is still there: its last good state stays published.
        let set_aside = self
            .upstream
            .quarantined
            .iter()
            .filter_map(|record| Some((record.kind, record.id.clone()?)));
        let known: HashSet<(Kind, Id)> = self
            .upstream
            .drafts
            .iter()
            .flat_map(|(&kind, drafts)| drafts.iter().map(move |draft| (kind, draft.id.clone())))
            .chain(set_aside)
            .collect();
        let findings = &mut self.upstream.findings;
        let mut joined = self.relations.join(&known, findings);
        for draft in self.upstream.drafts.values_mut().flatten() {
            joined.fill(draft);
        }
        findings.sort();
        findings.dedup();
        self.upstream
    }
}

/// Why a record that the wire allows still makes no item.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("{0} is missing or empty")]
    NoName(&'static str),
}

fn quarantined(kind: Kind, bad: BadRecord) -> Quarantined {
    Quarantined {
        kind,
        id: bad.id.map(Arc::from),
        index: bad.index as u64,
        reason: bad.reason,
        raw: bad.raw,
    }
}

fn noted(kind: Kind, id: &Id, note: &Note) -> Finding {
    let (field, problem, value) = match note {
        Note::Number { field } => (*field, Problem::UnusualValue, "a number".to_owned()),
        Note::OtherUrl { url_id, .. } => ("url", Problem::ForeignUrl, url_id.clone()),
    };
    Finding {
        kind,
        id: id.clone(),
        field: field.to_owned(),
        problem,
        value,
    }
}
