use mongodb::Collection;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, RawDocumentBuf, doc};
use mongodb::options::{FindOptions, Hint};
use serde::{Deserialize, Serialize};

use super::connection::{BULK_TIMEOUT, CALL_TIMEOUT, Connection, HEAD_READ_TIMEOUT, Member};
use super::error::is_duplicate;
use crate::repository::{PartName, Result};

const PARTS: &str = "parts";

/// Maximum number of names of a removal.
const MAX_NAMES: usize = 1_000;

/// A document of the collection `parts`.
#[derive(Serialize, Deserialize)]
struct PartDocument {
    #[serde(rename = "_id")]
    name: String,
    data: Binary,
}

/// Writes a part, unless it is there already.
pub(super) async fn put(connection: &Connection, name: PartName, data: Vec<u8>) -> Result<()> {
    let part = PartDocument {
        name: name.to_string(),
        data: Binary {
            subtype: BinarySubtype::Generic,
            bytes: data,
        },
    };
    connection
        .call(BULK_TIMEOUT, move |database| async move {
            let parts: Collection<PartDocument> = database.collection(PARTS);
            match parts.insert_one(&part).await {
                Err(error) if !is_duplicate(&error) => Err(error),
                _ => Ok(()),
            }
        })
        .await
}

/// Reads a part.
pub(super) async fn get(
    connection: &Connection,
    member: Member,
    name: PartName,
) -> Result<Option<Vec<u8>>> {
    let limit = match member {
        Member::Primary => CALL_TIMEOUT,
        // The primary is next.
        Member::Nearest => HEAD_READ_TIMEOUT,
    };
    let filter = doc! { "_id": name.to_string() };
    let found = connection
        .call_member(member, limit, move |database| async move {
            let parts: Collection<RawDocumentBuf> = database.collection(PARTS);
            parts.find_one(filter).await
        })
        .await?;
    let Some(found) = found else {
        return Ok(None);
    };
    // A part of the wrong type only costs itself: the bytes of its document are never those of a
    // part, so unpacking reports the damage.
    let data = found.get_binary("data");
    Ok(Some(data.map_or_else(
        |_| found.as_bytes().to_vec(),
        |data| data.bytes.to_vec(),
    )))
}

/// The names of all parts, from the index alone. Foreign names are skipped.
pub(super) async fn names(connection: &Connection) -> Result<Vec<PartName>> {
    let options = FindOptions::builder()
        .projection(doc! { "_id": 1 })
        .hint(Hint::Keys(doc! { "_id": 1 }))
        .build();
    let found = connection.scan(PARTS, doc! {}, options).await?;
    let name = |part: &RawDocumentBuf| {
        let text = part.get_str("_id").ok()?;
        PartName::parse(text).filter(|name| name.to_string() == text)
    };
    Ok(found.iter().filter_map(name).collect())
}

/// Removes parts.
pub(super) async fn remove(connection: &Connection, names: &[PartName]) -> Result<()> {
    for names in names.chunks(MAX_NAMES) {
        let names: Vec<String> = names.iter().map(PartName::to_string).collect();
        connection
            .call(BULK_TIMEOUT, move |database| async move {
                let parts: Collection<PartDocument> = database.collection(PARTS);
                parts.delete_many(doc! { "_id": { "$in": names } }).await
            })
            .await?;
    }
    Ok(())
}
