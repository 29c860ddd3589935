//! Following: a state, then every later one.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;

use super::head::Ran;
use super::load::{self, Advance, Snapshot};
use super::store::{Reading, Result, Store, StoreError};
use crate::models::Change;

/// How often the head is read when nothing rings.
const POLL: Duration = Duration::from_secs(2);
/// How long a version older than the one known counts as a stale read; after that it is what
/// a restored backup holds.
const STALE_READS: Duration = Duration::from_secs(60);
const FIRST_RETRY: Duration = Duration::from_millis(100);

/// What a follower learns.
#[derive(Clone, Debug)]
pub enum News {
    /// A version: the next one with its changes, or any later one that was loaded anew.
    Version {
        /// The catalogue at it.
        snapshot: Arc<Snapshot>,
        /// What it changed; `None` if it was loaded anew.
        changes: Option<Vec<Change>>,
    },
    /// The store was read and holds no version yet.
    Empty,
    /// The store was read, and tells this of the syncs.
    Pulse(Pulse),
    /// The store cannot be read; told once, until the next pulse.
    Away(StoreError),
}

/// How the syncs go, as the head tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pulse {
    /// The last sync that ended.
    pub ran: Option<Ran>,
    /// The version that is held on to.
    pub pin: Option<u64>,
}

/// A reader of every version. It never ends by itself and never goes backwards.
#[derive(Debug)]
pub struct Follower {
    store: Arc<dyn Store>,
    bell: watch::Receiver<u64>,
    known: Option<Arc<Snapshot>>,
    pulse: Option<Pulse>,
    away: u32,
    older_since: Option<Instant>,
    stale_reads: Duration,
    /// When the head is read next, if nothing rings before; kept here, so that it comes even if
    /// every wait for it is cancelled.
    due: Instant,
    news: VecDeque<News>,
}

impl Follower {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            bell: store.doorbell(),
            store,
            known: None,
            pulse: None,
            away: 0,
            older_since: None,
            stale_reads: STALE_READS,
            due: Instant::now(),
            news: VecDeque::new(),
        }
    }

    /// Takes an older version for a stale read for so long; a minute unless told.
    #[must_use]
    pub fn bearing_stale_reads_for(self, stale_reads: Duration) -> Self {
        Self {
            stale_reads,
            ..self
        }
    }

    /// Waits for the next news. Cancelling it loses none.
    pub async fn next(&mut self) -> News {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            self.wait().await;
            let pause = match self.look().await {
                Ok(()) => {
                    self.away = 0;
                    POLL
                }
                Err(error) => {
                    if self.away == 0 {
                        self.news.push_back(News::Away(error));
                        self.pulse = None;
                    }
                    self.away += 1;
                    (FIRST_RETRY * (1 << self.away.min(6))).min(POLL)
                }
            };
            self.due = Instant::now() + pause;
        }
    }

    async fn wait(&mut self) {
        tokio::select! {
            () = tokio::time::sleep_until(self.due) => {}
            // While the store is away a ring may come from the attempt itself.
            Ok(()) = self.bell.changed(), if self.away == 0 => {}
        }
    }

    async fn look(&mut self) -> Result<()> {
        self.bell.mark_unchanged();
        let reading = self.store.head().await?;
        let version = reading.as_ref().map_or(0, |reading| reading.head.version);
        if version == 0 && self.known.is_none() {
            if self.pulse.is_none() {
                self.news.push_back(News::Empty);
            }
        } else if let Some(reading) = &reading {
            self.catch_up(reading).await?;
        }
        let pulse = reading.map_or_else(Pulse::default, |reading| Pulse {
            ran: reading.head.ran,
            pin: reading.head.pin,
        });
        if self.pulse.as_ref() != Some(&pulse) {
            self.news.push_back(News::Pulse(pulse.clone()));
            self.pulse = Some(pulse);
        }
        Ok(())
    }

    async fn catch_up(&mut self, reading: &Reading) -> Result<()> {
        let Some(known) = &self.known else {
            return self.load_anew().await;
        };
        let same_store = *known.lineage == *reading.head.lineage;
        if same_store && reading.head.version < known.version() {
            return self.older().await;
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
                    self.news.push_back(News::Version {
                        snapshot,
                        changes: Some(step.changes),
                    });
                }
                Ok(())
            }
            Advance::Load => self.load_anew().await,
        }
    }

    async fn older(&mut self) -> Result<()> {
        let since = *self.older_since.get_or_insert_with(Instant::now);
        if since.elapsed() < self.stale_reads {
            return Ok(());
        }
        self.load_anew().await
    }

    async fn load_anew(&mut self) -> Result<()> {
        let Some(snapshot) = load::load(&*self.store).await? else {
            return Ok(());
        };
        if let Some(known) = &self.known
            && known.lineage == snapshot.lineage
            && snapshot.version() < known.version()
            && self
                .older_since
                .is_none_or(|since| since.elapsed() < self.stale_reads)
        {
            self.older_since.get_or_insert_with(Instant::now);
            return Ok(());
        }
        self.older_since = None;
        let snapshot = Arc::new(snapshot);
        self.known = Some(snapshot.clone());
        self.news.push_back(News::Version {
            snapshot,
            changes: None,
        });
        Ok(())
    }
}

impl Pulse {
    /// Since when syncs have failed, if the last one did.
    pub fn failing_since(&self) -> Option<Timestamp> {
        self.ran.as_ref().and_then(|ran| ran.failing_since)
    }
}
