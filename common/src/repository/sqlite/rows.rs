use rusqlite::{Connection, OptionalExtension, Transaction};
use serde_json::Value;

use super::values;
use crate::repository::{Row, Table};

/// Reads the rows of a table, or the newest of them. Rows with a key of another type are
/// skipped.
pub(super) fn rows(
    connection: &Connection,
    table: Table,
    newest: Option<u32>,
) -> rusqlite::Result<Vec<Row>> {
    let order = if newest.is_some() { "DESC" } else { "ASC" };
    connection
        .prepare_cached(&format!(
            "SELECT key, fields FROM {} WHERE typeof(key) = 'text' ORDER BY key {order} LIMIT ?",
            table.name()
        ))?
        .query_map([newest.map_or(-1, i64::from)], |row| {
            let Some(key) = values::key(table.name(), row.get_ref(0)?) else {
                return Ok(None);
            };
            let fields = values::fields(row.get_ref(1)?);
            Ok(Some(Row { key, fields }))
        })?
        .filter_map(rusqlite::Result::transpose)
        .collect()
}

/// Reads one row of a table.
pub(super) fn row(
    connection: &Connection,
    table: Table,
    key: String,
) -> rusqlite::Result<Option<Row>> {
    let query = format!("SELECT fields FROM {} WHERE key = ?", table.name());
    let fields = connection
        .prepare_cached(&query)?
        .query_row([&key], |row| Ok(values::fields(row.get_ref(0)?)))
        .optional()?;
    Ok(fields.map(|fields| Row { key, fields }))
}

/// The keys of a table. Those of another type are skipped.
pub(super) fn keys(connection: &Connection, table: Table) -> rusqlite::Result<Vec<String>> {
    let name = table.name();
    let query = format!("SELECT key FROM {name} WHERE typeof(key) = 'text' ORDER BY key");
    connection
        .prepare_cached(&query)?
        .query_map([], |row| Ok(values::key(name, row.get_ref(0)?)))?
        .filter_map(rusqlite::Result::transpose)
        .collect()
}

/// Writes and removes rows of a table.
pub(super) fn write(
    transaction: &Transaction<'_>,
    table: Table,
    put: Vec<Row>,
    remove: Vec<String>,
) -> rusqlite::Result<()> {
    let name = table.name();
    let mut insert = transaction.prepare_cached(&format!(
        "INSERT INTO {name} (key, fields) VALUES (?, ?)
         ON CONFLICT (key) DO UPDATE SET fields = excluded.fields"
    ))?;
    for row in put {
        insert.execute([row.key, Value::Object(row.fields).to_string()])?;
    }
    let mut delete = transaction.prepare_cached(&format!("DELETE FROM {name} WHERE key = ?"))?;
    for key in remove {
        delete.execute([key])?;
    }
    Ok(())
}

/// Writes a row unless the stored one has this `revision` or a later one.
pub(super) fn write_if_newer(
    transaction: &Transaction<'_>,
    table: Table,
    row: Row,
    revision: u64,
) -> rusqlite::Result<bool> {
    let name = table.name();
    let written = transaction
        .prepare_cached(&format!(
            "INSERT INTO {name} (key, fields) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET fields = excluded.fields
             WHERE NOT json_valid(fields)
             OR coalesce(json_type(fields, '$.revision'), '') <> 'integer'
             OR json_extract(fields, '$.revision') < ?3"
        ))?
        .execute((row.key, Value::Object(row.fields).to_string(), revision))?;
    Ok(written > 0)
}

/// Removes all rows of a table except those with the highest keys.
pub(super) fn trim(transaction: &Transaction<'_>, table: Table, keep: u32) -> rusqlite::Result<()> {
    let name = table.name();
    transaction
        .prepare_cached(&format!(
            "DELETE FROM {name} WHERE key <=
             (SELECT key FROM {name} WHERE typeof(key) = 'text'
              ORDER BY key DESC LIMIT 1 OFFSET ?)"
        ))?
        .execute([keep])
        .map(drop)
}
