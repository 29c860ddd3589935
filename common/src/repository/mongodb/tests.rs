use std::time::Instant;

use jiff::Timestamp;
use mongodb::Client;
use serde_json::{Map, Value, json};
use testkit::eventually;
use testkit::mongo::{Mongo, MongoOptions, fresh_database};

use super::*;
use crate::models::Counts;
use crate::repository::{Base, Header, LEASE, Role, SyncEnd};

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

async fn acquired(store: &MongoStore, holder: &str) -> Reading {
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
        },
        keep_from: head.version.saturating_sub(1),
        base: None,
        pin: None,
    }
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

#[tokio::test]
async fn every_step_does_what_its_pure_namesake_says() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let first = acquired(&store, "$a").await;
    let mut model = Head::new(first.head.lineage.clone());
    model.acquire("$a", LEASE, first.now);
    assert_eq!(first.head, model);

    for version in 1..=4 {
        let mut commit = next(&model, (version != 2).then_some("$$NOW"));
        commit.base = (version == 1).then_some(Base {
            version: 1,
            fence: model.fence,
            parts: 7,
        });
        commit.pin = (version == 3).then_some(2);
        let after = store.commit(&commit).await.unwrap();
        assert!(model.commit(&commit, after.header().unwrap().at));
        assert_eq!(after, model);
    }

    store.renew(model.fence).await.unwrap();
    let renewed = head(&store).await;
    let expires = renewed.lease.as_ref().unwrap().expires;
    assert!(model.renew(model.fence, LEASE, expires.checked_sub(LEASE).unwrap()));
    assert_eq!(renewed, model);

    for amendment in [
        Amendment {
            pin: Some(Some(3)),
            approval: Some(Some("$lineage".into())),
        },
        Amendment::default(),
        Amendment {
            pin: Some(None),
            approval: None,
        },
    ] {
        store.amend(model.fence, &amendment).await.unwrap();
        assert!(model.amend(model.fence, &amendment));
        assert_eq!(head(&store).await, model);
    }

    for (view_is_right, sync) in [
        (false, None),
        (false, Some(SyncEnd::Failed)),
        (true, Some(SyncEnd::Failed)),
        (false, Some(SyncEnd::Answered)),
    ] {
        let again = acquired(&store, "$a").await;
        model.acquire("$a", LEASE, again.now);
        assert_eq!(again.head, model);
        let release = Release {
            view_is_right,
            sync,
        };
        store.release(model.fence, release).await.unwrap();
        let after = head(&store).await;
        let at = after.ran.as_ref().map_or(again.now, |ran| ran.at);
        assert!(model.release(model.fence, release, at));
        assert_eq!(after, model);
        assert!(matches!(
            store.renew(model.fence).await,
            Err(StoreError::LeaseLost)
        ));
    }
}

#[tokio::test]
async fn a_lease_that_is_held_or_comes_too_soon_is_refused_with_the_reason() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let lease = acquired(&store, "a").await;
    let refusal = store.acquire("b", None).await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::Held { holder, remaining }
        if holder == "a" && remaining <= LEASE));

    let release = Release {
        view_is_right: true,
        sync: Some(SyncEnd::Answered),
    };
    store.release(lease.head.fence, release).await.unwrap();
    let hour = Some(Duration::from_secs(3600));
    let refusal = store.acquire("b", hour).await.unwrap().unwrap_err();
    assert!(matches!(refusal, Refusal::TooSoon { remaining }
        if remaining > Duration::from_secs(3500)));
    let tick = Some(Duration::from_millis(1));
    let next = eventually(SOON, async || store.acquire("b", tick).await.unwrap().ok()).await;
    assert_eq!(next.head.fence, lease.head.fence + 1);
}

#[tokio::test]
async fn of_many_that_acquire_a_new_store_at_once_one_gets_it() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let holders = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let tries = holders.map(|holder| store.acquire(holder, None));
    let outcomes = futures::future::join_all(tries).await;
    let given = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Ok(Ok(_))));
    assert_eq!(given.count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_head_of_a_newer_release_is_left_alone() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let newer = doc! { "_id": HEAD, "format": 2, "fence": 1, "shape": "unheard of" };
    let state: Collection<Document> = database.collection(STATE);
    state.insert_one(&newer).await.unwrap();

    let problem = store.acquire("a", None).await.unwrap_err().to_string();
    assert!(problem.contains("newer release"), "{problem}");
    assert_eq!(state.find_one(doc! {}).await.unwrap(), Some(newer));
}

