//! The store in MongoDB, on a replica set or a standalone server.
//!
//! The head is one document of `state`, changed by update pipelines with the server's clock. Nothing
//! needs a transaction or another index.

mod bulk;
mod connection;
mod document;
mod error;
mod json;
mod notifier;
mod parts;
mod rows;
/// Setup of a fresh MongoDB: replica set and users.
pub mod setup;
mod steps;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::ReturnDocument;
use mongodb::{Collection, Database};
use secrecy::SecretString;
use tokio::sync::watch;

use super::head::{FENCE_TRACES, first_fence};
use super::{
    Access, Commit, Head, HeadPatch, HeadReading, LeaseDenied, OpenError, Overwrite, PartName,
    Release, Result, Row, Store, StoreError, Table, ViewDocument,
};
use crate::models::Kind;
use connection::{CALL_TIMEOUT, Connection, HEAD_READ_TIMEOUT, Member};
use document::{HEAD, STATE};
use error::is_duplicate;
use notifier::ChangeNotifier;

/// A store in a MongoDB database.
pub(super) struct MongoStore {
    connection: Connection,
    access: Access,
    notifier: ChangeNotifier,
    /// Whether parts are read from any member: by readers of a replica set.
    reads_nearest: bool,
}

impl fmt::Debug for MongoStore {
    /// Without the connection, which holds the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MongoStore")
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl MongoStore {
    /// Opens without connecting; the server is needed from the first call on.
    pub(super) async fn open(
        url: &SecretString,
        access: Access,
    ) -> std::result::Result<Self, OpenError> {
        let connection = Connection::open(url).await?;
        let reads_nearest = access == Access::Reader && connection.has_several_members();
        Ok(Self {
            connection,
            access,
            notifier: ChangeNotifier::new(),
            reads_nearest,
        })
    }

    fn writable(&self) -> Result<()> {
        match self.access {
            Access::Writer => Ok(()),
            Access::Reader | Access::Verifier => {
                Err(StoreError::Unavailable("opened for reading only".into()))
            }
        }
    }

    /// Changes the head if `filter` matches it, and returns the new head.
    async fn step(&self, filter: Document, pipeline: Vec<Document>) -> Result<Option<Head>> {
        self.writable()?;
        let after = self
            .connection
            .call(CALL_TIMEOUT, move |database| async move {
                state(&database)
                    .find_one_and_update(filter, pipeline)
                    .return_document(ReturnDocument::After)
                    .await
            })
            .await?;
        after.map(document::head).transpose()
    }

    /// Changes the head if `filter` matches it.
    async fn guarded(&self, filter: Document, pipeline: Vec<Document>) -> Result<()> {
        self.writable()?;
        let outcome = self
            .connection
            .call(CALL_TIMEOUT, move |database| async move {
                state(&database).update_one(filter, pipeline).await
            })
            .await?;
        if outcome.matched_count == 0 {
            return Err(StoreError::LeaseLost);
        }
        Ok(())
    }

    /// Inserts the head of a new store. Parts, ledger and view that a lost head left must not collide
    /// with new names and versions: a part is written once, and a document of the view is only
    /// overwritten by higher versions.
    async fn insert_head(&self) -> Result<()> {
        view::clear_versions(&self.connection).await?;
        let fence = self.first_fence().await?;
        let lineage = uuid::Uuid::new_v4().to_string();
        let head = document::new_head(lineage, fence);
        self.connection
            .call(CALL_TIMEOUT, move |database| async move {
                match state(&database).insert_one(head).await {
                    Err(error) if !is_duplicate(&error) => Err(error),
                    _ => Ok(()),
                }
            })
            .await
    }
}

impl MongoStore {
    /// A fence beyond the traces of an earlier head.
    async fn first_fence(&self) -> Result<u64> {
        let parts = parts::names(&self.connection).await?;
        let runs = rows::rows(&self.connection, Table::Runs, Some(FENCE_TRACES)).await?;
        let runs = runs.iter().filter_map(|run| run.key.parse().ok());
        Ok(first_fence(parts.iter().map(|part| part.fence).chain(runs)))
    }
}

#[async_trait]
impl Store for MongoStore {
    async fn head(&self) -> Result<Option<HeadReading>> {
        let pipeline = [
            doc! { "$match": { "_id": HEAD } },
            doc! { "$project": { "head": "$$ROOT", "now": "$$NOW" } },
        ];
        let found = self
            .connection
            .call(HEAD_READ_TIMEOUT, move |database| async move {
                let mut found = state(&database).aggregate(pipeline).await?;
                if !found.advance().await? {
                    return Ok(None);
                }
                found.deserialize_current().map(Some)
            })
            .await?;
        found.map(read).transpose()
    }

