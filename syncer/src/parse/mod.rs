//! From the source's records to drafts of items: typed, joined from both sides, with findings.

mod join;
mod scalars;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use common::models::{
    Catalogue, Facts, Finding, Id, Item, Kind, Location, Movie, Person, Problem, Quarantined,
    SourceRecord, Species, Vehicle,
};
use ghibli_api::{BadRecord, Collection, MAX_BAD_RECORDS, Note, Record, RecordError, Records};

use join::Relations;
use scalars::Scalars;

/// How many findings are kept, the first by kind and id.
const MAX_FINDINGS: usize = 10_000;

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

/// What the source gave, each record read by itself and not joined yet.
#[derive(Clone, Debug, Default)]
pub struct Unjoined {
    upstream: Upstream,
    relations: Relations,
}

/// All that should be published, by what the source gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Upstream {
    /// The items of each kind in the source's order, with those that stay though it did not give
    /// them.
    pub drafts: BTreeMap<Kind, Vec<Draft>>,
    /// Those that stay in their last good state.
    pub kept: HashSet<(Kind, Id)>,
    /// The records that cannot be understood.
    pub quarantined: Vec<Quarantined>,
    /// What does not join or looks wrong, sorted; the first 10,000.
    pub findings: Vec<Finding>,
}

impl Upstream {
    /// The drafts of a kind.
    pub fn of(&self, kind: Kind) -> &[Draft] {
        self.drafts.get(&kind).map_or(&[], Vec::as_slice)
    }

    /// How many records of a kind came and could be read.
    pub fn seen(&self, kind: Kind) -> usize {
        let kept = self.kept.iter().filter(|(kept, _)| *kept == kind);
        self.of(kind).len() - kept.count()
    }

