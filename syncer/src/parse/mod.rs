//! From the source's records to drafts of items: typed, joined from both sides, with findings.
//!
//! The records are read twice: once for what there is and what tells of what, then one after the
//! other as they are compared. So they are never all there as items, which takes much memory.

mod facts;
mod join;
mod names;
mod scalars;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use common::models::{
    Catalogue, Facts, Finding, Id, Item, Kind, Problem, Quarantined, SourceRecord,
};
use ghibli_api::{
    BadRecord, Collection, Links, MAX_BAD_RECORDS, Record, RecordError, RecordWarning, Records,
};

use join::{RELATIONS, Told};
use names::Names;

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

/// What a link field says.
type Said = (&'static str, Links);

/// What the source gave, each record read by itself and not joined yet.
#[derive(Debug, Default)]
pub struct Unjoined {
    records: BTreeMap<Kind, Records>,
    /// By kind the ids that came, in order, and then others that are published.
    names: [Names; Kind::ALL.len()],
    /// What came tells of others.
    told: Told,
    /// The records that cannot be understood.
    pub(crate) quarantined: Vec<Quarantined>,
    findings: Vec<Finding>,
    /// What all of it weighs in memory, and may weigh with what is made of it.
    bytes: u64,
    room: u64,
}

/// All that should be published, by what the source gave.
#[derive(Debug)]
pub struct Upstream<'a> {
    read: &'a mut Unjoined,
    /// Whether the records are wanted once more, to join them in another way.
    wanted_again: bool,
    published: &'a Catalogue,
    /// The items of a kind in the source's order, where some stay though it did not give them.
    order: BTreeMap<Kind, Vec<u32>>,
    /// Those that stay in their last good state.
    kept: HashSet<(Kind, u32)>,
    /// What they tell of others.
    told: Told,
    /// What does not join or looks wrong, sorted; the first 10,000. Whole once the drafts of all
    /// kinds were made.
    pub findings: Vec<Finding>,
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

/// Why what the source gave cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// So many records of a kind are bad that they are not even set aside.
    #[error("more than {MAX_BAD_RECORDS} records in {} cannot be read", collection(*.0))]
    TooManyBad(Kind),
    /// It takes too much memory.
    #[error(
        "the source’s data and the pending changes need more than {room} bytes of memory; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    TooHeavy {
        /// The most that they may weigh.
        room: u64,
    },
}

/// Reads the records of the five collections, each by itself, and holds no more of them in memory
/// than there is room for.
///
/// # Errors
/// If of a kind more than [`MAX_BAD_RECORDS`] cannot be read, or there is no room.
pub fn read(
    mut collections: BTreeMap<Collection, Records>,
    published: &Catalogue,
    room: u64,
) -> Result<Unjoined, Refused> {
    let mut unjoined = Unjoined {
        bytes: collections.values().map(Records::memory_bytes).sum(),
        room,
        ..Unjoined::default()
    };
    // Whoever tells of others comes after them here.
    for kind in Kind::ALL {
        if let Some(records) = collections.remove(&collection(kind)) {
            unjoined.read(kind, records, published)?;
        }
    }
    unjoined.told.sort();
    Ok(unjoined)
}

impl Unjoined {
    /// How many records of a kind came and could be read.
    pub fn seen(&self, kind: Kind) -> usize {
        self.names[kind as usize].came()
    }

    /// The records of a kind that were set aside.
    pub fn quarantined(&self, kind: Kind) -> impl Iterator<Item = &Quarantined> {
        let records = self.quarantined.iter();
        records.filter(move |record| record.kind == kind)
    }

    /// Whether there is room for so many bytes beside it.
    fn has_room(&self, bytes: u64) -> Result<(), Refused> {
        let room = self.room;
        let fits = self.bytes.saturating_add(bytes) <= room;
        fits.then_some(()).ok_or(Refused::TooHeavy { room })
    }

    /// The published items that the source has no more. One whose record was set aside is still
    /// there; so are as many as there are records without an id, if no more are unseen.
    pub fn missing(&self, published: &Catalogue) -> Vec<(Kind, Id)> {
        let absent = Kind::ALL.into_iter().flat_map(|kind| {
            let unseen = self.unseen(kind, published).into_iter();
            let missing = unseen.filter(|(_, set_aside)| !set_aside);
            missing.map(move |(id, _)| (kind, id))
        });
        absent.collect()
    }

