use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Counts, HeldChange, Id, Kind};

/// A row of the ledger: one sync, or several in a row that ended alike and published nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// Its number, which increases; of several, the first one's.
    pub number: u64,
    /// Number of consecutive syncs in this entry.
    pub repeat_count: u64,
    /// When it began; of several, the first.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started: Timestamp,
    /// When it ended; of several, the last.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub ended: Timestamp,
    /// Duration of each phase; of several, the last one's.
    pub phases: PhaseTimings,
    /// How it ended.
    pub outcome: Outcome,
    /// The version after it.
    pub version: u64,
    /// Statistics of each kind; empty without a complete response of the source.
    pub kinds: BTreeMap<Kind, KindStats>,
    /// Decoded size of the source's complete responses, in bytes. Of several, the last one's.
    pub bytes: u64,
    /// The base URL of the source that responded; of a failed run, of the last one tried.
    pub provider: Option<String>,
    /// The rules that held it, by the names of their settings.
    pub rules: Vec<String>,
    /// Why it failed, was held, or published nothing.
    pub reason: Option<String>,
    /// The causes of a failure: one for each source, or the error of the database.
    pub causes: Vec<String>,
    /// The fingerprint of the held changes.
    pub fingerprint: Option<String>,
    /// The first changes of the held delta, removals first; at most 1,000. The ledger has them
    /// only for the last held run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(skip)]
    pub held_changes: Vec<HeldChange>,
    /// Number of findings.
    pub findings: u64,
    /// The parts of the database that it found lost or damaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
    /// The result of a repair, and writes that failed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The settings of the syncer; absent in entries of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<RunSettings>,
}

/// The settings of a syncer that web apps need.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSettings {
    /// Time between syncs, in milliseconds.
    pub interval_milliseconds: u64,
    /// Number of versions to keep.
    pub retention: u64,
    /// The share of unreadable records of a kind that holds a sync, in percent.
    pub unreadable_percent: u8,
}

impl RunSettings {
    /// Time between syncs.
    pub const fn interval(&self) -> Duration {
        Duration::from_millis(self.interval_milliseconds)
    }
}

/// The time after the end of a sync at which the next one is overdue.
pub fn overdue_after(interval: Duration) -> Duration {
    interval.saturating_mul(2) + Duration::from_mins(1)
}

/// Durations of the phases of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseTimings {
    /// Loading the published state and repairing the view.
    pub load_microseconds: u64,
    /// Fetching from the source.
    pub fetch_microseconds: u64,
    /// Parsing, joining, diffing and the fuse.
    pub compare_microseconds: u64,
    /// All writes but the ledger.
    pub publish_microseconds: u64,
}

impl PhaseTimings {
    /// Sum of all phases, in microseconds.
    pub const fn total_microseconds(&self) -> u64 {
        self.load_microseconds
            + self.fetch_microseconds
            + self.compare_microseconds
            + self.publish_microseconds
    }
}

/// Statistics of one kind in a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindStats {
    /// Readable records received.
    pub seen: u64,
    /// Items added, or to be added if it was held.
    pub added: u64,
    /// Items updated.
    pub updated: u64,
    /// Items removed.
    pub removed: u64,
    /// Published items missing from the response.
    pub missing: u64,
    /// Quarantined records.
    pub quarantined: u64,
}

impl KindStats {
    /// The statistics of a run that finds all of this published.
    #[must_use]
    pub const fn without_changes(&self) -> Self {
        Self {
            added: 0,
            updated: 0,
            removed: 0,
            ..*self
        }
    }
}

impl Run {
    /// Changes of all kinds; of a held run, those it would have made.
    pub fn changes(&self) -> Counts {
        let mut counts = Counts::default();
        for stats in self.kinds.values() {
            counts.added += stats.added;
            counts.updated += stats.updated;
            counts.removed += stats.removed;
        }
        counts
    }

    /// Quarantined records of all kinds.
    pub fn quarantined(&self) -> u64 {
        self.kinds.values().map(|stats| stats.quarantined).sum()
    }

    /// Whether more records of a kind are quarantined than half of the share that holds a sync.
    pub fn is_quarantine_high(&self) -> bool {
        let Some(settings) = self.settings else {
            return false;
        };
        let percent = u64::from(settings.unreadable_percent);
        let mut kinds = self.kinds.values();
        kinds.any(|stats| {
            let received = stats.seen + stats.quarantined;
            stats.quarantined * 200 > received * percent
        })
    }

    /// One row for this run and the next, if both ended alike and published nothing, and no sync
    /// was overdue between them. Failures may differ in numbers, such as the seconds left to wait.
    pub(crate) fn merged_with(&self, next: &Self) -> Option<Self> {
        let merged = Self {
            number: self.number,
            repeat_count: self.repeat_count + next.repeat_count,
            started: self.started,
            ..next.clone()
        };
        let mut expected = Self {
            repeat_count: self.repeat_count,
            ended: self.ended,
            phases: self.phases,
            bytes: self.bytes,
            ..merged.clone()
        };
        if self.outcome == Outcome::Failed
            && self.failure_without_digits() == next.failure_without_digits()
        {
            expected.reason.clone_from(&self.reason);
            expected.causes.clone_from(&self.causes);
        }
        let is_alike = self.outcome != Outcome::Published && expected == *self;
        (is_alike && self.is_followed_by(next)).then_some(merged)
    }

    /// Whether the next run began before a sync was overdue.
    fn is_followed_by(&self, next: &Self) -> bool {
        let Some(settings) = self.settings else {
            return true;
        };
        let pause = next.started.duration_since(self.ended);
        Duration::try_from(pause).unwrap_or_default() <= overdue_after(settings.interval())
    }

    fn failure_without_digits(&self) -> String {
        let texts = self.reason.iter().chain(&self.causes);
        texts
            .flat_map(|text| text.chars().filter(|c| !c.is_ascii_digit()))
            .collect()
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The source has what is published, or a version is pinned.
    Unchanged,
    /// It published a version.
    Published,
    /// Its changes looked like damage.
    Held,
    /// The source or the database failed.
    Failed,
}

impl Outcome {
    /// The outcome as a word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Published => "published",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

/// A published item that is missing from the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingItem {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
    /// When it was first found missing.
    pub since: Timestamp,
    /// Number of syncs in a row that have missed it.
    pub missed_syncs: u32,
}

impl MissingItem {
    /// Its key in the table `missing`.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.kind.plural(), self.id)
    }
}
