use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

use super::values;
use crate::models::Kind;
use crate::repository::{Overwrite, ViewDocument};

/// Writes a document, unless a newer one is there. A version of a wrong type sorts above all
/// numbers, but must not protect its document.
pub(super) fn write(
    transaction: &Transaction<'_>,
    document: ViewDocument,
    overwrite: Overwrite,
) -> rusqlite::Result<()> {
    let name = document.kind.plural();
    let below = match overwrite {
        Overwrite::Older => document.version,
        Overwrite::SameOrOlder => document.version.saturating_add(1),
    };
    let Some(fields) = document.fields else {
        return transaction
            .prepare_cached(&format!(
                "DELETE FROM {name} WHERE id = ? AND (v < ? OR typeof(v) <> 'integer')"
            ))?
            .execute(params![&*document.id, below])
            .map(drop);
    };
    transaction
        .prepare_cached(&format!(
            "INSERT INTO {name} (id, v, document) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET v = ?2, document = ?3
             WHERE v < ?4 OR typeof(v) <> 'integer'"
        ))?
        .execute(params![
            &*document.id,
            document.version,
            Value::Object(fields).to_string(),
            below
        ])
        .map(drop)
}

/// Removes the versions of up to `limit` documents of a kind, and returns their number.
pub(super) fn clear_versions(
    transaction: &Transaction<'_>,
    kind: Kind,
    limit: u32,
) -> rusqlite::Result<usize> {
    let name = kind.plural();
    transaction
        .prepare_cached(&format!(
            "UPDATE {name} SET v = 0
             WHERE rowid IN (SELECT rowid FROM {name} WHERE v <> 0 LIMIT ?)"
        ))?
        .execute([limit])
}

/// Reads a page of the view. Documents with an id of another type are skipped.
pub(super) fn read(
    connection: &Connection,
    kind: Kind,
    after: &str,
    limit: u32,
) -> rusqlite::Result<Vec<ViewDocument>> {
    connection
        .prepare_cached(&format!(
            "SELECT id, v, document FROM {} WHERE typeof(id) = 'text' AND id > ?
             ORDER BY id LIMIT ?",
            kind.plural()
        ))?
        .query_map(params![after, limit], |row| {
            let Some(id) = values::key(kind.plural(), row.get_ref(0)?) else {
                return Ok(None);
            };
            Ok(Some(ViewDocument {
                kind,
                id: id.into(),
                version: values::version(row.get_ref(1)?),
                fields: Some(values::fields(row.get_ref(2)?)),
                is_new: false,
            }))
        })?
        .filter_map(rusqlite::Result::transpose)
        .collect()
}
