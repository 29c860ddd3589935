use mongodb::bson::{Bson, Document, RawDocumentBuf, doc};
use mongodb::options::FindOptions;

use super::bulk::{self, Verb};
use super::connection::{BULK, Connection};
use super::{json, scan};
use crate::models::Kind;
use crate::repository::{Result, ViewDocument};

/// Writes documents of the view, each guarded by its version.
pub(super) async fn show(
    connection: &Connection,
    documents: Vec<ViewDocument>,
    same: bool,
) -> Result<()> {
    let mut lists = Kind::ALL.map(|kind| (kind, Vec::new(), Vec::new()));
    for document in documents {
        let list = lists.iter_mut().find(|(kind, ..)| *kind == document.kind);
        if let Some((_, shown, gone)) = list {
            match statement(document, same) {
                (Verb::Update, statement) => shown.push(statement),
                (Verb::Delete, statement) => gone.push(statement),
            }
        }
    }
    for (kind, shown, gone) in lists {
        bulk::write(connection, Verb::Update, kind.plural(), shown).await?;
        bulk::write(connection, Verb::Delete, kind.plural(), gone).await?;
    }
    Ok(())
}

/// Lets any version be written over what stands in the view.
pub(super) async fn disown(connection: &Connection) -> Result<()> {
    for kind in Kind::ALL {
        connection
            .call(BULK, move |database| async move {
                let view = database.collection::<Document>(kind.plural());
                let versions = doc! { "_v": { "$exists": true } };
                view.update_many(versions, doc! { "$unset": { "_v": "" } })
                    .await
            })
            .await?;
    }
    Ok(())
}

/// Reads a page of the view. Documents whose `_id` is no text are not ours and are left alone.
pub(super) async fn shown(
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
    let found = scan(
        connection,
        BULK,
        kind.plural(),
        doc! { "_id": from },
        options,
    )
    .await?;
    Ok(found
        .iter()
        .filter_map(|document| read(kind, document))
        .collect())
}

fn statement(document: ViewDocument, same: bool) -> (Verb, Document) {
    let id = &*document.id;
    let version = i64::try_from(document.version).unwrap_or(i64::MAX);
    let newer = if same { "$gt" } else { "$gte" };
    let filter = bulk::guarded(id, "_v", newer, version);
    match document.fields {
        Some(fields) => {
            let mut shown = doc! { "_id": id, "_v": version };
            json::extend(&mut shown, fields);
            (Verb::Update, bulk::replace(filter, shown))
        }
        None => (Verb::Delete, bulk::remove(filter)),
    }
}

/// What cannot be understood comes back empty or as of version 0, so that an audit repairs it.
fn read(kind: Kind, document: &RawDocumentBuf) -> Option<ViewDocument> {
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
    })
}
