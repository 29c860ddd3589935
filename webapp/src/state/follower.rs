use std::sync::Arc;
use std::time::Duration;

use catalogue_index::{EncodeEvent, History};
use common::clock::Clock;
use common::repository::{FollowEvent, HeadStatus, Repository, Snapshot};
use common::seed;
use http_content::ResponseCache;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::indexes::Indexes;
use super::site::{CurrentSite, Site};
use super::site_status::SiteStatusInputs;
use super::sync_status::{self, SyncStatus, SyncStatusReader};

/// Time between checks of the conditions that depend on the time.
const FRESHNESS_INTERVAL: Duration = Duration::from_secs(1);
const SECONDS_PER_DAY: i64 = 86_400;

/// Settings of [`follow`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct FollowerSettings {
    /// Time between syncs, unless the ledger has that of the syncer.
    pub(crate) interval: Duration,
    /// Whether pages show posters.
    pub(crate) shows_posters: bool,
}

/// Keeps the current site at the last published version, until `shutdown`.
///
/// `prewarm` runs before a site replaces the current one, with the current one's cache.
pub(crate) async fn follow<P, F>(
    current: CurrentSite,
    repository: Repository,
    settings: FollowerSettings,
    clock: Clock,
    encode: EncodeEvent,
    prewarm: P,
    shutdown: CancellationToken,
) where
    P: Fn(Arc<ResponseCache>, Site) -> F,
    F: Future<Output = ()>,
{
    let mut versions = repository.follow();
    let (refresh_status, signals) = watch::channel(0);
    let (statuses, mut sync_status) = watch::channel(Arc::new(SyncStatus::default()));
    let reader = SyncStatusReader {
        repository: repository.clone(),
        clock: clock.clone(),
        shows_posters: settings.shows_posters,
    };
    let follow_status = sync_status::follow(reader, signals, statuses);
    tokio::spawn(follow_status);
    let (backfill, needed) = watch::channel(History::default());
    let (histories, mut backfilled) = watch::channel(History::default());
    tokio::spawn(catalogue_index::backfill(repository, needed, histories));
    let mut follower = CatalogueFollower {
        current,
        interval: settings.interval,
        started: clock.now(),
        clock,
        encode,
        snapshot: None,
        indexes: Indexes::default(),
        history: History::default(),
        head: HeadStatus::default(),
        unavailable_since: None,
        sync_status: Arc::default(),
        refresh_status,
        backfill,
        shown: None,
        shutdown: shutdown.clone(),
    };
    loop {
        let indexes = follower.indexes.clone();
        let next = async { indexed(versions.next().await, indexes).await };
        tokio::pin!(next);
        // Loading a large catalogue takes longer than the interval: it goes on across the checks.
        let indexed = loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                indexed = &mut next => break indexed,
                Ok(()) = sync_status.changed() => {
                    follower.sync_status = sync_status.borrow_and_update().clone();
                }
                Ok(()) = backfilled.changed() => {
                    let past = backfilled.borrow_and_update().clone();
                    follower.history = std::mem::take(&mut follower.history).with_backfill(&past, encode);
                }
                () = tokio::time::sleep(FRESHNESS_INTERVAL) => {}
            }
            follower.show(&prewarm).await;
        };
        match indexed {
            Ok((event, indexes)) => follower.handle(event, indexes),
            Err(error) => {
                tracing::error!(%error, "indexing a version crashed; stopping");
                return;
            }
        }
        follower.show(&prewarm).await;
    }
}

/// Indexes the catalogue of an event on a blocking thread, incrementally if the changes are known.
/// A large catalogue takes seconds.
async fn indexed(
    event: FollowEvent,
    mut indexes: Indexes,
) -> Result<(FollowEvent, Indexes), JoinError> {
    let FollowEvent::Version { .. } = event else {
        return Ok((event, indexes));
    };
    tokio::task::spawn_blocking(move || {
        if let FollowEvent::Version { snapshot, changes } = &event {
            match changes {
                Some(changes) => indexes.apply(changes, &snapshot.catalogue),
                None => indexes = Indexes::new(&snapshot.catalogue),
            }
        }
        (event, indexes)
    })
    .await
}

