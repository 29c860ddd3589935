//! What the web app serves from: the catalogue in memory, swapped whole, and its condition.

use http_content::ResponseCache;
use std::ops::Deref;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use catalogue_index::{EncodeEvent, History, Index};
use catalogue_search::SearchIndex;
use common::clock::Clock;
use common::models::{Catalogue, Change};
use common::repository::{News, Pulse, Repository, Snapshot};
use common::seed;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use crate::ByField;
use crate::error::AppError;
use crate::sync_status::{self, SyncStatus};

/// How often it is asked whether the syncs have fallen silent.
const GLANCE: Duration = Duration::from_secs(1);
/// How much later than its turn a sync may end before the catalogue counts as stale.
const PATIENCE: Duration = Duration::from_secs(60);

/// One state of the catalogue and whether it is fresh: all that an answer depends on.
#[derive(Clone, Debug)]
pub struct Site {
    /// The catalogue; version 0 is the seed.
    pub snapshot: Arc<Snapshot>,
    /// The catalogue arranged for lists.
    pub index: Index,
    /// The catalogue arranged for search.
    pub search: SearchIndex,
    /// What the source's records say, by field.
    pub by_field: ByField,
    /// The kept versions.
    pub history: History,
    /// Whether it is fresh.
    pub condition: Condition,
    /// Recent syncs and what they found.
    pub sync_status: Arc<SyncStatus>,
    /// Its responses so far.
    pub(crate) cache: Arc<ResponseCache>,
}

/// Whether the catalogue is fresh, and if not, since when and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The last sync read the source.
    Fresh,
    /// No sync has ended yet.
    Waiting,
    /// Syncs have failed since then.
    SourceAway(Timestamp),
    /// No sync has ended since then.
    Silent(Timestamp),
    /// The store cannot be read since then.
    StoreAway(Timestamp),
}

/// The current site, shared by all handlers; there is none until the store has been read.
#[derive(Clone, Debug, Default)]
pub struct Current(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    site: ArcSwapOption<Site>,
    swapped: watch::Sender<()>,
}

impl Current {
    /// A site that is there from the start.
    pub fn new(site: Site) -> Self {
        let current = Self::default();
        current.set(site);
        current
    }

    /// The site as it is now.
    ///
    /// # Errors
    /// [`AppError::NotReady`] until the store has been read.
    pub fn load(&self) -> Result<Arc<Site>, AppError> {
        self.0.site.load_full().ok_or(AppError::NotReady)
    }

    /// The site as it is now, for a glance; none until the store has been read.
    pub(crate) fn glance(&self) -> impl Deref<Target = Option<Arc<Site>>> {
        self.0.site.load()
    }

    /// Tells whenever there is another site.
    pub fn swapped(&self) -> watch::Receiver<()> {
        self.0.swapped.subscribe()
    }

    /// Puts another site in place of the one that it gives back.
    pub(crate) fn set(&self, site: Site) -> Option<Arc<Site>> {
        let before = self.0.site.swap(Some(Arc::new(site)));
        self.0.swapped.send_replace(());
        before
    }
}

impl Site {
    /// The seed, as it is shown while the store holds no version.
    pub fn of_seed() -> Self {
        let snapshot = seed::snapshot();
        let Arranged {
            index,
            search,
            by_field,
        } = Arranged::of(&snapshot.catalogue);
        Self {
            snapshot: Arc::new(snapshot),
            index,
            search,
            by_field,
            history: History::default(),
            condition: Condition::Waiting,
            sync_status: Arc::default(),
            cache: Arc::default(),
        }
    }

    /// The catalogue's version; 0 is the seed.
    pub fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// Whether this is the seed and no published version.
    pub fn is_seed(&self) -> bool {
        self.version() == 0
    }
}

/// Keeps the current site at the last published version, until told to stop.
///
/// Before a site is shown, `prewarm` gets it with the cache of the one before.
pub(crate) async fn keep<P, F>(
    current: Current,
    repository: Repository,
    interval: Duration,
    clock: Clock,
    encode: EncodeEvent,
    prewarm: P,
    shutdown: CancellationToken,
) where
    P: Fn(Arc<ResponseCache>, Site) -> F,
    F: Future<Output = ()>,
{
    let mut follower = repository.follow();
    let (ask, asked) = watch::channel(0);
    let (told, mut sync_status) = watch::channel(Arc::new(SyncStatus::default()));
    tokio::spawn(sync_status::follow(repository.clone(), asked, told));
    let (ask_past, asked) = watch::channel(History::default());
    let (told, mut past) = watch::channel(History::default());
    tokio::spawn(catalogue_index::backfill(repository, asked, told));
    let mut keeper = Keeper {
        current,
        interval,
        clock,
        encode,
        snapshot: None,
        arranged: Arranged::default(),
        history: History::default(),
        pulse: Pulse::default(),
        away: None,
        sync_status: Arc::default(),
        ask,
        ask_past,
        shown: None,
        shutdown: shutdown.clone(),
    };
    loop {
        let before = keeper.arranged.clone();
        let next = async { arranged(follower.next().await, before).await };
        tokio::pin!(next);
        // Loading a large catalogue takes longer than a glance, and must not begin anew at each.
        let arranged = loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                arranged = &mut next => break arranged,
                Ok(()) = sync_status.changed() => {
                    keeper.sync_status = sync_status.borrow_and_update().clone();
                }
                Ok(()) = past.changed() => {
                    let past = past.borrow_and_update().clone();
                    keeper.history = std::mem::take(&mut keeper.history).with_backfill(&past, encode);
                }
                () = tokio::time::sleep(GLANCE) => {}
            }
            keeper.show(&prewarm).await;
        };
        match arranged {
            Ok((news, arranged)) => keeper.take(news, arranged),
            Err(error) => {
                tracing::error!(%error, "cannot index a version");
                return;
            }
        }
        keeper.show(&prewarm).await;
    }
}

