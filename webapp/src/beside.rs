//! What is told beside a version: the last runs, what is missing, set aside or looks wrong.

use std::sync::Arc;

use common::models::{Finding, Id, Kind, Quarantined};
use common::repository::{Missing, Repository, Result, Run};
use tokio::sync::watch;

/// How many rows of the ledger are told.
const RUNS: u32 = 20;
/// How many findings are told. A source of a million records has very many, and whoever mends
/// these sees others.
const FINDINGS: u32 = 10_000;

/// What stands in the store beside the catalogue.
#[derive(Debug, Default)]
pub struct Beside {
    /// The last runs, newest first.
    pub runs: Vec<Run>,
    /// The items that the source has no more and that are still published.
    pub missing: Vec<Missing>,
    /// The records that were set aside.
    pub quarantine: Vec<Quarantined>,
    /// What does not join or looks wrong at the source, or some of it.
    pub findings: Vec<Finding>,
    /// How much of that there is.
    pub found: u64,
}

impl Beside {
    async fn read(repository: &Repository) -> Result<Self> {
        let runs = repository.runs(RUNS).await?;
        let findings = repository.findings(FINDINGS).await?;
        let told = findings.len() as u64;
        let counted = runs
            .iter()
            .map(|run| run.findings)
            .find(|found| *found > told);
        Ok(Self {
            found: match told < FINDINGS.into() {
                true => told,
                false => counted.unwrap_or(told),
            },
            missing: repository.missing().await?,
            quarantine: repository.quarantine().await?,
            findings,
            runs,
        })
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
            Err(error) => tracing::debug!(%error, "the ledger cannot be read"),
        }
    }
}
