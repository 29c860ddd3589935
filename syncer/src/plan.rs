//! What a sync would do with what the source says. Pure.

use std::collections::{BTreeMap, HashSet};

use common::config::FuseLimits;
use common::models::{
    Catalogue, Changes, Counts, Finding, Id, Kind, KindStats, MissingItem, Quarantined,
};
use common::repository::{Damage, LostItems};
use ghibli_api::{Collection, Records};
use jiff::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use crate::diff::diff;
use crate::fuse::{self, Hold, Rule};
use crate::parse::{self, Refused};
use crate::tombstones;

/// How much of what looks like damage is borne.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What one sync may bring.
    pub fuse: FuseLimits,
    /// How many looks in a row an item may be missing before it goes.
    pub missed_syncs: u32,
}

/// What a sync would do.
#[derive(Debug)]
pub struct Plan {
    /// What would change; if it would be held, what an approval would let through, where missing
    /// items go at once.
    pub changes: Changes,
    /// Why it would be held.
    pub holds: Vec<Hold>,
    /// The missing items that stay for now, this look counted.
    pub missing: Vec<MissingItem>,
    /// All that is missing.
    absent: Vec<(Kind, Id)>,
    /// How many records of each kind came and could be read.
    seen: BTreeMap<Kind, u64>,
    /// The records that cannot be understood.
    pub quarantined: Vec<Quarantined>,
    /// What does not join or looks wrong, sorted; the first 10,000.
    pub findings: Vec<Finding>,
    /// What of the published state could not be read: the plan is made for the rest of it.
    pub damage: Vec<Damage>,
}

impl Plan {
    /// What a sync would do with this answer, if it and that have room in so many bytes.
    ///
    /// # Errors
    /// If too many records of a kind cannot be read, or they have not.
    pub fn of(
        published: &Catalogue,
        known: &[MissingItem],
        collections: BTreeMap<Collection, Records>,
        patience: Patience,
        now: Timestamp,
        room: u64,
    ) -> Result<Self, Refused> {
        let mut unjoined = parse::read(collections, published, room)?;
        let absent = unjoined.missing(published);
        let missing = tombstones::look(known, &absent, patience.missed_syncs, now);
        let stay = tombstones::staying(&missing);
        let mut upstream = unjoined.join(published, &stay);
        let mut changes = diff(published, &mut upstream)?;
        let holds = fuse::judge(&patience.fuse, published, &upstream, &absent, &changes);
        let mut findings = upstream.findings;
        if !holds.is_empty() && !stay.is_empty() {
            // What an approval lets through is joined anew, without those that stay for now.
            drop(changes);
            let mut upstream = unjoined.join(published, &HashSet::new());
            changes = diff(published, &mut upstream)?;
            findings = upstream.findings;
        }
        let seen = Kind::ALL.map(|kind| (kind, unjoined.seen(kind) as u64));
        Ok(Self {
            changes,
            holds,
            missing,
            absent,
            seen: seen.into(),
            quarantined: unjoined.quarantined,
            findings,
            damage: Vec::new(),
        })
    }

    /// Judges what a repair could not bring back, too.
    pub(crate) fn judge_repair(&mut self, limits: &FuseLimits, lost: &LostItems) {
        self.holds.extend(fuse::judge_repair(limits, lost));
    }

    /// Whether missing items stay for now if an approval lets it through.
    pub(crate) fn keeps_missing(&self) -> bool {
        let mut rules = self.holds.iter().map(|hold| hold.rule);
        rules.all(|rule| rule == Rule::Unrecovered)
    }

    /// Why it would be held, if so.
    pub fn reason(&self) -> Option<String> {
        let reasons: Vec<_> = self.holds.iter().map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    /// Names what is held, so that an approval lets exactly it pass: the rules with all that breaks
    /// them, and the delta by its content.
    pub fn fingerprint(&self) -> String {
        let mut digest = Xxh3::new();
        for hold in &self.holds {
            digest.update(hold.rule.setting().as_bytes());
            digest.update(hold.kind.map_or("item", Kind::singular).as_bytes());
            digest.update(&hold.digest.to_le_bytes());
        }
        for change in self.changes.iter() {
            for item in [&change.before, &change.after] {
                if let Some(item) = item {
                    digest.update(item.source.text().as_bytes());
                }
                digest.update(b"\n");
            }
            digest.update(change.kind.singular().as_bytes());
            digest.update(change.id.as_bytes());
            digest.update(b"\n");
        }
        format!("{:032x}", digest.digest128())
    }

    /// The names of the settings that hold it.
    pub(crate) fn rules(&self) -> Vec<String> {
        let mut rules: Vec<_> = self
            .holds
            .iter()
            .map(|hold| hold.rule.setting().to_owned())
            .collect();
        rules.sort();
        rules.dedup();
        rules
    }

    /// What it met in each kind.
    pub(crate) fn kind_stats(&self) -> BTreeMap<Kind, KindStats> {
        let stats = |kind| {
            let absent = self.absent.iter().filter(|(of, _)| *of == kind);
            let quarantined = self.quarantined.iter().filter(|bad| bad.kind == kind);
            let Counts {
                added,
                updated,
                removed,
            } = self.changes.counts_of(kind);
            KindStats {
                seen: self.seen.get(&kind).copied().unwrap_or_default(),
                added,
                updated,
                removed,
                missing: absent.count() as u64,
                quarantined: quarantined.count() as u64,
            }
        };
        Kind::ALL.map(|kind| (kind, stats(kind))).into()
    }
}
