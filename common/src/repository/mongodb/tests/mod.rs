//! What the contract cannot see: how MongoDB in particular does it.

mod data;
mod failures;
mod initiate;
mod notifier;
mod secondaries;
mod steps;

use std::time::Instant;

use futures::future::BoxFuture;
use jiff::Timestamp;
use mongodb::Client;
use serde_json::{Map, Value, json};
use testkit::eventually;
use testkit::mongo::{Mongo, MongoOptions, fresh_database};

use super::*;
use crate::models::Counts;
use crate::repository::{
    Base, ContentDigest, Header, LEASE_DURATION, LastSync, PartKind, PendingRows, SyncEnd,
};

const SOON: Duration = Duration::from_secs(20);

async fn store_at(url: String, access: Access) -> MongoStore {
    MongoStore::open(&url.into(), access).await.unwrap()
}

/// A store in a database of its own, and that database to look into.
async fn fresh(mongo: &Mongo) -> (MongoStore, Database) {
    let name = fresh_database();
    let url = mongo.url(&name);
    let client = Client::with_uri_str(&url).await.unwrap();
    (store_at(url, Access::Writer).await, client.database(&name))
}

async fn alone() -> Mongo {
    Mongo::start(MongoOptions {
        replica_set: false,
        ..MongoOptions::default()
    })
    .await
}

async fn acquired(store: &MongoStore, holder: &str) -> HeadReading {
    store.acquire(holder, None).await.unwrap().unwrap()
}

async fn head(store: &MongoStore) -> Head {
    store.head().await.unwrap().unwrap().head
}

fn next(head: &Head, note: Option<&str>) -> Commit {
    Commit {
        fence: head.fence,
        header: Header {
            version: head.version + 1,
            fence: head.fence,
            at: Timestamp::UNIX_EPOCH,
            parts: 1,
            changes: Counts {
                added: 1,
                updated: 2,
                removed: 3,
            },
            note: note.map(str::to_owned),
            first: head.version == 0,
            reset: head.version == 2,
            content: ContentDigest {
                items: 7,
                digest: "$digest".into(),
            },
        },
        keep_from: head.version.saturating_sub(1),
        base: None,
        pin: None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}
