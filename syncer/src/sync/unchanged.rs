//! What lets an unchanged source be skipped.

use std::collections::BTreeMap;
use std::time::Duration;

use common::models::{Kind, KindStats, Run};
use common::repository::{Header, LeaseGuard, Result as StoreResult};
use ghibli_api::SourceFingerprint;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How long validators of the source are trusted; after that it is asked for everything.
const REVALIDATE_AFTER: Duration = Duration::from_hours(1);

/// The source's response that is published as it is: while it stays the same, a run has nothing to
/// do. It is in the store, too, for the next process.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct UnchangedMarker {
    /// What it was read by: another release may read it differently.
    pub(super) release: String,
    pub(super) version: Header,
    pub(super) fingerprint: SourceFingerprint,
    /// When the source sent all of it.
    pub(super) sent: Timestamp,
    pub(super) kinds: BTreeMap<Kind, KindStats>,
    pub(super) findings: u64,
}

impl UnchangedMarker {
    /// The marker, if the head is still at its version: the one that this process knows, or else
    /// the store's.
    pub(super) async fn recall(
        known: Option<&Self>,
        lease: &mut LeaseGuard,
    ) -> StoreResult<Option<Self>> {
        if lease.is_damaged() {
            return Ok(None);
        }
        if let Some(known) = known.filter(|known| known.is_at(lease)) {
            return Ok(Some(known.clone()));
        }
        let stored: Option<Self> = lease.unchanged_marker().await?;
        let stored = stored.filter(|stored| stored.release == RELEASE && stored.is_at(lease));
        // This process has not loaded the state, and it can be damaged.
        if stored.is_some() {
            lease.verify().await?;
        }
        Ok(stored.filter(|_| !lease.is_damaged()))
    }

    /// Stores a marker after a run that left nothing to do; `None` after any other.
    pub(super) async fn store(
        lease: &LeaseGuard,
        run: &Run,
        fingerprint: SourceFingerprint,
        sent: Timestamp,
    ) -> StoreResult<Option<Self>> {
        let is_done = run.kinds.values().all(|stats| stats.missing == 0)
            && lease.head().pin.is_none()
            && !lease.is_damaged();
        let Some(version) = lease.head().header().filter(|_| is_done) else {
            return Ok(None);
        };
        let kinds = run.kinds.iter();
        let marker = Self {
            release: RELEASE.to_owned(),
            version: version.clone(),
            fingerprint,
            sent,
            kinds: kinds
                .map(|(kind, stats)| (*kind, stats.without_changes()))
                .collect(),
            findings: run.findings,
        };
        lease.save_unchanged_marker(Some(&marker)).await?;
        Ok(Some(marker))
    }

    /// Whether it is what the head of this lease holds, and would be published.
    fn is_at(&self, lease: &LeaseGuard) -> bool {
        lease.head().header() == Some(&self.version) && lease.head().pin.is_none()
    }

    /// What to ask the source with.
    pub(super) fn fingerprint_at(&self, now: Timestamp) -> SourceFingerprint {
        if self.is_valid_at(now) {
            self.fingerprint.clone()
        } else {
            self.fingerprint.without_validators()
        }
    }

    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        let since = Duration::try_from(now.duration_since(self.sent));
        since.is_ok_and(|since| since < REVALIDATE_AFTER)
    }
}
