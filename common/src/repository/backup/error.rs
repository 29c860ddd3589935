use std::io;
use std::time::Duration;

use super::FORMAT;
use crate::repository::head::RELEASE;
use crate::repository::protocol::AcquireError;
use crate::repository::store::StoreError;

/// How long a file or pipe may take for an entry.
pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a backup or a restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The lease could not be acquired.
    #[error(transparent)]
    Acquire(#[from] AcquireError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nothing to back up.
    #[error("nothing has been published yet, so there is nothing to back up")]
    Empty,
    /// A later version removed parts before they were copied.
    #[error("newer versions replaced the one that was copied; try again")]
    Outdated,
    /// The file or pipe cannot be written.
    #[error("cannot write the backup: {0}")]
    Write(io::Error),
    /// The file or pipe did not take or give data.
    #[error(
        "no data could be copied for {} s; check the file system, or the program at the other end \
         of the pipe",
        STALL_TIMEOUT.as_secs()
    )]
    Stalled,
    /// Another kind of file.
    #[error("this is not a backup of PyFlix: {0}")]
    NotABackup(String),
    /// A later release wrote it.
    #[error(
        "the backup was written by a newer release ({release}, backup format {format}) than this \
         one ({RELEASE}, backup format {FORMAT}): restore it with that release"
    )]
    NewerFormat {
        /// Its format.
        format: u64,
        /// The release that wrote it.
        release: String,
    },
    /// Truncated or changed.
    #[error("the backup is truncated or damaged: {0}; use another copy")]
    Damaged(String),
    /// The store has a version, and may not be replaced.
    #[error(
        "the database already has version {version}; add --replace to replace everything in it"
    )]
    NotEmpty {
        /// Its version.
        version: u64,
    },
}
