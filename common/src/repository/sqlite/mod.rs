//! The embedded store: one SQLite file in WAL mode, safe for a web app and a syncer as two
//! processes. Each call is one short transaction.

mod fault;
mod file;
mod head;
mod identity;
mod lock;
mod notifier;
mod open_files;
mod rows;
mod schema;
#[cfg(test)]
mod tests;
mod values;
mod view;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use tokio::sync::watch;

use self::file::{Mode, ReopeningConnection};
use self::head::{new_head, part_names, read_head, write_head};
use super::head::{Commit, Head, HeadPatch, LeaseDenied, Release};
use super::part_name::PartName;
use super::store::{
    Access, HeadReading, LEASE_DURATION, OpenError, Overwrite, Result, Row, Store, StoreError,
    Table, ViewDocument,
};
use crate::clock::Clock;
use crate::models::Kind;

const CALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How long a checkpoint waits for readers, after a publication and at the end.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_millis(100);
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);
const BATCH_ROWS: usize = 1_000;

/// The embedded store.
#[derive(Debug)]
pub(super) struct SqliteStore {
    path: PathBuf,
    writer: Arc<Mutex<ReopeningConnection>>,
    reader: Arc<Mutex<ReopeningConnection>>,
    clock: Clock,
    notifier: Arc<notifier::ChangeNotifier>,
    /// Whether a version was published since the last checkpoint.
    is_checkpoint_due: Arc<AtomicBool>,
}

