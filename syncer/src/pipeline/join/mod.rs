//! Joining the relations of all items from both sides.

mod index;
mod resolve;

use std::collections::{BTreeMap, HashSet};

use common::models::{Catalogue, Facts, Id, Kind, SourceRecord};
use ghibli_api::Records;

use self::index::JoinIndex;
use self::resolve::{ItemKey, resolve};
use super::findings::Findings;
use super::memory::MemoryUse;
use super::parse::{IdInterner, ParsedRecords, published_facts, published_record, record_facts};
use super::relations::{Backlinks, LinkField, backlinks_in};

/// An item as the source has it; its slug and rank depend on what is published.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) id: Id,
    pub(super) facts: Facts,
    pub(super) source: SourceRecord,
    /// Findings in its links.
    pub(super) findings: Findings,
}

/// The result of joining the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordUse {
    /// Each block of them is freed once it is joined.
    Consume,
    /// They can be joined again.
    Keep,
}

/// All items that should be published according to the source.
#[derive(Debug)]
pub(super) struct JoinedCatalogue<'a> {
    pub(super) items: JoinIndex<'a>,
    records: BTreeMap<Kind, RecordsToJoin<'a>>,
    published: &'a Catalogue,
    /// Findings within single records.
    pub(super) findings: Findings,
    pub(super) memory: MemoryUse,
}

/// The records of one kind, to be joined.
#[derive(Debug)]
pub(super) enum RecordsToJoin<'a> {
    Consumed(Records),
    Kept(&'a Records),
}

/// Joins the records with each other and with the published items in `kept`, which stay without a
/// record of their own by their last good one.
///
/// The relations of an item are resolved when [`JoinedCatalogue::drafts`] comes to it: a million
/// drafts do not fit into memory.
pub(super) fn join<'a>(
    parsed: &'a mut ParsedRecords,
    published: &'a Catalogue,
    kept: &HashSet<(Kind, &Id)>,
    record_use: RecordUse,
) -> JoinedCatalogue<'a> {
    let (mut order, mut kept_numbers) = (BTreeMap::new(), HashSet::new());
    for kind in Kind::ALL {
        if kept.iter().any(|(of, _)| *of == kind) {
            let ids = &mut parsed.ids[kind as usize];
            let after = retained_after(kind, ids, published, kept);
            let numbers = after.values().flatten();
            kept_numbers.extend(numbers.map(|number| (kind, *number)));
            order.insert(kind, order_with(ids, after));
        }
    }
    let (consumed, mut findings) = match record_use {
        RecordUse::Consume => (
            std::mem::take(&mut parsed.records),
            std::mem::take(&mut parsed.findings),
        ),
        RecordUse::Keep => (BTreeMap::new(), parsed.findings.clone()),
    };
    let parsed: &'a ParsedRecords = parsed;
    let consumed = consumed.into_iter();
    let consumed = consumed.map(|(kind, records)| (kind, RecordsToJoin::Consumed(records)));
    let shared = parsed.records.iter();
    let shared = shared.map(|(kind, records)| (*kind, RecordsToJoin::Kept(records)));
    let items = JoinIndex::new(parsed, order, kept_numbers);
    let retained_backlinks = retained_backlinks(&items, published, &mut findings);
    JoinedCatalogue {
        items: items.with_kept_backlinks(retained_backlinks),
        records: consumed.chain(shared).collect(),
        published,
        findings,
        memory: parsed.memory,
    }
}

/// The kept items of a kind by the received item that they follow in the published order.
fn retained_after(
    kind: Kind,
    ids: &mut IdInterner,
    published: &Catalogue,
    kept: &HashSet<(Kind, &Id)>,
) -> BTreeMap<Option<u32>, Vec<u32>> {
    let mut after: BTreeMap<_, Vec<u32>> = BTreeMap::new();
    let mut last = None;
    for item in published.iter(kind) {
        if let Some(number) = ids.get_received(&item.id) {
            last = Some(number);
        } else if kept.contains(&(kind, &item.id)) {
            after.entry(last).or_default().push(ids.intern(&item.id));
        }
    }
    after
}

/// The items of a kind in the source's order, each with the kept items that follow it.
fn order_with(ids: &IdInterner, mut after: BTreeMap<Option<u32>, Vec<u32>>) -> Vec<u32> {
    let mut order = after.remove(&None).unwrap_or_default();
    for number in ids.received() {
        order.push(number);
        order.extend(after.remove(&Some(number)).unwrap_or_default());
    }
    order
}

/// The back-links in the last good records of the kept items.
fn retained_backlinks(
    items: &JoinIndex<'_>,
    published: &Catalogue,
    findings: &mut Findings,
) -> Backlinks {
    let mut backlinks = Backlinks::default();
    for (kind, number) in items.retained_items() {
        let Some(item) = published.get(kind, items.id(kind, number)) else {
            continue;
        };
        let record = published_record(&item);
        let (_, links) = published_facts(&item, record.as_ref(), findings);
        let targets = backlinks_in(kind, &links).filter_map(|(relation, target_kind, link)| {
            Some((relation, items.target(target_kind, &link)?))
        });
        backlinks.add(number, targets);
    }
    backlinks.sort();
    backlinks
}

impl<'a> JoinedCatalogue<'a> {
    /// Takes the records of a kind, for [`Self::drafts`].
    pub(super) fn take_records(&mut self, kind: Kind) -> Option<RecordsToJoin<'a>> {
        self.records.remove(&kind)
    }

    /// The items of a kind in the source's order, kept ones included.
    pub(super) fn drafts(
        &self,
        kind: Kind,
        records: Option<RecordsToJoin<'a>>,
    ) -> impl Iterator<Item = Draft> {
        let (consumed, kept) = match records {
            Some(RecordsToJoin::Consumed(records)) => (Some(records), None),
            Some(RecordsToJoin::Kept(records)) => (None, Some(records)),
            None => (None, None),
        };
        let consumed = consumed.into_iter().flat_map(Records::into_readable);
        let mut records = consumed.chain(kept.into_iter().flat_map(Records::iter));
        let numbers = self.items.numbers(kind).into_iter();
        numbers.filter_map(move |number| {
            let id = self.items.id(kind, number);
            let mut findings = Findings::default();
            let mut join = |(mut facts, links): (Facts, Vec<LinkField<'_>>)| {
                let item = ItemKey { kind, number, id };
                resolve(&self.items, item, &mut facts, &links, &mut findings);
                facts
            };
            // Parsing has collected the findings within the record.
            let (facts, source) = if self.items.is_kept(kind, number) {
                let item = self.published.get(kind, id)?;
                let record = published_record(&item);
                let read = published_facts(&item, record.as_ref(), &mut Findings::default());
                (join(read), item.source.clone())
            } else {
                records.find_map(|record| {
                    let read = record_facts(kind, &record, &mut Findings::default()).ok()?;
                    Some((join(read), SourceRecord::new(record.json)))
                })?
            };
            Some(Draft {
                id: id.into(),
                facts,
                source,
                findings,
            })
        })
    }
}

impl RecordsToJoin<'_> {
    /// The memory that is free once they are joined, in bytes.
    pub(super) fn freed_bytes(&self) -> u64 {
        match self {
            Self::Consumed(records) => records.text_bytes(),
            Self::Kept(_) => 0,
        }
    }
}
