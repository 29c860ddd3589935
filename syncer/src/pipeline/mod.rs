//! One sync, in this order: `fetch`, `parse`, `missing`, `join`, `diff`, `fuse`, `publish`, and a
//! row in the ledger whatever happens. `plan` runs the steps from parse to fuse, which do no I/O.

mod diff;
mod error;
mod fetch;
mod findings;
mod fuse;
mod join;
mod memory;
mod missing;
mod parse;
mod plan;
mod publish;
mod relations;
mod run_record;

use std::time::Duration;

use common::clock::Clock;
use common::models::{Catalogue, Outcome, Run, RunSettings};
use common::repository::{
    LeaseGuard, Origin, Repository, Result as StoreResult, Snapshot, SyncEnd, Verification,
};
use ghibli_api::{Client, FetchedContent, Progress};
use tokio_util::sync::CancellationToken;

pub(crate) use self::plan::Plan;
pub use self::plan::SyncPolicy;

use self::error::SyncError;
use self::fetch::{UnchangedMarker, fetch};
use self::plan::PublishedState;
use self::publish::{PublishedOn, forget_approval};
use self::run_record::PhaseTimer;

/// Maximum number of rows in memory for a ledger that cannot be written.
const MAX_UNRECORDED_RUNS: usize = 100;

/// Syncs a repository with the source.
pub struct Syncer {
    repository: Repository,
    client: Client,
    clock: Clock,
    policy: SyncPolicy,
    /// The state after the last run, so that the next need not load it.
    known: Option<Snapshot>,
    unchanged: Option<UnchangedMarker>,
    /// The parts of the store that were verified last.
    verification: Verification,
    /// The runs that could not be written into the ledger.
    unrecorded: Vec<Run>,
}

/// The end of a run.
#[derive(Debug)]
pub struct FinishedRun {
    /// Its row in the ledger.
    pub run: Run,
    /// The time until the first provider may be requested again, if all sent `Retry-After`.
    pub retry_after: Option<Duration>,
}

