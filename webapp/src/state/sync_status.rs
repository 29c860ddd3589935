//! The sync status: recent runs, the held run, missing items, quarantine, findings and posters.

use std::sync::Arc;

use common::clock::Clock;
use common::models::{
    Finding, Id, Kind, MissingItem, Outcome, Problem, QuarantinedRecord, Run, RunSettings,
};
use common::repository::{Repository, Result, StoreError};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use xxhash_rust::xxh3::xxh3_64;

use super::poster_index::PosterIndex;

/// The time for which runs stay in memory.
pub(crate) const RECENT_PERIOD: SignedDuration = SignedDuration::from_hours(24);
/// Newest rows of the ledger that stay in memory whatever their age. Older rows do not change.
const NEWEST_RUNS: u32 = 20;
/// Maximum number of rows in memory: a day of syncs every 15 s that all differ.
const MAX_RUNS: u32 = 6_000;

/// The rows of the store's tables about syncs, which are not part of a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SyncStatus {
    /// The runs of the last day, and the last ones before it; newest first, without lists of held
    /// changes.
    pub(crate) runs: Vec<Run>,
    /// The run that is held now.
    pub(crate) held: Option<Run>,
    /// Published items that are missing at the source.
    pub(crate) missing: Vec<MissingItem>,
    /// A digest of what pages of items say about missing items and about the source's records.
    pub(crate) items_digest: u64,
    /// Unreadable records.
    pub(crate) quarantine: Vec<QuarantinedRecord>,
    /// Problems in the source data.
    pub(crate) findings: Vec<Finding>,
    /// Size of the database in bytes; `None` if it is not known.
    pub(crate) database_bytes: Option<u64>,
    /// The posters that pages show.
    pub(crate) posters: Arc<PosterIndex>,
}

/// Reads the sync status.
pub(super) struct SyncStatusReader {
    pub(super) repository: Repository,
    pub(super) clock: Clock,
    /// Whether pages show posters.
    pub(super) shows_posters: bool,
}

impl SyncStatusReader {
    async fn read(&self, previous: &SyncStatus) -> Result<SyncStatus> {
        let (repository, now) = (&self.repository, self.clock.now());
        let posters = match self.shows_posters {
            true => PosterIndex::new(repository.posters().await?),
            false => PosterIndex::default(),
        };
        let missing = repository.missing().await?;
        let findings = repository.findings().await?;
        let size = repository.size().await;
        let size = size.inspect_err(|error| tracing::debug!(%error, "cannot read the size"));
        Ok(SyncStatus {
            runs: recent_runs(repository, &previous.runs, now - RECENT_PERIOD).await?,
            held: repository.held_run().await?,
            items_digest: digest(&missing, &findings),
            missing,
            quarantine: repository.quarantine().await?,
            findings,
            database_bytes: size.ok(),
            posters: Arc::new(posters),
        })
    }
}

impl SyncStatus {
    /// The base URL of the source that responded last.
    pub(crate) fn provider(&self) -> Option<&str> {
        self.completed_runs()
            .find_map(|run| run.provider.as_deref())
    }

    /// The end of the last run that found the source published, or published it.
    pub(crate) fn last_success(&self) -> Option<Timestamp> {
        let mut runs = self.runs.iter();
        let success = [Outcome::Unchanged, Outcome::Published];
        let last = runs.find(|run| success.contains(&run.outcome));
        last.map(|run| run.ended)
    }

    /// When the next sync is due; `None` after a failure, because the back-off varies.
    pub(crate) fn next_sync(&self) -> Option<Timestamp> {
        let last = self.runs.first()?;
        let is_regular = last.outcome != Outcome::Failed;
        let interval = last.settings.filter(|_| is_regular)?.interval();
        last.ended.checked_add(interval).ok()
    }

    /// The settings of the syncer that ran last.
    pub(crate) fn settings(&self) -> Option<RunSettings> {
        self.runs.iter().find_map(|run| run.settings)
    }

    /// The entry of an item that is missing at the source.
    pub(crate) fn missing(&self, kind: Kind, id: &Id) -> Option<&MissingItem> {
        let mut missing = self.missing.iter();
        missing.find(|missing| missing.kind == kind && missing.id == *id)
    }

