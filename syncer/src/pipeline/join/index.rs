use std::collections::{BTreeMap, HashSet};

use common::models::Kind;
use ghibli_api::LinkedId;

use crate::pipeline::parse::{IdInterner, ParsedRecords};
use crate::pipeline::relations::Backlinks;

/// The items of the next version and their back-links, by number. Items are numbered by kind.
#[derive(Debug)]
pub(crate) struct JoinIndex<'a> {
    parsed: &'a ParsedRecords,
    /// The order of the kinds that keep items without a record.
    order: BTreeMap<Kind, Vec<u32>>,
    /// The items that stay without a record.
    kept: HashSet<(Kind, u32)>,
    retained_backlinks: Backlinks,
}

impl<'a> JoinIndex<'a> {
    pub(super) fn new(
        parsed: &'a ParsedRecords,
        order: BTreeMap<Kind, Vec<u32>>,
        kept: HashSet<(Kind, u32)>,
    ) -> Self {
        Self {
            parsed,
            order,
            kept,
            retained_backlinks: Backlinks::default(),
        }
    }

    pub(super) fn with_kept_backlinks(self, retained_backlinks: Backlinks) -> Self {
        Self {
            retained_backlinks,
            ..self
        }
    }

    /// Whether the next version has an item.
    pub(crate) fn contains(&self, kind: Kind, id: &str) -> bool {
        self.number(kind, id).is_some()
    }

    /// The ids of a kind in the source's order.
    pub(crate) fn ids(&self, kind: Kind) -> impl Iterator<Item = &str> {
        let numbers = self.numbers(kind).into_iter();
        numbers.map(move |number| self.id(kind, number))
    }

    /// The items of a kind in the source's order.
    pub(super) fn numbers(&self, kind: Kind) -> Vec<u32> {
        let order = self.order.get(&kind).cloned();
        order.unwrap_or_else(|| self.interner(kind).received().collect())
    }

    /// The number of an item of the next version.
    pub(super) fn number(&self, kind: Kind, id: &str) -> Option<u32> {
        let number = self.interner(kind).get(id)?;
        let is_received = self.interner(kind).received().contains(&number);
        (is_received || self.is_kept(kind, number)).then_some(number)
    }

    /// The number of a linked item of the next version.
    pub(super) fn target(&self, kind: Kind, link: &LinkedId) -> Option<u32> {
        let mut ids = link.candidates.iter();
        ids.find_map(|id| self.number(kind, id))
    }

    pub(super) fn id(&self, kind: Kind, number: u32) -> &str {
        self.interner(kind).resolve(number)
    }

    pub(super) fn is_kept(&self, kind: Kind, number: u32) -> bool {
        self.kept.contains(&(kind, number))
    }

    pub(super) fn retained_items(&self) -> impl Iterator<Item = (Kind, u32)> {
        self.kept.iter().copied()
    }

    /// The items that link back to `target` in a relation.
    pub(super) fn backlinks(&self, relation: usize, target: u32) -> impl Iterator<Item = u32> {
        let received = self.parsed.backlinks.sources(relation, target);
        received.chain(self.retained_backlinks.sources(relation, target))
    }

    fn interner(&self, kind: Kind) -> &IdInterner {
        &self.parsed.ids[kind as usize]
    }
}
