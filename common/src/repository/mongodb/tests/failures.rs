use super::*;

#[tokio::test]
async fn every_call_to_a_frozen_server_ends_by_its_deadline() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (store, _) = fresh(&mongo).await;
    let state = acquired(&store, "a").await.head;
    mongo.pause();
    let asked = Instant::now();
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
            assert!(asked.elapsed() < HEAD_READ_TIMEOUT + Duration::from_secs(1));
            read
        },
        store.acquire("b", None),
        store.get(name),
        store.parts(),
        store.read_view(Kind::Movie, None, 9),
        store.rows(Table::Runs, None),
    );
    assert!(asked.elapsed() < Duration::from_secs(11));
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
    let asked = Instant::now();
    let problem = store.commit(&next(&state, None)).await.unwrap_err();
    assert!(problem.to_string().contains("no response"), "{problem}");
    assert!(asked.elapsed() < CALL_TIMEOUT + Duration::from_millis(500));

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
    let asked = Instant::now();
    let problem = store.head().await.unwrap_err().to_string();
    assert!(asked.elapsed() < Duration::from_secs(4));
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

/// A `mongod` that asks for passwords; its replica set is not initiated.
async fn secured(folder: &std::path::Path) -> Mongo {
    let key = folder.join("key");
    std::fs::write(&key, "a2V5IGZvciB0ZXN0cw==").unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&key, private).unwrap();
    Mongo::start(MongoOptions {
        replica_set: false,
        args: ["--replSet", "rs0", "--keyFile", key.to_str().unwrap()]
            .map(str::to_owned)
            .into(),
    })
    .await
}

#[tokio::test]
async fn a_replica_set_with_another_host_name_gets_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = secured(folder.path()).await;
    let initiate = async |port: u16, host: &str, root: &str| {
        let passwords = setup::Passwords {
            root: root.to_owned().into(),
            reader: "read-it".to_owned().into(),
            writer: "write-it".to_owned().into(),
        };
        let url = format!("mongodb://127.0.0.1:{port}/");
        setup::initiate(&url, &format!("{host}:{port}"), &passwords, SOON).await
    };
    let assert_usable = async |port: u16, host: &str| {
        let user = "pyflix_writer:write-it";
        let url = format!("mongodb://{user}@127.0.0.1:{port}/movies_db?replicaSet=rs0");
        let store = store_at(url, Access::Writer).await;
        acquired(&store, host).await;
        let url = format!("mongodb://root:r00t@127.0.0.1:{port}/admin?directConnection=true");
        let client = mongodb::Client::with_uri_str(url).await.unwrap();
        let hello = client
            .database("admin")
            .run_command(doc! { "hello": 1 })
            .await;
        assert_eq!(
            hello.unwrap().get_str("me").unwrap(),
            format!("{host}:{port}")
        );
        store
            .release(
                store.head().await.unwrap().unwrap().head.fence,
                Release::default(),
            )
            .await
            .unwrap();
    };

    // The server is primary, but its name leads clients elsewhere.
    initiate(mongo.port(), "localhost", "r00t").await.unwrap();
    initiate(mongo.port(), "127.0.0.1", "r00t").await.unwrap();
    assert_usable(mongo.port(), "127.0.0.1").await;

    // The server does not find itself in its set.
    let mongo = mongo.restart_at_another_port().await;
    let refused = initiate(mongo.port(), "127.0.0.1", "other").await;
    assert!(
        matches!(refused, Err(setup::SetupError::Root)),
        "{refused:?}"
    );
    initiate(mongo.port(), "127.0.0.1", "r00t").await.unwrap();
    assert_usable(mongo.port(), "127.0.0.1").await;
}

#[tokio::test]
async fn a_replica_set_with_another_host_name_and_no_users_is_set_up() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = secured(folder.path()).await;
    let host = format!("127.0.0.1:{}", mongo.port());
    let client = mongodb::Client::with_uri_str(format!("mongodb://{host}/?directConnection=true"));
    let members = [doc! { "_id": 0, "host": &host }];
    let initiate = doc! { "replSetInitiate": { "_id": "rs0", "members": members } };
    let admin = client.await.unwrap().database("admin");
    admin.run_command(initiate).await.unwrap();

    let mongo = mongo.restart_at_another_port().await;
    let member = format!("127.0.0.1:{}", mongo.port());
    let passwords = setup::Passwords {
        root: "r00t".to_owned().into(),
        reader: "read-it".to_owned().into(),
        writer: "write-it".to_owned().into(),
    };
    let url = format!("mongodb://{member}/");
    setup::initiate(&url, &member, &passwords, SOON)
        .await
        .unwrap();
    let url = format!("mongodb://pyflix_writer:write-it@{member}/movies_db?replicaSet=rs0");
    acquired(&store_at(url, Access::Writer).await, "a").await;
}

#[tokio::test]
async fn a_fresh_mongod_is_set_up_once_and_the_users_may_do_their_work_only() {
    let folder = tempfile::tempdir().unwrap();
    let mongo = secured(folder.path()).await;
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
    let mut notifications = reader.subscribe();
    notifications.changed().await.unwrap();
    assert_eq!(head(&reader).await, published);

    let meddler = store_at(at("pyflix_reader:read-it"), Access::Writer).await;
    let problem = meddler.acquire("b", None).await.unwrap_err().to_string();
    assert!(problem.contains("readWrite"), "{problem}");
    let stranger = store_at(at("pyflix_reader:first"), Access::Reader).await;
    let problem = stranger.head().await.unwrap_err().to_string();
    assert!(problem.contains("user or password"), "{problem}");
    assert!(!problem.contains("first"));
}
