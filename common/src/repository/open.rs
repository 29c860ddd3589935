//! The repository: an open store with the protocol over it.

use std::sync::Arc;

use super::head::Head;
use super::instrumented::InstrumentedStore;
use super::read::load;
use super::read::{Follower, Snapshot};
use super::store::{Access, OpenError, Result, Store};
use super::{mongodb, parts, sqlite};
use crate::clock::Clock;
use crate::config::Database;
use crate::metrics::Metrics;

/// Default number of versions that keep their headers, and so their history.
pub const RETENTION: u64 = 256;

/// A store of versions with the protocol over it. Clones share it.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) store: Arc<dyn Store>,
    /// Identifies this process as a lease holder.
    pub(super) holder: Arc<str>,
    /// Number of versions to keep.
    pub(super) retention: u64,
    /// Maximum number of items of a part.
    pub(super) items_per_part: usize,
}

impl Repository {
    /// Opens the configured store. An unreachable MongoDB is no error, nor is a file that another
    /// process has locked.
    ///
    /// # Errors
    /// When a setting is wrong or the file cannot be used.
    pub async fn open(
        database: &Database,
        access: Access,
        clock: Clock,
    ) -> std::result::Result<Self, OpenError> {
        let store: Arc<dyn Store> = match database {
            Database::Sqlite(path) => Arc::new(sqlite::SqliteStore::open(path, access, clock)?),
            Database::MongoDb(url) => Arc::new(mongodb::MongoStore::open(url, access).await?),
        };
        Ok(Self::with_store(store))
    }

    /// The protocol over a given store.
    pub fn with_store(store: Arc<dyn Store>) -> Self {
        let holder = format!("{}:{}", std::process::id(), uuid::Uuid::new_v4().simple());
        Self {
            store,
            holder: holder.into(),
            retention: RETENTION,
            items_per_part: parts::MAX_ITEMS_PER_PART,
        }
    }

    /// Sets the number of versions to keep, at least 1; by default [`RETENTION`].
    #[must_use]
    pub fn with_retention(self, versions: u64) -> Self {
        Self {
            retention: versions.max(1),
            ..self
        }
    }

    /// Sets the maximum number of items of a part, at least 1; for tests.
    #[must_use]
    pub fn with_items_per_part(self, items_per_part: usize) -> Self {
        Self {
            items_per_part: items_per_part.max(1),
            ..self
        }
    }

    /// Measures all calls of the store.
    #[must_use]
    pub fn with_metrics(self, metrics: &Metrics) -> Self {
        Self {
            store: Arc::new(InstrumentedStore::new(self.store, metrics)),
            ..self
        }
    }

    /// Number of versions to keep.
    pub const fn retention(&self) -> u64 {
        self.retention
    }

    /// The size of the database in bytes.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn size(&self) -> Result<u64> {
        self.store.size().await
    }

    /// The store beneath the protocol; for tests.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Closes the store, which each program does before it ends: a copy of an SQLite file has all
    /// versions then.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// The head; `None` while the store was never written to.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn head(&self) -> Result<Option<Head>> {
        Ok(self.store.head().await?.map(|reading| reading.head))
    }

    /// The state at the head; `None` while the store holds no version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(&self) -> Result<Option<Snapshot>> {
        load::load(&*self.store).await
    }

    /// Follows every version from now on.
    pub fn follow(&self) -> Follower {
        Follower::new(self.store.clone())
    }
}
