//! Where versions of the catalogue are kept, published and followed.
//!
//! The protocol is written once, over the small [`Store`] trait; MongoDB and SQLite implement
//! just that. ARCHITECTURE.md says how it works and why each rule is there.

mod content;
mod follow;
mod head;
mod history;
mod ledger;
mod load;
mod mongodb;
mod parts;
mod repair;
mod sqlite;
mod store;
mod turn;
mod verify;
mod view;

use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Database;

pub use self::mongodb::setup as mongodb_setup;
pub use content::Content;
pub use follow::{Follower, News, Pulse};
pub use head::{Amendment, Base, Commit, Head, Header, Lease, Ran, Refusal, Release, SyncEnd};
pub use ledger::{Missing, Outcome, Run, Tally, Took};
pub use load::Snapshot;
pub use parts::Damage;
pub use repair::{LostItems, Origin, Repair};
pub use store::{
    LEASE, PartName, Reading, Result, Role, Row, Store, StoreError, Table, ViewDocument,
};
pub use turn::{BeginError, LeaseHandle, RETENTION, Turn};
pub use verify::Verification;

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
        Ok(Self::over(store))
    }

    /// The protocol over a store of one's own.
    pub fn over(store: Arc<dyn Store>) -> Self {
        let holder = format!("{}:{}", std::process::id(), uuid::Uuid::new_v4().simple());
        Self {
            store,
            holder: holder.into(),
            retention: RETENTION,
            items_per_part: parts::MOST_ITEMS,
        }
    }

    /// Keeps so many versions when it publishes, at least 1; [`RETENTION`] unless told.
    #[must_use]
    pub fn keeping(self, versions: u64) -> Self {
        Self {
            retention: versions.max(1),
            ..self
        }
    }

    /// Puts at most so many items into a part, at least 1: a test needs no thousands for several.
    #[must_use]
    pub fn packing(self, items_per_part: usize) -> Self {
        Self {
            items_per_part: items_per_part.max(1),
            ..self
        }
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The head; `None` while the store has none.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn head(&self) -> Result<Option<Head>> {
        let reading = self.store.head().await?;
        Ok(reading.map(|reading| reading.head))
    }

    /// The state at the head; `None` while the store holds no version.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn load(&self) -> Result<Option<Snapshot>> {
        load::load(&*self.store).await
    }

    /// A reader of every version from now on.
    pub fn follow(&self) -> Follower {
        Follower::new(self.store.clone())
    }
}
