//! Following: a state, then every later version.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::load::{self, Advance, Snapshot};
use crate::models::Change;
use crate::repository::head::{Header, LastSync};
use crate::repository::part_name::PartName;
use crate::repository::store::{HeadReading, Result, Store, StoreError};

/// How often the head is read without a notification.
const POLL_INTERVAL: Duration = Duration::from_secs(2);
/// How long a version older than the known one counts as a stale read; after that, as a restored
/// backup.
const STALE_READ_LIMIT: Duration = Duration::from_secs(60);
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);

/// An event of a [`Follower`].
#[derive(Clone, Debug)]
pub enum FollowEvent {
    /// A version: the next one with its changes, or a later one that was loaded whole.
    Version {
        /// The catalogue at this version.
        snapshot: Arc<Snapshot>,
        /// Its changes; `None` if it was loaded whole.
        changes: Option<Vec<Change>>,
    },
    /// The store could be read, and holds no version yet.
    Empty,
    /// The store could be read. Sent after an outage and when the status changes.
    HeadStatus(HeadStatus),
    /// The store cannot be read. Sent once per outage.
    Unavailable(StoreError),
}

/// The parts of the head that do not belong to a version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadStatus {
    /// The last sync that ended.
    pub last_sync: Option<LastSync>,
    /// The pinned version.
    pub pin: Option<u64>,
    /// The fingerprint of the held delta that is approved.
    pub approval: Option<String>,
    /// The fence of the lease that last changed the pictures of posters; 0 for none.
    pub posters: u64,
}

/// A version whose parts are lost or damaged.
#[derive(Debug)]
struct DamagedHead {
    header: Header,
    missing: Vec<PartName>,
}

/// Follows every version. The stream is endless, and versions only increase.
#[derive(Debug)]
pub struct Follower {
    store: Arc<dyn Store>,
    notifications: watch::Receiver<u64>,
    known: Option<Arc<Snapshot>>,
    last_status: Option<HeadStatus>,
    failures: u32,
    older_since: Option<Instant>,
    damaged: Option<DamagedHead>,
    stale_read_limit: Duration,
    /// When the head is read next without a notification. It is kept here so that cancelled waits do
    /// not postpone it.
    due: Instant,
    events: VecDeque<FollowEvent>,
}

