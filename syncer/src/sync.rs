//! One sync: fetch, read, join, diff, fuse, publish, and a row in the ledger whatever happens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use common::clock::Clock;
use common::models::{Catalogue, Changes, Kind};
use common::repository::{
    Amendment, Header, LostItems, Origin, Outcome, Repair, Repository, Result as StoreResult, Run,
    Snapshot, StoreError, SyncEnd, Tally, Took, Turn, Verification,
};
use ghibli_api::{Client, Content, FetchError, Progress, Tags};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::parse::Refused;
use crate::plan::{Patience, Plan};

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How long a source is believed that nothing has changed; after that it is asked for all of it.
const BELIEVED: Duration = Duration::from_hours(1);

/// How many damaged parts a run names.
const MOST_DAMAGE: usize = 20;

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
    /// What the source gave for that state, where nothing was left to be done.
    settled: Option<Settled>,
    /// Which of the store's parts were verified last.
    verification: Verification,
    /// The runs that could not be written down.
    unrecorded: Vec<Run>,
}

/// An answer of the source that is published as it is: while it stays the same, a run has nothing
/// to do. The store has it, too, for the next process.
#[derive(Clone, Serialize, Deserialize)]
struct Settled {
    /// What it was read by: another release may read it differently.
    release: String,
    version: Header,
    tags: Tags,
    /// When the source sent all of it.
    sent: Timestamp,
    kinds: BTreeMap<Kind, Tally>,
    findings: u64,
}

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
enum SyncError {
    #[error("{}", one_line(.0))]
    Source(#[from] FetchError),
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("cannot compare the source’s response: {0}")]
    Compare(String),
    #[error("unexpected 304 from the source: the request was not conditional")]
    NothingNew,
    #[error("stopped before the source responded")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a run ended, for whoever plans the next.
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
            settled: None,
            verification: Verification::default(),
            unrecorded: Vec::new(),
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
    ) -> Ended {
        let mut run = self.row(&turn);
        let mut end = self.attempt(&mut turn, &mut run, progress, shutdown).await;
        run.ended = self.clock.now();
        let has_published = turn.head().version > run.version;
        run.version = turn.head().version;
        if has_published && let Err(SyncError::Store(error)) = &end {
            run.outcome = Outcome::Published;
            could_not_write(&mut run, "what follows a publication", error);
            end = Ok(());
        }
        if let Err(error) = &end {
            failed(&mut run, error);
        }
        tell_repair(&mut run, &turn);
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
            && let Err(error) = self.close(turn, sync).await
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
        turn: &mut Turn,
        run: &mut Run,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Result<(), SyncError> {
        let mut lap = Lap::start();
        let now = self.clock.now();
        turn.verify_next(&mut self.verification, now).await?;
        if turn.needs_mending() {
            self.state(turn).await?;
        }
        let settled = self.recall(turn).await?;
        run.took.load = lap.next();
        let tags = settled.as_ref().map(|settled| settled.tags_at(now));
        let fetched = tokio::select! {
            fetched = self.client.fetch_all(tags.as_ref(), progress) => fetched,
            () = shutdown.cancelled() => return Err(SyncError::Stopped),
        };
        run.took.fetch = lap.next();
        let fetched = fetched?;
        run.provider = Some(fetched.provider.to_string());
        run.bytes = fetched.bytes;
        if let (Content::Same, Some(settled)) = (&fetched.content, &settled) {
            run.outcome = Outcome::Unchanged;
            run.kinds.clone_from(&settled.kinds);
            run.findings = settled.findings;
            self.settled = Some(Settled {
                tags: fetched.tags,
                sent: if settled.is_believed_at(now) {
                    settled.sent
                } else {
                    now
                },
                ..settled.clone()
            });
            forget_approval(turn).await?;
            return Ok(());
        }
        let state = self.state(turn).await?;
        run.took.load += lap.next();
        let mut plan = self.compare(state.as_ref(), fetched.content).await?;
        run.took.compare = lap.next();
        let base = self.repair(turn, state, &mut plan).await?;
        run.kinds = plan.tallies();
        run.findings = plan.findings.len() as u64;
        run.rules = plan.rules();
        self.settled = None;
        self.conclude(turn, base, plan, run).await?;
        if run.outcome == Outcome::Held {
            // It changed nothing, so what was settled is so still.
            self.settled = settled;
        } else {
            self.settle(turn, run, fetched.tags, now).await?;
        }
        run.took.publish = lap.next();
        Ok(())
    }

    /// What the plan is published on. A damaged version is published once more if the source
    /// completes it; then the plan is what is left to be changed. Otherwise the plan is to take its
    /// place, and is judged by what would be lost, too.
    async fn repair(
        &mut self,
        turn: &mut Turn,
        state: Option<Snapshot>,
        plan: &mut Plan,
    ) -> StoreResult<PublishedOn> {
        let Some(damaged) = state.as_ref().filter(|_| turn.is_damaged()) else {
            return Ok(PublishedOn::State(state));
        };
        match turn.plan_repair(damaged, &plan.changes).await? {
            Repair::Restore { state, changes } => {
                let restored = turn.restore(&state, Origin::Source).await?;
                self.known.clone_from(&restored);
                if let Some(restored) = &restored
                    && let Err(error) = turn.show(restored, &Changes::default()).await
                {
                    view_is_behind(&error);
                }
                plan.changes = changes;
                Ok(PublishedOn::State(restored))
            }
            Repair::Replace(lost) => {
                plan.judge_repair(&self.patience.fuse, &lost);
                let state = damaged.clone();
                Ok(PublishedOn::Damaged { state, lost })
            }
        }
    }

    /// The state at the head, which is mended where that is needed.
    async fn state(&mut self, turn: &mut Turn) -> StoreResult<Option<Snapshot>> {
        let mut state = turn.state(self.known.as_ref()).await?;
        if let Some(whole) = &state
            && let Some(restored) = turn.restore(whole, Origin::Memory).await?
        {
            state = Some(restored);
        }
        self.known = state.clone().filter(|state| state.damage.is_empty());
        turn.mend_view(state.as_ref()).await?;
        Ok(state)
    }

    /// The answer after which nothing was left to be done, if the head still stands there.
    async fn recall(&self, turn: &mut Turn) -> StoreResult<Option<Settled>> {
        if turn.is_damaged() {
            return Ok(None);
        }
        let known = self.settled.clone();
        if let Some(settled) = known.filter(|settled| settled.is_at(turn)) {
            return Ok(Some(settled));
        }
        let kept: Option<Settled> = turn.answer().await?;
        let kept = kept.filter(|settled| settled.release == RELEASE && settled.is_at(turn));
        // This process has not seen the state, and somebody may have spoiled it.
        if kept.is_some() {
            turn.verify().await?;
        }
        Ok(kept.filter(|_| !turn.is_damaged()))
    }

    /// Remembers an answer after which nothing is left to be done.
    async fn settle(
        &mut self,
        turn: &Turn,
        run: &Run,
        tags: Tags,
        sent: Timestamp,
    ) -> StoreResult<()> {
        let nobody_missing = run.kinds.values().all(|tally| tally.missing == 0);
        let version = turn
            .head()
            .header()
            .filter(|_| nobody_missing && turn.head().pin.is_none() && !turn.is_damaged());
        self.settled = version.map(|version| Settled {
            release: RELEASE.to_owned(),
            version: version.clone(),
            tags,
            sent,
            kinds: run
                .kinds
                .iter()
                .map(|(kind, tally)| (*kind, tally.quiet()))
                .collect(),
            findings: run.findings,
        });
        match &self.settled {
            Some(settled) => turn.keep_answer(Some(settled)).await,
            None => Ok(()),
        }
    }

    async fn compare(&self, state: Option<&Snapshot>, content: Content) -> Result<Plan, SyncError> {
        let Content::Collections(collections) = content else {
            return Err(SyncError::NothingNew);
        };
        let published = state
            .map(|state| state.catalogue.clone())
            .unwrap_or_default();
        let known = self.repository.missing().await?;
        let (patience, now) = (self.patience, self.clock.now());
        let room = self.client.room();
        let compare = move || Plan::of(&published, &known, collections, patience, now, room);
        let plan = tokio::task::spawn_blocking(compare).await;
        Ok(plan.map_err(|error| SyncError::Compare(error.to_string()))??)
    }

    async fn conclude(
        &mut self,
        turn: &mut Turn,
        base: PublishedOn,
        mut plan: Plan,
        run: &mut Run,
    ) -> StoreResult<()> {
        let mut held = plan.reason();
        if held.is_some() {
            let fingerprint = base.fingerprint(&plan);
            if turn.head().approval.as_ref() == Some(&fingerprint) {
                held = None;
                if !plan.keeps_missing() {
                    plan.missing.clear();
                }
            } else {
                run.fingerprint = Some(fingerprint);
            }
        }
        let pin = turn.head().pin;
        if let Some(pin) = pin {
            run.outcome = Outcome::Unchanged;
            run.fingerprint = None;
            let judged = match &held {
                Some(reason) => format!("; would be held: {reason}"),
                None => String::new(),
            };
            let damaged = match &base {
                PublishedOn::Damaged { lost, .. } => format!(
                    ", parts of which are lost or damaged ({lost}); run `syncer unpin`, then `syncer once` to repair it"
                ),
                PublishedOn::State(_) => String::new(),
            };
            run.reason = Some(format!("pinned to version {pin}{damaged}{judged}"));
        } else if held.is_some() {
            run.outcome = Outcome::Held;
            run.reason.clone_from(&held);
        }
        if held.is_some() {
            return Ok(());
        }
        turn.keep_findings(&std::mem::take(&mut plan.findings))
            .await?;
        turn.keep_quarantine(&std::mem::take(&mut plan.quarantined))
            .await?;
        if pin.is_some() {
            return Ok(());
        }
        run.outcome = Outcome::Unchanged;
        let published = match &base {
            PublishedOn::State(state) => {
                let state = state.as_ref();
                turn.publish(state, &plan.changes, None, None).await?
            }
            PublishedOn::Damaged { state, lost } => {
                Some(turn.replace(state, &plan.changes, lost).await?)
            }
        };
        let Some(published) = published else {
            turn.keep_missing(&plan.missing).await?;
            return forget_approval(turn).await;
        };
        // From here on the version is out, whatever else fails.
        run.outcome = Outcome::Published;
        self.known = Some(published.clone());
        if let Err(error) = turn.keep_missing(&plan.missing).await {
            could_not_write(run, "the missing items", &error);
        }
        if let Err(error) = turn.show(&published, &plan.changes).await {
            view_is_behind(&error);
        }
        Ok(())
    }

    /// Writes down the runs that were not yet, and lets the lease go.
    async fn close(&mut self, turn: Turn, sync: Option<SyncEnd>) -> StoreResult<()> {
        while let Some(run) = self.unrecorded.first() {
            turn.record(run).await?;
            self.unrecorded.remove(0);
        }
        turn.end(sync).await
    }

    /// The row of a run that has failed so far.
    fn row(&self, turn: &Turn) -> Run {
        let now = self.clock.now();
        Run {
            number: turn.head().fence,
            times: 1,
            started: now,
            ended: now,
            took: Took::default(),
            outcome: Outcome::Failed,
            version: turn.head().version,
            kinds: BTreeMap::new(),
            bytes: 0,
            provider: None,
            rules: Vec::new(),
            reason: None,
            causes: Vec::new(),
            fingerprint: None,
            findings: 0,
            damage: Vec::new(),
            notes: Vec::new(),
        }
    }
}

