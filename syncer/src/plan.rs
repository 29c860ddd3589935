//! What a sync would do with what the source says. Pure.

use std::collections::{BTreeMap, HashSet};

use common::config::FuseLimits;
use common::models::{Catalogue, Change, Id, Kind};
use common::repository::{Missing, Tally};
use ghibli_api::{Collection, Records};
use jiff::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use crate::diff::diff;
use crate::fuse::{self, Hold};
use crate::parse::{self, TooManyBad, Upstream};
use crate::tombstones;

/// How much of what looks like damage is borne.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What one sync may bring.
    pub fuse: FuseLimits,
    /// How many looks in a row an item may be missing before it goes.
    pub missing_looks: u32,
}

/// What a sync would do.
#[derive(Debug)]
pub struct Plan {
    /// What would change; if it would be held, what an approval would let through, where missing
    /// items go at once.
    pub changes: Vec<Change>,
    /// Why it would be held.
    pub holds: Vec<Hold>,
    /// The missing items that stay for now, this look counted.
    pub missing: Vec<Missing>,
    /// All that is missing.
    absent: Vec<(Kind, Id)>,
    /// What the source gave.
    pub upstream: Upstream,
}

impl Plan {
    /// What a sync would do with this answer.
    ///
    /// # Errors
    /// If too many records of a kind cannot be read.
    pub fn of(
        published: &Catalogue,
        known: &[Missing],
        collections: BTreeMap<Collection, Records>,
        patience: Patience,
        now: Timestamp,
    ) -> Result<Self, TooManyBad> {
        let unjoined = parse::read(collections)?;
        let absent = unjoined.missing(published);
        let missing = tombstones::look(known, &absent, patience.missing_looks, now);
        let stay = tombstones::staying(&missing);
        // What an approval lets through is joined anew, without those that stay for now.
        let links = (!stay.is_empty()).then(|| unjoined.without_drafts());
        let mut upstream = unjoined.join(published, &stay);
        let mut changes = diff(published, &upstream);
        let holds = fuse::judge(&patience.fuse, published, &upstream, &absent, &changes);
        if !holds.is_empty()
            && let Some(links) = links
        {
            drop(changes);
            let unjoined = links.with_drafts_of(upstream);
            upstream = unjoined.join(published, &HashSet::new());
            changes = diff(published, &upstream);
        }
        Ok(Self {
            changes,
            holds,
            missing,
            absent,
            upstream,
        })
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
            digest.update(hold.kind.singular().as_bytes());
            digest.update(&hold.digest.to_le_bytes());
        }
        for change in &self.changes {
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
    pub(crate) fn tallies(&self) -> BTreeMap<Kind, Tally> {
        let mut tallies: BTreeMap<_, _> = Kind::ALL
            .map(|kind| {
                let absent = self.absent.iter().filter(|(of, _)| *of == kind);
                let tally = Tally {
                    seen: self.upstream.seen(kind) as u64,
                    missing: absent.count() as u64,
                    quarantined: self.upstream.quarantined(kind).count() as u64,
                    ..Tally::default()
                };
                (kind, tally)
            })
            .into();
        for change in &self.changes {
            let tally = tallies.entry(change.kind).or_default();
            match (&change.before, &change.after) {
                (None, _) => tally.added += 1,
                (Some(_), Some(_)) => tally.updated += 1,
                (Some(_), None) => tally.removed += 1,
            }
        }
        tallies
    }
}
