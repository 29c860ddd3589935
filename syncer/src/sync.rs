//! One sync: fetch, read, join, diff, fuse, publish, and a row in the ledger whatever happens.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use common::clock::Clock;
use common::config::FuseLimits;
use common::models::{Catalogue, Change, Id, Kind};
use common::repository::{
    Header, Missing, Outcome, Repository, Result as StoreResult, Run, Snapshot, StoreError,
    SyncEnd, Tally, Took, Turn,
};
use ghibli_api::{Client, Collection, Content, FetchError, Progress, Records, Tags};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use xxhash_rust::xxh3::xxh3_128;

use crate::diff::diff;
use crate::fuse::{self, Hold};
use crate::parse::{self, Upstream};
use crate::tombstones;

const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// How long a source is believed that nothing has changed; after that it is asked for all of it.
const BELIEVED: Duration = Duration::from_hours(1);

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

/// How much of what looks like damage is borne.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What one sync may bring.
    pub fuse: FuseLimits,
    /// How many looks in a row an item may be missing before it goes.
    pub missing_looks: u32,
}

/// What a sync would do.
#[derive(Debug)]
pub struct Plan {
    /// What would change.
    pub changes: Vec<Change>,
    /// Why it would be held.
    pub holds: Vec<Hold>,
    /// What an approval would let through, where missing items go at once.
    pub whole: Vec<Change>,
    /// The missing items that stay for now, this look counted.
    pub missing: Vec<Missing>,
    /// All that is missing.
    absent: Vec<(Kind, Id)>,
    /// What the source gave.
    pub upstream: Upstream,
}

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
enum SyncError {
    #[error("{}", one_line(.0))]
    Source(#[from] FetchError),
    #[error("the source's answer could not be compared: {0}")]
    Compare(String),
    #[error("the source answered that nothing had changed, though it was not asked that")]
    NothingNew,
    #[error("told to stop before the source had answered")]
    Stopped,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How a sync that read the source ended.
struct Done {
    outcome: Outcome,
    provider: String,
    bytes: u64,
    kinds: BTreeMap<Kind, Tally>,
    findings: u64,
    rules: Vec<String>,
    reason: Option<String>,
    fingerprint: Option<String>,
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
        let started = self.clock.now();
        let mut took = Took::default();
        let end = self.attempt(&mut turn, &mut took, progress, shutdown).await;
        let run = self.row(&turn, started, took, &end);
        let retry_after = match &end {
            Err(SyncError::Source(error)) => error.retry_after(),
            _ => None,
        };
        let ended = match end {
            Ok(_) => Some(Some(SyncEnd::Answered)),
            Err(SyncError::Source(_) | SyncError::Compare(_) | SyncError::NothingNew) => {
                Some(Some(SyncEnd::Failed))
            }
            Err(SyncError::Stopped) => Some(None),
            Err(SyncError::Store(_)) => None,
        };
        self.unrecorded.push(run.clone());
        if self.unrecorded.len() > UNRECORDED {
            self.unrecorded.remove(0);
        }
        if let Some(sync) = ended
            && let Err(error) = self.close(turn, sync).await
        {
            tracing::warn!(%error, "the end of the run could not be written down; the next run tries again");
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
        Ok(self.compare(state.as_ref(), fetched.content).await?)
    }

    async fn attempt(
        &mut self,
        turn: &mut Turn,
        took: &mut Took,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
        shutdown: &CancellationToken,
    ) -> Result<Done, SyncError> {
        let mut lap = Lap::start();
        if turn.needs_mending() {
            self.state(turn).await?;
        }
        let settled = self.recall(turn).await?;
        took.load = lap.next();
        let now = self.clock.now();
        let tags = settled.as_ref().map(|settled| settled.tags_at(now));
        let fetched = tokio::select! {
            fetched = self.client.fetch_all(tags.as_ref(), progress) => fetched,
            () = shutdown.cancelled() => return Err(SyncError::Stopped),
        };
        took.fetch = lap.next();
        let fetched = fetched?;
        let mut done = Done {
            outcome: Outcome::Unchanged,
            provider: fetched.provider.to_string(),
            bytes: fetched.bytes,
            kinds: BTreeMap::new(),
            findings: 0,
            rules: Vec::new(),
            reason: None,
            fingerprint: None,
        };
        if let (Content::Same, Some(settled)) = (&fetched.content, settled) {
            done.kinds.clone_from(&settled.kinds);
            done.findings = settled.findings;
            self.settled = Some(Settled {
                tags: fetched.tags,
                sent: if settled.is_believed_at(now) {
                    settled.sent
                } else {
                    now
                },
                ..settled
            });
            return Ok(done);
        }
        let state = self.state(turn).await?;
        took.load += lap.next();
        let plan = self.compare(state.as_ref(), fetched.content).await?;
        took.compare = lap.next();
        done.kinds = plan.tallies();
        done.findings = plan.upstream.findings.len() as u64;
        done.rules = plan.rules();
        turn.keep_answer(None::<&Settled>).await?;
        self.conclude(turn, state.as_ref(), plan, &mut done).await?;
        self.settle(turn, &done, fetched.tags, now).await?;
        took.publish = lap.next();
        Ok(done)
    }

    /// The state at the head, which is mended where that is needed.
    async fn state(&mut self, turn: &mut Turn) -> StoreResult<Option<Snapshot>> {
        let mut state = turn.state(self.known.as_ref()).await?;
        if let Some(mended) = turn.mend_parts(state.as_ref()).await? {
            state = Some(mended);
        }
        self.known = state.clone().filter(|state| state.damage.is_empty());
        turn.mend_view(state.as_ref()).await?;
        Ok(state)
    }

    /// The answer after which nothing was left to be done, if the head still stands there.
    async fn recall(&mut self, turn: &Turn) -> StoreResult<Option<Settled>> {
        if let Some(settled) = self.settled.take_if(|settled| settled.is_at(turn)) {
            return Ok(Some(settled));
        }
        let kept: Option<Settled> = turn.answer().await?;
        let kept = kept.filter(|settled| settled.release == RELEASE && settled.is_at(turn));
        // This process has not seen the state, and somebody may have spoiled it.
        let is_whole = kept.is_some() && turn.parts_are_whole().await?;
        Ok(kept.filter(|_| is_whole))
    }

    /// Remembers an answer after which nothing is left to be done.
    async fn settle(
        &mut self,
        turn: &Turn,
        done: &Done,
        tags: Tags,
        sent: Timestamp,
    ) -> StoreResult<()> {
        let is_done = matches!(done.outcome, Outcome::Published | Outcome::Unchanged);
        let nobody_missing = done.kinds.values().all(|tally| tally.missing == 0);
        let version = turn
            .head()
            .header()
            .filter(|_| is_done && nobody_missing && turn.head().pin.is_none());
        self.settled = version.map(|version| Settled {
            release: RELEASE.to_owned(),
            version: version.clone(),
            tags,
            sent,
            kinds: done
                .kinds
                .iter()
                .map(|(kind, tally)| (*kind, tally.quiet()))
                .collect(),
            findings: done.findings,
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
        let compare = move || plan(&published, &known, collections, patience, now);
        let plan = tokio::task::spawn_blocking(compare).await;
        plan.map_err(|error| SyncError::Compare(error.to_string()))
    }

    async fn conclude(
        &mut self,
        turn: &mut Turn,
        state: Option<&Snapshot>,
        mut plan: Plan,
        done: &mut Done,
    ) -> StoreResult<()> {
        if let Some(pin) = turn.head().pin {
            let judged = match plan.reason() {
                Some(reason) => format!(", and would be held: {reason}"),
                None => String::new(),
            };
            done.reason = Some(format!("pinned to version {pin}{judged}"));
            return Ok(());
        }
        if let Some(reason) = plan.reason() {
            let fingerprint = fingerprint(&plan.whole);
            if turn.head().approval.as_ref() != Some(&fingerprint) {
                done.outcome = Outcome::Held;
                done.reason = Some(reason);
                done.fingerprint = Some(fingerprint);
                return Ok(());
            }
            plan.changes = std::mem::take(&mut plan.whole);
            plan.missing.clear();
        }
        turn.keep_findings(&plan.upstream.findings).await?;
        turn.keep_quarantine(&plan.upstream.quarantined).await?;
        let published = turn.publish(state, &plan.changes, None, None).await?;
        let Some(published) = published else {
            return turn.keep_missing(&plan.missing).await;
        };
        done.outcome = Outcome::Published;
        self.known = Some(published.clone());
        turn.keep_missing(&plan.missing).await?;
        if let Err(error) = turn.show(&published, &plan.changes).await {
            // The version is out; the next run finds the view marked as behind.
            tracing::warn!(%error, "the view is behind and will be repaired by the next run");
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

    fn row(
        &self,
        turn: &Turn,
        started: Timestamp,
        took: Took,
        end: &Result<Done, SyncError>,
    ) -> Run {
        let mut run = Run {
            number: turn.head().fence,
            times: 1,
            started,
            ended: self.clock.now(),
            took,
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
        };
        match end {
            Ok(done) => {
                run.outcome = done.outcome;
                run.kinds.clone_from(&done.kinds);
                run.bytes = done.bytes;
                run.rules.clone_from(&done.rules);
                run.reason.clone_from(&done.reason);
                run.fingerprint.clone_from(&done.fingerprint);
                run.provider = Some(done.provider.clone());
                run.findings = done.findings;
            }
            Err(error) => {
                run.reason = Some(error.to_string());
                if let SyncError::Source(error) = error {
                    run.causes = error.failures.iter().map(ToString::to_string).collect();
                }
            }
        }
        run
    }
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

/// What a sync would do with this answer. Pure.
fn plan(
    published: &Catalogue,
    known: &[Missing],
    collections: BTreeMap<Collection, Records>,
    patience: Patience,
    now: Timestamp,
) -> Plan {
    let unjoined = parse::read(collections);
    let absent = unjoined.missing(published);
    let missing = tombstones::look(known, &absent, patience.missing_looks, now);
    let stay = tombstones::staying(&missing);
    // Only what is held needs both: what happens now, and what an approval lets through.
    let without_patience = (!stay.is_empty()).then(|| unjoined.clone());
    let upstream = unjoined.join(published, &stay);
    let changes = diff(published, &upstream);
    let holds = fuse::judge(&patience.fuse, published, &upstream, &absent, &changes);
    let whole = match without_patience {
        _ if holds.is_empty() => Vec::new(),
        None => changes.clone(),
        Some(unjoined) => diff(published, &unjoined.join(published, &HashSet::new())),
    };
    Plan {
        changes,
        holds,
        whole,
        missing,
        absent,
        upstream,
    }
}

impl Plan {
    /// Why it would be held, if so.
    pub fn reason(&self) -> Option<String> {
        let reasons: Vec<_> = self.holds.iter().map(ToString::to_string).collect();
        (!reasons.is_empty()).then(|| reasons.join("; "))
    }

    fn rules(&self) -> Vec<String> {
        let mut rules: Vec<_> = self
            .holds
            .iter()
            .map(|hold| hold.rule.setting().to_owned())
            .collect();
        rules.sort();
        rules.dedup();
        rules
    }

    fn tallies(&self) -> BTreeMap<Kind, Tally> {
        let mut tallies: BTreeMap<_, _> = Kind::ALL
            .map(|kind| {
                let absent = self.absent.iter().filter(|(of, _)| *of == kind);
                let tally = Tally {
                    seen: self.upstream.seen(kind) as u64,
                    missing: absent.count() as u64,
                    quarantined: self.upstream.quarantined(kind).count() as u64,
                    ..Tally::default()
                };
                (kind, tally)
            })
            .into();
        // Of a held run, what its approval would let through.
        let changes = if self.whole.is_empty() {
            &self.changes
        } else {
            &self.whole
        };
        for change in changes {
            let tally = tallies.entry(change.kind).or_default();
            match (&change.before, &change.after) {
                (None, _) => tally.added += 1,
                (Some(_), Some(_)) => tally.updated += 1,
                (Some(_), None) => tally.removed += 1,
            }
        }
        tallies
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

/// Names a delta by its content, so that an approval lets exactly it pass.
fn fingerprint(changes: &[Change]) -> String {
    let mut text = Vec::new();
    for change in changes {
        for item in [&change.before, &change.after] {
            if let Some(item) = item {
                text.extend_from_slice(item.source.text().as_bytes());
            }
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
