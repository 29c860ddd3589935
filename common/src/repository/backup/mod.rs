//! Backups: one portable file with the whole store. docs/backups.md describes its format.

mod archive;
mod create;
mod error;
mod restore;

use serde::{Deserialize, Serialize};

use super::head::Head;

pub use create::{Backup, BackupLock};
pub use error::BackupError;
pub use restore::Replacement;

/// The format of backups that this release writes and reads.
const FORMAT: u64 = 1;
/// The first entry, which describes the others.
const MANIFEST: &str = "manifest.json";
/// The folder of the entries with parts.
const PARTS: &str = "parts/";
/// The folder of the entries with pictures of posters.
const PICTURES: &str = "pictures/";
/// The folder of the entries with rows of tables.
const TABLES: &str = "tables/";

/// The content of [`MANIFEST`].
#[derive(Serialize, Deserialize)]
struct Manifest {
    format: u64,
    /// The release that wrote the backup.
    release: String,
    head: Head,
}

/// The progress of a backup or a restore.
#[derive(Clone, Copy, Debug, Default)]
pub struct CopyProgress {
    /// Number of parts copied.
    pub parts: u64,
    /// Number of all parts.
    pub total: u64,
    /// Size of the copied parts in bytes.
    pub bytes: u64,
}

impl CopyProgress {
    fn of(head: &Head) -> Self {
        Self {
            total: head.parts().count() as u64,
            ..Self::default()
        }
    }

    fn add(&mut self, bytes: usize) {
        self.parts += 1;
        self.bytes += bytes as u64;
    }
}
