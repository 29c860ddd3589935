//! One sync: fetch, read, join, diff, fuse, publish, and a row in the ledger whatever happens.

mod error;
mod publish;
mod row;
mod unchanged;

use std::time::Duration;

use common::clock::Clock;
use common::models::{Catalogue, Kind, Outcome, Run};
use common::repository::{
    LeaseGuard, Origin, Repository, Result as StoreResult, Snapshot, SyncEnd, Verification,
};
use ghibli_api::{Client, FetchedContent, Progress};
use tokio_util::sync::CancellationToken;

use self::error::SyncError;
use self::publish::{PublishedOn, forget_approval};
use self::row::Lap;
use self::unchanged::UnchangedMarker;
use crate::plan::{Patience, Plan};

/// How many runs wait for a ledger that cannot be written.
const UNRECORDED: usize = 100;

/// What a syncer is made of.
pub struct Syncer {
    repository: Repository,
    client: Client,
    clock: Clock,
    patience: Patience,
    /// The state that the last run left, so that the next need not load it.
    known: Option<Snapshot>,
    /// Lets an unchanged source be skipped.
    unchanged: Option<UnchangedMarker>,
    /// Which of the store's parts were verified last.
    verification: Verification,
    /// The runs that could not be written down.
    unrecorded: Vec<Run>,
}

/// How a run ended, for the schedule of the next one.
#[derive(Debug)]
pub struct Ended {
    /// Its row in the ledger.
    pub run: Run,
    /// How long every source asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Syncer {
    /// A syncer that has not run yet.
    pub fn new(repository: Repository, client: Client, clock: Clock, patience: Patience) -> Self {
        Self {
            repository,
            client,
            clock,
            patience,
            known: None,
            unchanged: None,
            verification: Verification::default(),
            unrecorded: Vec::new(),
        }
    }

