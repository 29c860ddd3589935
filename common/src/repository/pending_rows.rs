//! The rows of a restored backup. A restore changes the head in one step, and rows are not part of
//! it: until they are in their tables, they are read from parts that the head names.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::blocking::run_blocking;
use super::head::PendingRows;
use super::part_name::{PartKind, PartName};
use super::parts;
use super::store::{Result, Row, Store, Table};

/// Rows of one write.
const BATCH_ROWS: usize = 1_000;

/// A row and its table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct TableRow {
    pub(super) table: Table,
    #[serde(flatten)]
    pub(super) row: Row,
}

/// The pending rows of a table, by ascending key; `None` if a part of them is gone, because they are
/// in their tables by now.
pub(super) async fn read(
    store: &dyn Store,
    pending: PendingRows,
    table: Table,
) -> Result<Option<Vec<Row>>> {
    let (kind, fence) = (PartKind::Rows, pending.fence);
    let mut rows = Vec::new();
    for index in 0..pending.parts {
        let name = PartName { kind, fence, index };
        let Some(data) = store.get(name).await? else {
            return Ok(None);
        };
        let (part, damage) = run_blocking(move || parts::unpack::<TableRow>(name, &data)).await?;
        for damage in damage {
            tracing::error!(
                part = damage.name,
                reason = damage.reason,
                "rows of the restored backup are unreadable; restore it again to recover them"
            );
        }
        let of_table = part.into_iter().filter(|row| row.table == table);
        rows.extend(of_table.map(|row| row.row));
    }
    rows.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(Some(rows))
}

/// Makes the pending rows the rows of their tables.
pub(super) async fn write(store: &dyn Store, fence: u64, pending: PendingRows) -> Result<()> {
    for table in Table::BACKED_UP {
        let Some(rows) = read(store, pending, table).await? else {
            tracing::error!(
                table = table.name(),
                "rows of the restored backup are lost; restore it again to recover them"
            );
            continue;
        };
        let kept: HashSet<_> = rows.iter().map(|row| row.key.clone()).collect();
        let present = store.rows(table, None).await?.into_iter();
        let surplus = present
            .map(|row| row.key)
            .filter(|key| !kept.contains(key))
            .collect();
        store.write_rows(fence, table, Vec::new(), surplus).await?;
        for batch in rows.chunks(BATCH_ROWS) {
            let batch = batch.to_vec();
            store.write_rows(fence, table, batch, Vec::new()).await?;
        }
    }
    Ok(())
}
