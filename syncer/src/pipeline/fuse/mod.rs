//! The fuse: it holds a run whose delta looks like damage at the source.

mod compare;
mod verdict;

use std::collections::HashSet;

use common::config::FuseLimits;
use common::models::{Catalogue, Changes, Id, Item, Kind};
use common::repository::LostItems;

pub(crate) use self::verdict::{FuseRule, FuseVerdict};

use self::compare::{blanked_field, is_mostly_changed};
use self::verdict::{MAX_FEW, Violation};
use super::parse::ParsedRecords;

/// Judges changes by every rule, kind by kind. `missing` are the published items that the source
/// no longer has, whether they stay for now or not.
pub(super) fn judge(
    limits: &FuseLimits,
    published: &Catalogue,
    parsed: &ParsedRecords,
    missing: &[(Kind, Id)],
    changes: &Changes,
) -> FuseVerdict {
    let missing_ids = missing.iter().map(|(_, id)| id.clone());
    let fuse = Fuse {
        limits,
        published,
        parsed,
        missing,
        changes,
        lost_ids: changes.removed().chain(missing_ids).collect(),
    };
    let rules = [
        Fuse::empty,
        Fuse::lost,
        Fuse::blanked,
        Fuse::unreadable,
        Fuse::duplicates,
    ];
    let kinds = Kind::ALL.into_iter();
    let violations = kinds.flat_map(|kind| rules.map(|rule| rule(&fuse, kind)));
    FuseVerdict {
        violations: violations.flatten().collect(),
    }
}

/// Judges the items that a repair of the store could not recover.
pub(super) fn judge_repair(limits: &FuseLimits, lost: &LostItems) -> Option<Violation> {
    let [count, of] =
        [lost.count, lost.of].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let limit = limits.lost_percent;
    let names = lost.names.iter().cloned();
    (count > MAX_FEW && exceeds(count, of, limit))
        .then(|| Violation::new(FuseRule::Unrecovered, None, (count, of), limit, names))
}

/// The input of the rules. Each rule is a method that judges one kind.
struct Fuse<'a> {
    limits: &'a FuseLimits,
    published: &'a Catalogue,
    parsed: &'a ParsedRecords,
    missing: &'a [(Kind, Id)],
    changes: &'a Changes,
    /// The ids of the removed and the missing items.
    lost_ids: HashSet<Id>,
}

impl<'a> Fuse<'a> {
    fn empty(&self, kind: Kind) -> Option<Violation> {
        let of = self.published.count(kind);
        // The first version must not lack a kind either.
        let is_expected = of > 0 || self.published.is_empty();
        let is_held = self.records(kind) == 0 && is_expected && !self.limits.may_be_empty;
        is_held.then(|| Violation::new(FuseRule::Empty, kind, (of, of), 0_u64, []))
    }

    fn lost(&self, kind: Kind) -> Option<Violation> {
        let missing = self.missing.iter().filter(|(of, _)| *of == kind);
        let missing = missing.filter_map(|(_, id)| self.published.get(kind, id));
        let changed = self.changes.updated(kind);
        let changed = changed.filter(|(before, after)| is_mostly_changed(before, after));
        let lost: Vec<_> = missing
            .map(|item| quoted(&item))
            .chain(changed.map(|(before, _)| quoted(&before)))
            .collect();
        let (count, of) = (lost.len(), self.published.count(kind));
        let limit = self.limits.lost_percent;
        // A kind without any record has a rule of its own.
        let is_held = self.records(kind) > 0 && count > MAX_FEW && exceeds(count, of, limit);
        is_held.then(|| Violation::new(FuseRule::Lost, kind, (count, of), limit, lost))
    }

    fn blanked(&self, kind: Kind) -> Option<Violation> {
        let updated = self.changes.updated(kind);
        let blanked = updated.filter_map(|(before, after)| {
            let field = blanked_field(&before, &after, &self.lost_ids)?;
            Some(format!("{field} of \"{}\"", before.name()))
        });
        let blanked: Vec<_> = blanked.collect();
        let (count, of) = (blanked.len(), self.published.count(kind));
        let limit = self.limits.blanked_percent;
        // Of a small kind a few items are a large share, but a field that none has any more is damage.
        let is_held = (count > MAX_FEW || count == of) && exceeds(count, of, limit);
        is_held.then(|| Violation::new(FuseRule::Blanked, kind, (count, of), limit, blanked))
    }

    fn unreadable(&self, kind: Kind) -> Option<Violation> {
        let bad: Vec<_> = self.parsed.quarantined(kind).collect();
        let count = bad.len() - self.repeated(kind).len();
        let of = self.parsed.received(kind) + count;
        let limit = self.limits.unreadable_percent;
        exceeds(count, of, limit).then(|| {
            let names = bad.iter().map(|record| match &record.id {
                Some(id) => format!("{id}: {}", record.reason),
                None => format!("record {}: {}", record.index + 1, record.reason),
            });
            Violation::new(FuseRule::Unreadable, kind, (count, of), limit, names)
        })
    }

    fn duplicates(&self, kind: Kind) -> Option<Violation> {
        let repeated = self.repeated(kind);
        let count = repeated.len();
        let of = self.parsed.received(kind) + count;
        let limit = self.limits.duplicates;
        (count as u64 > limit).then(|| {
            let names = repeated.iter().map(|id| id.to_string());
            Violation::new(FuseRule::Duplicates, kind, (count, of), limit, names)
        })
    }

    /// The number of records of a kind, readable or not.
    fn records(&self, kind: Kind) -> usize {
        self.parsed.received(kind) + self.parsed.quarantined(kind).count()
    }

    /// The ids of quarantined records that another record of the kind has too.
    fn repeated(&self, kind: Kind) -> Vec<&'a Id> {
        let mut ids: HashSet<&Id> = HashSet::new();
        let bad = self.parsed.quarantined(kind);
        let bad = bad.filter_map(|record| record.id.as_ref());
        bad.filter(|id| self.parsed.has_received(kind, id) || !ids.insert(id))
            .collect()
    }
}

fn quoted(item: &Item) -> String {
    format!("\"{}\"", item.name())
}

fn exceeds(count: usize, of: usize, percent: u8) -> bool {
    count.saturating_mul(100) > of.saturating_mul(usize::from(percent))
}

#[cfg(test)]
mod tests;