/// What a plan is published on.
enum PublishedOn {
    /// The state at the head; `None` while there is none.
    State(Option<Snapshot>),
    /// The readable rest of a damaged state, whose place it takes.
    Damaged { state: Snapshot, lost: LostItems },
}

impl PublishedOn {
    /// What names a held plan. To approve a delta is not to approve what a repair would lose.
    fn fingerprint(&self, plan: &Plan) -> String {
        let fingerprint = plan.fingerprint();
        match self {
            Self::State(_) => fingerprint,
            Self::Damaged { .. } => format!("repair-{fingerprint}"),
        }
    }
}

/// The next run finds the view marked as behind.
fn view_is_behind(error: &StoreError) {
    tracing::warn!(%error, "the readable collections are out of date; the next run will repair them");
}

/// Tells of what could not be written after a version was published.
fn could_not_write(run: &mut Run, what: &str, error: &StoreError) {
    tracing::warn!(%error, "{what} could not be written; the next run will try again");
    run.notes
        .push(format!("{what} could not be written: {error}"));
}

/// Tells in its row what a run found damaged in the store, and how it was repaired.
fn tell_repair(run: &mut Run, turn: &Turn) {
    let names = turn.found_damage().iter().map(|damage| damage.name.clone());
    run.damage = names.take(MOST_DAMAGE).collect();
    if let Some(note) = turn.repaired() {
        run.notes.push(note.to_owned());
        if run.outcome == Outcome::Unchanged {
            run.outcome = Outcome::Published;
        }
    }
}

