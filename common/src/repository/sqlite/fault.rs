use std::fmt::Display;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};
use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::{getegid, geteuid};

use crate::repository::StoreError;

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It is not a database of PyFlix.
    #[error(
        "{0}; it was left as it is: set PYFLIX_DATABASE_URL to another file, or move this one away"
    )]
    Foreign(String),
    /// The file or its folder cannot be created, read or written.
    #[error("{0}")]
    Denied(String),
    /// Its file system does not support locks.
    #[error("cannot lock {}: {error}; {NO_LOCKS}", path.display())]
    NoLocks {
        /// The lock file.
        path: PathBuf,
        /// The error of the file system.
        error: io::Error,
    },
    /// Another process has locked it for longer than opening or moving aside takes.
    #[error("it is locked by another process: stop that process")]
    Locked,
    /// A later release wrote it.
    #[error(transparent)]
    Newer(StoreError),
    /// This process has closed it.
    #[error("it was closed, because the program is stopping")]
    Closed,
    /// An error of SQLite.
    #[error("{0}{advice}", advice = advice(.0))]
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let newer = match &error {
            rusqlite::Error::FromSqlConversionFailure(.., cause) => cause.downcast_ref(),
            _ => None,
        };
        newer
            .cloned()
            .map_or_else(|| Self::Sqlite(error), Self::Newer)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Newer(error) => error,
            // Only the head is read as JSON.
            Fault::Sqlite(rusqlite::Error::FromSqlConversionFailure(.., error)) => {
                Self::Unreadable {
                    name: "state/head".into(),
                    reason: error.to_string(),
                }
            }
            other => Self::Unavailable(other.to_string()),
        }
    }
}

const NO_LOCKS: &str = "the file system must support locks between processes, as SQLite needs \
    them: put the database on a local disk, mount NFS with locking, or use MongoDB";

impl Fault {
    /// A refused operation on a file or folder, with its cause, the process's user and the owner.
    pub(super) fn denied(what: &str, path: &Path, error: &io::Error) -> Self {
        let path = &std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let (uid, gid) = (geteuid().as_raw(), getegid().as_raw());
        let mut text = format!(
            "cannot {what} {}: {error}; this process runs as uid {uid}, gid {gid}",
            path.display()
        );
        let mut ancestors = path.ancestors();
        let found = ancestors.find_map(|path| Some((path, fs::metadata(path).ok()?)));
        let mut advice = "mount it for writing".to_owned();
        if let Some((path, owner)) = found {
            text += &format!(
                ", and {} belongs to uid {}, gid {} with mode {:o}",
                path.display(),
                owner.uid(),
                owner.gid(),
                owner.mode() & 0o7777
            );
            if error.kind() != io::ErrorKind::ReadOnlyFilesystem {
                advice = format!(
                    "make it writable for this user (such as: chown {uid}:{gid} {})",
                    path.display()
                );
            }
        }
        Self::Denied(format!(
            "{text}; {advice}, or set PYFLIX_DATABASE_URL to another file"
        ))
    }

    /// Names the file or folder that SQLite was denied.
    pub(super) fn at(self, database: &Path) -> Self {
        let Self::Sqlite(error) = &self else {
            return self;
        };
        let is_denied = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
        );
        if !is_denied {
            return self;
        }
        let files = ["", "-wal", "-shm"].map(|suffix| with_suffix(database, suffix));
        let mut paths = files.into_iter().chain([folder(database).to_owned()]);
        let denied = paths.find_map(|path| {
            let allowed = accessat(CWD, &path, Access::WRITE_OK, AtFlags::EACCESS);
            let error = io::Error::from(allowed.err()?);
            let exists = error.kind() != io::ErrorKind::NotFound;
            exists.then(|| Self::denied("write to", &path, &error))
        });
        denied.unwrap_or(self)
    }

    /// Whether the file is damaged.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            // Only the head is read as JSON.
            Self::Sqlite(rusqlite::Error::FromSqlConversionFailure(..)) => true,
            Self::Sqlite(error) => is_corrupt(error),
            _ => false,
        }
    }

    /// Whether another process has locked it, so that it may be free later.
    pub(super) fn is_locked(&self) -> bool {
        match self {
            Self::Locked => true,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ),
            _ => false,
        }
    }

    /// Whether the disk is full, which can change later.
    pub(super) fn is_disk_full(&self) -> bool {
        matches!(self, Self::Sqlite(error) if is_disk_full(error))
    }
}

/// Even a reader needs space for the index of the write-ahead log.
fn is_disk_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || extended_code(error) == Some(ffi::SQLITE_IOERR_SHMSIZE)
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    ) || extended_code(error) == Some(ffi::SQLITE_IOERR_SHORT_READ)
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

fn advice(error: &rusqlite::Error) -> impl Display {
    match (error.sqlite_error_code(), extended_code(error)) {
        _ if is_corrupt(error) => "; it is damaged and will be moved aside".to_owned(),
        _ if is_disk_full(error) => "; the disk is full: free some space".to_owned(),
        (Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked), _) => {
            "; it is in use by another process: stop that process".to_owned()
        }
        (Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied), _) => {
            "; make it and its folder writable, or set PYFLIX_DATABASE_URL to another file"
                .to_owned()
        }
        (Some(ErrorCode::FileLockingProtocolFailed), _)
        | (
            _,
            Some(
                ffi::SQLITE_IOERR_LOCK
                | ffi::SQLITE_IOERR_RDLOCK
                | ffi::SQLITE_IOERR_UNLOCK
                | ffi::SQLITE_IOERR_SHMOPEN
                | ffi::SQLITE_IOERR_SHMMAP
                | ffi::SQLITE_IOERR_SHMLOCK,
            ),
        ) => format!("; {NO_LOCKS}"),
        _ => String::new(),
    }
}

/// The folder of a file.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
