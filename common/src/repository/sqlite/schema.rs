use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

use crate::repository::OpenError;

const BUSY: Duration = Duration::from_secs(5);

/// What each release added; `user_version` counts those that were applied.
const MIGRATIONS: [&str; 1] = ["
    CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), head TEXT NOT NULL);
    CREATE TABLE parts (name TEXT NOT NULL UNIQUE, data BLOB NOT NULL);
    CREATE TABLE runs (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE quarantine (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE findings (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE missing (key TEXT PRIMARY KEY, fields TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE movies (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE people (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE locations (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE species (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
    CREATE TABLE vehicles (id TEXT PRIMARY KEY, v INTEGER NOT NULL, document TEXT NOT NULL);
"];

/// Opens a connection to the file, making it, its folder and its tables where they are missing.
pub(super) fn open(path: &Path) -> Result<Connection, OpenError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| {
            OpenError::Configuration(format!(
                "the folder {} cannot be made: {error}; make it writable or name another file in PYFLIX_DATABASE_URL",
                folder.display()
            ))
        })?;
    }
    let mut connection = Connection::open(path).map_err(|error| cannot_open(path, &error))?;
    prepare(&connection).map_err(|error| cannot_open(path, &error))?;
    migrate(&mut connection, path)?;
    Ok(connection)
}

pub(super) fn cannot_open(path: &Path, error: &rusqlite::Error) -> OpenError {
    let advice = match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            "it is damaged: move it away, and the next sync makes a new one"
        }
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked) => {
            "another process holds it: stop that one"
        }
        _ => "make it and its folder writable or name another file in PYFLIX_DATABASE_URL",
    };
    OpenError::Configuration(format!(
        "the database {} cannot be opened: {error}; {advice}",
        path.display()
    ))
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Writing proves that the file can be written, before anything depends on it.
    connection.execute_batch("BEGIN IMMEDIATE; COMMIT")
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let migrate = || -> rusqlite::Result<usize> {
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let done: usize = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
        for migration in MIGRATIONS.iter().skip(done) {
            transaction.execute_batch(migration)?;
        }
        if done < MIGRATIONS.len() {
            transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
        }
        transaction.commit()?;
        Ok(done)
    };
    let found = { migrate }().map_err(|error| cannot_open(path, &error))?;
    if found > MIGRATIONS.len() {
        return Err(OpenError::Configuration(format!(
            "the database {} was written by a newer release: run that one, or name another file in PYFLIX_DATABASE_URL",
            path.display()
        )));
    }
    Ok(())
}