#[tokio::test]
async fn a_head_that_cannot_be_understood_is_named() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    acquired(&store, "a").await;
    let state: Collection<Document> = database.collection(STATE);
    let wrong = doc! { "$set": { "log": [{ "version": "two" }] } };
    state.update_one(doc! {}, wrong).await.unwrap();
    for problem in [
        store.head().await.unwrap_err(),
        store.acquire("a", None).await.unwrap_err(),
    ] {
        let problem = problem.to_string();
        let expected = "state/head cannot be read: invalid type: string \"two\"";
        assert!(problem.starts_with(expected), "{problem}");
    }
}

#[tokio::test]
async fn a_reader_makes_nothing_and_writes_nothing() {
    let mongo = Mongo::replica_set().await;
    let (_, database) = fresh(mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut bell = reader.doorbell();
    assert_eq!(reader.head().await.unwrap(), None);
    assert_eq!(reader.parts().await.unwrap(), []);
    assert_eq!(reader.rows(Table::Runs, None).await.unwrap(), []);
    assert_eq!(reader.shown(Kind::Movie, None, 9).await.unwrap(), []);
    assert!(reader.acquire("a", None).await.is_err());
    bell.changed().await.unwrap();
    let made = database.list_collection_names().await.unwrap();
    assert_eq!(made, Vec::<String>::new());
}

#[tokio::test]
async fn parts_are_named_by_name_alone_and_foreign_documents_stay() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let name = |index| PartName {
        role: Role::Changes,
        fence: 3,
        index,
    };
    for index in [0, 1] {
        store.put(name(index), vec![7; 1_000]).await.unwrap();
    }
    store.put(name(1), vec![8]).await.unwrap();
    let parts: Collection<Document> = database.collection("parts");
    let strangers = [doc! { "_id": 5 }, doc! { "_id": "changes/1/1" }];
    parts.insert_many(strangers).await.unwrap();

    assert_eq!(store.parts().await.unwrap(), [name(0), name(1)]);
    assert_eq!(store.get(name(1)).await.unwrap(), Some(vec![7; 1_000]));
    store.remove(&[name(0), name(1), name(2)]).await.unwrap();
    assert_eq!(store.get(name(1)).await.unwrap(), None);
    assert_eq!(parts.count_documents(doc! {}).await.unwrap(), 2);
}

#[tokio::test]
async fn the_view_takes_higher_versions_only_and_repairs_a_wrong_one() {
    let (store, database) = fresh(Mongo::replica_set().await).await;
    let movie = |id: &str, version, title: Option<&str>| ViewDocument {
        kind: Kind::Movie,
        id: id.into(),
        version,
        fields: title.map(|title| object(json!({ "title": title }))),
    };
    let many = (0..2_500).map(|n| movie(&format!("{n:04}"), 5, Some("new")));
    store.show(many.collect(), false).await.unwrap();
    let movies: Collection<Document> = database.collection("movies");
    let odd = [
        doc! { "_id": "odd", "_v": "text", "title": 1 },
        doc! { "_id": 12, "title": "not ours" },
    ];
    movies.insert_many(odd).await.unwrap();

    let late = vec![
        movie("0000", 4, Some("old")),
        movie("0001", 5, Some("again")),
        movie("0002", 4, None),
    ];
    store.show(late, false).await.unwrap();
    let page = store.shown(Kind::Movie, None, 3).await.unwrap();
    let kept = ["0000", "0001", "0002"].map(|id| movie(id, 5, Some("new")));
    assert_eq!(page, kept);

    let tail = store.shown(Kind::Movie, Some("2498"), 9).await.unwrap();
    assert_eq!(tail.len(), 2);
    assert_eq!((&*tail[1].id, tail[1].version), ("odd", 0));
    let repair = vec![
        movie("odd", 5, Some("right")),
        movie("0000", 5, Some("same")),
        movie("0001", 5, None),
    ];
    store.show(repair, true).await.unwrap();
    let page = store.shown(Kind::Movie, None, 2).await.unwrap();
    let repaired = [
        movie("0000", 5, Some("same")),
        movie("0002", 5, Some("new")),
    ];
    assert_eq!(page, repaired);
    let tail = store.shown(Kind::Movie, Some("2499"), 9).await.unwrap();
    assert_eq!(tail, [movie("odd", 5, Some("right"))]);
    assert_eq!(movies.count_documents(doc! { "_id": 12 }).await.unwrap(), 1);
}

