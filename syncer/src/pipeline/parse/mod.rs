//! Parses each record of the source independently of the others.
//!
//! A million items do not fit into memory unpacked, so the records stay compressed and are read
//! twice: here for their ids, links and errors, and by `join` one at a time for their items.

mod facts;
mod ids;
mod quantity;
mod scalars;

use std::collections::BTreeMap;
use std::sync::Arc;

use common::models::{Catalogue, Kind, QuarantinedRecord};
use ghibli_api::{BadRecord, Collection, MAX_BAD_RECORDS, Records};

pub(super) use facts::{collection, published_facts, published_record, record_facts};
pub(super) use ids::IdInterner;

use super::error::PlanError;
use super::findings::Findings;
use super::memory::MemoryUse;
use super::relations::{Backlinks, LinkField, backlinks_in};

/// The source's response, with what joining needs to know of all records at once.
#[derive(Debug)]
pub(super) struct ParsedRecords {
    pub(super) records: BTreeMap<Kind, Records>,
    /// By kind: the ids of the readable records, then ids of published items that they link to.
    pub(super) ids: [IdInterner; Kind::ALL.len()],
    pub(super) backlinks: Backlinks,
    /// The unreadable records.
    pub(super) quarantined: Vec<QuarantinedRecord>,
    /// Findings within single records.
    pub(super) findings: Findings,
    pub(super) memory: MemoryUse,
}

/// Parses the records of the five collections. `memory_limit` is in bytes and bounds all that is
/// made of them.
///
/// # Errors
/// If more than `MAX_BAD_RECORDS` of a kind are unreadable, or memory does not suffice.
pub(super) fn parse(
    mut collections: BTreeMap<Collection, Records>,
    published: &Catalogue,
    memory_limit: u64,
) -> Result<ParsedRecords, PlanError> {
    let bytes = collections.values().map(Records::memory_bytes).sum();
    let mut parsed = ParsedRecords {
        records: BTreeMap::new(),
        ids: Default::default(),
        backlinks: Backlinks::default(),
        quarantined: Vec::new(),
        findings: Findings::default(),
        memory: MemoryUse::new(bytes, memory_limit),
    };
    // In this order the targets of back-links have numbers before the records that hold the links.
    for kind in Kind::ALL {
        if let Some(records) = collections.remove(&collection(kind)) {
            parsed.add(kind, records, published)?;
        }
    }
    parsed.backlinks.sort();
    Ok(parsed)
}

impl ParsedRecords {
    /// The number of readable records of a kind.
    pub(super) fn received(&self, kind: Kind) -> usize {
        self.ids[kind as usize].received().len()
    }

    /// Whether a readable record has this id.
    pub(super) fn has_received(&self, kind: Kind, id: &str) -> bool {
        self.ids[kind as usize].get_received(id).is_some()
    }

    pub(super) fn quarantined(&self, kind: Kind) -> impl Iterator<Item = &QuarantinedRecord> {
        let records = self.quarantined.iter();
        records.filter(move |record| record.kind == kind)
    }

    fn add(
        &mut self,
        kind: Kind,
        mut records: Records,
        published: &Catalogue,
    ) -> Result<(), PlanError> {
        let bad = std::mem::take(&mut records.bad).into_iter();
        let mut bad_count = bad.len();
        self.quarantined
            .extend(bad.map(|bad| quarantined(kind, bad)));
        for (index, record) in records.iter().enumerate() {
            match record_facts(kind, &record, &mut self.findings) {
                Ok((_, links)) => {
                    let number = self.ids[kind as usize].intern(&record.id);
                    self.add_backlinks(kind, number, &links, published)?;
                }
                Err(_) if bad_count == MAX_BAD_RECORDS => {
                    return Err(PlanError::TooManyBadRecords(collection(kind)));
                }
                Err(error) => {
                    bad_count += 1;
                    let (id, raw) = (Some(record.id), record.json.get());
                    let bad = BadRecord::new(collection(kind), index, id, &error, raw);
                    self.memory.add(bad.memory_bytes())?;
                    self.quarantined.push(quarantined(kind, bad));
                }
            }
        }
        self.ids[kind as usize].end_received();
        self.records.insert(kind, records);
        Ok(())
    }

    /// Adds the back-links of a record to items that exist or may exist.
    fn add_backlinks(
        &mut self,
        kind: Kind,
        number: u32,
        links: &[LinkField<'_>],
        published: &Catalogue,
    ) -> Result<(), PlanError> {
        let ids = &mut self.ids;
        let targets = backlinks_in(kind, links).filter_map(|(relation, target_kind, link)| {
            let ids = &mut ids[target_kind as usize];
            let target = link.candidates.iter().find_map(|id| {
                ids.get(id).or_else(|| {
                    let is_published = published.number(target_kind, id).is_some();
                    is_published.then(|| ids.intern(id))
                })
            });
            Some((relation, target?))
        });
        let bytes = self.backlinks.add(number, targets);
        self.memory.add(bytes)
    }
}

fn quarantined(kind: Kind, bad: BadRecord) -> QuarantinedRecord {
    QuarantinedRecord {
        kind,
        id: bad.id.map(Arc::from),
        index: bad.index as u64,
        reason: bad.reason,
        raw: bad.raw,
    }
}

#[cfg(test)]
mod tests;