    async fn acquire(
        &self,
        holder: &str,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>> {
        // The head may have to be inserted first, and the reason for a refusal may be gone.
        for _ in 0..3 {
            let filter = steps::may_acquire(holder, interval);
            if let Some(head) = self.step(filter, steps::acquire(holder)).await? {
                let now = steps::acquired_at(&head);
                return Ok(Ok(HeadReading { head, now }));
            }
            match self.head().await? {
                None => self.insert_head().await?,
                Some(HeadReading { head, now }) => {
                    if let Some(denied) = head.lease_denied(holder, interval, now) {
                        return Ok(Err(denied));
                    }
                }
            }
        }
        Ok(Err(LeaseDenied::Taken {
            holder: "another syncer".into(),
            remaining: Duration::from_millis(100),
        }))
    }

    async fn renew(&self, fence: u64) -> Result<()> {
        self.guarded(steps::not_released(fence), steps::renew())
            .await
    }

    async fn commit(&self, commit: &Commit) -> Result<Head> {
        let head = self
            .step(steps::may_commit(commit), steps::commit(commit))
            .await?
            .ok_or(StoreError::LeaseLost)?;
        self.notifier.notify();
        Ok(head)
    }

    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()> {
        if matches!(patch, HeadPatch::Restore(_)) {
            view::clear_versions(&self.connection).await?;
        }
        self.guarded(steps::with_fence(fence), steps::patch_head(patch))
            .await?;
        self.notifier.notify();
        Ok(())
    }

    async fn release(&self, fence: u64, release: Release) -> Result<()> {
        self.guarded(steps::with_fence(fence), steps::release(release))
            .await?;
        self.notifier.notify();
        Ok(())
    }

    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()> {
        self.writable()?;
        parts::put(&self.connection, name, data).await
    }

    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>> {
        if self.reads_nearest {
            // A part never changes, so any member that has it already can serve it.
            let nearest = parts::get(&self.connection, Member::Nearest, name).await;
            if let Ok(Some(part)) = nearest {
                return Ok(Some(part));
            }
        }
        parts::get(&self.connection, Member::Primary, name).await
    }

    async fn parts(&self) -> Result<Vec<PartName>> {
        parts::names(&self.connection).await
    }

    async fn remove(&self, names: &[PartName]) -> Result<()> {
        self.writable()?;
        parts::remove(&self.connection, names).await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.notifier.subscribe(&self.connection)
    }

    async fn write_view(&self, documents: Vec<ViewDocument>, overwrite: Overwrite) -> Result<()> {
        self.writable()?;
        view::write(&self.connection, documents, overwrite).await
    }

    async fn read_view(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ViewDocument>> {
        view::read(&self.connection, kind, after, limit).await
    }

    async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>> {
        rows::rows(&self.connection, table, newest).await
    }

    async fn row(&self, table: Table, key: &str) -> Result<Option<Row>> {
        rows::row(&self.connection, table, key).await
    }

    async fn keys(&self, table: Table) -> Result<Vec<String>> {
        rows::keys(&self.connection, table).await
    }

    async fn write_rows(
        &self,
        fence: u64,
        table: Table,
        put: Vec<Row>,
        remove: Vec<String>,
    ) -> Result<()> {
        self.writable()?;
        rows::write(&self.connection, fence, table, put, remove).await
    }

    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool> {
        self.writable()?;
        rows::write_if_newer(&self.connection, table, row, revision).await
    }

    async fn trim(&self, table: Table, keep: u32) -> Result<()> {
        self.writable()?;
        rows::trim(&self.connection, table, keep).await
    }

    async fn size(&self) -> Result<u64> {
        let statistics = self
            .connection
            .call(CALL_TIMEOUT, |database| async move {
                database.run_command(doc! { "dbStats": 1 }).await
            })
            .await?;
        let sizes = ["storageSize", "indexSize"];
        Ok(sizes
            .map(|field| document::size(&statistics, field))
            .iter()
            .sum())
    }
}

fn state(database: &Database) -> Collection<Document> {
    database.collection(STATE)
}

fn read(found: Document) -> Result<HeadReading> {
    #[derive(serde::Deserialize)]
    struct Found {
        head: Document,
        now: DateTime,
    }
    let Found { head, now } = mongodb::bson::deserialize_from_document(found)
        .map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(HeadReading {
        head: document::head(head)?,
        now: document::timestamp(now)?,
    })
}
