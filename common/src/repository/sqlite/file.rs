//! The file of a connection: reopened when it was replaced, moved aside when it is damaged.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::fault::{Fault, folder, with_suffix};
use super::head::read_head;
use super::identity;
use super::lock::lock;
use super::open_files;
use super::schema;
use crate::clock::Clock;

/// A connection that knows which file it has open.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) connection: Connection,
    path: PathBuf,
    identity: Option<(u64, u64)>,
    /// Dropped after the connection; see [`open_files`].
    _file: Option<Arc<File>>,
}

impl OpenFile {
    /// Wraps a connection that was just opened to the file at `path`.
    pub(super) fn new(connection: Connection, path: &Path) -> Self {
        Self {
            connection,
            path: path.to_owned(),
            identity: device_and_inode(path),
            _file: open_files::open(path).ok(),
        }
    }

    /// Whether the path still names the file that is open.
    pub(super) fn is_current(&self) -> bool {
        self.identity.is_some() && self.identity == device_and_inode(&self.path)
    }
}

impl Drop for OpenFile {
    /// The last connection to close deletes the write-ahead log by name, which may be that of
    /// another file by now.
    fn drop(&mut self) {
        if !self.is_current() {
            keep_wal(&self.connection);
        }
    }
}

/// The permissions of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It reads and writes.
    Writes,
    /// It only reads.
    Reads,
    /// It only reads, and does not move a damaged file aside.
    Verifies,
}

/// A connection to the file at a path, reopened when another file is there.
#[derive(Debug)]
pub(super) struct ReopeningConnection {
    path: PathBuf,
    mode: Mode,
    clock: Clock,
    open: Option<OpenFile>,
    is_closed: bool,
}

impl ReopeningConnection {
    /// Opens the file, after creating a missing one and moving a damaged one aside. A file that
    /// another process has locked, or whose disk is full, is opened by a later call.
    pub(super) fn open(path: &Path, mode: Mode, clock: Clock) -> Result<Self, Fault> {
        let mut connection = Self {
            path: path.to_owned(),
            mode,
            clock,
            open: None,
            is_closed: false,
        };
        match connection.current().map(drop) {
            Err(fault) if fault.is_locked() || fault.is_disk_full() => {}
            Err(fault) if fault.is_damage() && connection.move_aside()? => {
                connection.current()?;
            }
            other => other.map_err(|fault| fault.at(path))?,
        }
        Ok(connection)
    }

    /// Works with the file that the path names now. A damaged one is moved aside, so that the next
    /// call creates a new one.
    pub(super) fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Fault> {
        let result = self.current().and_then(|connection| Ok(work(connection)?));
        if result.as_ref().is_err_and(Fault::is_damage) {
            self.move_aside()?;
        }
        result.map_err(|fault| fault.at(&self.path))
    }

    /// Empties the write-ahead log, waiting up to `timeout` for readers; false if one needs it.
    pub(super) fn checkpoint(&self, timeout: Duration) -> bool {
        let open = self.open.as_ref().filter(|open| open.is_current());
        open.is_none_or(|open| schema::checkpoint(&open.connection, timeout))
    }

    /// Closes the file for good.
    pub(super) fn close(&mut self) {
        self.open = None;
        self.is_closed = true;
    }

    fn current(&mut self) -> Result<&mut Connection, Fault> {
        if self.is_closed {
            return Err(Fault::Closed);
        }
        if let Some(open) = self.open.take_if(|open| !open.is_current()) {
            tracing::warn!(file = %self.path.display(), "the database file was replaced or removed; reopening it");
            drop(open);
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => {
                // Open until the connection has it.
                let _file = open_files::open(&self.path);
                identity::require_ours(&self.path)?;
                let _lock = lock(&self.path)?;
                let connection = schema::open(&self.path, self.mode != Mode::Writes)?;
                OpenFile::new(connection, &self.path)
            }
        };
        Ok(&mut self.open.insert(open).connection)
    }

    /// Renames the file if a fresh connection finds it damaged, too; true if it did.
    fn move_aside(&mut self) -> Result<bool, Fault> {
        self.open = None;
        if self.mode == Mode::Verifies {
            return Ok(false);
        }
        if !identity::require_our_id(&self.path)? {
            return Ok(false);
        }
        let _lock = lock(&self.path)?;
        if is_sound(&self.path)? {
            return Ok(false);
        }
        let aside = name_aside(&self.path, self.clock.now());
        // The main file goes last: a new one must never be beside the old log.
        for suffix in ["-wal", "-shm", ""] {
            match fs::rename(with_suffix(&self.path, suffix), with_suffix(&aside, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(Fault::denied(
                        "rename a file in",
                        folder(&self.path),
                        &error,
                    ));
                }
                _ => {}
            }
        }
        tracing::error!(
            file = %self.path.display(),
            kept_as = %aside.display(),
            "the database is damaged and was moved aside; the next sync creates a new one"
        );
        Ok(true)
    }
}

fn device_and_inode(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path)
        .ok()
        .map(|file| open_files::device_and_inode(&file))
}

fn keep_wal(connection: &Connection) {
    if let Err(error) = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
        tracing::warn!(%error, "the write-ahead log of the replaced database may be deleted");
    }
}

/// Whether the whole file can be read; a missing one is no damage.
fn is_sound(path: &Path) -> Result<bool, Fault> {
    let check = || -> rusqlite::Result<bool> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        keep_wal(&connection);
        connection.busy_timeout(schema::BUSY_TIMEOUT)?;
        let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        if found != "ok" {
            return Ok(false);
        }
        if connection.table_exists(None, "state")? {
            read_head(&connection)?;
        }
        Ok(true)
    };
    match check().map_err(Fault::from) {
        Err(fault) if fault.is_damage() => Ok(false),
        Err(Fault::Sqlite(error))
            if error.sqlite_error_code() == Some(ErrorCode::CannotOpen) && !path.exists() =>
        {
            Ok(true)
        }
        other => other,
    }
}

/// `pyflix.db.damaged-20260102T030405.678Z`.
fn name_aside(path: &Path, now: Timestamp) -> PathBuf {
    with_suffix(
        path,
        &format!(".damaged-{}", now.strftime("%Y%m%dT%H%M%S%.3fZ")),
    )
}
