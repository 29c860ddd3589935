//! The conditions that hold for the catalogue and its syncs, since when, and the digest of the notices
//! about them.

use std::time::Duration;

use common::models::{Conditions, SyncState, overdue_after};
use common::repository::HeadStatus;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use super::sync_status::SyncStatus;

/// Accepted difference between two clocks.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
/// An outage of the source needs attention after this many intervals.
const LONG_OUTAGE_INTERVALS: u32 = 10;

/// Whether the catalogue is fresh, and if not, why and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Freshness {
    /// The last sync read the source.
    Fresh,
    /// No sync has finished yet.
    Waiting,
    /// Every sync since then has failed.
    SourceUnavailable(Timestamp),
    /// No sync has finished since then.
    NoRecentSync(Timestamp),
    /// The last sync is dated then, in the future: a clock was or is wrong.
    SyncInFuture(Timestamp),
    /// The store cannot be read since then.
    StoreUnavailable(Timestamp),
}

impl Freshness {
    /// Since when the catalogue may be out of date.
    pub(crate) const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Fresh | Self::Waiting | Self::SyncInFuture(_) => None,
            Self::SourceUnavailable(since)
            | Self::NoRecentSync(since)
            | Self::StoreUnavailable(since) => Some(since),
        }
    }
}

/// The conditions that hold, computed from the head, the sync status and the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SiteStatus {
    /// All conditions that hold.
    pub(crate) conditions: Conditions,
    /// The pinned version.
    pub(crate) pinned: Option<u64>,
    /// Whether the changes of the held run are approved.
    pub(crate) is_approved: bool,
    /// Time between syncs.
    pub(crate) interval: Duration,
    /// When this process began to follow the catalogue.
    pub(crate) started: Timestamp,
    /// A digest of the notices and posters on pages other than `/status`. The same in every process.
    pub(crate) notices: u64,
    /// Rises with every change of the status or of the sync status.
    pub(crate) revision: u64,
}

/// The inputs of a site's status.
pub(super) struct SiteStatusInputs<'a> {
    pub(super) head: &'a HeadStatus,
    pub(super) sync_status: &'a SyncStatus,
    /// Since when the store cannot be read.
    pub(super) unavailable_since: Option<Timestamp>,
    /// Whether parts of the served version could not be read.
    pub(super) is_damaged: bool,
    /// Time between syncs, unless the ledger has that of the syncer.
    pub(super) interval: Duration,
    pub(super) started: Timestamp,
    pub(super) now: Timestamp,
}

impl SiteStatusInputs<'_> {
    pub(super) fn freshness(&self) -> Freshness {
        match (self.unavailable_since, self.sync_freshness()) {
            (Some(since), _) => Freshness::StoreUnavailable(since),
            (None, freshness) => freshness,
        }
    }

    /// The freshness by the head that was read last.
    fn sync_freshness(&self) -> Freshness {
        let Some(last_sync) = &self.head.last_sync else {
            return Freshness::Waiting;
        };
        if let Some(since) = last_sync.failing_since {
            return Freshness::SourceUnavailable(since);
        }
        freshness_by_age(last_sync.at, self.now, self.interval())
    }

    /// Everything but the revision.
    pub(super) fn status(&self) -> SiteStatus {
        let held = self.sync_status.held.as_ref();
        let sync_freshness = self.sync_freshness();
        let conditions = Conditions {
            held: held.is_some(),
            database_unavailable: self.unavailable_since.is_some(),
            source_unavailable: matches!(sync_freshness, Freshness::SourceUnavailable(_)),
            source_unavailable_long: self.is_source_long_unavailable(),
            no_recent_sync: matches!(
                sync_freshness,
                Freshness::NoRecentSync(_) | Freshness::SyncInFuture(_)
            ),
            pinned: self.head.pin.is_some(),
            waiting: sync_freshness == Freshness::Waiting,
            database_damaged: self.is_damaged || self.sync_status.is_damaged(),
            quarantine_high: self.sync_status.is_quarantine_high(),
        };
        let fingerprint = held.and_then(|run| run.fingerprint.as_ref());
        SiteStatus {
            conditions,
            pinned: self.head.pin,
            is_approved: fingerprint.is_some() && self.head.approval.as_ref() == fingerprint,
            interval: self.interval(),
            started: self.started,
            notices: self.notices(conditions.state()),
            revision: 0,
        }
    }

    fn interval(&self) -> Duration {
        let settings = self.sync_status.settings();
        settings.map_or(self.interval, |settings| settings.interval())
    }

    fn is_source_long_unavailable(&self) -> bool {
        let long = self.interval().saturating_mul(LONG_OUTAGE_INTERVALS);
        let since = self.head.failing_since();
        since.is_some_and(|since| self.now.duration_since(since) > signed(long))
    }

    fn notices(&self, state: SyncState) -> u64 {
        // Pages say the same while the first sync is under way as when it has ended.
        let has_notice = !matches!(state, SyncState::Waiting | SyncState::UpToDate);
        let state = has_notice.then(|| (state, self.freshness()));
        let held_since = self.sync_status.held.as_ref().map(|run| run.started);
        let items = self.sync_status.items_digest;
        let posters = self.sync_status.posters.digest();
        let notices = (state, held_since, self.head.pin, items, posters);
        serde_json::to_vec(&notices).map_or(0, |bytes| xxh3_64(&bytes))
    }
}

