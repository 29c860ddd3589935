//! Whose file it is, found out without changing anything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use url::Url;

use super::fault::{Fault, with_suffix};
use super::open_files;
use super::schema::{self, APPLICATION_ID, BUSY_TIMEOUT};

const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;
/// Where the header has the `application_id`.
const ID_OFFSET: usize = 68;

/// Refuses a file that is neither missing, empty nor a database of PyFlix. One without an
/// `application_id` is known by its tables.
pub(super) fn require_ours(path: &Path) -> Result<(), Fault> {
    match application_id(path)? {
        None | Some(APPLICATION_ID) => Ok(()),
        Some(0) => match is_ours_by_tables(path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::Foreign("it belongs to another program".into())),
            Err(error) => match Fault::from(error) {
                locked if locked.is_locked() => Err(locked),
                Fault::Sqlite(error) => Err(Fault::Foreign(format!(
                    "it cannot be read and does not look like a database of PyFlix ({error})"
                ))),
                other => Err(other),
            },
        },
        Some(id) => Err(other_program(id)),
    }
}

/// Refuses a file without our `application_id`, which must not be moved. False if it is missing or
/// empty.
pub(super) fn require_our_id(path: &Path) -> Result<bool, Fault> {
    match application_id(path)? {
        None => Ok(false),
        Some(APPLICATION_ID) => Ok(true),
        Some(id) => Err(other_program(id)),
    }
}

fn other_program(id: u32) -> Fault {
    Fault::Foreign(format!(
        "it belongs to another program (application_id {id:#x})"
    ))
}

/// The `application_id` in the header of the file itself, whatever its log has; `None` if it is
/// missing or empty.
fn application_id(path: &Path) -> Result<Option<u32>, Fault> {
    let denied = |error| Fault::denied("read", path, &error);
    match fs::metadata(path) {
        // Creating it reports the problem of its folder.
        Err(_) => return Ok(None),
        Ok(found) if found.is_dir() => return Err(Fault::Foreign("it is a folder".into())),
        Ok(found) if !found.is_file() => {
            return Err(Fault::Foreign("it is not a regular file".into()));
        }
        Ok(_) => {}
    }
    let mut header = [0; HEADER_BYTES];
    let file = open_files::open(path).map_err(denied)?;
    if file.metadata().map_err(denied)?.len() == 0 {
        return Ok(None);
    }
    let read = file.read_exact_at(&mut header, 0);
    let id = header.get(ID_OFFSET..).and_then(<[u8]>::first_chunk);
    match (read, id) {
        (Ok(()), Some(id)) if header.starts_with(MAGIC) => Ok(Some(u32::from_be_bytes(*id))),
        (Err(error), _) if error.kind() != io::ErrorKind::UnexpectedEof => Err(denied(error)),
        _ => Err(Fault::Foreign("it is not an SQLite database".into())),
    }
}

/// Whether it has our `application_id` in its log, has our tables, or is empty.
fn is_ours_by_tables(path: &Path) -> rusqlite::Result<bool> {
    let connection = open_unchanged(path)?;
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    match number("application_id")? {
        0 => {}
        id => return Ok(id == i64::from(APPLICATION_ID)),
    }
    let found = tables(&connection)?;
    if found.is_empty() {
        return Ok(number("user_version")? == 0);
    }
    let ours = Connection::open_in_memory()?;
    ours.execute_batch(schema::SCHEMA)?;
    let mut ours = tables(&ours)?.into_iter();
    Ok(ours.all(|(name, statement)| found.get(&name) == Some(&statement)))
}

/// The tables, indexes and views by name, each with its statement.
fn tables(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Opens a file so that neither it nor its log changes, and no file appears beside it.
fn open_unchanged(path: &Path) -> rusqlite::Result<Connection> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let wal = fs::metadata(with_suffix(&path, "-wal"));
    let connection = if wal.is_ok_and(|wal| wal.len() > 0) {
        if with_suffix(&path, "-shm").exists() {
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?
        } else {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
            // The index of the log is then in memory and not in a file.
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection
        }
    } else {
        // Without a log, all is in the file; not even a journal is rolled back.
        let mut url =
            Url::from_file_path(&path).map_err(|()| rusqlite::Error::InvalidPath(path.clone()))?;
        url.set_query(Some("immutable=1"));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
        Connection::open_with_flags(url.as_str(), flags)?
    };
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}
