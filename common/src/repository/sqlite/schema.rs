use std::io;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The format of the file, kept in `user_version`.
const FORMAT: i64 = 1;

const SCHEMA: &str = "
    CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL);
    CREATE TABLE parts (name TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
    CREATE TABLE runs (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE quarantine (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE findings (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE missing (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE unchanged_marker (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE movies (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE people (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE locations (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE species (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE vehicles (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// Its folder cannot be created, read or written.
    #[error(
        "cannot use its folder: {0}; make it writable or set PYFLIX_DATABASE_URL to another file"
    )]
    Folder(io::Error),
    /// Another process has locked its folder for longer than opening or moving aside takes.
    #[error("its folder is locked by another process: stop that process")]
    Locked,
    /// A later release wrote it.
    #[error(
        "it was written by a newer release: run that release, or set PYFLIX_DATABASE_URL to another file"
    )]
    Newer,
    /// An error of SQLite.
    #[error("{0}{advice}", advice = advice(.0))]
    Sqlite(#[from] rusqlite::Error),
}

impl Fault {
    /// Whether the file is damaged.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            // Only the head is read as JSON.
            Self::Sqlite(rusqlite::Error::FromSqlConversionFailure(..)) => true,
            Self::Sqlite(error) => is_corrupt(error),
            Self::Folder(_) | Self::Locked | Self::Newer => false,
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
            Self::Folder(_) | Self::Newer => false,
        }
    }
}

fn is_corrupt(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    ) || code == Some(rusqlite::ffi::SQLITE_IOERR_SHORT_READ)
}

fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        _ if is_corrupt(error) => "; it is damaged and will be moved aside",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "; it is in use by another process: stop that process"
        }
        Some(ErrorCode::DiskFull) => "; the disk is full: free some space",
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "; make it and its folder writable, or set PYFLIX_DATABASE_URL to another file"
        }
        _ => "",
    }
}

/// The folder of the file, created if it is missing.
pub(super) fn folder(path: &Path) -> Result<&Path, Fault> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(Fault::Folder)?;
    Ok(folder)
}

/// Opens a connection to the file, after creating it and its tables if they are missing. A reader
/// needs no lock if the tables are there.
pub(super) fn open(path: &Path, only_reads: bool) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if !(only_reads && format(&connection)? == FORMAT) {
        // With the tables there, this proves that the file can be written.
        create_tables(&mut connection)?;
    }
    connection.pragma_update(None, "query_only", only_reads)?;
    Ok(connection)
}

fn create_tables(connection: &mut Connection) -> Result<(), Fault> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let format = format(&transaction)?;
    if format > FORMAT {
        return Err(Fault::Newer);
    }
    if format < FORMAT {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    Ok(transaction.commit()?)
}

/// The format of the file; 0 for a new one.
fn format(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
