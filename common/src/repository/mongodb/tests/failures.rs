use super::*;

#[tokio::test]
async fn every_call_to_a_frozen_server_ends_by_its_deadline() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (store, _) = fresh(&mongo).await;
    let state = acquired(&store, "a").await.head;
    mongo.pause();
    let started = Instant::now();
    let name = PartName {
        kind: PartKind::Base,
        fence: 1,
        index: 0,
    };
    let commit = next(&state, None);
    let fence = state.fence;
    let (patch, release) = (HeadPatch::Pin(None), Release::default());
    let (committed, units, read, acquired, got, parts, shown, rows) = tokio::join!(
        store.commit(&commit),
        futures::future::join_all::<[BoxFuture<'_, Result<()>>; 7]>([
            store.put(name, vec![1]),
            store.renew(fence),
            store.patch_head(fence, &patch),
            store.release(fence, release),
            Box::pin(async { store.remove(&[name]).await }),
            store.write_view(vec![document()], Overwrite::SameOrOlder),
            store.write_rows(1, Table::Runs, vec![row()], vec![]),
        ]),
        async {
            let read = store.head().await;
            assert!(started.elapsed() < HEAD_READ_TIMEOUT + Duration::from_secs(1));
            read
        },
        store.acquire("b", None),
        store.get(name),
        store.parts(),
        store.read_view(Kind::Movie, None, 9),
        store.rows(Table::Runs, None),
    );
    assert!(started.elapsed() < Duration::from_secs(11));
    let mut errors: Vec<_> = units.into_iter().map(Result::err).collect();
    errors.extend([committed.err(), read.err(), acquired.err(), got.err()]);
    errors.extend([parts.err(), shown.err(), rows.err()]);
    for error in errors {
        assert!(
            matches!(error, Some(StoreError::Unavailable(_))),
            "{error:?}"
        );
    }
    mongo.resume();
    eventually(SOON, async || store.head().await).await;
}

#[tokio::test]
async fn a_commit_that_takes_place_after_its_deadline_changes_nothing_for_the_next_lease() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (store, database) = fresh(&mongo).await;
    let state = acquired(&store, "a").await.head;
    let sleeps = doc! { "blockConnection": true, "blockTimeMS": 6_000 };
    let sleeping = mongo.fail(1, &["findAndModify"], "pyflix", sleeps).await;
    let started = Instant::now();
    let problem = store.commit(&next(&state, None)).await.unwrap_err();
    assert!(problem.to_string().contains("no response"), "{problem}");
    assert!(started.elapsed() < CALL_TIMEOUT + Duration::from_millis(500));

    let state = acquired(&store, "a").await.head;
    eventually(SOON, async || none_sleeps(&database).await).await;
    assert_eq!(head(&store).await, state);
    sleeping.end().await;
    assert_eq!(store.commit(&next(&state, None)).await.unwrap().version, 1);
}

async fn none_sleeps(database: &Database) -> bool {
    let ask = doc! { "currentOp": 1, "command.findAndModify": STATE };
    let admin = database.client().database("admin");
    let running = admin.run_command(ask).await.unwrap();
    running.get_array("inprog").unwrap().is_empty()
}

#[tokio::test]
async fn a_write_that_is_cut_off_once_takes_place_once_by_itself() {
    let mongo = Mongo::replica_set().await;
    let (_, database) = fresh(mongo).await;
    let url = format!("{}&appName=cut", mongo.url(database.name()));
    let store = store_at(url, Access::Writer).await;
    let mut state = acquired(&store, "a").await.head;
    for how in [
        doc! { "closeConnection": true },
        doc! { "errorCode": 89, "errorLabels": ["RetryableWriteError"] },
    ] {
        let retried = ["findAndModify", "insert"];
        let failing = mongo.fail(1, &retried, "cut", how.clone()).await;
        state = store.commit(&next(&state, None)).await.unwrap();
        failing.wait_until_hit(1).await;
        failing.end().await;
        let failing = mongo.fail(1, &retried, "cut", how).await;
        store.put(part(state.version), vec![1]).await.unwrap();
        failing.wait_until_hit(1).await;
        failing.end().await;
    }
    assert_eq!(state.version, 2);
}