struct CatalogueFollower {
    current: CurrentSite,
    /// Time between syncs, unless the ledger has that of the syncer.
    interval: Duration,
    started: Timestamp,
    clock: Clock,
    encode: EncodeEvent,
    snapshot: Option<Arc<Snapshot>>,
    indexes: Indexes,
    history: History,
    head: HeadStatus,
    /// Since when the store cannot be read.
    unavailable_since: Option<Timestamp>,
    sync_status: Arc<SyncStatus>,
    /// Signals that the sync status may have changed.
    refresh_status: watch::Sender<u64>,
    /// Receives the history whenever the store may hold more of it, or less.
    backfill: watch::Sender<History>,
    shown: Option<Site>,
    shutdown: CancellationToken,
}

impl CatalogueFollower {
    fn handle(&mut self, event: FollowEvent, indexes: Indexes) {
        match event {
            FollowEvent::Version { snapshot, changes } => {
                self.unavailable_since = None;
                self.indexes = indexes;
                self.history = match changes {
                    Some(changes) => std::mem::take(&mut self.history).with_version(
                        &snapshot,
                        Some(changes),
                        self.encode,
                    ),
                    None => History::from(&snapshot),
                };
                self.backfill.send_replace(self.history.clone());
                tracing::info!(
                    version = snapshot.version(),
                    items = snapshot.catalogue.len(),
                    "serving"
                );
                self.snapshot = Some(snapshot);
            }
            FollowEvent::Empty => {
                self.unavailable_since = None;
                tracing::info!(
                    "the database is empty: serving the built-in catalogue until the first sync"
                );
                let snapshot = Arc::new(seed::snapshot());
                self.indexes = Indexes::new(&snapshot.catalogue);
                self.history = History::default();
                self.snapshot = Some(snapshot);
            }
            FollowEvent::HeadStatus(status) => {
                if self.unavailable_since.take().is_some() {
                    tracing::info!("the database is available again");
                }
                self.head = status;
                self.refresh_status.send_modify(|signals| *signals += 1);
            }
            FollowEvent::Unavailable(error) => {
                let meanwhile = match &self.snapshot {
                    Some(_) => "still serving from memory",
                    None => "responding with 503 until it can be read",
                };
                tracing::warn!(%error, "cannot read the database; {meanwhile}");
                let now = self.clock.now();
                self.unavailable_since = Some(now);
                self.current.set_unavailable(now);
            }
        }
    }

