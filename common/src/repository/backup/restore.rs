use std::collections::HashMap;
use std::io::Read;

use super::archive::{ArchiveEntry, ArchiveReader};
use super::create::entry_name;
use super::error::BackupError;
use super::{CopyProgress, FORMAT, MANIFEST, Manifest, PICTURES, TABLES};
use crate::repository::head::{Base, Head, Header, PendingRows, RELEASE};
use crate::repository::open::Repository;
use crate::repository::part_name::{PartKind, PartName};
use crate::repository::posters;
use crate::repository::protocol::LeaseGuard;
use crate::repository::store::Result as StoreResult;
use crate::repository::view::warn_view_is_behind;

/// Whether a restore may replace a store that has a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// Only an empty store is restored.
    Refused,
    /// Everything in the store is replaced.
    Allowed,
}

impl Repository {
    /// Restores a backup as a store of a new lineage, in one step: before it, the store is as it was.
    /// `waiting` is called as by [`Repository::acquire`], `progress` after each part. Returns the
    /// header of the restored version.
    ///
    /// # Errors
    /// When the backup cannot be read or is not complete, the store has a version and may not be
    /// overwritten, the lease cannot be acquired, or the store fails.
    pub async fn restore(
        &self,
        source: impl Read + Send + 'static,
        replacement: Replacement,
        waiting: impl FnOnce(&str) + Send,
        progress: &(dyn Fn(CopyProgress) + Sync),
    ) -> Result<Header, BackupError> {
        let mut reader = ArchiveReader::new(source);
        let backup = read_manifest(&mut reader).await?;
        let mut lease = self.acquire(waiting).await?;
        let version = lease.head().version;
        if version > 0 && replacement == Replacement::Refused {
            lease.release(None).await?;
            return Err(BackupError::NotEmpty { version });
        }
        let restored = restore_under(&mut lease, reader, backup, progress).await;
        let Ok(header) = restored else {
            lease.handle().release().await;
            return restored;
        };
        // The backup is restored, whatever else fails.
        if let Err(error) = complete(lease).await {
            warn_view_is_behind(&error);
        }
        Ok(header)
    }
}

async fn read_manifest(reader: &mut ArchiveReader) -> Result<Head, BackupError> {
    let not_a_backup = |reason: &str| BackupError::NotABackup(reason.to_owned());
    let first = reader.next().await?;
    let Some(entry) = first.filter(|entry| entry.name == MANIFEST) else {
        return Err(not_a_backup("it does not begin with a manifest"));
    };
    let value: serde_json::Value = serde_json::from_slice(&entry.data)
        .map_err(|error| not_a_backup(&format!("{MANIFEST}: {error}")))?;
    let format = value["format"].as_u64();
    let Some(format) = format else {
        return Err(not_a_backup(&format!("{MANIFEST} names no format")));
    };
    if format > FORMAT {
        let release = value["release"].as_str().unwrap_or("unknown").to_owned();
        return Err(BackupError::NewerFormat { format, release });
    }
    let manifest: Manifest = serde_json::from_value(value)
        .map_err(|error| BackupError::Damaged(format!("{MANIFEST}: {error}")))?;
    match manifest.head.contradiction() {
        Some(contradiction) => Err(BackupError::Damaged(format!("{MANIFEST}: {contradiction}"))),
        None => Ok(manifest.head),
    }
}

/// Writes the parts under new names, which no head names yet, and then the head that names them.
async fn restore_under(
    lease: &mut LeaseGuard,
    reader: ArchiveReader,
    backup: Head,
    progress: &(dyn Fn(CopyProgress) + Sync),
) -> Result<Header, BackupError> {
    let fences = Fences::new(&backup, lease.head().fence);
    lease.raise_fence(fences.last()).await?;
    let copied = copy(lease, reader, &backup, &fences, progress).await;
    let pending_rows = match copied {
        Ok(pending_rows) => pending_rows,
        Err(error) => {
            // No version names what was written.
            lease.sweep_parts().await.ok();
            return Err(error);
        }
    };
    let head = Head {
        lineage: uuid::Uuid::new_v4().to_string(),
        release: RELEASE.to_owned(),
        pending_rows: Some(pending_rows),
        posters: fences.rows(),
        dirty: true,
        ..fences.renumber(backup)
    };
    let restored = head.header().cloned().ok_or(BackupError::Empty)?;
    lease.restore_head(head).await?;
    Ok(restored)
}

