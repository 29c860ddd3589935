use mongodb::bson::{Document, RawDocumentBuf, doc};
use mongodb::options::FindOptions;

use super::bulk::{self, Verb};
use super::connection::{BULK, Connection};
use super::{json, scan};
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
    let found = scan(connection, BULK, table.name(), ours, options).await?;
    Ok(found.iter().filter_map(|row| read(table, row)).collect())
}

/// Writes and removes rows of a table.
pub(super) async fn write(
    connection: &Connection,
    table: Table,
    put: Vec<Row>,
    remove: Vec<String>,
) -> Result<()> {
    let put = put.into_iter().map(|row| {
        let mut document = doc! { "_id": &row.key };
        json::extend(&mut document, row.fields);
        bulk::replace(doc! { "_id": row.key }, document)
    });
    let gone = remove
        .into_iter()
        .map(|key| bulk::remove(doc! { "_id": key }));
    bulk::write(connection, Verb::Update, table.name(), put).await?;
    bulk::write(connection, Verb::Delete, table.name(), gone).await
}

fn read(table: Table, row: &RawDocumentBuf) -> Option<Row> {
    let key = row.get_str("_id").ok()?.to_owned();
    match Document::try_from(row) {
        Ok(mut document) => {
            document.remove("_id");
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