/// The freshness of a catalogue whose last sync ended well.
fn freshness_by_age(last_sync: Timestamp, now: Timestamp, interval: Duration) -> Freshness {
    let age = now.duration_since(last_sync);
    if age > signed(overdue_after(interval)) {
        Freshness::NoRecentSync(last_sync)
    } else if age.unsigned_abs() > CLOCK_TOLERANCE && age.is_negative() {
        Freshness::SyncInFuture(last_sync)
    } else {
        Freshness::Fresh
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use common::models::{KindStats, Outcome, RunSettings};
    use common::repository::LastSync;

    use super::*;
    use crate::fixture::run;

    const INTERVAL: Duration = Duration::from_secs(15);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000_000 + second).unwrap()
    }

    /// A head whose last sync ended now, with failures since a number of seconds ago.
    fn head(failing_for: Option<i64>) -> HeadStatus {
        HeadStatus {
            last_sync: Some(LastSync {
                at: at(0),
                failing_since: failing_for.map(|seconds| at(-seconds)),
            }),
            ..HeadStatus::default()
        }
    }

    fn status(head: &HeadStatus, sync_status: &SyncStatus) -> SiteStatus {
        inputs(head, sync_status).status()
    }

    fn inputs<'a>(head: &'a HeadStatus, sync_status: &'a SyncStatus) -> SiteStatusInputs<'a> {
        SiteStatusInputs {
            head,
            sync_status,
            unavailable_since: None,
            is_damaged: false,
            interval: INTERVAL,
            started: at(-60),
            now: at(0),
        }
    }

    #[test]
    fn a_last_sync_is_fresh_for_two_intervals_and_a_minute_and_not_in_the_future() {
        let freshness = |ago: i64| (freshness_by_age(at(-ago), at(0), INTERVAL), at(-ago));
        for fresh in [-60, -1, 0, 1, 90] {
            assert_eq!(freshness(fresh).0, Freshness::Fresh, "{fresh} s ago");
        }
        for late in [91, 1_000_000] {
            let (freshness, at) = freshness(late);
            assert_eq!(freshness, Freshness::NoRecentSync(at), "{late} s ago");
        }
        for early in [61, 3_600, 1_000_000_000] {
            let (freshness, at) = freshness(-early);
            assert_eq!(freshness, Freshness::SyncInFuture(at), "in {early} s");
        }
    }

    #[test]
    fn a_last_sync_in_the_future_is_no_recent_one() {
        let (head, sync_status) = (head(None), SyncStatus::default());
        let mut early = inputs(&head, &sync_status);
        early.now = at(-3_600);
        let conditions = early.status().conditions;
        assert!(conditions.no_recent_sync && conditions.needs_attention());
    }

    #[test]
    fn the_interval_of_the_syncer_counts_where_the_ledger_has_it() {
        let head = head(None);
        let mut sync_status = SyncStatus::default();
        let mut late = inputs(&head, &sync_status);
        late.now = at(200);
        assert!(late.status().conditions.no_recent_sync);
        let mut hourly = run(1, Outcome::Unchanged);
        hourly.settings = Some(RunSettings {
            interval_milliseconds: 3_600_000,
            retention: 256,
            unreadable_percent: 20,
        });
        sync_status.runs = vec![run(2, Outcome::Failed), hourly];
        let mut late = inputs(&head, &sync_status);
        late.now = at(200);
        assert!(!late.status().conditions.no_recent_sync);
        assert_eq!(late.status().interval, Duration::from_hours(1));
    }

    #[test]
    fn an_outage_of_the_source_is_long_after_ten_intervals() {
        for (seconds, is_long) in [(0, false), (150, false), (151, true)] {
            let conditions = status(&head(Some(seconds)), &SyncStatus::default()).conditions;
            assert!(conditions.source_unavailable);
            assert_eq!(conditions.source_unavailable_long, is_long, "{seconds} s");
        }
    }

    #[test]
    fn conditions_of_head_store_and_ledger_hold_independently() {
        let mut head = head(Some(1));
        head.pin = Some(7);
        let sync_status = SyncStatus {
            held: Some(run(1, Outcome::Held)),
            ..SyncStatus::default()
        };
        let mut inputs = inputs(&head, &sync_status);
        inputs.unavailable_since = Some(at(0));
        inputs.is_damaged = true;
        let expected = Conditions {
            held: true,
            database_unavailable: true,
            source_unavailable: true,
            pinned: true,
            database_damaged: true,
            ..Conditions::default()
        };
        assert_eq!(inputs.status().conditions, expected);
    }

    #[test]
    fn damage_lasts_until_a_run_repairs_or_refutes_it() {
        let damaged = |outcome| {
            let mut run = run(1, outcome);
            run.damage = vec!["base/1/0".into()];
            run
        };
        let failed = run(2, Outcome::Failed);
        let unchanged = run(2, Outcome::Unchanged);
        for (runs, is_damaged) in [
            (vec![], false),
            (vec![damaged(Outcome::Failed)], true),
            (vec![damaged(Outcome::Held)], true),
            (vec![damaged(Outcome::Unchanged)], true),
            (vec![damaged(Outcome::Published)], false),
            (vec![failed.clone(), damaged(Outcome::Failed)], true),
            (vec![unchanged, damaged(Outcome::Failed)], false),
            (vec![failed, damaged(Outcome::Published)], false),
        ] {
            let sync_status = SyncStatus {
                runs,
                ..SyncStatus::default()
            };
            let conditions = status(&head(None), &sync_status).conditions;
            assert_eq!(conditions.database_damaged, is_damaged, "{sync_status:?}");
        }
    }

    #[test]
    fn a_quarantine_is_high_above_half_of_the_share_that_holds() {
        for (seen, quarantined, is_high) in [(90, 10, false), (89, 11, true), (0, 0, false)] {
            let mut last = run(1, Outcome::Unchanged);
            let stats = KindStats {
                seen,
                quarantined,
                ..KindStats::default()
            };
            last.kinds = [(common::models::Kind::Movie, stats)].into();
            last.settings = Some(RunSettings {
                interval_milliseconds: 15_000,
                retention: 256,
                unreadable_percent: 20,
            });
            let sync_status = SyncStatus {
                runs: vec![run(2, Outcome::Failed), last],
                ..SyncStatus::default()
            };
            let conditions = status(&head(None), &sync_status).conditions;
            assert_eq!(conditions.quarantine_high, is_high, "{quarantined}");
        }
    }

    #[test]
    fn an_approval_counts_for_its_own_held_run_only() {
        let mut held = run(1, Outcome::Held);
        held.fingerprint = Some("this".into());
        let sync_status = SyncStatus {
            held: Some(held),
            ..SyncStatus::default()
        };
        for (approval, is_approved) in [(None, false), (Some("other"), false), (Some("this"), true)]
        {
            let mut head = head(None);
            head.approval = approval.map(str::to_owned);
            assert_eq!(status(&head, &sync_status).is_approved, is_approved);
        }
        for approval in [None, Some("this".to_owned())] {
            let mut head = head(None);
            head.approval = approval;
            assert!(!status(&head, &SyncStatus::default()).is_approved);
        }
    }
}