impl SqliteStore {
    /// Opens the file, after creating it and its folder if they are missing.
    pub(super) fn open(path: &Path, access: Access, clock: Clock) -> Result<Self, OpenError> {
        let connection = |mode| {
            let connection =
                ReopeningConnection::open(path, mode, clock.clone()).map_err(|fault| {
                    OpenError::Configuration(format!(
                        "cannot open the database {}: {fault}",
                        path.display()
                    ))
                })?;
            Ok(Arc::new(Mutex::new(connection)))
        };
        let (writer, reader) = match access {
            Access::Verifier => (connection(Mode::Verifies)?, connection(Mode::Verifies)?),
            Access::Reader | Access::Writer => {
                (connection(Mode::Writes)?, connection(Mode::Reads)?)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            writer,
            reader,
            clock,
            notifier: Arc::default(),
            is_checkpoint_due: Arc::default(),
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(self.reader.clone(), move |connection| work(connection)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        blocking(self.writer.clone(), move |connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
        .await
    }

    /// Changes the head in one transaction, unless `step` returns false because the lease is lost.
    async fn step(
        &self,
        step: impl FnOnce(&mut Head, Timestamp) -> bool + Send + 'static,
    ) -> Result<Head> {
        let clock = self.clock.clone();
        let stepped = self
            .write(move |transaction| {
                let Some(mut head) = read_head(transaction)? else {
                    return Ok(None);
                };
                if !step(&mut head, now(&clock)) {
                    return Ok(None);
                }
                write_head(transaction, &head)?;
                Ok(Some(head))
            })
            .await?;
        stepped.ok_or(StoreError::LeaseLost)
    }

    /// Removes the versions from the view of an earlier head, because a document is only overwritten
    /// by higher versions.
    async fn clear_view_versions(&self) -> Result<()> {
        for kind in Kind::ALL {
            let batch = u32::try_from(BATCH_ROWS).unwrap_or(u32::MAX);
            let next =
                move |transaction: &Transaction<'_>| view::clear_versions(transaction, kind, batch);
            while self.write(next).await? > 0 {}
        }
        Ok(())
    }

    /// Moves the write-ahead log of a published version into the file, so that a copy of the file
    /// has that version. No call waits for it; while a reader needs the log, a later release tries
    /// again.
    fn checkpoint_published(&self) {
        if !self.is_checkpoint_due.swap(false, Ordering::Relaxed) {
            return;
        }
        let (writer, is_due) = (self.writer.clone(), self.is_checkpoint_due.clone());
        tokio::task::spawn_blocking(move || {
            if !lock(&writer).checkpoint(CHECKPOINT_TIMEOUT) {
                is_due.store(true, Ordering::Relaxed);
            }
        });
    }
}

/// The clock's time in milliseconds, like MongoDB's. It is read inside a transaction, because
/// waiting for the write lock can take seconds.
fn now(clock: &Clock) -> Timestamp {
    let now = clock.now();
    now.round(Unit::Millisecond).unwrap_or(now)
}

#[async_trait]
impl Store for SqliteStore {
    async fn head(&self) -> Result<Option<HeadReading>> {
        let clock = self.clock.clone();
        self.read(move |connection| {
            let head = read_head(connection)?;
            let now = now(&clock);
            Ok(head.map(|head| HeadReading { head, now }))
        })
        .await
    }

    async fn acquire(
        &self,
        holder: &str,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>> {
        if self.read(read_head).await?.is_none() {
            self.clear_view_versions().await?;
        }
        let (holder, clock) = (holder.to_owned(), self.clock.clone());
        self.write(move |transaction| {
            let now = now(&clock);
            let mut head = match read_head(transaction)? {
                Some(head) => head,
                None => new_head(transaction)?,
            };
            if let Some(denied) = head.lease_denied(&holder, interval, now) {
                return Ok(Err(denied));
            }
            head.acquire(&holder, LEASE_DURATION, now);
            write_head(transaction, &head)?;
            Ok(Ok(HeadReading { head, now }))
        })
        .await
    }

    async fn renew(&self, fence: u64) -> Result<()> {
        self.step(move |head, now| head.renew(fence, LEASE_DURATION, now))
            .await
            .map(drop)
    }

    async fn commit(&self, commit: &Commit) -> Result<Head> {
        let commit = commit.clone();
        let head = self.step(move |head, now| head.commit(&commit, now)).await;
        self.is_checkpoint_due.store(true, Ordering::Relaxed);
        self.notifier.notify();
        head
    }

    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()> {
        if matches!(patch, HeadPatch::Restore(_)) {
            self.clear_view_versions().await?;
            self.is_checkpoint_due.store(true, Ordering::Relaxed);
        }
        let patch = patch.clone();
        self.step(move |head, _| head.patch_head(fence, &patch))
            .await
            .map(drop)
    }

    async fn release(&self, fence: u64, release: Release) -> Result<()> {
        self.step(move |head, now| head.release(fence, release, now))
            .await?;
        self.checkpoint_published();
        Ok(())
    }

    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()> {
        self.write(move |transaction| {
            transaction
                .prepare_cached(
                    "INSERT INTO parts (name, data) VALUES (?, ?) ON CONFLICT DO NOTHING",
                )?
                .execute(params![name.to_string(), data])
                .map(drop)
        })
        .await
    }

    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>> {
        self.read(move |connection| {
            connection
                .prepare_cached("SELECT data FROM parts WHERE name = ?")?
                .query_row([name.to_string()], |row| Ok(values::part(row.get_ref(0)?)))
                .optional()
        })
        .await
    }

    async fn parts(&self) -> Result<Vec<PartName>> {
        self.read(part_names).await
    }

    async fn remove(&self, names: &[PartName]) -> Result<()> {
        for batch in names.chunks(BATCH_ROWS) {
            let batch = batch.to_vec();
            self.write(move |transaction| {
                let mut delete = transaction.prepare_cached("DELETE FROM parts WHERE name = ?")?;
                for name in batch {
                    delete.execute([name.to_string()])?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.notifier.subscribe(&self.path)
    }

    async fn write_view(&self, documents: Vec<ViewDocument>, overwrite: Overwrite) -> Result<()> {
        let mut documents = documents.into_iter().peekable();
        while documents.peek().is_some() {
            let batch: Vec<_> = documents.by_ref().take(BATCH_ROWS).collect();
            self.write(move |transaction| {
                for document in batch {
                    view::write(transaction, document, overwrite)?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    async fn read_view(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ViewDocument>> {
        let after = after.unwrap_or_default().to_owned();
        self.read(move |connection| view::read(connection, kind, &after, limit))
            .await
    }

    async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>> {
        self.read(move |connection| rows::rows(connection, table, newest))
            .await
    }

    async fn row(&self, table: Table, key: &str) -> Result<Option<Row>> {
        let key = key.to_owned();
        self.read(move |connection| rows::row(connection, table, key))
            .await
    }

    async fn keys(&self, table: Table) -> Result<Vec<String>> {
        self.read(move |connection| rows::keys(connection, table))
            .await
    }

    async fn write_rows(
        &self,
        fence: u64,
        table: Table,
        put: Vec<Row>,
        remove: Vec<String>,
    ) -> Result<()> {
        let written = self.write(move |transaction| {
            if read_head(transaction)?.is_none_or(|head| head.fence != fence) {
                return Ok(false);
            }
            rows::write(transaction, table, put, remove)?;
            Ok(true)
        });
        written.await?.then_some(()).ok_or(StoreError::LeaseLost)
    }

    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool> {
        self.write(move |transaction| rows::write_if_newer(transaction, table, row, revision))
            .await
    }

    async fn trim(&self, table: Table, keep: u32) -> Result<()> {
        self.write(move |transaction| rows::trim(transaction, table, keep))
            .await
    }

    async fn size(&self) -> Result<u64> {
        self.read(|connection| {
            let pages =
                "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()";
            connection.query_row(pages, [], |row| row.get(0))
        })
        .await
    }

    async fn close(&self) {
        let (reader, writer) = (self.reader.clone(), self.writer.clone());
        let notifier = self.notifier.clone();
        let close = tokio::task::spawn_blocking(move || {
            notifier.stop();
            lock(&reader).close();
            let mut writer = lock(&writer);
            writer.checkpoint(CLOSE_TIMEOUT);
            writer.close();
        });
        if tokio::time::timeout(CLOSE_TIMEOUT * 2, close)
            .await
            .is_err()
        {
            tracing::warn!("the database is busy: copy its -wal file, too, if you copy it now");
        }
    }
}

fn lock(connection: &Mutex<ReopeningConnection>) -> MutexGuard<'_, ReopeningConnection> {
    connection.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn blocking<T: Send + 'static>(
    connection: Arc<Mutex<ReopeningConnection>>,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T> {
    let task = tokio::task::spawn_blocking(move || lock(&connection).with(work));
    match tokio::time::timeout(CALL_TIMEOUT, task).await {
        Ok(Ok(Ok(value))) => Ok(value),
        Ok(Ok(Err(fault))) => Err(fault.into()),
        Ok(Err(error)) => Err(StoreError::Unavailable(error.to_string())),
        Err(_) => Err(StoreError::Unavailable(format!(
            "no response within {} s",
            CALL_TIMEOUT.as_secs()
        ))),
    }
}
