//! Copies of a MongoDB database, as `mongodump` and `mongorestore` make them: collection by
//! collection. The tools are not on every machine.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};

/// The documents of each collection.
pub(crate) type Dump = BTreeMap<String, Vec<Document>>;

/// As `mongodump` does, one collection at a time; only those that `include` names.
pub(crate) async fn dump(database: &Database, include: impl Fn(&str) -> bool) -> Dump {
    let mut dump = Dump::new();
    for name in database.list_collection_names().await.unwrap() {
        if include(&name) {
            let table: Collection<Document> = database.collection(&name);
            let rows = table.find(doc! {}).await.unwrap();
            dump.insert(name, rows.try_collect().await.unwrap());
        }
    }
    dump
}

/// As `mongorestore` does: without `drop` a document that exists stays as it is.
pub(crate) async fn restore(database: &Database, dump: &Dump, drop: bool) {
    for (name, rows) in dump {
        let table: Collection<Document> = database.collection(name);
        if drop {
            table.drop().await.unwrap();
        }
        for row in rows {
            let present = doc! { "_id": row.get("_id").unwrap() };
            if table.find_one(present).await.unwrap().is_none() {
                table.insert_one(row).await.unwrap();
            }
        }
    }
}
