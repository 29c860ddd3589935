use std::collections::BTreeMap;

use mongodb::bson::error::Error as BsonError;
use mongodb::bson::{Bson, Document, RawDocumentBuf, doc, rawdoc};
use mongodb::options::FindOptions;

use super::bulk::{self, WriteCommand};
use super::connection::{BULK_TIMEOUT, Connection};
use super::json;
use crate::models::Kind;
use crate::repository::blocking::run_blocking;
use crate::repository::{Overwrite, Result, StoreError, ViewDocument};

/// Writes documents of the view, each guarded by its version. New ones are inserted, which costs
/// less than half; a duplicate is then written like any other.
pub(super) async fn write(
    connection: &Connection,
    documents: Vec<ViewDocument>,
    overwrite: Overwrite,
) -> Result<()> {
    let newer = match overwrite {
        Overwrite::Older => "$gte",
        Overwrite::SameOrOlder => "$gt",
    };
    let statements = run_blocking(move || statements(documents, newer)).await??;
    for (
        kind,
        Statements {
            inserts,
            mut updates,
            deletes,
        },
    ) in statements
    {
        let name = kind.plural();
        for document in bulk::write(connection, WriteCommand::Insert, name, inserts).await? {
            updates.push(guarded(&document, newer)?);
        }
        bulk::write(connection, WriteCommand::Update, name, updates).await?;
        bulk::write(connection, WriteCommand::Delete, name, deletes).await?;
    }
    Ok(())
}

/// Removes the versions of all documents, so that any version may overwrite them.
pub(super) async fn clear_versions(connection: &Connection) -> Result<()> {
    for kind in Kind::ALL {
        connection
            .call(BULK_TIMEOUT, move |database| async move {
                let view = database.collection::<Document>(kind.plural());
                let versions = doc! { "_v": { "$exists": true } };
                view.update_many(versions, doc! { "$unset": { "_v": "" } })
                    .await
            })
            .await?;
    }
    Ok(())
}

/// Reads a page of the view. Documents with an `_id` of another type are skipped.
pub(super) async fn read(
    connection: &Connection,
    kind: Kind,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ViewDocument>> {
    let from = match after {
        Some(after) => doc! { "$gt": after },
        None => doc! { "$gte": "" },
    };
    let options = FindOptions::builder()
        .sort(doc! { "_id": 1 })
        .limit(i64::from(limit))
        .build();
    let found = connection
        .scan(kind.plural(), doc! { "_id": from }, options)
        .await?;
    Ok(found
        .iter()
        .filter_map(|document| decode(kind, document))
        .collect())
}

/// The statements for the documents of a kind.
#[derive(Default)]
struct Statements {
    inserts: Vec<RawDocumentBuf>,
    updates: Vec<RawDocumentBuf>,
    deletes: Vec<RawDocumentBuf>,
}

fn statements(documents: Vec<ViewDocument>, newer: &str) -> Result<BTreeMap<Kind, Statements>> {
    let mut statements: BTreeMap<Kind, Statements> = BTreeMap::new();
    for document in documents {
        let of_kind = statements.entry(document.kind).or_default();
        let version = i64::try_from(document.version).unwrap_or(i64::MAX);
        let Some(fields) = document.fields else {
            let filter = older(&document.id, newer, version);
            of_kind.deletes.push(bulk::remove(filter)?);
            continue;
        };
        let mut replacement = rawdoc! { "_id": &*document.id, "_v": version };
        json::extend(&mut replacement, fields);
        if document.is_new {
            of_kind.inserts.push(replacement);
        } else {
            of_kind.updates.push(guarded(&replacement, newer)?);
        }
    }
    Ok(statements)
}

/// Writes a document, unless a newer one is there.
fn guarded(document: &RawDocumentBuf, newer: &str) -> Result<RawDocumentBuf> {
    let unreadable = |error: BsonError| StoreError::Unavailable(error.to_string());
    let id = document.get_str("_id").map_err(unreadable)?;
    let version = document.get_i64("_v").map_err(unreadable)?;
    bulk::replace(older(id, newer, version), document)
}

fn older(id: &str, newer: &str, version: i64) -> Document {
    bulk::guarded(id, "_v", newer, version)
}

/// Invalid documents are returned empty or with version 0, so that an audit repairs them.
fn decode(kind: Kind, document: &RawDocumentBuf) -> Option<ViewDocument> {
    let id = document.get_str("_id").ok()?.into();
    let mut document = Document::try_from(document).unwrap_or_default();
    document.remove("_id");
    let version = match document.remove("_v") {
        Some(Bson::Int32(version)) => u64::try_from(version).ok(),
        Some(Bson::Int64(version)) => u64::try_from(version).ok(),
        _ => None,
    };
    Some(ViewDocument {
        kind,
        id,
        version: version.unwrap_or(0),
        fields: Some(json::fields(document)),
        is_new: false,
    })
}
