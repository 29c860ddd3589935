//! What lets an unchanged source be skipped.

use std::collections::BTreeMap;
use std::time::Duration;

use common::models::Kind;
use common::repository::{Header, Result as StoreResult, Run, Tally, Turn};
use ghibli_api::Tags;
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
    pub(super) tags: Tags,
    /// When the source sent all of it.
    pub(super) sent: Timestamp,
    pub(super) kinds: BTreeMap<Kind, Tally>,
    pub(super) findings: u64,
}

impl UnchangedMarker {
    /// The marker, if the head is still at its version: the one that this process knows, or else
    /// the store's.
    pub(super) async fn recall(known: Option<&Self>, turn: &mut Turn) -> StoreResult<Option<Self>> {
        if turn.is_damaged() {
            return Ok(None);
        }
        if let Some(known) = known.filter(|known| known.is_at(turn)) {
            return Ok(Some(known.clone()));
        }
        let stored: Option<Self> = turn.answer().await?;
        let stored = stored.filter(|stored| stored.release == RELEASE && stored.is_at(turn));
        // This process has not loaded the state, and it can be damaged.
        if stored.is_some() {
            turn.verify().await?;
        }
        Ok(stored.filter(|_| !turn.is_damaged()))
    }

    /// Stores a marker after a run that left nothing to do; `None` after any other.
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

    /// Whether it is what the head of this turn holds, and would be published.
    fn is_at(&self, turn: &Turn) -> bool {
        turn.head().header() == Some(&self.version) && turn.head().pin.is_none()
    }

    /// What to ask the source with.
    pub(super) fn tags_at(&self, now: Timestamp) -> Tags {
        if self.is_valid_at(now) {
            self.tags.clone()
        } else {
            self.tags.without_validators()
        }
    }

    pub(super) fn is_valid_at(&self, now: Timestamp) -> bool {
        let since = Duration::try_from(now.duration_since(self.sent));
        since.is_ok_and(|since| since < REVALIDATE_AFTER)
    }
}
