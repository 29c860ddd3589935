use std::path::Path;
use std::time::Duration;

use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use crate::repository::StoreError;

pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The format of the file, kept in `user_version`.
const FORMAT: i64 = 3;

/// Marks a file as ours: "PyFl" in the file's header.
pub(super) const APPLICATION_ID: u32 = u32::from_be_bytes(*b"PyFl");

pub(super) const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS parts (name TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS runs (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS quarantine (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS findings (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS missing (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS unchanged_marker (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS events (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS webhooks (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS posters (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pictures (key TEXT PRIMARY KEY, fields TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS movies (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS people (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS locations (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS species (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS vehicles (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
";

/// Opens a connection to the file, after creating it and its tables if they are missing. A reader
/// needs no lock if the tables are there.
pub(super) fn open(path: &Path, is_read_only: bool) -> Result<Connection, Fault> {
    // Without the flag for URIs: a name like `file:a` is a name.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    if !(is_read_only && number(&connection, "user_version")? == FORMAT) {
        // With the tables there, this proves that the file can be written.
        create_tables(&mut connection)?;
    }
    connection.pragma_update(None, "query_only", is_read_only)?;
    Ok(connection)
}

fn create_tables(connection: &mut Connection) -> Result<(), Fault> {
    let transaction =
        connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let format = known_format(&transaction)?;
    let has_id = number(&transaction, "application_id")? == i64::from(APPLICATION_ID);
    if format < FORMAT {
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
    }
    if !has_id {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    }
    transaction.commit()?;
    if !has_id {
        // The file shall say whose it is without its log.
        checkpoint(connection, Duration::ZERO);
    }
    Ok(())
}

/// The format of the file; an error if a later release wrote it.
pub(super) fn known_format(connection: &Connection) -> rusqlite::Result<i64> {
    let format = number(connection, "user_version")?;
    if format <= FORMAT {
        return Ok(format);
    }
    let release = connection.query_row(
        "SELECT json_extract(head, '$.release') FROM state",
        [],
        |row| row.get(0),
    );
    let release = release.unwrap_or_else(|_| "unknown".to_owned());
    let newer = StoreError::NewerFormat { format, release };
    Err(rusqlite::Error::FromSqlConversionFailure(
        0,
        Type::Integer,
        Box::new(newer),
    ))
}

/// Moves the write-ahead log into the file and empties it, waiting up to `timeout` for readers.
/// False if one of them still needs it.
pub(super) fn checkpoint(connection: &Connection, timeout: Duration) -> bool {
    let checkpoint = || -> rusqlite::Result<bool> {
        connection.busy_timeout(timeout)?;
        let busy: i64 =
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        Ok(busy == 0)
    };
    let is_done = checkpoint().unwrap_or_else(|error| {
        tracing::debug!(%error, "cannot move the write-ahead log into the database file");
        false
    });
    if let Err(error) = connection.busy_timeout(BUSY_TIMEOUT) {
        tracing::debug!(%error, "cannot set the time to wait for a lock");
    }
    is_done
}

/// A pragma's number; 0 in a new file.
fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