fn document() -> ViewDocument {
    ViewDocument {
        kind: Kind::Movie,
        id: "1".into(),
        version: 1,
        fields: Some(Map::new()),
        is_new: false,
    }
}

fn row() -> Row {
    Row {
        key: "1".into(),
        fields: Map::new(),
    }
}

fn part(fence: u64) -> PartName {
    PartName {
        kind: PartKind::Changes,
        fence,
        index: 0,
    }
}

#[tokio::test]
async fn a_failed_write_is_reported_and_can_be_retried() {
    let mongo = Mongo::replica_set().await;
    let (_, database) = fresh(mongo).await;
    let url = format!("{}&appName=refused", mongo.url(database.name()));
    let store = store_at(url, Access::Writer).await;
    let state = acquired(&store, "a").await.head;
    let (name, commit) = (part(7), next(&state, None));
    let (shown, row) = (document(), row());
    let new = ViewDocument {
        is_new: true,
        ..document()
    };
    for how in [
        doc! { "closeConnection": true },
        doc! { "errorCode": 8_000 },
        doc! { "errorCode": 89, "errorLabels": ["RetryableWriteError"] },
        doc! { "writeConcernError": { "code": 64, "errmsg": "waiting for replication timed out" } },
    ] {
        let writes: [(&str, BoxFuture<'_, Result<()>>); 7] = [
            ("insert", store.put(name, vec![1])),
            ("update", store.renew(state.fence)),
            (
                "update",
                store.write_view(vec![shown.clone()], Overwrite::SameOrOlder),
            ),
            (
                "insert",
                store.write_view(vec![new.clone()], Overwrite::SameOrOlder),
            ),
            (
                "update",
                store.write_rows(1, Table::Runs, vec![row.clone()], vec![]),
            ),
            (
                "delete",
                store.write_rows(1, Table::Runs, vec![], vec!["1".into()]),
            ),
            ("delete", Box::pin(async { store.remove(&[name]).await })),
        ];
        for (command, write) in writes {
            let failing = mongo.fail(2, &[command], "refused", how.clone()).await;
            let problem = write.await.expect_err(command);
            assert!(
                matches!(problem, StoreError::Unavailable(_)),
                "{command} {how}: {problem}"
            );
            failing.end().await;
        }
    }
    store.put(name, vec![1]).await.unwrap();
    store.renew(state.fence).await.unwrap();
    store
        .write_view(vec![shown], Overwrite::SameOrOlder)
        .await
        .unwrap();
    store.commit(&commit).await.unwrap();
    assert_eq!(store.get(name).await.unwrap(), Some(vec![1]));
}

#[tokio::test]
async fn a_store_opens_while_its_server_is_away_and_says_where_it_looked() {
    let nowhere = "mongodb://user:s3cr3t@127.0.0.1:1/movies_db";
    let store = store_at(nowhere.into(), Access::Reader).await;
    let started = Instant::now();
    let problem = store.head().await.unwrap_err().to_string();
    assert!(started.elapsed() < Duration::from_secs(4));
    assert!(problem.contains("127.0.0.1:1"), "{problem}");
    assert!(!problem.contains("s3cr3t") && !problem.contains('\n'));
    assert!(!format!("{store:?}").contains("s3cr3t"));
}

#[tokio::test]
async fn a_wrong_replica_set_name_is_reported() {
    let mongo = Mongo::replica_set().await;
    let url = mongo.url("x").replace("rs0", "other");
    let store = store_at(url, Access::Reader).await;
    let problem = store.head().await.unwrap_err().to_string();
    assert!(problem.contains("replica set"), "{problem}");
}

#[tokio::test]
async fn a_wrong_url_is_reported_without_its_password() {
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
