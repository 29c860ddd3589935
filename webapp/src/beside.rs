//! What is told beside a version: the last runs, what is missing, set aside or looks wrong.

use std::sync::Arc;

use common::models::{Finding, Id, Kind, Quarantined};
use common::repository::{Missing, Outcome, Repository, Result, Run};
use tokio::sync::watch;

/// How many rows of the ledger are told.
const RUNS: u32 = 20;

/// What stands in the store beside the catalogue.
#[derive(Debug, Default)]
pub struct Beside {
    /// The last runs, newest first.
    pub runs: Vec<Run>,
    /// The run whose delta is held now.
    pub held: Option<Run>,
    /// The items that the source has no more and that are still published.
    pub missing: Vec<Missing>,
    /// The records that were set aside.
    pub quarantine: Vec<Quarantined>,
    /// What does not join or looks wrong at the source.
    pub findings: Vec<Finding>,
}

impl Beside {
    async fn read(repository: &Repository) -> Result<Self> {
        Ok(Self {
            runs: repository.runs(RUNS).await?,
            held: repository.held().await?,
            missing: repository.missing().await?,
            quarantine: repository.quarantine().await?,
            findings: repository.findings().await?,
        })
    }

    /// The base URL of the source that answered last.
    pub fn provider(&self) -> Option<&str> {
        let mut answered = self
            .runs
            .iter()
            .filter(|run| run.outcome != Outcome::Failed);
        answered.find_map(|run| run.provider.as_deref())
    }

    /// An item that the source has no more.
    pub fn missing(&self, kind: Kind, id: &Id) -> Option<&Missing> {
        let mut missing = self.missing.iter();
        missing.find(|missing| missing.kind == kind && missing.id == *id)
    }
}

/// Reads it again whenever `asked` changes, until nobody asks any more. What cannot be read is
/// told as it was; the catalogue's follower says that the store is away.
pub(crate) async fn keep(
    repository: Repository,
    mut asked: watch::Receiver<u64>,
    told: watch::Sender<Arc<Beside>>,
) {
    while asked.changed().await.is_ok() {
        match Beside::read(&repository).await {
            Ok(beside) => {
                told.send_replace(Arc::new(beside));
            }
            Err(error) => tracing::debug!(%error, "cannot read the sync log"),
        }
    }
}