#[tokio::test]
async fn any_json_comes_back_from_a_table_as_it_was() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let fields = object(json!({
        "z": [1, -1, 2_147_483_648_u64, i64::MIN, u64::MAX, 1.0, 0.1, 1e300],
        "a": { "": null, "$set": { "b.c": true, "nul\0": "text\0" }, "$ref": "x" },
        "_v": "$$NOW",
        "empty": [[], {}, ""],
    }));
    let rows = ["1", "2"].map(|key| Row {
        key: key.into(),
        fields: fields.clone(),
    });
    let stray = Row {
        key: "3".into(),
        fields: Map::new(),
    };
    let mut put = rows.to_vec();
    put.push(stray);
    store
        .write_rows(Table::Findings, put, vec![])
        .await
        .unwrap();
    let gone = vec!["3".to_owned(), "4".to_owned()];
    store
        .write_rows(Table::Findings, vec![], gone)
        .await
        .unwrap();

    let read = store.rows(Table::Findings, None).await.unwrap();
    assert_eq!(read, rows);
    let text = |fields: &Map<String, Value>| serde_json::to_string(fields).unwrap();
    assert_eq!(text(&read[0].fields), text(&fields));
    let newest = store.rows(Table::Findings, Some(1)).await.unwrap();
    assert_eq!(newest, rows[1..]);
}

#[tokio::test]
async fn another_stores_commit_rings_the_doorbell_whatever_happens_to_the_stream() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (writer, database) = fresh(&mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut bell = reader.doorbell();
    bell.changed().await.unwrap();
    let mut state = acquired(&writer, "a").await.head;
    let admin = database.client().database("admin");

    let fails = |with: Document| {
        let mut data = doc! { "failCommands": ["getMore", "aggregate"], "appName": "pyflix" };
        data.extend(with);
        let mode = doc! { "times": 3 };
        doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data }
    };
    for trouble in [
        "nothing",
        "closed",
        "rolled over",
        "killed",
        "drop",
        "restart",
    ] {
        match trouble {
            "closed" => {
                let fail = fails(doc! { "closeConnection": true });
                admin.run_command(fail).await.unwrap();
            }
            "rolled over" => {
                let fail = fails(doc! { "errorCode": 286 });
                admin.run_command(fail).await.unwrap();
            }
            "killed" => {
                let fail = fails(doc! { "errorCode": 237 });
                admin.run_command(fail).await.unwrap();
            }
            "drop" => {
                database.drop().await.unwrap();
                state = eventually(SOON, async || acquire_anew(&writer).await).await;
            }
            "restart" => {
                mongo.restart().await;
                state = eventually(SOON, async || acquire_anew(&writer).await).await;
            }
            _ => {}
        }
        state = eventually(SOON, async || commit_anew(&writer, &state).await).await;
        heard(&reader, &mut bell, &state).await;
    }
}

async fn acquire_anew(store: &MongoStore) -> Option<Head> {
    let reading = store.acquire("a", None).await.ok()?.ok()?;
    Some(reading.head)
}

async fn commit_anew(store: &MongoStore, head: &Head) -> Option<Head> {
    store.commit(&next(head, None)).await.ok()
}

/// Waits by the bell alone until the store shows a head.
async fn heard(store: &MongoStore, bell: &mut watch::Receiver<u64>, expected: &Head) {
    let heard = tokio::time::timeout(SOON, async {
        loop {
            let read = store.head().await.ok().flatten();
            if read.is_some_and(|reading| reading.head == *expected) {
                return;
            }
            bell.changed().await.unwrap();
        }
    });
    heard.await.expect("the bell rings");
}

#[tokio::test]
async fn a_lone_mongod_publishes_and_rings_too() {
    let mongo = alone().await;
    let (writer, database) = fresh(&mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut bell = reader.doorbell();
    let mut state = acquired(&writer, "a").await.head;
    for _ in 0..3 {
        state = writer.commit(&next(&state, None)).await.unwrap();
        heard(&reader, &mut bell, &state).await;
    }

    let member = format!("127.0.0.1:{}", mongo.port());
    let passwords = setup::Passwords {
        root: "a".to_owned().into(),
        reader: "b".to_owned().into(),
        writer: "c".to_owned().into(),
    };
    let url = format!("mongodb://{member}");
    let refused = setup::initiate(&url, &member, &passwords, SOON).await;
    let alone = matches!(refused, Err(setup::SetupError::Alone));
    assert!(alone, "{refused:?}");
}

#[tokio::test]
async fn the_listener_ends_with_its_store() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let mut bell = store.doorbell();
    drop(store);
    let ended = async { while bell.changed().await.is_ok() {} };
    tokio::time::timeout(SOON, ended).await.expect("it ends");
}

