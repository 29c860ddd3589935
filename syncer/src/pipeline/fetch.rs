//! Asking the source, and skipping the rest of a run if it has not changed.

use std::collections::BTreeMap;
use std::time::Duration;

use common::models::{Kind, KindStats, Run};
use common::repository::{Header, LeaseGuard, Result as StoreResult};
use ghibli_api::{Client, FetchOutcome, Progress, SourceFingerprint};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::error::SyncError;

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How long validators of the source are trusted; after that all of it is requested.
const REVALIDATE_AFTER: Duration = Duration::from_hours(1);

/// The response that the current version was made from. While the source sends the same, a run has
/// nothing to do. Stored, so that it also serves the next process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UnchangedMarker {
    /// Another release may read the same response differently.
    release: String,
    version: Header,
    fingerprint: SourceFingerprint,
    /// When the source last sent all of it.
    sent: Timestamp,
    pub(super) kinds: BTreeMap<Kind, KindStats>,
    pub(super) findings: u64,
}

impl UnchangedMarker {
    /// The marker of this process or else the stored one, if the head is still at its version.
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
        // This process has not loaded the state, which can be damaged.
        if stored.is_some() {
            lease.verify().await?;
        }
        Ok(stored.filter(|_| !lease.is_damaged()))
    }

    /// Stores a marker if the run leaves nothing to do; else returns `None`.
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

    /// Whether the head is at its version and free to move.
    fn is_at(&self, lease: &LeaseGuard) -> bool {
        lease.head().header() == Some(&self.version) && lease.head().pin.is_none()
    }

    /// The marker after the source sent the same response at `now`.
    pub(super) fn renewed(self, fingerprint: SourceFingerprint, now: Timestamp) -> Self {
        let sent = if self.is_trusted_at(now) {
            self.sent
        } else {
            now
        };
        Self {
            fingerprint,
            sent,
            ..self
        }
    }

    /// The fingerprint for a conditional request.
    fn fingerprint_at(&self, now: Timestamp) -> SourceFingerprint {
        if self.is_trusted_at(now) {
            self.fingerprint.clone()
        } else {
            self.fingerprint.without_validators()
        }
    }

    fn is_trusted_at(&self, now: Timestamp) -> bool {
        let since = Duration::try_from(now.duration_since(self.sent));
        since.is_ok_and(|since| since < REVALIDATE_AFTER)
    }
}

/// Fetches all collections, or learns that they are as they were at `marker`.
pub(super) async fn fetch(
    client: &Client,
    marker: Option<&UnchangedMarker>,
    now: Timestamp,
    progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    shutdown: &CancellationToken,
) -> Result<FetchOutcome, SyncError> {
    let fingerprint = marker.map(|marker| marker.fingerprint_at(now));
    tokio::select! {
        fetched = client.fetch_all(fingerprint.as_ref(), progress) => Ok(fetched?),
        () = shutdown.cancelled() => Err(SyncError::Stopped),
    }
}
