//! Documents that were inserted, corrupted or broken by hand.

use e2e::{DEADLINE, Store, get, wait_until_shows};
use mongodb::Collection;
use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use testkit::eventually;
use testkit::mongo::{Mongo, MongoOptions, fresh_database};
use testkit::source::Source;

use super::deployment::*;

#[tokio::test(flavor = "multi_thread")]
async fn documents_inserted_by_hand_are_named_and_ignored() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let store = Store::at(mongo.url("movies_db"));
    let source = Source::start().await;
    let once = async || {
        let end = store.command(&source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
    };
    retitle(&source, 1);
    once().await;
    let database = database(&store.url).await;
    for table in [
        "state",
        "parts",
        "runs",
        "quarantine",
        "findings",
        "movies",
        "people",
    ] {
        let strangers = [
            doc! { "_id": 5, "title": ["wrong"] },
            doc! { "_id": "99999999999999999999", "outcome": 5, "data": "text", "kind": {} },
            doc! { "_id": "changes/1", "junk": "x".repeat(15 << 20) },
            doc! { "_id": "base/00000000000000000009/000000" },
        ];
        let table: Collection<Document> = database.collection(table);
        for stranger in strangers {
            // The cache of a small server has not always room for so much at once.
            eventually(DEADLINE, async || table.insert_one(&stranger).await).await;
        }
    }
    let webapp = store.webapp().await;
    wait_until_round(&webapp, 1).await;
    assert!(!webapp.output().contains("unreadable"));
    retitle(&source, 2);
    once().await;
    wait_until_round(&webapp, 2).await;

    let history = store.command(&source.url(), &["history"]).await;
    assert_eq!(history.code, Some(0), "{history:?}");
    let printed = format!("{}{}", history.stdout, history.stderr);
    let named = |row: &str| {
        let line = |line: &&str| line.contains("unreadable row") && line.contains(row);
        printed.lines().any(|text| line(&text))
    };
    assert!(named("99999999999999999999"), "{printed}");
    assert!(named("changes/1"), "{printed}");
    let findings: Collection<Document> = database.collection("findings");
    let stranger = findings
        .find_one(doc! { "_id": "changes/1" })
        .await
        .unwrap();
    assert_eq!(stranger, None, "the next run has put it right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_corrupted_by_hand_is_named_and_repaired_by_the_next_run() {
    let store = Store::at(Mongo::replica_set().await.url(&fresh_database()));
    let source = Source::start().await;
    let once = async || {
        let end = store.command(&source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
    };
    once().await;
    let film = source.catalogue().collection("films")[0]["id"].clone();
    let database = database(&store.url).await;
    let parts: Collection<Document> = database.collection("parts");
    let bytes = |bytes| Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    };
    for (title, role, data) in [
        ("The Lantern Boat", "changes", Bson::from("text")),
        ("The Lantern Raft", "changes", Bson::Null),
        ("The Lantern Ship", "base", Bson::Binary(bytes(vec![7; 99]))),
        (
            "The Lantern Punt",
            "base",
            Bson::Binary(bytes(vec![0; 1 << 20])),
        ),
    ] {
        // A repair puts a base, so that older changes are not needed to load the state.
        source.rename_film(film.as_str().unwrap(), title);
        once().await;
        let newest = doc! { "_id": { "$regex": format!("^{role}/") } };
        let newest = parts.find_one(newest).sort(doc! { "_id": -1 }).await;
        let name = newest.unwrap().unwrap().get_str("_id").unwrap().to_owned();
        let spoil = doc! { "$set": { "data": data } };
        parts
            .update_one(doc! { "_id": &name }, spoil)
            .await
            .unwrap();

        let reader = store.webapp().await;
        let named = |line: &str| line.contains("lost or damaged") && line.contains(&name);
        reader.wait_for_line(named, DEADLINE).await;
        let page = format!("{}/movies", reader.url());
        eventually(DEADLINE, async || get(&page).await.status == 200).await;
        once().await;
        wait_until_shows(&page, title).await;
        let fresh = store.webapp().await;
        let all = wait_until_shows(&format!("{}/movies", fresh.url()), title).await;
        assert_eq!(all.body.matches("<article").count(), 4, "{}", all.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_head_is_reported_with_a_remedy_that_works() {
    let mut deployment = Deployment::over(Mongo::replica_set().await.url(&fresh_database())).await;
    let database = database(&deployment.store.url).await;
    let state: Collection<Document> = database.collection("state");
    let wrong = doc! { "$set": { "log": "text", "fence": "text" } };
    state.update_one(doc! {}, wrong).await.unwrap();
    deployment.wait_for_outage_notice().await;
    let clear = |line: &str| {
        line.contains("state/head cannot be read") && line.contains("or delete this document")
    };
    deployment.webapp.wait_for_line(clear, DEADLINE).await;
    deployment.syncer.wait_for_line(clear, DEADLINE).await;
    let once = deployment
        .store
        .command(&deployment.source.url(), &["once"])
        .await;
    assert_eq!(once.code, Some(1), "{once:?}");
    assert!(clear(once.stderr.trim()), "{once:?}");

    state.delete_one(doc! { "_id": "head" }).await.unwrap();
    deployment.wait_until_loaded().await;
    deployment.change_and_wait().await;
    deployment.check_nothing_lost().await;
}