/// Tells in its row why a run failed.
fn failed(run: &mut Run, error: &SyncError) {
    run.outcome = Outcome::Failed;
    run.reason = Some(error.to_string());
    match error {
        SyncError::Source(error) => {
            let mut asked = error.failures.iter();
            let last = asked.rfind(|failure| failure.collection.is_some());
            run.provider = last.map(|failure| failure.provider.clone());
            run.bytes = error.bytes;
            run.causes = error.failures.iter().map(ToString::to_string).collect();
        }
        error => run.causes = vec![error.to_string()],
    }
}

/// Ends an approval that was used, or that nothing is held for any more; a commit does so itself.
async fn forget_approval(turn: &Turn) -> StoreResult<()> {
    if turn.head().approval.is_none() {
        return Ok(());
    }
    let amendment = Amendment {
        approval: Some(None),
        ..Amendment::default()
    };
    turn.amend(&amendment).await
}

impl Settled {
    /// Whether it is what the head of this turn holds, and would be published.
    fn is_at(&self, turn: &Turn) -> bool {
        turn.head().header() == Some(&self.version) && turn.head().pin.is_none()
    }

    /// What to ask the source with.
    fn tags_at(&self, now: Timestamp) -> Tags {
        if self.is_believed_at(now) {
            self.tags.clone()
        } else {
            self.tags.without_validators()
        }
    }

    fn is_believed_at(&self, now: Timestamp) -> bool {
        let since = Duration::try_from(now.duration_since(self.sent));
        since.is_ok_and(|since| since < BELIEVED)
    }
}

/// Measures one part after the other.
struct Lap(Instant);

impl Lap {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// The microseconds since the last part ended.
    fn next(&mut self) -> u64 {
        let took = self.0.elapsed();
        self.0 += took;
        took.as_micros().try_into().unwrap_or(u64::MAX)
    }
}

fn one_line(error: &FetchError) -> String {
    error.to_string().replace('\n', "; ")
}

/// How many items of each kind a catalogue has, in words.
pub fn summary(catalogue: &Catalogue) -> String {
    Kind::ALL
        .map(|kind| format!("{} {}", catalogue.count(kind), kind.plural()))
        .join(", ")
}
