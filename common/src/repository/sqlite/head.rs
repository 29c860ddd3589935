use rusqlite::{Connection, OptionalExtension, Transaction};

use super::{rows, schema, values};
use crate::repository::head::{FENCE_TRACES, Head, first_fence};
use crate::repository::{PartName, Table};

pub(super) fn read_head(connection: &Connection) -> rusqlite::Result<Option<Head>> {
    schema::known_format(connection)?;
    connection
        .prepare_cached("SELECT head FROM state WHERE id = 1")?
        .query_row([], |row| {
            serde_json::from_slice(row.get_ref(0)?.as_bytes()?).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(
                    0,
                    rusqlite::types::Type::Text,
                    Box::new(error),
                )
            })
        })
        .optional()
}

/// The head of a new store. Parts and ledger that a lost head left must not collide with new names:
/// a part is written once.
pub(super) fn new_head(transaction: &Transaction<'_>) -> rusqlite::Result<Head> {
    let parts = part_names(transaction)?;
    let runs = rows::rows(transaction, Table::Runs, Some(FENCE_TRACES))?;
    let runs = runs.iter().filter_map(|run| run.key.parse().ok());
    let mut head = Head::new(uuid::Uuid::new_v4().to_string());
    head.fence = first_fence(parts.iter().map(|part| part.fence).chain(runs));
    Ok(head)
}

pub(super) fn part_names(connection: &Connection) -> rusqlite::Result<Vec<PartName>> {
    connection
        .prepare_cached("SELECT name FROM parts")?
        .query_map([], |row| Ok(values::key("parts", row.get_ref(0)?)))?
        .filter_map(|name| {
            let name = name.map(|name| name.as_deref().and_then(PartName::parse));
            name.transpose()
        })
        .collect()
}

pub(super) fn write_head(transaction: &Transaction<'_>, head: &Head) -> rusqlite::Result<()> {
    let text = serde_json::to_string(head)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    transaction
        .prepare_cached(
            "INSERT INTO state (id, head) VALUES (1, ?)
             ON CONFLICT (id) DO UPDATE SET head = excluded.head",
        )?
        .execute([text])
        .map(drop)
}
