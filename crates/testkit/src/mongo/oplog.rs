use mongodb::{
    Collection,
    bson::{Document, Timestamp, doc},
};

use super::{Mongo, START_TIMEOUT};
use crate::eventually;

impl Mongo {
    /// Writes until all current entries of the oplog are gone.
    pub async fn roll_over_oplog(&self) {
        let client = self.connect().await;
        let oplog = client.database("local").collection("oplog.rs");
        let newest = edge(&oplog, -1).await;
        let junk: Collection<Document> = client.database("junk").collection("junk");
        eventually(START_TIMEOUT, async || {
            let document = doc! { "junk": "x".repeat(1 << 20) };
            junk.insert_one(document).await.expect("junk is taken");
            edge(&oplog, 1).await > newest
        })
        .await;
    }
}

/// When the oldest (1) or the newest (-1) entry was made.
async fn edge(oplog: &Collection<Document>, order: i32) -> Timestamp {
    let entry = oplog.find_one(doc! {}).sort(doc! { "$natural": order });
    let entry = entry.await.expect("the oplog can be read");
    let time = entry.expect("an entry").get_timestamp("ts");
    time.expect("an entry has a time")
}
