//! One sync: fetch, parse, join, diff, fuse, publish, and a row in the ledger whatever happens.

use std::fmt;

use common::clock::Clock;
use common::models::{Catalogue, Change, Counts, Kind};
use common::repository::{
    Outcome, Repository, Result as StoreResult, Run, Snapshot, StoreError, SyncEnd, Turn,
};
use ghibli_api::{Client, Content, Fetched, Progress};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128;

use crate::diff::diff;
use crate::fuse::{self, Hold};
use crate::parse::{self, Upstream};

/// What a syncer is made of.
pub struct Syncer {
    repository: Repository,
    client: Client,
    clock: Clock,
    /// The state that the last run left, so that the next need not load it.
    known: Option<Snapshot>,
}

/// How a sync ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// The row in the ledger.
    pub run: Run,
}

/// What a sync would do.
#[derive(Debug)]
pub struct Plan {
    /// What would change.
    pub changes: Vec<Change>,
    /// Why it would be held.
    pub hold: Option<Hold>,
    /// What the source gave.
    pub upstream: Upstream,
    /// The source that answered.
    pub provider: String,
}

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
enum SyncError {
    #[error("{0}")]
    Source(String),
    #[error("told to stop before the source had answered")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a sync that read the source ended.
struct Done {
    outcome: Outcome,
    changes: Counts,
    reason: Option<String>,
    fingerprint: Option<String>,
    plan: Plan,
}

impl Syncer {
    /// A syncer that has not run yet.
    pub fn new(repository: Repository, client: Client, clock: Clock) -> Self {
        Self {
            repository,
            client,
            clock,
            known: None,
        }
    }

