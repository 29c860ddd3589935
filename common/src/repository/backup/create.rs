use std::collections::HashSet;
use std::io::Write;
use std::sync::Arc;

use super::archive::ArchiveWriter;
use super::error::BackupError;
use super::{CopyProgress, FORMAT, MANIFEST, Manifest, PARTS, PICTURES, TABLES};
use crate::repository::blocking::run_blocking;
use crate::repository::head::{Head, RELEASE};
use crate::repository::open::Repository;
use crate::repository::part_name::PartName;
use crate::repository::parts;
use crate::repository::pending_rows::TableRow;
use crate::repository::posters::{self, Poster};
use crate::repository::protocol::LeaseGuard;
use crate::repository::read::load;
use crate::repository::store::{Store, StoreError, Table};
use crate::repository::tables::decode_rows;

/// How long a backup keeps the lease, so that no syncer publishes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupLock {
    /// While head and tables are read. A version that is published later can remove parts before they
    /// are copied; the backup then fails as [`BackupError::Outdated`].
    Brief,
    /// Until all parts are copied.
    UntilCopied,
}

/// A consistent state of the store, to be written to a file.
#[derive(Debug)]
pub struct Backup {
    store: Arc<dyn Store>,
    head: Head,
    rows: Vec<TableRow>,
    lease: Option<LeaseGuard>,
}

impl Repository {
    /// Reads what a backup consists of, under the lease. `waiting` is called as by
    /// [`Repository::acquire`].
    ///
    /// # Errors
    /// When the lease cannot be acquired, nothing is published, or the store fails.
    pub async fn begin_backup(
        &self,
        lock: BackupLock,
        waiting: impl FnOnce(&str) + Send,
    ) -> Result<Backup, BackupError> {
        let lease = self.acquire(waiting).await?;
        let mut backup = Backup {
            store: self.store.clone(),
            head: Head {
                lease: None,
                ..lease.head().clone()
            },
            rows: Vec::new(),
            lease: None,
        };
        let read = backup.read().await;
        if lock == BackupLock::UntilCopied && read.is_ok() {
            backup.lease = Some(lease);
        } else {
            lease.release(None).await?;
        }
        read?;
        if backup.head.version == 0 {
            return Err(BackupError::Empty);
        }
        Ok(backup)
    }
}

impl Backup {
    /// The version at the head.
    pub const fn version(&self) -> u64 {
        self.head.version
    }

    /// Writes the backup, and returns the output. `progress` is called after each part.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if a part of the version is lost or damaged. When the output cannot be
    /// written or the store fails. The output is then incomplete.
    pub async fn write<W: Write + Send + 'static>(
        mut self,
        output: W,
        progress: &(dyn Fn(CopyProgress) + Sync),
    ) -> Result<W, BackupError> {
        let lease = self.lease.take();
        let handle = lease.as_ref().map(LeaseGuard::handle);
        let written = self.copy(output, progress).await;
        if let Some(handle) = handle {
            drop(lease);
            handle.release().await;
        }
        written
    }

    async fn copy<W: Write + Send + 'static>(
        self,
        output: W,
        progress: &(dyn Fn(CopyProgress) + Sync),
    ) -> Result<W, BackupError> {
        let mut writer = ArchiveWriter::new(output);
        let mut copied = CopyProgress::of(&self.head);
        progress(copied);
        let manifest = Manifest {
            format: FORMAT,
            release: RELEASE.to_owned(),
            head: self.head.clone(),
        };
        let manifest = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| BackupError::Write(error.into()))?;
        writer.append(MANIFEST.to_owned(), manifest).await?;
        for (index, part) in parts::pack_rows(self.rows.clone()).enumerate() {
            let name = format!("{TABLES}{index:06}.jsonl.zst");
            writer.append(name, part?).await?;
        }
        for name in self.head.parts() {
            let data = self.read_part(name).await?;
            copied.add(data.len());
            writer.append(entry_name(name), data).await?;
            progress(copied);
        }
        self.copy_pictures(&mut writer).await?;
        writer.finish().await
    }

    /// Copies the pictures of posters. A lost or damaged one is left out: a syncer fetches it again.
    async fn copy_pictures<W: Write + Send + 'static>(
        &self,
        writer: &mut ArchiveWriter<W>,
    ) -> Result<(), BackupError> {
        let rows = self.rows.iter().filter(|row| row.table == Table::Posters);
        let rows = rows.map(|row| row.row.clone()).collect();
        let posters: Vec<Poster> = decode_rows(Table::Posters, rows);
        for picture in posters.iter().flat_map(|poster| &poster.pictures) {
            match posters::read_picture(&*self.store, &picture.key).await? {
                Some(data) => {
                    let name = format!("{PICTURES}{}.jpg", picture.key);
                    writer.append(name, data).await?;
                }
                None => tracing::warn!(
                    picture = picture.key,
                    "skipped a lost or damaged picture; a syncer will fetch it again"
                ),
            }
        }
        Ok(())
    }

    /// Reads the tables, and which versions can be rebuilt.
    async fn read(&mut self) -> Result<(), StoreError> {
        for table in Table::BACKED_UP {
            let rows = self.store.rows(table, None).await?.into_iter();
            self.rows.extend(rows.map(|row| TableRow { table, row }));
        }
        self.drop_unreadable_history().await
    }

    /// Leaves out the versions whose changes are lost or damaged, and those before.
    async fn drop_unreadable_history(&mut self) -> Result<(), StoreError> {
        let needed: HashSet<_> = load::parts_to_load(&self.head).collect();
        let mut unreadable = 0;
        for header in &self.head.log {
            for part in header.part_names().filter(|part| !needed.contains(part)) {
                if let Some(damage) = load::check_part(&*self.store, part).await? {
                    tracing::warn!(
                        part = damage.name,
                        reason = damage.reason,
                        "the history up to version {} is not in the backup",
                        header.version
                    );
                    unreadable = header.version;
                }
            }
        }
        self.head.log.retain(|header| header.version > unreadable);
        Ok(())
    }

    async fn read_part(&self, name: PartName) -> Result<Vec<u8>, BackupError> {
        let Some(data) = self.store.get(name).await? else {
            let reading = self.store.head().await?;
            let is_named = |head: &Head| head.parts().any(|part| part == name);
            if reading.is_some_and(|reading| is_named(&reading.head)) {
                return Err(self.damaged(&load::missing_part(name)));
            }
            return Err(BackupError::Outdated);
        };
        let checked = run_blocking(move || (parts::check(name, &data), data));
        match checked.await? {
            (None, data) => Ok(data),
            (Some(damage), _) => Err(self.damaged(&damage)),
        }
    }

    fn damaged(&self, damage: &parts::Damage) -> BackupError {
        BackupError::Store(StoreError::Damaged {
            version: self.head.version,
            parts: damage.to_string(),
        })
    }
}

/// `parts/base/00000000000000000012/000003.zst`
pub(super) fn entry_name(part: PartName) -> String {
    format!("{PARTS}{part}.zst")
}