#[tokio::test]
async fn every_call_to_a_frozen_server_ends_by_its_deadline() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (store, _) = fresh(&mongo).await;
    let state = acquired(&store, "a").await.head;
    mongo.stop();
    let asked = Instant::now();
    let name = PartName {
        role: Role::Base,
        fence: 1,
        index: 0,
    };
    let commit = next(&state, None);
    let (read, put, committed, kept) = tokio::join!(
        store.head(),
        store.put(name, vec![1]),
        store.commit(&commit),
        store.renew(state.fence),
    );
    assert!(asked.elapsed() < Duration::from_secs(11));
    for error in [read.err(), put.err(), committed.err(), kept.err()] {
        assert!(
            matches!(error, Some(StoreError::Unavailable(_))),
            "{error:?}"
        );
    }
    mongo.cont();
    eventually(SOON, async || store.head().await).await;
}

#[tokio::test]
async fn a_store_opens_while_its_server_is_away_and_says_where_it_looked() {
    let nowhere = "mongodb://user:s3cr3t@127.0.0.1:1/movies_db";
    let store = store_at(nowhere.into(), Access::Reader).await;
    let asked = Instant::now();
    let problem = store.head().await.unwrap_err().to_string();
    assert!(asked.elapsed() < Duration::from_secs(4));
    assert!(problem.contains("127.0.0.1:1"), "{problem}");
    assert!(!problem.contains("s3cr3t") && !problem.contains('\n'));
    assert!(!format!("{store:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn a_wrong_set_name_is_told() {
    let mongo = Mongo::replica_set().await;
    let url = mongo.url("x").replace("rs0", "other");
    let store = store_at(url, Access::Reader).await;
    let problem = store.head().await.unwrap_err().to_string();
    assert!(problem.contains("replica set"), "{problem}");
}

#[tokio::test]
async fn a_wrong_url_is_told_without_its_password() {
    for (url, expected) in [
        ("mongodb://u:s3c/r3t@h/db", "percent-encoded"),
        ("mongodb://u:s3c?r3t@h/db", "percent-encoded"),
        ("mongodb://u:s3c:r3t@h/db", "percent-encoded"),
        ("mongodb://u:s3cr3t@h:port/db", "port"),
        (
            "mongodb://u:s3cr3t@h/db?socketTimeoutMS=5",
            "socketTimeoutMS",
        ),
        ("mongodb://u:s3cr3t@h/a b\"", "database name"),
        ("mongodb://:s3cr3t@h/db", "missing"),
        ("mongodb://", "host"),
        ("mongodb://h/db?maxPoolSize=0", "maxPoolSize"),
        ("mongodb://h/db?tls=true&tlsCAFile=/none", "/none"),
    ] {
        let opened = MongoStore::open(&url.to_owned().into(), Access::Reader).await;
        let problem = opened.unwrap_err().to_string();
        assert!(problem.contains(expected), "{url}: {problem}");
        assert!(
            !problem.contains("s3c") && !problem.contains("r3t"),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn a_fresh_mongod_is_set_up_once_and_the_users_may_do_their_work_only() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "a2V5IGZvciB0ZXN0cw==").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).unwrap();
    let mongo = Mongo::start(MongoOptions {
        replica_set: false,
        args: ["--replSet", "rs0", "--keyFile", key.to_str().unwrap()]
            .map(str::to_owned)
            .into(),
    })
    .await;
    let member = format!("127.0.0.1:{}", mongo.port());
    let url = format!("mongodb://{member}/");
    let passwords = |root: &str, reader: &str| setup::Passwords {
        root: root.to_owned().into(),
        reader: reader.to_owned().into(),
        writer: "write/it".to_owned().into(),
    };
    let initiate = async |passwords| setup::initiate(&url, &member, &passwords, SOON).await;

    initiate(passwords("r00t", "first")).await.unwrap();
    initiate(passwords("r00t", "read-it")).await.unwrap();
    let refused = initiate(passwords("other", "read-it")).await;
    assert!(
        matches!(refused, Err(setup::SetupError::Root)),
        "{refused:?}"
    );

    let at = |user: &str| format!("mongodb://{user}@{member}/movies_db?replicaSet=rs0");
    let writer = store_at(at("pyflix_writer:write%2Fit"), Access::Writer).await;
    let published = acquired(&writer, "a").await.head;
    let reader = store_at(at("pyflix_reader:read-it"), Access::Reader).await;
    let mut bell = reader.doorbell();
    bell.changed().await.unwrap();
    assert_eq!(head(&reader).await, published);

    let meddler = store_at(at("pyflix_reader:read-it"), Access::Writer).await;
    let problem = meddler.acquire("b", None).await.unwrap_err().to_string();
    assert!(problem.contains("readWrite"), "{problem}");
    let stranger = store_at(at("pyflix_reader:first"), Access::Reader).await;
    let problem = stranger.head().await.unwrap_err().to_string();
    assert!(problem.contains("user or password"), "{problem}");
    assert!(!problem.contains("first"));
}