    /// Whether a movie is linked to a species only by the record of the species.
    pub(crate) fn is_only_in_species(&self, movie: &Id, species: &Id) -> bool {
        let mut findings = species_findings(&self.findings);
        findings.any(|finding| finding.id == *movie && *finding.value == **species)
    }

    /// Whether runs found damage in the database, and none has repaired it.
    pub(super) fn is_damaged(&self) -> bool {
        let mut runs = self.runs.iter();
        // A failed run may have ended before it found the damage again.
        let last = runs.find(|run| run.outcome != Outcome::Failed || !run.damage.is_empty());
        last.is_some_and(|run| run.outcome != Outcome::Published && !run.damage.is_empty())
    }

    pub(super) fn is_quarantine_high(&self) -> bool {
        self.completed_runs()
            .next()
            .is_some_and(Run::is_quarantine_high)
    }

    /// The runs that read the source, newest first.
    fn completed_runs(&self) -> impl Iterator<Item = &Run> {
        let runs = self.runs.iter();
        runs.filter(|run| run.outcome != Outcome::Failed)
    }
}

fn digest(missing: &[MissingItem], findings: &[Finding]) -> u64 {
    let missing = missing.iter().map(|item| (item.kind, &item.id, item.since));
    let missing: Vec<_> = missing.collect();
    let species: Vec<_> = species_findings(findings).collect();
    serde_json::to_vec(&(missing, species)).map_or(0, |bytes| xxh3_64(&bytes))
}

/// Links of movies to species that only the records of the species have.
fn species_findings(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| {
        let link = (finding.kind, finding.field.as_str(), finding.problem);
        link == (Kind::Movie, "species", Problem::OneSided)
    })
}

/// The runs since a time, and the newest ones. Rows in memory that cannot change are not read again.
async fn recent_runs(repository: &Repository, known: &[Run], since: Timestamp) -> Result<Vec<Run>> {
    let read = async |limit| {
        let mut runs = repository.runs(limit).await?;
        runs.iter_mut().for_each(|run| run.held_changes.clear());
        Ok::<_, StoreError>(runs)
    };
    let mut runs = read(NEWEST_RUNS).await?;
    if let Some(oldest) = runs.last().filter(|run| run.ended > since) {
        match known.iter().position(|run| run == oldest) {
            Some(at) => runs.extend_from_slice(&known[at + 1..]),
            None => runs = read(MAX_RUNS).await?,
        }
    }
    let newest = usize::try_from(NEWEST_RUNS).unwrap_or(usize::MAX);
    let recent = runs.iter().take_while(|run| run.ended > since).count();
    runs.truncate(recent.max(newest));
    Ok(runs)
}

/// Reads the sync status again at every signal, until there are no more senders. On an error the
/// last one stays; the catalogue's follower reports that the store is unavailable.
pub(crate) async fn follow(
    reader: SyncStatusReader,
    mut signals: watch::Receiver<u64>,
    statuses: watch::Sender<Arc<SyncStatus>>,
) {
    while signals.changed().await.is_ok() {
        let previous = statuses.borrow().clone();
        match reader.read(&previous).await {
            Ok(sync_status) if sync_status != *previous => {
                statuses.send_replace(Arc::new(sync_status));
            }
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "cannot read the sync status"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_items_change_with_missing_items_and_with_links_of_species() {
        let finding = |field: &str, problem| Finding {
            kind: Kind::Movie,
            id: "m".into(),
            field: field.into(),
            problem,
            value: "s".into(),
        };
        let missing = MissingItem {
            kind: Kind::Movie,
            id: "m".into(),
            since: Timestamp::UNIX_EPOCH,
            missed_syncs: 1,
        };
        let unchanged = digest(&[], &[]);
        assert_ne!(digest(&[missing], &[]), unchanged);
        let one_sided = finding("species", Problem::OneSided);
        assert_ne!(digest(&[], &[one_sided]), unchanged);
        for other in [
            finding("people", Problem::OneSided),
            finding("species", Problem::Dangling),
        ] {
            assert_eq!(digest(&[], &[other]), unchanged);
        }
    }
}
