use super::*;

#[tokio::test]
async fn another_stores_commit_notifies_whatever_happens_to_the_stream() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (writer, database) = fresh(&mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut notifications = reader.subscribe();
    notifications.changed().await.unwrap();
    let mut state = acquired(&writer, "a").await.head;
    let admin = database.client().database("admin");

    let fails = |with: Document| {
        let mut data = doc! { "failCommands": ["getMore", "aggregate"], "appName": "pyflix" };
        data.extend(with);
        let mode = doc! { "times": 3 };
        doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data }
    };
    for fault in [
        "nothing",
        "closed",
        "lost cursor",
        "rolled over",
        "killed",
        "drop",
        "restart",
    ] {
        match fault {
            "closed" => {
                let fail = fails(doc! { "closeConnection": true });
                admin.run_command(fail).await.unwrap();
            }
            "lost cursor" => {
                let fail = fails(doc! { "errorCode": 43 });
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
                state = eventually(SOON, async || acquire_again(&writer).await).await;
            }
            "restart" => {
                mongo.restart().await;
                state = eventually(SOON, async || acquire_again(&writer).await).await;
            }
            _ => {}
        }
        let commit = eventually(SOON, async || commit_again(&writer, &state).await);
        state = heard(&mut notifications, commit).await;
    }
}

#[tokio::test]
async fn no_commit_is_lost_however_often_the_stream_and_its_resumption_fail() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let (writer, database) = fresh(&mongo).await;
    let url = format!("{}&appName=listener", mongo.url(database.name()));
    let reader = store_at(url, Access::Reader).await;
    let mut notifications = reader.subscribe();
    notifications.changed().await.unwrap();
    let mut state = acquired(&writer, "a").await.head;
    for times in 1..=4 {
        let blocked = doc! {
            "blockConnection": true, "blockTimeMS": 200, "closeConnection": true,
        };
        let asking = ["getMore", "aggregate"];
        let failing = mongo.fail(times, &asking, "listener", blocked).await;
        failing.wait_until_hit(1).await;
        // While the stream is blocked nobody listens.
        let commit = async { writer.commit(&next(&state, None)).await.unwrap() };
        state = heard(&mut notifications, commit).await;
        failing.wait_until_hit(times).await;
    }
}

#[tokio::test]
async fn a_stream_whose_position_has_left_the_oplog_restarts() {
    let mongo = Mongo::start(MongoOptions::with_small_oplog()).await;
    let (writer, database) = fresh(&mongo).await;
    let url = format!("{}&appName=listener", mongo.url(database.name()));
    let reader = store_at(url, Access::Reader).await;
    let mut notifications = reader.subscribe();
    notifications.changed().await.unwrap();
    let state = acquired(&writer, "a").await.head;
    notifications.changed().await.unwrap();

    let asking = ["getMore", "aggregate"];
    let cut = doc! { "closeConnection": true };
    let failing = mongo.fail(100_000, &asking, "listener", cut).await;
    failing.wait_until_hit(1).await;
    mongo.roll_over_oplog().await;
    notifications.mark_unchanged();
    failing.end().await;
    // It notifies when it is open again.
    let notified = tokio::time::timeout(SOON, notifications.changed()).await;
    notified.expect("it is opened without its place").unwrap();
    // Well before a follower polls.
    let commit = async { writer.commit(&next(&state, None)).await.unwrap() };
    heard_within(Duration::from_secs(1), &mut notifications, commit).await;
}

async fn acquire_again(store: &MongoStore) -> Option<Head> {
    let reading = store.acquire("a", None).await.ok()?.ok()?;
    Some(reading.head)
}

async fn commit_again(store: &MongoStore, head: &Head) -> Option<Head> {
    store.commit(&next(head, None)).await.ok()
}

/// Waits for a notification from a commit on.
async fn heard(
    notifications: &mut watch::Receiver<u64>,
    commit: impl Future<Output = Head>,
) -> Head {
    heard_within(SOON, notifications, commit).await
}

async fn heard_within(
    limit: Duration,
    notifications: &mut watch::Receiver<u64>,
    commit: impl Future<Output = Head>,
) -> Head {
    notifications.mark_unchanged();
    let state = commit.await;
    let notified = tokio::time::timeout(limit, notifications.changed()).await;
    notified.expect("a notification").unwrap();
    state
}

#[tokio::test]
async fn a_standalone_mongod_publishes_and_notifies_too() {
    let mongo = alone().await;
    let (writer, database) = fresh(&mongo).await;
    let reader = store_at(mongo.url(database.name()), Access::Reader).await;
    let mut notifications = reader.subscribe();
    let mut state = acquired(&writer, "a").await.head;
    for _ in 0..3 {
        let commit = async { writer.commit(&next(&state, None)).await.unwrap() };
        state = heard(&mut notifications, commit).await;
    }

    let member = format!("127.0.0.1:{}", mongo.port());
    let passwords = setup::Passwords {
        root: "a".to_owned().into(),
        reader: "b".to_owned().into(),
        writer: "c".to_owned().into(),
    };
    let url = format!("mongodb://{member}");
    let refused = setup::initiate(&url, std::slice::from_ref(&member), &passwords, SOON).await;
    let alone = matches!(refused, Err(setup::SetupError::Alone));
    assert!(alone, "{refused:?}");
}

#[tokio::test]
async fn the_listener_ends_with_its_store() {
    let (store, _) = fresh(Mongo::replica_set().await).await;
    let mut notifications = store.subscribe();
    drop(store);
    let ended = async { while notifications.changed().await.is_ok() {} };
    tokio::time::timeout(SOON, ended).await.expect("it ends");
}