impl Syncer {
    /// A syncer that has not run yet.
    pub fn new(repository: Repository, client: Client, clock: Clock, policy: SyncPolicy) -> Self {
        Self {
            repository,
            client,
            clock,
            policy,
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

    /// The state after the last run, if it is in memory.
    pub(crate) const fn known(&self) -> Option<&Snapshot> {
        self.known.as_ref()
    }

    /// Runs once under a lease and releases it. Does not wait for the source after `shutdown`.
    ///
    /// A failed sync is a result like any other. After an error of the store the lease expires or
    /// passes to this syncer's next run.
    pub async fn sync_once(
        &mut self,
        mut lease: LeaseGuard,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> FinishedRun {
        let mut run = run_record::new(lease.head(), self.settings(), self.clock.now());
        let mut result = self.attempt(&mut lease, &mut run, progress, shutdown).await;
        run.ended = self.clock.now();
        let has_published = lease.head().version > run.version;
        run.version = lease.head().version;
        if has_published && let Err(SyncError::Store(error)) = &result {
            run.outcome = Outcome::Published;
            run_record::add_failed_write(&mut run, "what follows a publication", error);
            result = Ok(());
        }
        if let Err(error) = &result {
            run_record::add_failure(&mut run, error);
        }
        run_record::add_repair(&mut run, &lease);
        let retry_after = match &result {
            Err(SyncError::Source(error)) => error.retry_after(),
            _ => None,
        };
        let release = match &result {
            Ok(()) => Some(Some(SyncEnd::Responded)),
            Err(SyncError::Stopped) => Some(None),
            // Whether the write took place is unknown, so the lease is left to expire.
            Err(SyncError::Store(_)) => None,
            Err(_) => Some(Some(SyncEnd::Failed)),
        };
        self.unrecorded.push(run.clone());
        if self.unrecorded.len() > MAX_UNRECORDED_RUNS {
            self.unrecorded.remove(0);
        }
        if let Some(sync) = release
            && let Err(error) = self.record_and_release(lease, sync).await
        {
            tracing::warn!(%error, "cannot record this run; the next one will try again");
        }
        FinishedRun { run, retry_after }
    }

    /// Plans a sync without a lease and without writing anything. Returns the published catalogue,
    /// too.
    ///
    /// # Errors
    /// When the source or the store fails.
    pub(crate) async fn plan(
        &self,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> anyhow::Result<(Plan, Catalogue)> {
        let state = self.repository.load().await?;
        let never = CancellationToken::new();
        let fetched = fetch(&self.client, None, self.clock.now(), progress, &never).await?;
        let mut plan = self.make_plan(state.as_ref(), fetched.content).await?;
        let (published, damage) = state
            .map(|state| (state.catalogue, state.damage))
            .unwrap_or_default();
        plan.damage = damage;
        Ok((plan, published))
    }

    /// Syncs, and writes the results into the run's row.
    async fn attempt(
        &mut self,
        lease: &mut LeaseGuard,
        run: &mut Run,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Result<(), SyncError> {
        let mut timer = PhaseTimer::start();
        let now = self.clock.now();
        lease.verify_next(&mut self.verification, now).await?;
        if lease.needs_repair() {
            self.load(lease).await?;
        }
        let marker = UnchangedMarker::recall(self.unchanged.as_ref(), lease).await?;
        run.phases.load_microseconds = timer.lap();

        let fetched = fetch(&self.client, marker.as_ref(), now, progress, shutdown).await;
        run.phases.fetch_microseconds = timer.lap();
        let fetched = fetched?;
        run.provider = Some(fetched.provider.to_string());
        run.bytes = fetched.bytes;
        if let (FetchedContent::Unchanged, Some(marker)) = (&fetched.content, &marker) {
            run.outcome = Outcome::Unchanged;
            run.kinds.clone_from(&marker.kinds);
            run.findings = marker.findings;
            self.unchanged = Some(marker.clone().renewed(fetched.fingerprint, now));
            forget_approval(lease).await?;
            return Ok(());
        }

        let state = self.load(lease).await?;
        run.phases.load_microseconds += timer.lap();
        let mut plan = self.make_plan(state.as_ref(), fetched.content).await?;
        run.phases.compare_microseconds = timer.lap();

        let base = publish::repair(lease, state, &mut plan, &self.policy.fuse).await?;
        if let PublishedOn::State(state) = &base {
            self.known = state.clone().filter(|state| state.damage.is_empty());
        }
        run.kinds = plan.kind_stats();
        run.findings = plan.findings.len() as u64;
        run.rules = plan.verdict.settings();
        self.unchanged = None;
        if let Some(published) = publish::publish_or_hold(lease, base, plan, run).await? {
            self.known = Some(published);
        }
        self.unchanged = match run.outcome {
            // A held run changes nothing, so the marker is still valid.
            Outcome::Held => marker,
            _ => UnchangedMarker::store(lease, run, fetched.fingerprint, now).await?,
        };
        run.phases.publish_microseconds = timer.lap();
        Ok(())
    }

    /// Loads the state at the head, and repairs state and view where needed and possible.
    async fn load(&mut self, lease: &mut LeaseGuard) -> StoreResult<Option<Snapshot>> {
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

    async fn make_plan(
        &self,
        state: Option<&Snapshot>,
        content: FetchedContent,
    ) -> Result<Plan, SyncError> {
        let FetchedContent::Collections(collections) = content else {
            return Err(SyncError::UnexpectedNotModified);
        };
        let published = PublishedState {
            catalogue: state
                .map(|state| state.catalogue.clone())
                .unwrap_or_default(),
            missing: self.repository.missing().await?,
        };
        let (policy, now) = (self.policy, self.clock.now());
        let memory_limit = self.client.memory_limit();
        let plan = move || Plan::new(&published, collections, policy, now, memory_limit);
        let plan = tokio::task::spawn_blocking(plan).await;
        Ok(plan.map_err(|error| SyncError::Compare(error.to_string()))??)
    }

    /// The settings that runs record for web apps.
    fn settings(&self) -> RunSettings {
        let interval = self.policy.interval.as_millis();
        RunSettings {
            interval_milliseconds: u64::try_from(interval).unwrap_or(u64::MAX),
            retention: self.repository.retention(),
            unreadable_percent: self.policy.fuse.unreadable_percent,
        }
    }

    async fn record_and_release(
        &mut self,
        lease: LeaseGuard,
        sync: Option<SyncEnd>,
    ) -> StoreResult<()> {
        while let Some(run) = self.unrecorded.first() {
            lease.record(run).await?;
            self.unrecorded.remove(0);
        }
        lease.release(sync).await
    }
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