async fn copy(
    lease: &LeaseGuard,
    mut reader: ArchiveReader,
    backup: &Head,
    fences: &Fences,
    progress: &(dyn Fn(CopyProgress) + Sync),
) -> Result<PendingRows, BackupError> {
    let mut copied = CopyProgress::of(backup);
    let names = backup.parts().map(|part| (entry_name(part), part));
    let mut missing: HashMap<String, PartName> = names.collect();
    let mut rows = PendingRows {
        fence: fences.rows(),
        parts: 0,
    };
    progress(copied);
    while let Some(ArchiveEntry { name, data }) = reader.next().await? {
        if let Some(key) = picture_key(&name) {
            posters::write_picture(lease, key, data).await?;
            continue;
        }
        let part = if name.starts_with(TABLES) {
            rows.parts += 1;
            PartName {
                kind: PartKind::Rows,
                fence: rows.fence,
                index: rows.parts - 1,
            }
        } else if let Some(part) = missing.remove(&name) {
            copied.add(data.len());
            PartName {
                fence: fences.renumbered(part.fence),
                ..part
            }
        } else {
            tracing::warn!("{name} in the backup is unknown to this release and is not restored");
            continue;
        };
        lease.store.put(part, data).await?;
        progress(copied);
    }
    match missing.into_keys().min() {
        Some(name) => Err(BackupError::Damaged(format!("{name} is missing"))),
        None => Ok(rows),
    }
}

/// The key of the picture in an entry.
fn picture_key(name: &str) -> Option<&str> {
    name.strip_prefix(PICTURES)?.strip_suffix(".jpg")
}

/// Writes rows and view of the restored head, and removes the parts of the replaced one.
async fn complete(mut lease: LeaseGuard) -> StoreResult<()> {
    lease.write_pending_rows().await?;
    let state = lease.state(None).await?;
    if let Some(state) = state.filter(|state| state.damage.is_empty()) {
        lease.audit_view(&state).await?;
    }
    lease.sweep_parts().await?;
    lease.release(None).await
}

/// New fences for those of a backup, in the same order. They are above all fences of the backup, whose
/// runs are numbered by fences, and of the store, where their names must not be in use.
struct Fences {
    old: Vec<u64>,
    first: u64,
}

impl Fences {
    fn new(backup: &Head, current: u64) -> Self {
        let mut old: Vec<_> = backup.log.iter().map(|header| header.fence).collect();
        old.extend(backup.base.map(|base| base.fence));
        old.sort_unstable();
        old.dedup();
        let first = current.max(backup.fence).saturating_add(1);
        Self { old, first }
    }

    fn renumbered(&self, fence: u64) -> u64 {
        let index = self.old.partition_point(|&old| old < fence);
        self.first.saturating_add(index as u64)
    }

    /// The fence of the parts with rows.
    fn rows(&self) -> u64 {
        self.renumbered(u64::MAX)
    }

    /// The fence of the lease, above all parts: those of a restore that fails are swept.
    fn last(&self) -> u64 {
        self.rows().saturating_add(1)
    }

    fn renumber(&self, backup: Head) -> Head {
        let log = backup.log.into_iter().map(|header| Header {
            fence: self.renumbered(header.fence),
            ..header
        });
        Head {
            log: log.collect(),
            base: backup.base.map(|base| Base {
                fence: self.renumbered(base.fence),
                ..base
            }),
            ..backup
        }
    }
}