    /// Replaces the current site if anything in it has changed.
    async fn show<P, F>(&mut self, prewarm: &P)
    where
        P: Fn(Arc<ResponseCache>, Site) -> F,
        F: Future<Output = ()>,
    {
        let Some(snapshot) = &self.snapshot else {
            return;
        };
        let inputs = SiteStatusInputs {
            head: &self.head,
            sync_status: &self.sync_status,
            unavailable_since: self.unavailable_since,
            is_damaged: !snapshot.damage.is_empty(),
            interval: self.interval,
            started: self.started,
            now: self.clock.now(),
        };
        let today = inputs.now.as_second().div_euclid(SECONDS_PER_DAY);
        let (freshness, mut status) = (inputs.freshness(), inputs.status());
        let (mut cache, mut outdated, mut earlier_sites) = (None, None, None);
        if let Some(shown) = &self.shown {
            status.revision = shown.status.revision;
            let is_status_current = shown.status == status
                && shown.freshness == freshness
                && Arc::ptr_eq(&shown.sync_status, &self.sync_status);
            let is_catalogue_current =
                Arc::ptr_eq(&shown.snapshot, snapshot) && shown.history.ptr_eq(&self.history);
            let are_responses_valid = is_catalogue_current
                && shown.status.notices == status.notices
                && shown.today == today;
            if are_responses_valid && is_status_current {
                return;
            }
            status.revision += u64::from(!is_status_current);
            earlier_sites = is_catalogue_current.then(|| Arc::clone(&shown.earlier_sites));
            let responses = Arc::clone(&shown.cache);
            if are_responses_valid {
                cache = Some(responses);
            } else {
                outdated = Some(responses);
            }
        }
        let site = Site {
            snapshot: snapshot.clone(),
            indexes: self.indexes.clone(),
            history: self.history.clone(),
            freshness,
            status,
            sync_status: self.sync_status.clone(),
            today,
            cache: cache.unwrap_or_default(),
            earlier_sites: earlier_sites.unwrap_or_default(),
            is_as_of: false,
        };
        if let Some(outdated) = outdated {
            prewarm(outdated, site.clone()).await;
        }
        let shown = self.shown.replace(site.clone());
        let indexes = site.indexes.clone();
        let catalogue = site.snapshot.catalogue.clone();
        let previous = self.current.replace(site);
        let (current, shutdown) = (self.current.clone(), self.shutdown.clone());
        tokio::task::spawn_blocking(move || {
            // Dropping a catalogue that shares nothing with the new one takes long.
            drop((shown, previous));
            indexes.lists.warm();
            indexes.records.build(&catalogue, |records, kind| {
                let site = current.peek();
                let shares = |site: &Arc<Site>| site.indexes.records.shares(records, kind);
                site.as_ref().is_some_and(shares) && !shutdown.is_cancelled()
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use common::config::Database;
    use common::models::{Change, Changes, Item, Kind};
    use common::repository::Access;
    use tempfile::TempDir;
    use tokio::time::timeout;

    use super::*;
    use crate::fixture::movie;

    #[tokio::test(start_paused = true)]
    async fn a_site_is_not_replaced_while_nothing_changes() {
        for versions in [0, 1, 3, 12] {
            let folder = TempDir::new().unwrap();
            let current = CurrentSite::default();
            let stop = CancellationToken::new();
            let mut swapped = current.swapped();
            let follow = follower(&folder, versions, &current, Clock::system(), &stop);
            let follower = tokio::spawn(follow.await);
            // The clock is paused. By then the history has been read.
            tokio::time::sleep(Duration::from_secs(10)).await;
            let site = current.load().unwrap();
            assert_eq!(site.version(), versions);
            assert_eq!(site.history.versions().count() as u64, versions);
            swapped.mark_unchanged();

            let swap = timeout(Duration::from_secs(10), swapped.changed()).await;

            assert!(swap.is_err(), "swapped with {versions} versions");
            stop.cancel();
            follower.await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_day_replaces_the_cached_responses() {
        let folder = TempDir::new().unwrap();
        let current = CurrentSite::default();
        let stop = CancellationToken::new();
        let seconds = Arc::new(AtomicI64::new(20_000 * SECONDS_PER_DAY - 60));
        let now = seconds.clone();
        let clock =
            Clock::from_fn(move || Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap());
        let follow = follower(&folder, 1, &current, clock, &stop);
        let follower = tokio::spawn(follow.await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        let before = current.load().unwrap();
        assert_eq!(before.today, 19_999);

        seconds.fetch_add(120, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(10)).await;

        let after = current.load().unwrap();
        assert_eq!(after.today, 20_000);
        assert!(!Arc::ptr_eq(&before.cache, &after.cache));
        assert_eq!(before.status, after.status);
        stop.cancel();
        follower.await.unwrap();
    }

    /// A follower of a new store with some versions.
    async fn follower(
        folder: &TempDir,
        versions: u64,
        current: &CurrentSite,
        clock: Clock,
        stop: &CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let database = Database::Sqlite(folder.path().join("pyflix.db"));
        let repository = Repository::open(&database, Access::Writer, Clock::system()).await;
        let repository = repository.unwrap();
        publish(&repository, versions).await;
        follow(
            current.clone(),
            repository,
            FollowerSettings {
                interval: Duration::from_secs(3600),
                shows_posters: true,
            },
            clock,
            |_, _, _| Default::default(),
            |_, _| async {},
            stop.clone(),
        )
    }

    /// Publishes versions of one movie.
    async fn publish(repository: &Repository, versions: u64) {
        let mut state: Option<Snapshot> = None;
        for version in 1..=versions {
            let movie = movie("m", &format!("M, edition {version}"));
            let before: Option<Arc<Item>> = state
                .as_ref()
                .and_then(|state| state.catalogue.get(Kind::Movie, "m"));
            let changes: Changes = Change::of(before, Some(movie)).into_iter().collect();
            let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
            let published = lease.publish(state.as_ref(), &changes, None, None).await;
            state = published.unwrap();
            lease.release(None).await.unwrap();
        }
    }
}