    /// Joins the relations of all items: those that came, those whose record was set aside, and
    /// the missing ones that are to stay; the latter two by their last good record. Only where
    /// some stay it can be done once more.
    pub fn join<'a>(
        &'a mut self,
        published: &'a Catalogue,
        stay: &HashSet<(Kind, Id)>,
    ) -> Upstream<'a> {
        let (mut order, mut kept) = (BTreeMap::new(), HashSet::new());
        for kind in Kind::ALL {
            let unseen = self.unseen(kind, published).into_iter();
            let staying =
                unseen.filter(|(id, set_aside)| *set_aside || stay.contains(&(kind, id.clone())));
            let staying: Vec<Id> = staying.map(|(id, _)| id).collect();
            if !staying.is_empty() {
                let names = &mut self.names[kind as usize];
                let numbers = staying.iter().map(|id| names.give(id));
                kept.extend(numbers.map(|number| (kind, number)));
                order.insert(kind, self.order_with(kind, &kept, published));
            }
        }
        let findings = match stay.is_empty() {
            true => std::mem::take(&mut self.findings),
            false => self.findings.clone(),
        };
        let mut upstream = Upstream {
            findings,
            read: self,
            wanted_again: !stay.is_empty(),
            published,
            order,
            kept,
            told: Told::default(),
        };
        upstream.hear_kept();
        upstream
    }

    /// The published items of a kind whose record did not come or could not be read; with each,
    /// whether a record that was set aside is or may be its own.
    fn unseen(&self, kind: Kind, published: &Catalogue) -> Vec<(Id, bool)> {
        let names = &self.names[kind as usize];
        let bad = self.quarantined(kind);
        let set_aside: HashSet<&Id> = bad.filter_map(|record| record.id.as_ref()).collect();
        let bad = self.quarantined(kind);
        let without_id = bad.filter(|record| record.id.is_none()).count();
        let mut unseen: Vec<_> = published
            .iter(kind)
            .filter(|item| names.number_that_came(&item.id).is_none())
            .map(|item| {
                let is_set_aside = set_aside.contains(&item.id);
                (item.id.clone(), is_set_aside)
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

    /// The numbers of a kind in order, with the items that stay where they stand among the others.
    fn order_with(
        &self,
        kind: Kind,
        kept: &HashSet<(Kind, u32)>,
        published: &Catalogue,
    ) -> Vec<u32> {
        let names = &self.names[kind as usize];
        let mut after: HashMap<Option<u32>, Vec<u32>> = HashMap::new();
        let mut last = None;
        for item in published.iter(kind) {
            if let Some(number) = names.number_that_came(&item.id) {
                last = Some(number);
            } else if let Some(number) = names.number(&item.id)
                && kept.contains(&(kind, number))
            {
                after.entry(last).or_default().push(number);
            }
        }
        let mut order = after.remove(&None).unwrap_or_default();
        for number in names.that_came() {
            order.push(number);
            order.extend(after.remove(&Some(number)).unwrap_or_default());
        }
        order
    }

    fn read(
        &mut self,
        kind: Kind,
        mut records: Records,
        published: &Catalogue,
    ) -> Result<(), Refused> {
        let bad = std::mem::take(&mut records.bad).into_iter();
        let mut bad_count = bad.len();
        self.quarantined
            .extend(bad.map(|bad| quarantined(kind, bad)));
        for (index, record) in records.iter().enumerate() {
            match facts::read(kind, &record, &mut self.findings) {
                Ok((_, said)) => {
                    let number = self.names[kind as usize].give(&record.id);
                    self.hear(kind, number, &said, published);
                }
                Err(_) if bad_count == MAX_BAD_RECORDS => {
                    return Err(Refused::TooManyBad(kind));
                }
                Err(error) => {
                    bad_count += 1;
                    let bad = BadRecord::new(
                        collection(kind),
                        index,
                        Some(record.id),
                        &error,
                        record.json.get(),
                    );
                    self.bytes += bad.memory_bytes();
                    self.has_room(0)?;
                    self.quarantined.push(quarantined(kind, bad));
                }
            }
        }
        self.names[kind as usize].all_came();
        self.records.insert(kind, records);
        Ok(())
    }

    /// Notes what an item tells of others that are or may be there.
    fn hear(&mut self, kind: Kind, number: u32, said: &[Said], published: &Catalogue) {
        for (relation, of, id) in told_by(kind, said) {
            let names = &mut self.names[of as usize];
            let of = names.number(id).or_else(|| {
                let is_published = published.number(of, id).is_some();
                is_published.then(|| names.give(id))
            });
            if let Some(of) = of {
                self.told.add(relation, of, number);
            }
        }
    }
}

impl Upstream<'_> {
    /// The ids of a kind in the source's order.
    pub(crate) fn ids(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let order = self.order(kind).into_iter();
        order.map(move |number| self.id(kind, number))
    }

    /// Whether an item is there: it came or stays.
    pub fn is_there(&self, kind: Kind, id: &str) -> bool {
        self.known(kind, id).is_some()
    }

    /// Whether the source gave an item.
    pub fn came(&self, kind: Kind, id: &str) -> bool {
        self.read.names[kind as usize]
            .number_that_came(id)
            .is_some()
    }

    /// How many records of a kind came and could be read.
    pub fn seen(&self, kind: Kind) -> usize {
        self.read.seen(kind)
    }

    /// The records of a kind that were set aside.
    pub fn quarantined(&self, kind: Kind) -> impl Iterator<Item = &Quarantined> {
        self.read.quarantined(kind)
    }

    /// Whether there is room in memory for so many bytes beside it.
    pub(crate) fn has_room(&self, bytes: u64) -> Result<(), Refused> {
        self.read.has_room(bytes)
    }

    /// The records of a kind, unless they are wanted once more.
    pub(crate) fn take(&mut self, kind: Kind) -> Option<Records> {
        match self.wanted_again {
            true => None,
            false => self.read.records.remove(&kind),
        }
    }

    /// The items of a kind in the source's order, read and joined one after the other, with those
    /// that stay though it did not give them. Records that were taken are let go on the way.
    pub(crate) fn drafts(
        &self,
        kind: Kind,
        taken: Option<Records>,
        findings: &mut Vec<Finding>,
    ) -> impl Iterator<Item = Draft> {
        let here = self.read.records.get(&kind).into_iter();
        let taken = taken.into_iter().flat_map(Records::into_readable);
        let records = here.flat_map(Records::iter).chain(taken);
        let mut came = records.filter_map(move |record| {
            // What there is to find in it alone was found when it was read first.
            let (facts, said) = facts::read(kind, &record, &mut Vec::new()).ok()?;
            Some((facts, said, SourceRecord::new(record.json)))
        });
        self.order(kind).into_iter().filter_map(move |number| {
            let id = self.id(kind, number);
            let (mut facts, said, source) = if self.kept.contains(&(kind, number)) {
                let item = self.published.get(kind, id)?;
                let (facts, said) = last_good(&item, &mut Vec::new());
                (facts, said, item.source.clone())
            } else {
                came.next()?
            };
            self.join((kind, number, id), &mut facts, &said, findings);
            Some(Draft {
                id: id.into(),
                facts,
                source,
            })
        })
    }

    /// Makes room where records were whose drafts were all made.
    pub(crate) fn done_with(&mut self, text_bytes: u64) {
        self.read.bytes -= text_bytes;
    }

    /// Notes what the items that stay tell of others.
    fn hear_kept(&mut self) {
        let mut told = Told::default();
        for (kind, number) in &self.kept {
            let Some(item) = self.published.get(*kind, self.id(*kind, *number)) else {
                continue;
            };
            let (_, said) = last_good(&item, &mut self.findings);
            for (relation, of, id) in told_by(*kind, &said) {
                if let Some(of) = self.known(of, id) {
                    told.add(relation, of, *number);
                }
            }
        }
        told.sort();
        self.told = told;
    }

    fn order(&self, kind: Kind) -> Vec<u32> {
        let order = self.order.get(&kind).cloned();
        order.unwrap_or_else(|| self.read.names[kind as usize].that_came().collect())
    }

    /// The number of an item that is there.
    fn known(&self, kind: Kind, id: &str) -> Option<u32> {
        let names = &self.read.names[kind as usize];
        let number = names.number(id)?;
        let is_there = names.came() > number as usize || self.kept.contains(&(kind, number));
        is_there.then_some(number)
    }

    fn id(&self, kind: Kind, number: u32) -> &str {
        self.read.names[kind as usize].id(number)
    }

    /// Who tells of an item from the other side of a relation, by number.
    fn tellers(&self, relation: usize, of: u32) -> impl Iterator<Item = u32> {
        let came = self.read.told.tellers(relation, of);
        came.chain(self.told.tellers(relation, of))
    }
}

/// What link fields tell from the other side of a relation: of whom, by kind and id.
fn told_by(kind: Kind, said: &[Said]) -> impl Iterator<Item = (usize, Kind, &str)> {
    said.iter().flat_map(move |(field, links)| {
        let relations = RELATIONS.iter().enumerate();
        let told = relations.filter(move |(_, relation)| relation.to == (kind, Some(field)));
        told.flat_map(|(at, relation)| {
            let ids = links.ids.iter();
            ids.map(move |id| (at, relation.from.0, id.as_str()))
        })
    })
}

/// What an item's last good record says; as it is published where an earlier release read what
/// this one cannot.
fn last_good(item: &Item, findings: &mut Vec<Finding>) -> (Facts, Vec<Said>) {
    let kind = item.kind();
    let record = Record::reparse(collection(kind), &item.source.json()).ok();
    let read = record.and_then(|record| facts::read(kind, &record, findings).ok());
    read.unwrap_or_else(|| (item.facts.clone(), Vec::new()))
}

/// Adds a finding. Of more than can be kept the first stay, whatever the order they come in.
fn find(findings: &mut Vec<Finding>, finding: Finding) {
    if findings.len() >= MAX_FINDINGS + MAX_FINDINGS / 4 {
        first(findings);
    }
    findings.push(finding);
}

pub(crate) fn first(findings: &mut Vec<Finding>) {
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

fn noted(kind: Kind, id: &Id, warning: &RecordWarning) -> Finding {
    let (field, problem, value) = match warning {
        RecordWarning::NumberInsteadOfString { field } => {
            (*field, Problem::UnusualValue, "a number".to_owned())
        }
        RecordWarning::UrlMismatch { url_id, .. } => ("url", Problem::ForeignUrl, url_id.clone()),
    };
    Finding {
        kind,
        id: id.clone(),
        field: field.to_owned(),
        problem,
        value,
    }
}
