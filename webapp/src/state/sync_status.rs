//! The sync status: recent runs, the held run, missing items, quarantine and findings.

use std::sync::Arc;

use common::models::{Finding, Id, Kind, MissingItem, Outcome, Quarantined, Run};
use common::repository::{Repository, Result};
use tokio::sync::watch;

/// Rows of the ledger that are shown.
const RUNS: u32 = 20;

/// The sync status in the store, which is not part of a version.
#[derive(Debug, Default)]
pub(crate) struct SyncStatus {
    /// The last runs, newest first.
    pub(crate) runs: Vec<Run>,
    /// The run that is held now.
    pub(crate) held: Option<Run>,
    /// Published items that are missing at the source.
    pub(crate) missing: Vec<MissingItem>,
    /// Unreadable records.
    pub(crate) quarantine: Vec<Quarantined>,
    /// Problems in the source data.
    pub(crate) findings: Vec<Finding>,
}

impl SyncStatus {
    async fn read(repository: &Repository) -> Result<Self> {
        Ok(Self {
            runs: repository.runs(RUNS).await?,
            held: repository.held_run().await?,
            missing: repository.missing().await?,
            quarantine: repository.quarantine().await?,
            findings: repository.findings().await?,
        })
    }

    /// The base URL of the source that responded last.
    pub(crate) fn provider(&self) -> Option<&str> {
        let mut answered = self
            .runs
            .iter()
            .filter(|run| run.outcome != Outcome::Failed);
        answered.find_map(|run| run.provider.as_deref())
    }

    /// The entry of an item that is missing at the source.
    pub(crate) fn missing(&self, kind: Kind, id: &Id) -> Option<&MissingItem> {
        let mut missing = self.missing.iter();
        missing.find(|missing| missing.kind == kind && missing.id == *id)
    }
}

/// Reads the sync status again at every signal, until there are no more senders. On an error the
/// last one stays; the catalogue's follower reports that the store is unavailable.
pub(crate) async fn follow(
    repository: Repository,
    mut signals: watch::Receiver<u64>,
    statuses: watch::Sender<Arc<SyncStatus>>,
) {
    while signals.changed().await.is_ok() {
        match SyncStatus::read(&repository).await {
            Ok(sync_status) => {
                statuses.send_replace(Arc::new(sync_status));
            }
            Err(error) => tracing::debug!(%error, "cannot read the sync status"),
        }
    }
}