/// A catalogue arranged for lists, for search and for the source's own questions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arranged {
    pub(crate) index: Index,
    pub(crate) search: SearchIndex,
    pub(crate) by_field: ByField,
}

impl Arranged {
    pub(crate) fn of(catalogue: &Catalogue) -> Self {
        std::thread::scope(|scope| {
            let search = scope.spawn(|| SearchIndex::of(catalogue));
            let index = Index::of(catalogue);
            // The search takes longer.
            index.warm();
            let search = search.join().unwrap_or_else(|panic| resume_unwind(panic));
            Self {
                index,
                search,
                by_field: ByField::default(),
            }
        })
    }

    /// Goes forward by one version's changes to `catalogue`.
    pub(crate) fn apply(&mut self, changes: &[Change], catalogue: &Catalogue) {
        let numbered = self.index.apply(changes, catalogue);
        self.by_field.apply(&numbered, catalogue);
        if self.search.needs_rebuild() {
            self.search = SearchIndex::of(catalogue);
            return;
        }
        let removed = numbered
            .into_iter()
            .filter(|change| change.after.is_none())
            .map(|change| (change.number, None));
        let affected = catalogue_search::affected_items(changes, catalogue).into_iter();
        let affected = affected.filter_map(|(kind, id)| {
            let number = catalogue.number(kind, &id)?;
            Some((number, Some(catalogue.item(number)?)))
        });
        self.search.update(removed.chain(affected), catalogue);
    }
}

/// The news with the catalogue arranged after it, given how it was arranged before. A large one
/// takes seconds, which no request is to wait for.
async fn arranged(news: News, mut arranged: Arranged) -> Result<(News, Arranged), JoinError> {
    let News::Version { .. } = news else {
        return Ok((news, arranged));
    };
    tokio::task::spawn_blocking(move || {
        if let News::Version { snapshot, changes } = &news {
            match changes {
                Some(changes) => arranged.apply(changes, &snapshot.catalogue),
                None => {
                    let started = Instant::now();
                    arranged = Arranged::of(&snapshot.catalogue);
                    tracing::debug!(took = ?started.elapsed(), "arranged a state");
                }
            }
        }
        (news, arranged)
    })
    .await
}

struct Keeper {
    current: Current,
    interval: Duration,
    clock: Clock,
    encode: EncodeEvent,
    snapshot: Option<Arc<Snapshot>>,
    arranged: Arranged,
    history: History,
    pulse: Pulse,
    away: Option<Timestamp>,
    sync_status: Arc<SyncStatus>,
    /// Signals that the sync status may have changed.
    ask: watch::Sender<u64>,
    /// Told the history when more of it may be had from the store, or less.
    ask_past: watch::Sender<History>,
    shown: Option<Site>,
    shutdown: CancellationToken,
}

impl Keeper {
    fn take(&mut self, news: News, arranged: Arranged) {
        match news {
            News::Version { snapshot, changes } => {
                self.away = None;
                self.arranged = arranged;
                self.history = match changes {
                    Some(changes) => std::mem::take(&mut self.history).with_version(
                        &snapshot,
                        Some(changes),
                        self.encode,
                    ),
                    None => History::from(&snapshot),
                };
                self.ask_past.send_replace(self.history.clone());
                tracing::info!(
                    version = snapshot.version(),
                    items = snapshot.catalogue.len(),
                    "serving"
                );
                self.snapshot = Some(snapshot);
            }
            News::Empty => {
                self.away = None;
                tracing::info!(
                    "the database is empty: serving the built-in catalogue until the first sync"
                );
                let seed = Arc::new(seed::snapshot());
                self.arranged = Arranged::of(&seed.catalogue);
                self.history = History::default();
                self.snapshot = Some(seed);
            }
            News::Pulse(pulse) => {
                if self.away.take().is_some() {
                    tracing::info!("the database is available again");
                }
                self.pulse = pulse;
                self.ask.send_modify(|asked| *asked += 1);
            }
            News::Away(error) => {
                let meanwhile = match &self.snapshot {
                    Some(_) => "still serving from memory",
                    None => "responding with 503 until it can be read",
                };
                tracing::warn!(%error, "cannot read the database; {meanwhile}");
                self.away = Some(self.clock.now());
            }
        }
    }

