use mongodb::bson::{Document, RawDocumentBuf, doc, rawdoc};
use mongodb::options::FindOptions;

use super::bulk::{self, WriteCommand};
use super::connection::Connection;
use super::json;
use crate::repository::{Result, Row, Table};

/// Reads the rows of a table, or the newest of them.
pub(super) async fn rows(
    connection: &Connection,
    table: Table,
    newest: Option<u32>,
) -> Result<Vec<Row>> {
    let order = if newest.is_some() { -1 } else { 1 };
    let options = FindOptions::builder()
        .sort(doc! { "_id": order })
        .limit(newest.map(i64::from))
        .build();
    let ours = doc! { "_id": { "$gte": "" } };
    let found = connection.scan(table.name(), ours, options).await?;
    Ok(found.iter().filter_map(|row| read(table, row)).collect())
}

/// Reads one row of a table.
pub(super) async fn row(connection: &Connection, table: Table, key: &str) -> Result<Option<Row>> {
    let filter = doc! { "_id": key };
    let found = connection.scan(table.name(), filter, FindOptions::default());
    let found = found.await?;
    Ok(found.first().and_then(|row| read(table, row)))
}

/// The keys of a table. Those of another type are skipped.
pub(super) async fn keys(connection: &Connection, table: Table) -> Result<Vec<String>> {
    let options = FindOptions::builder().sort(doc! { "_id": 1 });
    scan_keys(
        connection,
        table,
        options.projection(doc! { "_id": 1 }).build(),
    )
    .await
}

async fn scan_keys(
    connection: &Connection,
    table: Table,
    options: FindOptions,
) -> Result<Vec<String>> {
    let ours = doc! { "_id": { "$gte": "" } };
    let found = connection.scan(table.name(), ours, options).await?;
    let keys = found.iter().filter_map(|row| row.get_str("_id").ok());
    Ok(keys.map(str::to_owned).collect())
}

/// Writes and removes rows of a table, except those that a later lease wrote.
pub(super) async fn write(
    connection: &Connection,
    fence: u64,
    table: Table,
    put: Vec<Row>,
    remove: Vec<String>,
) -> Result<()> {
    let fence = i64::try_from(fence).unwrap_or(i64::MAX);
    let mine = |key: &str| bulk::guarded(key, "_f", "$gt", fence);
    let put = put.into_iter().map(|row| {
        let mut document = rawdoc! { "_id": &*row.key, "_f": fence };
        json::extend(&mut document, row.fields);
        bulk::replace(mine(&row.key), &document)
    });
    let put = put.collect::<Result<Vec<_>>>()?;
    let deletes = remove.into_iter().map(|key| bulk::remove(mine(&key)));
    let deletes = deletes.collect::<Result<Vec<_>>>()?;
    bulk::write(connection, WriteCommand::Update, table.name(), put).await?;
    bulk::write(connection, WriteCommand::Delete, table.name(), deletes).await?;
    Ok(())
}

/// Writes a row unless the stored one has this `revision` or a later one.
pub(super) async fn write_if_newer(
    connection: &Connection,
    table: Table,
    row: Row,
    revision: u64,
) -> Result<bool> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    let mut document = rawdoc! { "_id": &*row.key };
    json::extend(&mut document, row.fields);
    let older = bulk::guarded(&row.key, "revision", "$gte", revision);
    let write = [bulk::replace(older, &document)?];
    let refused = bulk::write(connection, WriteCommand::Update, table.name(), write).await?;
    Ok(refused.is_empty())
}

/// Removes all rows of a table except those with the highest keys.
pub(super) async fn trim(connection: &Connection, table: Table, keep: u32) -> Result<()> {
    let options = FindOptions::builder()
        .sort(doc! { "_id": -1 })
        .skip(u64::from(keep))
        .projection(doc! { "_id": 1 })
        .build();
    let keys = scan_keys(connection, table, options).await?;
    let deletes = keys
        .into_iter()
        .map(|key| bulk::remove(doc! { "_id": key }))
        .collect::<Result<Vec<_>>>()?;
    bulk::write(connection, WriteCommand::Delete, table.name(), deletes).await?;
    Ok(())
}

fn read(table: Table, row: &RawDocumentBuf) -> Option<Row> {
    let key = row.get_str("_id").ok()?.to_owned();
    match Document::try_from(row) {
        Ok(mut document) => {
            document.remove("_id");
            document.remove("_f");
            Some(Row {
                key,
                fields: json::fields(document),
            })
        }
        Err(error) => {
            tracing::warn!("{}/{key} cannot be read: {error}", table.name());
            None
        }
    }
}
