//! Where versions of the catalogue are kept, published and followed.
//!
//! The protocol is written once, over the small [`Store`] trait; MongoDB and SQLite implement
//! just that. ARCHITECTURE.md says how it works and why each rule is there.

mod blocking;
mod content;
mod head;
mod mongodb;
mod parts;
mod protocol;
mod read;
mod sqlite;
mod store;
mod tables;
mod view;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Database;

pub use self::mongodb::setup as mongodb_setup;
pub use content::ContentDigest;
pub use head::{
    Base, Commit, Head, HeadPatch, Header, LastSync, Lease, LeaseDenied, Release, SyncEnd,
};
pub use parts::Damage;
pub use protocol::{
    AcquireError, LeaseGuard, LeaseHandle, LostItems, Origin, RETENTION, Repair, Verification,
};
pub use read::{FollowEvent, Follower, HeadStatus, Snapshot};
pub use store::{
    LEASE, Overwrite, PartKind, PartName, Reading, Result, Row, Store, StoreError, Table,
    ViewDocument,
};

/// Whether a process may write to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only reads, and its database user may be allowed no more.
    Reader,
    /// It publishes.
    Writer,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The setting is wrong, or what it names cannot be used: a person must change something.
    #[error("{0}")]
    Configuration(String),
}

/// A store of versions, with the protocol over it. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Repository {
    store: Arc<dyn Store>,
    /// Who takes the lease: this process, told from all others.
    holder: Arc<str>,
    /// How many versions it keeps when it publishes.
    retention: u64,
    /// How many items it puts into a part at most.
    items_per_part: usize,
}

impl Repository {
    /// Opens the configured store. A MongoDB that is away at the moment is no error, nor is a file
    /// that another process holds.
    ///
    /// # Errors
    /// When a setting is wrong or the file cannot be used.
    pub async fn open(
        database: &Database,
        access: Access,
        clock: Clock,
    ) -> std::result::Result<Self, OpenError> {
        let store: Arc<dyn Store> = match database {
            Database::Sqlite(path) => Arc::new(sqlite::SqliteStore::open(path, clock)?),
            Database::MongoDb(url) => Arc::new(mongodb::MongoStore::open(url, access).await?),
        };
        Ok(Self::with_store(store))
    }

    /// The protocol over a store of one's own.
    pub fn with_store(store: Arc<dyn Store>) -> Self {
        let holder = format!("{}:{}", std::process::id(), uuid::Uuid::new_v4().simple());
        Self {
            store,
            holder: holder.into(),
            retention: RETENTION,
            items_per_part: parts::MAX_ITEMS_PER_PART,
        }
    }

    /// Keeps so many versions when it publishes, at least 1; [`RETENTION`] unless told.
    #[must_use]
    pub fn with_retention(self, versions: u64) -> Self {
        Self {
            retention: versions.max(1),
            ..self
        }
    }

    /// Puts at most so many items into a part, at least 1: a test needs no thousands for several.
    #[must_use]
    pub fn with_items_per_part(self, items_per_part: usize) -> Self {
        Self {
            items_per_part: items_per_part.max(1),
            ..self
        }
    }

    /// The store beneath the protocol; for tests.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
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
        read::load::load(&*self.store).await
    }

    /// A reader of every version from now on.
    pub fn follow(&self) -> Follower {
        Follower::new(self.store.clone())
    }
}