impl Follower {
    pub(in crate::repository) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            notifications: store.subscribe(),
            store,
            known: None,
            last_status: None,
            failures: 0,
            older_since: None,
            damaged: None,
            stale_read_limit: STALE_READ_LIMIT,
            due: Instant::now(),
            events: VecDeque::new(),
        }
    }

    /// How long an older version counts as a stale read; by default a minute.
    #[must_use]
    pub fn with_stale_read_limit(self, stale_read_limit: Duration) -> Self {
        Self {
            stale_read_limit,
            ..self
        }
    }

    /// Waits for the next event. Cancel-safe.
    pub async fn next(&mut self) -> FollowEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            self.wait().await;
            let pause = match self.poll().await {
                Ok(()) => {
                    self.failures = 0;
                    POLL_INTERVAL
                }
                Err(error) => {
                    if self.failures == 0 {
                        self.events.push_back(FollowEvent::Unavailable(error));
                        self.last_status = None;
                    }
                    self.failures += 1;
                    (FIRST_RETRY_DELAY * (1 << self.failures.min(6))).min(POLL_INTERVAL)
                }
            };
            self.due = Instant::now() + pause;
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            () = tokio::time::sleep_until(self.due) => {}
            // During an outage a notification may come from the attempt itself.
            Ok(()) = self.notifications.changed(), if self.failures == 0 => {}
        }
    }

    async fn poll(&mut self) -> Result<()> {
        self.notifications.mark_unchanged();
        let reading = self.store.head().await?;
        let version = reading.as_ref().map_or(0, |reading| reading.head.version);
        if version == 0 && self.known.is_none() {
            if self.last_status.is_none() {
                self.events.push_back(FollowEvent::Empty);
            }
        } else if let Some(reading) = &reading {
            self.catch_up(reading).await?;
        }
        let status = reading.map_or_else(HeadStatus::default, |reading| HeadStatus {
            last_sync: reading.head.last_sync,
            pin: reading.head.pin,
            approval: reading.head.approval,
            posters: reading.head.posters,
        });
        if self.last_status.as_ref() != Some(&status) {
            self.events
                .push_back(FollowEvent::HeadStatus(status.clone()));
            self.last_status = Some(status);
        }
        Ok(())
    }

    async fn catch_up(&mut self, reading: &HeadReading) -> Result<()> {
        let Some(known) = &self.known else {
            return self.reload(reading).await;
        };
        if let Some(damaged) = &self.damaged
            && Some(&damaged.header) == reading.head.header()
        {
            // Parts can come back while a backup is put in place.
            let missing = load::missing_parts(&*self.store, &reading.head).await?;
            if missing == damaged.missing {
                return Ok(());
            }
            return self.reload(reading).await;
        }
        let same_store = *known.lineage == *reading.head.lineage;
        if same_store && reading.head.version < known.version() {
            return self.older_head(reading).await;
        }
        if reading.head.version == 0 {
            return Ok(());
        }
        self.older_since = None;
        match load::advance(&*self.store, known, &reading.head).await? {
            Advance::Steps(steps) => {
                for step in steps {
                    let snapshot = Arc::new(step.snapshot);
                    self.known = Some(snapshot.clone());
                    self.events.push_back(FollowEvent::Version {
                        snapshot,
                        changes: Some(step.changes),
                    });
                }
                Ok(())
            }
            Advance::Load => self.reload(reading).await,
        }
    }

    async fn older_head(&mut self, reading: &HeadReading) -> Result<()> {
        let since = *self.older_since.get_or_insert_with(Instant::now);
        if since.elapsed() < self.stale_read_limit {
            return Ok(());
        }
        self.reload(reading).await
    }

    /// Loads the version at the head; if that is damaged, the last whole one, and if there is none, what
    /// can be read.
    async fn reload(&mut self, reading: &HeadReading) -> Result<()> {
        let Some(mut snapshot) = load::load(&*self.store).await? else {
            return Ok(());
        };
        let mut known = self.known.as_ref();
        known = known.filter(|known| known.lineage == snapshot.lineage);
        if let Some(known) = known
            && snapshot.version() < known.version()
            && self
                .older_since
                .is_none_or(|since| since.elapsed() < self.stale_read_limit)
        {
            self.older_since.get_or_insert_with(Instant::now);
            return Ok(());
        }
        let is_restored = self.older_since.take().is_some();
        self.damaged = None;
        if !snapshot.damage.is_empty() {
            if Some(&snapshot.header) != reading.head.header() {
                // The head has changed since it was read.
                return Ok(());
            }
            self.damaged = Some(DamagedHead {
                header: snapshot.header.clone(),
                missing: load::missing_parts(&*self.store, &reading.head).await?,
            });
            let whole = load::load_last_whole(&*self.store, &reading.head).await?;
            let is_whole = whole.is_some();
            if let Some(whole) = whole {
                // The database is damaged, even though no item of this version is lost.
                snapshot = Snapshot {
                    damage: snapshot.damage,
                    ..whole
                };
            }
            if let Some(known) = known.filter(|_| !is_restored)
                && (snapshot.version() < known.version() || !is_whole && known.damage.is_empty())
            {
                return Ok(());
            }
            if snapshot.catalogue.is_empty() && !is_whole {
                // Not an emptied catalogue in place of one that is lost.
                let parts = snapshot.damage.iter().map(ToString::to_string);
                return Err(StoreError::Damaged {
                    version: snapshot.version(),
                    parts: parts.collect::<Vec<_>>().join(", "),
                });
            }
            let served = match is_whole {
                true => "the last version that is whole",
                false => "what can be read",
            };
            tracing::error!(
                version = snapshot.version(),
                items = snapshot.catalogue.len(),
                "serving {served} until the next sync repairs the database"
            );
        }
        let snapshot = Arc::new(snapshot);
        self.known = Some(snapshot.clone());
        self.events.push_back(FollowEvent::Version {
            snapshot,
            changes: None,
        });
        Ok(())
    }
}

impl HeadStatus {
    /// When syncs began to fail, if the last one failed.
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.last_sync
            .as_ref()
            .and_then(|last_sync| last_sync.failing_since)
    }
}
