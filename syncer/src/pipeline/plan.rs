//! The plan: what a sync would publish, and whether it would be held. No I/O.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use common::config::FuseLimits;
use common::models::{
    Catalogue, Changes, Counts, Finding, Id, Kind, KindStats, MissingItem, Problem,
    QuarantinedRecord,
};
use common::repository::{Damage, LostItems};
use ghibli_api::{Collection, Records};
use jiff::Timestamp;
use xxhash_rust::xxh3::Xxh3;

use super::diff::{Delta, diff};
use super::error::PlanError;
use super::fuse::{self, FuseRule, FuseVerdict};
use super::join::{RecordUse, join};
use super::missing;
use super::parse::{ParsedRecords, parse};

/// The limits of a sync, and the time between syncs.
#[derive(Clone, Copy, Debug)]
pub struct SyncPolicy {
    /// The limits of one sync.
    pub fuse: FuseLimits,
    /// Syncs in a row that may miss an item before it is removed.
    pub missed_syncs: u32,
    /// Time between syncs.
    pub interval: Duration,
}

/// The outcome that a sync would have.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The changes; if the sync is held, those that an approval would publish, without missing
    /// items.
    pub(crate) changes: Changes,
    pub(crate) verdict: FuseVerdict,
    /// The missing items that stay for now, with this sync counted.
    pub(crate) missing: Vec<MissingItem>,
    /// The unreadable records.
    pub(crate) quarantined: Vec<QuarantinedRecord>,
    /// Problems in the source's data, sorted; at most 10,000.
    pub(crate) findings: Vec<Finding>,
    /// The unreadable parts of the published state, which the plan leaves out.
    pub(crate) damage: Vec<Damage>,
    /// By kind, without the changes.
    kinds: BTreeMap<Kind, KindStats>,
}

/// The published state that a plan starts from.
pub(super) struct PublishedState {
    pub(super) catalogue: Catalogue,
    /// The items that earlier syncs missed.
    pub(super) missing: Vec<MissingItem>,
}

impl Plan {
    /// Plans a sync with the source's response, within `memory_limit` bytes.
    ///
    /// # Errors
    /// If too many records of a kind are unreadable, or memory does not suffice.
    pub(super) fn new(
        published: &PublishedState,
        collections: BTreeMap<Collection, Records>,
        policy: SyncPolicy,
        now: Timestamp,
        memory_limit: u64,
    ) -> Result<Self, PlanError> {
        let PublishedState { catalogue, missing } = published;
        let mut parsed = parse(collections, catalogue, memory_limit)?;
        // Before the join, which treats a missing item that stays like a received one.
        let absent = missing::find(&parsed, catalogue, missing, policy.missed_syncs, now);
        let record_use = match absent.retained.is_empty() {
            true => RecordUse::Consume,
            false => RecordUse::Keep,
        };
        let mut delta = compare(&mut parsed, catalogue, &absent.retained_items(), record_use)?;
        let (limits, missing) = (&policy.fuse, &absent.missing);
        let verdict = fuse::judge(limits, catalogue, &parsed, missing, &delta.changes);
        if verdict.is_held() && !absent.retained.is_empty() {
            // An approval removes missing items at once, so it has a delta of its own. That takes
            // a second pass over the records: both deltas at once could need twice the memory.
            drop(delta);
            let kept = absent.retained_without_missing();
            delta = compare(&mut parsed, catalogue, &kept, RecordUse::Consume)?;
        }
        let kinds = Kind::ALL.map(|kind| {
            let missing = absent.missing.iter().filter(|(of, _)| *of == kind);
            let stats = KindStats {
                seen: parsed.received(kind) as u64,
                missing: missing.count() as u64,
                quarantined: parsed.quarantined(kind).count() as u64,
                ..KindStats::default()
            };
            (kind, stats)
        });
        Ok(Self {
            changes: delta.changes,
            verdict,
            missing: absent.retained,
            quarantined: parsed.quarantined,
            findings: delta.findings,
            damage: Vec::new(),
            kinds: kinds.into(),
        })
    }

    /// Also judges the items that a repair could not recover.
    pub(super) fn judge_repair(&mut self, limits: &FuseLimits, lost: &LostItems) {
        let violation = fuse::judge_repair(limits, lost);
        self.verdict.violations.extend(violation);
    }

    /// Whether missing items stay for now even if an approval lets the changes pass.
    pub(super) fn approval_keeps_missing(&self) -> bool {
        let mut violations = self.verdict.violations.iter();
        violations.all(|violation| violation.rule == FuseRule::Unrecovered)
    }

    /// Whether the findings have links that lead nowhere.
    pub(super) fn has_broken_links(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| matches!(finding.problem, Problem::Dangling | Problem::NotALink))
    }

    /// Identifies a held plan, so that an approval lets exactly this one pass: the broken rules
    /// with all items that break them, and the content of the changes.
    pub(crate) fn fingerprint(&self) -> String {
        let mut digest = Xxh3::new();
        self.verdict.hash_into(&mut digest);
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

    /// The figures of each kind.
    pub(super) fn kind_stats(&self) -> BTreeMap<Kind, KindStats> {
        let with_changes = |(kind, stats): (&Kind, &KindStats)| {
            let Counts {
                added,
                updated,
                removed,
            } = self.changes.counts_of(*kind);
            let stats = KindStats {
                added,
                updated,
                removed,
                ..*stats
            };
            (*kind, stats)
        };
        self.kinds.iter().map(with_changes).collect()
    }
}

fn compare(
    parsed: &mut ParsedRecords,
    published: &Catalogue,
    kept: &HashSet<(Kind, &Id)>,
    record_use: RecordUse,
) -> Result<Delta, PlanError> {
    let joined = join(parsed, published, kept, record_use);
    diff(published, joined)
}