    async fn show<P, F>(&mut self, prewarm: &P)
    where
        P: Fn(Arc<ResponseCache>, Site) -> F,
        F: Future<Output = ()>,
    {
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        let condition = self.condition();
        let (mut cache, mut before) = (None, None);
        if let Some(shown) = &self.shown {
            let lasting = Arc::ptr_eq(&shown.snapshot, snapshot)
                && shown.condition == condition
                && shown.history.ptr_eq(&self.history)
                && shown.sync_status.missing == self.sync_status.missing;
            if lasting && Arc::ptr_eq(&shown.sync_status, &self.sync_status) {
                return;
            }
            let responses = Arc::clone(&shown.cache);
            if lasting {
                cache = Some(responses);
            } else {
                before = Some(responses);
            }
        }
        let site = Site {
            snapshot: snapshot.clone(),
            index: self.arranged.index.clone(),
            search: self.arranged.search.clone(),
            by_field: self.arranged.by_field.clone(),
            history: self.history.clone(),
            condition,
            sync_status: self.sync_status.clone(),
            cache: cache.unwrap_or_default(),
        };
        if let Some(before) = before {
            prewarm(before, site.clone()).await;
        }
        let shown = self.shown.replace(site.clone());
        let (index, by_field) = (site.index.clone(), site.by_field.clone());
        let catalogue = site.snapshot.catalogue.clone();
        let before = self.current.set(site);
        let (current, shutdown) = (self.current.clone(), self.shutdown.clone());
        tokio::task::spawn_blocking(move || {
            // Of a large catalogue that was loaded anew nothing is shared, and all of it goes now.
            drop((shown, before));
            index.warm();
            by_field.make(&catalogue, |by_field, kind| {
                let site = current.glance();
                let shares = |site: &Arc<Site>| site.by_field.shares(by_field, kind);
                site.as_ref().is_some_and(shares) && !shutdown.is_cancelled()
            });
        });
    }

    fn condition(&self) -> Condition {
        if let Some(since) = self.away {
            return Condition::StoreAway(since);
        }
        let Some(ran) = &self.pulse.ran else {
            return Condition::Waiting;
        };
        if let Some(since) = ran.failing_since {
            return Condition::SourceAway(since);
        }
        let silence = self.clock.now().duration_since(ran.at);
        let longest = self.interval * 2 + PATIENCE;
        if Duration::try_from(silence).is_ok_and(|silence| silence > longest) {
            return Condition::Silent(ran.at);
        }
        Condition::Fresh
    }
}

#[cfg(test)]
mod tests {
    use common::config::Database;
    use common::models::{Changes, Item, Kind};
    use common::repository::Access;
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;
    use crate::fixture::movie;

    #[tokio::test(start_paused = true)]
    async fn a_site_stays_in_place_for_ten_quiet_seconds() {
        for versions in [0, 1, 3, 12] {
            let folder = TempDir::new().unwrap();
            let database = Database::Sqlite(folder.path().join("pyflix.db"));
            let repository = Repository::open(&database, Access::Writer, Clock::system()).await;
            let repository = repository.unwrap();
            publish(&repository, versions).await;
            let current = Current::default();
            let stop = CancellationToken::new();
            let mut swapped = current.swapped();
            let kept = tokio::spawn(keep(
                current.clone(),
                repository,
                Duration::from_secs(3600),
                Clock::system(),
                |_, _, _| Default::default(),
                |_, _| async {},
                stop.clone(),
            ));
            // By then everything from before the start has been read. The clock is a paused one.
            tokio::time::sleep(Duration::from_secs(10)).await;
            let site = current.load().unwrap();
            assert_eq!(site.version(), versions);
            assert_eq!(site.history.versions().count() as u64, versions);
            swapped.mark_unchanged();

            let swap = timeout(Duration::from_secs(10), swapped.changed()).await;

            assert!(swap.is_err(), "swapped with {versions} versions");
            stop.cancel();
            kept.await.unwrap();
        }
    }

    /// Publishes so many versions of one movie.
    async fn publish(repository: &Repository, versions: u64) {
        let mut state: Option<Snapshot> = None;
        for version in 1..=versions {
            let movie = movie("m", &format!("M, edition {version}"));
            let before: Option<Arc<Item>> = state
                .as_ref()
                .and_then(|state| state.catalogue.get(Kind::Movie, "m"));
            let changes: Changes = Change::of(before, Some(movie)).into_iter().collect();
            let mut turn = repository.begin(None).await.unwrap().unwrap();
            let published = turn.publish(state.as_ref(), &changes, None, None).await;
            state = published.unwrap();
            turn.end(None).await.unwrap();
        }
    }
}
