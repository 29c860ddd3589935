use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

use super::head::{Commit, Head, HeadPatch, LeaseDenied, RELEASE, Release};
use super::part_name::PartName;
use crate::models::{Id, Kind};

/// How long a lease lasts unless renewed.
pub const LEASE_DURATION: Duration = Duration::from_secs(6);

/// An error of a store.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// No response, or a refusal. Whether a write took place is unknown.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// Parts of the published state are lost or damaged; only a repair may publish over it.
    #[error(
        "parts of version {version} are lost or damaged: {parts}; run `syncer once` to repair it first"
    )]
    Damaged {
        /// The damaged version.
        version: u64,
        /// The parts and their problems.
        parts: String,
    },
    /// The lease has passed to another holder; nothing was written.
    #[error("another syncer has taken over; this run publishes nothing")]
    LeaseLost,
    /// A later release wrote the store, in a format that this one does not know.
    #[error(
        "the database was written by a newer release ({release}, format {format}) than this one \
         ({RELEASE}): update this program, or set PYFLIX_DATABASE_URL to another database"
    )]
    NewerFormat {
        /// The format of the store.
        format: i64,
        /// The release that wrote it, or `unknown`.
        release: String,
    },
    /// A stored value cannot be decoded.
    #[error("{name} cannot be read: {reason}")]
    Unreadable {
        /// The name of the document, row or part.
        name: String,
        /// The problem.
        reason: String,
    },
}

impl StoreError {
    /// The error without details of the database, such as its host or file, for public pages.
    pub fn public_text(&self) -> String {
        match self {
            Self::Unavailable(_) => "the database is unavailable".into(),
            other => other.to_string(),
        }
    }
}

/// Results of store calls.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Whether a process may write to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It only reads; its database user may have no other rights.
    Reader,
    /// It publishes.
    Writer,
    /// It only reads, and leaves even a damaged file where it is.
    Verifier,
}

/// Why a store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The setting is wrong, or its file or server cannot be used.
    #[error("{0}")]
    Configuration(String),
}

/// The head at a moment of the store's own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadReading {
    /// The head.
    pub head: Head,
    /// When it was read, by the store's clock.
    pub now: Timestamp,
}

/// A document of the view: an item, readable in a database shell.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewDocument {
    /// The kind, and so the collection or table.
    pub kind: Kind,
    /// The item's id.
    pub id: Id,
    /// The version that wrote it.
    pub version: u64,
    /// Its fields, without `_id` and `_v`; `None` removes it.
    pub fields: Option<serde_json::Map<String, Value>>,
    /// Whether it is expected to be new. Only an optimisation.
    pub is_new: bool,
}

/// Which documents of the view a write overwrites, by the versions that wrote them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overwrite {
    /// Those of a lower version.
    Older,
    /// Those of the same or a lower version.
    SameOrOlder,
}

/// The tables beside the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// The ledger: a row for every run, by its fence.
    Runs,
    /// Quarantined records.
    Quarantine,
    /// Problems in the source data.
    Findings,
    /// Published items that are missing from the source.
    Missing,
    /// One row: the digests of the response that the published version has.
    UnchangedMarker,
    /// The event log.
    Events,
    /// The deliveries to each webhook, written without a lease.
    Webhooks,
    /// The posters by their URLs at the source.
    Posters,
    /// The pictures of posters by their keys. Large: read one at a time.
    Pictures,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 9] = [
        Self::Runs,
        Self::Quarantine,
        Self::Findings,
        Self::Missing,
        Self::UnchangedMarker,
        Self::Events,
        Self::Webhooks,
        Self::Posters,
        Self::Pictures,
    ];

    /// The tables whose rows are in a backup, which has pictures as files. Events and deliveries
    /// belong to a database: a restored one has a new lineage, which starts a new event log.
    pub const BACKED_UP: [Self; 6] = [
        Self::Runs,
        Self::Quarantine,
        Self::Findings,
        Self::Missing,
        Self::UnchangedMarker,
        Self::Posters,
    ];

    /// The table's or collection's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Runs => "runs",
            Self::Quarantine => "quarantine",
            Self::Findings => "findings",
            Self::Missing => "missing",
            Self::UnchangedMarker => "unchanged_marker",
            Self::Events => "events",
            Self::Webhooks => "webhooks",
            Self::Posters => "posters",
            Self::Pictures => "pictures",
        }
    }
}

/// A row of such a table: a JSON object under a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its key; rows sort by it.
    pub key: String,
    /// Its fields.
    pub fields: serde_json::Map<String, Value>,
}

/// The operations that the protocol needs of a database: a register with a fence, named parts that
/// never change, and some tables beside them.
///
/// Every call has a deadline of its own. An error says nothing about whether a write took place:
/// the caller gives up its run, and the higher fence of the next lease settles it.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Reads the head; `None` while the store was never written to.
    async fn head(&self) -> Result<Option<HeadReading>>;

    /// Grants the lease for [`LEASE_DURATION`] if it is free, expired or `holder`'s own, and no
    /// sync ended within `interval`. Returns the head to work from; creates it if there is none.
    async fn acquire(
        &self,
        holder: &str,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>>;

    /// Extends the lease to [`LEASE_DURATION`] from now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] once it has passed to another holder, as for all writes below.
    async fn renew(&self, fence: u64) -> Result<()>;

    /// Publishes a version and returns the new head.
    async fn commit(&self, commit: &Commit) -> Result<Head>;

    /// Changes the head without a new version.
    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()>;

    /// Releases the lease.
    async fn release(&self, fence: u64, release: Release) -> Result<()>;

    /// Writes a part, unless it is there already.
    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()>;

    /// Reads a part.
    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>>;

    /// The names of all parts.
    async fn parts(&self) -> Result<Vec<PartName>>;

    /// Removes parts; missing ones are no error.
    async fn remove(&self, names: &[PartName]) -> Result<()>;

    /// A counter that rises when the head may have changed. Notifications may be spurious or missing.
    fn subscribe(&self) -> watch::Receiver<u64>;

    /// Writes documents of the view. Each overwrites one of the versions that `overwrite` allows.
    async fn write_view(&self, documents: Vec<ViewDocument>, overwrite: Overwrite) -> Result<()>;

    /// Reads up to `limit` documents of the view with ids after `after`, in the order of ids.
    async fn read_view(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ViewDocument>>;

    /// Reads the rows of a table by ascending key; with `newest`, that many rows by descending key.
    async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>>;

    /// Reads the row of a table with a key.
    async fn row(&self, table: Table, key: &str) -> Result<Option<Row>>;

    /// The keys of all rows of a table, in ascending order.
    async fn keys(&self, table: Table) -> Result<Vec<String>>;

    /// Writes and removes rows of a table, except those that a later lease wrote.
    async fn write_rows(
        &self,
        fence: u64,
        table: Table,
        put: Vec<Row>,
        remove: Vec<String>,
    ) -> Result<()>;

    /// Writes a row outside of any lease, unless the stored one has this `revision` or a later one in
    /// its field of that name. False: another process was faster.
    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool>;

    /// Removes all rows of a table except the `keep` with the highest keys.
    async fn trim(&self, table: Table, keep: u32) -> Result<()>;

    /// The size of the database in bytes.
    async fn size(&self) -> Result<u64>;

    /// Closes the store at the end of the program: all that was written is then in the database
    /// itself. Later calls may fail.
    async fn close(&self) {}
}