    /// The records of a kind that were set aside.
    pub fn quarantined(&self, kind: Kind) -> impl Iterator<Item = &Quarantined> {
        let records = self.quarantined.iter();
        records.filter(move |record| record.kind == kind)
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

/// So many records of a kind are bad that they are not even set aside.
#[derive(Debug, thiserror::Error)]
#[error("more than {MAX_BAD_RECORDS} records of {} cannot be read", collection(*.0))]
pub struct TooManyBad(Kind);

/// Reads the records of the five collections, each by itself.
///
/// # Errors
/// If of a kind more than [`MAX_BAD_RECORDS`] cannot be read.
pub fn read(mut collections: BTreeMap<Collection, Records>) -> Result<Unjoined, TooManyBad> {
    let mut unjoined = Unjoined::default();
    for kind in Kind::ALL {
        let records = collections.remove(&collection(kind)).unwrap_or_default();
        unjoined.read(kind, records)?;
    }
    Ok(unjoined)
}

impl Unjoined {
    /// The published items that the source has no more. One whose record was set aside is still
    /// there; so are as many as there are records without an id, if no more are unseen.
    pub fn missing(&self, published: &Catalogue) -> Vec<(Kind, Id)> {
        let absent = Kind::ALL.into_iter().flat_map(|kind| {
            let unseen = self.unseen(kind, published).into_iter();
            let missing = unseen.filter(|(_, set_aside)| !set_aside);
            missing.map(move |(item, _)| (kind, item.id.clone()))
        });
        absent.collect()
    }

    /// All but the items, to join the same items once more in another way.
    pub fn without_drafts(&self) -> Self {
        Self {
            upstream: Upstream {
                drafts: BTreeMap::new(),
                kept: HashSet::new(),
                quarantined: self.upstream.quarantined.clone(),
                findings: self.upstream.findings.clone(),
            },
            relations: self.relations.clone(),
        }
    }

    /// With the items that came, after they were joined in another way.
    pub fn with_drafts_of(mut self, joined: Upstream) -> Self {
        let Upstream { drafts, kept, .. } = joined;
        self.upstream.drafts = drafts;
        for (kind, drafts) in &mut self.upstream.drafts {
            drafts.retain(|draft| !kept.contains(&(*kind, draft.id.clone())));
        }
        self
    }

    /// Joins the relations of all items: those that came, those whose record was set aside, and
    /// the missing ones that are to stay; the latter two by their last good record.
    pub fn join(mut self, published: &Catalogue, stay: &HashSet<(Kind, Id)>) -> Upstream {
        for kind in Kind::ALL {
            let unseen = self.unseen(kind, published).into_iter();
            let kept = unseen
                .filter(|(item, set_aside)| *set_aside || stay.contains(&(kind, item.id.clone())));
            let kept: Vec<Arc<Item>> = kept.map(|(item, _)| item).collect();
            self.keep(kind, &kept, published);
        }
        self.finish()
    }

    /// The published items of a kind whose record did not come or could not be read; with each,
    /// whether a record that was set aside is or may be its own.
    fn unseen(&self, kind: Kind, published: &Catalogue) -> Vec<(Arc<Item>, bool)> {
        let drafts = self.upstream.of(kind);
        let seen: HashSet<&Id> = drafts.iter().map(|draft| &draft.id).collect();
        let bad = self.upstream.quarantined(kind);
        let set_aside: HashSet<&Id> = bad.filter_map(|record| record.id.as_ref()).collect();
        let bad = self.upstream.quarantined(kind);
        let without_id = bad.filter(|record| record.id.is_none()).count();
        let mut unseen: Vec<_> = published
            .iter(kind)
            .filter(|item| !seen.contains(&item.id))
            .map(|item| {
                let is_set_aside = set_aside.contains(&item.id);
                (item, is_set_aside)
            })
            .collect();
        let others = unseen.iter().filter(|(_, set_aside)| !set_aside);
        if others.count() <= without_id {
            for (_, set_aside) in &mut unseen {
                *set_aside = true;
            }
        }
        unseen
    }

    /// Puts items that stay where they stand among the others.
    fn keep(&mut self, kind: Kind, kept: &[Arc<Item>], published: &Catalogue) {
        if kept.is_empty() {
            return;
        }
        let seen: HashSet<Id> = self
            .upstream
            .of(kind)
            .iter()
            .map(|draft| draft.id.clone())
            .collect();
        let mut waiting = kept.iter().peekable();
        let mut after: HashMap<Option<Id>, Vec<Draft>> = HashMap::new();
        let mut last = None;
        for item in published.iter(kind) {
            if seen.contains(&item.id) {
                last = Some(item.id.clone());
            } else if waiting.next_if(|next| next.id == item.id).is_some() {
                let draft = self.last_good(kind, &item);
                self.upstream.kept.insert((kind, item.id.clone()));
                after.entry(last.clone()).or_default().push(draft);
            }
        }
        let came = self.upstream.drafts.remove(&kind).unwrap_or_default();
        let mut drafts = after.remove(&None).unwrap_or_default();
        for draft in came {
            let behind = after.remove(&Some(draft.id.clone()));
            drafts.push(draft);
            drafts.extend(behind.unwrap_or_default());
        }
        self.upstream.drafts.insert(kind, drafts);
    }

    /// An item as its last good record says; as it is published where an earlier release read
    /// what this one cannot.
    fn last_good(&mut self, kind: Kind, item: &Item) -> Draft {
        let record = Record::reread(collection(kind), &item.source.json()).ok();
        let facts = record.and_then(|record| self.draft(kind, &record).ok());
        Draft {
            id: item.id.clone(),
            facts: facts.unwrap_or_else(|| item.facts.clone()),
            source: item.source.clone(),
        }
    }

    fn read(&mut self, kind: Kind, records: Records) -> Result<(), TooManyBad> {
        let bad = records.bad.into_iter().map(|bad| quarantined(kind, bad));
        self.upstream.quarantined.extend(bad);
        let mut drafts = Vec::with_capacity(records.records.len());
        let mut bad_count = self.upstream.quarantined(kind).count();
        for (index, record) in records.records.into_iter().enumerate() {
            match self.draft(kind, &record) {
                Ok(facts) => drafts.push(Draft {
                    id: record.id.into(),
                    facts,
                    source: SourceRecord::new(record.json),
                }),
                Err(_) if bad_count == MAX_BAD_RECORDS => return Err(TooManyBad(kind)),
                Err(error) => {
                    bad_count += 1;
                    let bad = BadRecord::new(
                        collection(kind),
                        index,
                        Some(record.id),
                        &error,
                        record.json.get(),
                    );
                    self.upstream.quarantined.push(quarantined(kind, bad));
                }
            }
        }
        self.upstream.drafts.insert(kind, drafts);
        Ok(())
    }

    fn draft(&mut self, kind: Kind, record: &Record) -> Result<Facts, Unreadable> {
        let id: Id = record.id.as_str().into();
        for note in &record.notes {
            find(&mut self.upstream.findings, noted(kind, &id, note));
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
        let known: HashSet<(Kind, Id)> = self
            .upstream
            .drafts
            .iter()
            .flat_map(|(&kind, drafts)| drafts.iter().map(move |draft| (kind, draft.id.clone())))
            .collect();
        let findings = &mut self.upstream.findings;
        let mut joined = self.relations.join(&known, findings);
        for draft in self.upstream.drafts.values_mut().flatten() {
            joined.fill(draft);
        }
        first(findings);
        self.upstream
    }
}

/// Adds a finding. Of more than can be kept the first stay, whatever the order they come in.
fn find(findings: &mut Vec<Finding>, finding: Finding) {
    if findings.len() >= 2 * MAX_FINDINGS {
        first(findings);
    }
    findings.push(finding);
}

fn first(findings: &mut Vec<Finding>) {
    findings.sort();
    findings.dedup();
    findings.truncate(MAX_FINDINGS);
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
