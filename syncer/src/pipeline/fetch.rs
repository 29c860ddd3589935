//! Asking the source, and skipping the rest of a run if it has not changed.

use std::collections::BTreeMap;
use std::time::Duration;

use common::models::Kind;
use common::repository::{Header, Result as StoreResult, Run, Tally, Turn};
use ghibli_api::{Client, Fetched, Progress, Tags};
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
    tags: Tags,
    /// When the source last sent all of it.
    sent: Timestamp,
    pub(super) kinds: BTreeMap<Kind, Tally>,
    pub(super) findings: u64,
}

impl UnchangedMarker {
    /// The marker of this process or else the stored one, if the head is still at its version.
    pub(super) async fn recall(known: Option<&Self>, turn: &mut Turn) -> StoreResult<Option<Self>> {
        if turn.is_damaged() {
            return Ok(None);
        }
        if let Some(known) = known.filter(|known| known.is_at(turn)) {
            return Ok(Some(known.clone()));
        }
        let stored: Option<Self> = turn.answer().await?;
        let stored = stored.filter(|stored| stored.release == RELEASE && stored.is_at(turn));
        // This process has not loaded the state, which can be damaged.
        if stored.is_some() {
            turn.verify().await?;
        }
        Ok(stored.filter(|_| !turn.is_damaged()))
    }

    /// Stores a marker if the run leaves nothing to do; else returns `None`.
    pub(super) async fn store(
        turn: &Turn,
        run: &Run,
        tags: Tags,
        sent: Timestamp,
    ) -> StoreResult<Option<Self>> {
        let is_done = run.kinds.values().all(|tally| tally.missing == 0)
            && turn.head().pin.is_none()
            && !turn.is_damaged();
        let Some(version) = turn.head().header().filter(|_| is_done) else {
            return Ok(None);
        };
        let kinds = run.kinds.iter();
        let marker = Self {
            release: RELEASE.to_owned(),
            version: version.clone(),
            tags,
            sent,
            kinds: kinds.map(|(kind, tally)| (*kind, tally.quiet())).collect(),
            findings: run.findings,
        };
        turn.keep_answer(Some(&marker)).await?;
        Ok(Some(marker))
    }

    /// Whether the head is at its version and free to move.
    fn is_at(&self, turn: &Turn) -> bool {
        turn.head().header() == Some(&self.version) && turn.head().pin.is_none()
    }

    /// The marker after the source sent the same response at `now`.
    pub(super) fn renewed(self, tags: Tags, now: Timestamp) -> Self {
        let sent = if self.is_trusted_at(now) {
            self.sent
        } else {
            now
        };
        Self { tags, sent, ..self }
    }

    /// The tags for a conditional request.
    fn tags_at(&self, now: Timestamp) -> Tags {
        if self.is_trusted_at(now) {
            self.tags.clone()
        } else {
            self.tags.without_validators()
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
) -> Result<Fetched, SyncError> {
    let tags = marker.map(|marker| marker.tags_at(now));
    tokio::select! {
        fetched = client.fetch_all(tags.as_ref(), progress) => Ok(fetched?),
        () = shutdown.cancelled() => Err(SyncError::Stopped),
    }
}