    /// The repository that it publishes to.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Runs once in a turn, and lets the lease go. Told to stop, it no longer waits for the source.
    ///
    /// A failed sync is a report like any other. After an error of the store the lease ends by
    /// itself or with this syncer's next turn.
    pub async fn sync_once(
        &mut self,
        mut turn: Turn,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Report {
        let started = self.clock.now();
        let end = self.attempt(&mut turn, progress, shutdown).await;
        let run = self.row(&turn, started, &end);
        let ended = match end {
            Ok(_) => Some(Some(SyncEnd::Answered)),
            Err(SyncError::Source(_)) => Some(Some(SyncEnd::Failed)),
            Err(SyncError::Stopped) => Some(None),
            Err(SyncError::Store(_)) => None,
        };
        if let Some(sync) = ended
            && let Err(error) = self.close(turn, &run, sync).await
        {
            tracing::warn!(%error, "the end of the run could not be written down");
        }
        Report { run }
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
        let fetched = self.fetch(progress).await?;
        Ok(self.compare(state.as_ref(), fetched).await?)
    }

    async fn attempt(
        &mut self,
        turn: &mut Turn,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Result<Done, SyncError> {
        let state = turn.state(self.known.as_ref()).await?;
        self.known.clone_from(&state);
        turn.mend_view(state.as_ref()).await?;
        let fetched = tokio::select! {
            fetched = self.fetch(progress) => fetched?,
            () = shutdown.cancelled() => return Err(SyncError::Stopped),
        };
        let plan = self.compare(state.as_ref(), fetched).await?;
        self.repository
            .keep_findings(&plan.upstream.findings)
            .await?;
        self.repository
            .keep_quarantine(&plan.upstream.quarantined)
            .await?;
        self.conclude(turn, state.as_ref(), plan).await
    }

    async fn fetch(
        &self,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<Fetched, SyncError> {
        let fetched = self.client.fetch_all(None, progress).await;
        fetched.map_err(|error| SyncError::Source(error.to_string().replace('\n', "; ")))
    }

    async fn compare(&self, state: Option<&Snapshot>, fetched: Fetched) -> Result<Plan, SyncError> {
        let published = state
            .map(|state| state.catalogue.clone())
            .unwrap_or_default();
        let provider = fetched.provider.to_string();
        let Content::Collections(collections) = fetched.content else {
            return Err(SyncError::Source(
                "it spoke of an earlier answer".to_owned(),
            ));
        };
        let compare = move || {
            let upstream = parse::parse(collections);
            let changes = diff(&published, &upstream);
            let hold = fuse::judge(&published, &upstream, &changes);
            Plan {
                changes,
                hold,
                upstream,
                provider,
            }
        };
        let plan = tokio::task::spawn_blocking(compare).await;
        plan.map_err(|error| {
            SyncError::Source(format!("its answer could not be compared: {error}"))
        })
    }

    async fn conclude(
        &mut self,
        turn: &mut Turn,
        state: Option<&Snapshot>,
        plan: Plan,
    ) -> Result<Done, SyncError> {
        let changes = Counts::of(&plan.changes);
        let done = |outcome, reason, fingerprint, plan| Done {
            outcome,
            changes,
            reason,
            fingerprint,
            plan,
        };
        if let Some(pin) = turn.head().pin {
            let hold = plan.hold.as_ref();
            let judged = hold.map(|hold| format!(", and would be held: {hold}"));
            let reason = format!("pinned to version {pin}{}", judged.unwrap_or_default());
            return Ok(done(Outcome::Unchanged, Some(reason), None, plan));
        }
        if let Some(hold) = &plan.hold {
            let fingerprint = fingerprint(&plan.changes);
            if turn.head().approval.as_ref() != Some(&fingerprint) {
                let reason = Some(hold.to_string());
                return Ok(done(Outcome::Held, reason, Some(fingerprint), plan));
            }
        }
        let Some(published) = turn.publish(state, &plan.changes, None, None).await? else {
            return Ok(done(Outcome::Unchanged, None, None, plan));
        };
        self.known = Some(published.clone());
        if let Err(error) = turn.show(&published, &plan.changes).await {
            // The version is out; the next run finds the view marked as behind.
            tracing::warn!(%error, "the view is behind and will be repaired by the next run");
        }
        Ok(done(Outcome::Published, None, None, plan))
    }

    async fn close(&self, turn: Turn, run: &Run, sync: Option<SyncEnd>) -> StoreResult<()> {
        self.repository.record(run).await?;
        turn.end(sync).await
    }

    fn row(&self, turn: &Turn, started: Timestamp, end: &Result<Done, SyncError>) -> Run {
        let mut run = Run {
            number: turn.head().fence,
            started,
            ended: self.clock.now(),
            outcome: Outcome::Failed,
            version: turn.head().version,
            changes: Counts::default(),
            provider: None,
            reason: None,
            fingerprint: None,
            quarantined: 0,
            findings: 0,
        };
        match end {
            Ok(done) => {
                run.outcome = done.outcome;
                run.changes = done.changes;
                run.reason.clone_from(&done.reason);
                run.fingerprint.clone_from(&done.fingerprint);
                run.provider = Some(done.plan.provider.clone());
                run.quarantined = done.plan.upstream.quarantined.len() as u64;
                run.findings = done.plan.upstream.findings.len() as u64;
            }
            Err(error) => run.reason = Some(error.to_string()),
        }
        run
    }
}

impl fmt::Display for Report {
    /// One line for a person: what happened, and what to do where something is to be done.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let run = &self.run;
        let reason = run.reason.as_deref().unwrap_or_default();
        match run.outcome {
            Outcome::Published => {
                let Counts {
                    added,
                    updated,
                    removed,
                } = run.changes;
                write!(
                    f,
                    "published version {}: {added} added, {updated} updated, {removed} removed",
                    run.version
                )?;
            }
            Outcome::Unchanged if run.reason.is_some() => write!(
                f,
                "{reason}: nothing is published until `syncer unpin`; {} changes wait",
                run.changes.total()
            )?,
            Outcome::Unchanged if run.version == 0 => write!(f, "unchanged: nothing is published")?,
            Outcome::Unchanged => write!(
                f,
                "unchanged: the source has what version {} has",
                run.version
            )?,
            Outcome::Held => write!(
                f,
                "held: {reason}; version {} stays; if that is right, let it through with `syncer approve`, else mend the source",
                run.version
            )?,
            Outcome::Failed => write!(f, "failed: {reason}; version {} stays", run.version)?,
        }
        if run.quarantined > 0 {
            write!(
                f,
                "; {} records could not be read and were set aside",
                run.quarantined
            )?;
        }
        Ok(())
    }
}

/// Names a delta by its content, so that an approval lets exactly it pass.
fn fingerprint(changes: &[Change]) -> String {
    let mut text = Vec::new();
    for change in changes {
        for item in [&change.before, &change.after] {
            let source = item.as_ref().map_or("", |item| item.source.as_str());
            text.extend_from_slice(source.as_bytes());
            text.push(b'\n');
        }
        text.extend_from_slice(change.kind.singular().as_bytes());
        text.extend_from_slice(change.id.as_bytes());
        text.push(b'\n');
    }
    format!("{:032x}", xxh3_128(&text))
}

/// How many items of each kind a catalogue has, in words.
pub fn summary(catalogue: &Catalogue) -> String {
    Kind::ALL
        .map(|kind| format!("{} {}", catalogue.count(kind), kind.plural()))
        .join(", ")
}