    /// The repository that it publishes to.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Runs once under the lease, and releases it. Told to stop, it no longer waits for the source.
    ///
    /// A failed sync is a report like any other. After an error of the store the lease ends by
    /// itself or with this syncer's next run.
    pub async fn sync_once(
        &mut self,
        mut lease: LeaseGuard,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Ended {
        let mut run = row::new(&lease, self.clock.now());
        let mut end = self.attempt(&mut lease, &mut run, progress, shutdown).await;
        run.ended = self.clock.now();
        let has_published = lease.head().version > run.version;
        run.version = lease.head().version;
        if has_published && let Err(SyncError::Store(error)) = &end {
            run.outcome = Outcome::Published;
            row::could_not_write(&mut run, "what follows a publication", error);
            end = Ok(());
        }
        if let Err(error) = &end {
            row::add_failure(&mut run, error);
        }
        row::add_repair(&mut run, &lease);
        let retry_after = match &end {
            Err(SyncError::Source(error)) => error.retry_after(),
            _ => None,
        };
        let ended = match end {
            Ok(()) => Some(Some(SyncEnd::Answered)),
            Err(SyncError::Stopped) => Some(None),
            Err(SyncError::Store(_)) => None,
            Err(_) => Some(Some(SyncEnd::Failed)),
        };
        self.unrecorded.push(run.clone());
        if self.unrecorded.len() > UNRECORDED {
            self.unrecorded.remove(0);
        }
        if let Some(sync) = ended
            && let Err(error) = self.close(lease, sync).await
        {
            tracing::warn!(%error, "cannot record this run; the next one will try again");
        }
        Ended { run, retry_after }
    }

    /// What a sync would change now; it changes nothing and needs no lease.
    ///
    /// # Errors
    /// When the source or the store fails.
    pub async fn plan(
        &self,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> anyhow::Result<Plan> {
        let state = self.repository.load().await?;
        let fetched = self.client.fetch_all(None, progress).await;
        let fetched = fetched.map_err(SyncError::from)?;
        let mut plan = self.compare(state.as_ref(), fetched.content).await?;
        plan.damage = state.map(|state| state.damage).unwrap_or_default();
        Ok(plan)
    }

    /// Syncs, and writes into its row what it comes to.
    async fn attempt(
        &mut self,
        lease: &mut LeaseGuard,
        run: &mut Run,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Result<(), SyncError> {
        let mut lap = Lap::start();
        let now = self.clock.now();
        lease.verify_next(&mut self.verification, now).await?;
        if lease.needs_repair() {
            self.state(lease).await?;
        }
        let unchanged = UnchangedMarker::recall(self.unchanged.as_ref(), lease).await?;
        run.phases.load_microseconds = lap.next();
        let fingerprint = unchanged
            .as_ref()
            .map(|unchanged| unchanged.fingerprint_at(now));
        let fetched = tokio::select! {
            fetched = self.client.fetch_all(fingerprint.as_ref(), progress) => fetched,
            () = shutdown.cancelled() => return Err(SyncError::Stopped),
        };
        run.phases.fetch_microseconds = lap.next();
        let fetched = fetched?;
        run.provider = Some(fetched.provider.to_string());
        run.bytes = fetched.bytes;
        if let (FetchedContent::Unchanged, Some(unchanged)) = (&fetched.content, &unchanged) {
            run.outcome = Outcome::Unchanged;
            run.kinds.clone_from(&unchanged.kinds);
            run.findings = unchanged.findings;
            self.unchanged = Some(UnchangedMarker {
                fingerprint: fetched.fingerprint,
                sent: if unchanged.is_valid_at(now) {
                    unchanged.sent
                } else {
                    now
                },
                ..unchanged.clone()
            });
            forget_approval(lease).await?;
            return Ok(());
        }
        let state = self.state(lease).await?;
        run.phases.load_microseconds += lap.next();
        let mut plan = self.compare(state.as_ref(), fetched.content).await?;
        run.phases.compare_microseconds = lap.next();
        let base = publish::repair(lease, state, &mut plan, &self.patience.fuse).await?;
        if let PublishedOn::State(state) = &base {
            self.known = state.clone().filter(|state| state.damage.is_empty());
        }
        run.kinds = plan.kind_stats();
        run.findings = plan.findings.len() as u64;
        run.rules = plan.rules();
        self.unchanged = None;
        if let Some(published) = publish::conclude(lease, base, plan, run).await? {
            self.known = Some(published);
        }
        if run.outcome == Outcome::Held {
            // A held run changes nothing, so the marker still holds.
            self.unchanged = unchanged;
        } else {
            self.unchanged = UnchangedMarker::store(lease, run, fetched.fingerprint, now).await?;
        }
        run.phases.publish_microseconds = lap.next();
        Ok(())
    }

    /// The state at the head, which is mended where that is needed.
    async fn state(&mut self, lease: &mut LeaseGuard) -> StoreResult<Option<Snapshot>> {
        let mut state = lease.state(self.known.as_ref()).await?;
        if let Some(whole) = &state
            && let Some(restored) = lease.restore(whole, Origin::Memory).await?
        {
            state = Some(restored);
        }
        self.known = state.clone().filter(|state| state.damage.is_empty());
        lease.repair_view(state.as_ref()).await?;
        Ok(state)
    }

    async fn compare(
        &self,
        state: Option<&Snapshot>,
        content: FetchedContent,
    ) -> Result<Plan, SyncError> {
        let FetchedContent::Collections(collections) = content else {
            return Err(SyncError::NothingNew);
        };
        let published = state
            .map(|state| state.catalogue.clone())
            .unwrap_or_default();
        let known = self.repository.missing().await?;
        let (patience, now) = (self.patience, self.clock.now());
        let room = self.client.memory_limit();
        let compare = move || Plan::of(&published, &known, collections, patience, now, room);
        let plan = tokio::task::spawn_blocking(compare).await;
        Ok(plan.map_err(|error| SyncError::Compare(error.to_string()))??)
    }

    /// Writes down the runs that were not yet, and releases the lease.
    async fn close(&mut self, lease: LeaseGuard, sync: Option<SyncEnd>) -> StoreResult<()> {
        while let Some(run) = self.unrecorded.first() {
            lease.record(run).await?;
            self.unrecorded.remove(0);
        }
        lease.release(sync).await
    }
}

/// How many items of each kind a catalogue has, in words.
pub fn summary(catalogue: &Catalogue) -> String {
    Kind::ALL
        .map(|kind| format!("{} {}", catalogue.count(kind), kind.plural()))
        .join(", ")
}
