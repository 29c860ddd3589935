use std::sync::Arc;

use super::*;

/// Two members are added one after the other.
const SLOWLY: Duration = Duration::from_secs(60);

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
    let log = folder.path().join("log");
    let log_file = Arc::new(std::fs::File::create(&log).unwrap());
    let logging = tracing_subscriber::fmt().with_writer(log_file).finish();
    let _logging = tracing::subscriber::set_default(logging);
    let mongo = secured(folder.path()).await;
    let initiate = async |port: u16, host: &str, root: &str| {
        let passwords = setup::Passwords {
            root: root.to_owned().into(),
            reader: "read-it".to_owned().into(),
            writer: "write-it".to_owned().into(),
        };
        let url = format!("mongodb://127.0.0.1:{port}/");
        setup::initiate(&url, &[format!("{host}:{port}")], &passwords, SOON).await
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
    let warning = format!(
        "initiated with the host localhost:{0}; changing it to 127.0.0.1:{0}",
        mongo.port()
    );
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains(&warning), "{log}");

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
    setup::initiate(&url, std::slice::from_ref(&member), &passwords, SOON)
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
    let initiate = async |passwords| {
        setup::initiate(&url, std::slice::from_ref(&member), &passwords, SOON).await
    };

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

#[tokio::test]
async fn a_replica_set_of_three_is_set_up_once_and_a_member_without_data_starts_no_second_one() {
    let folder = tempfile::tempdir().unwrap();
    let start = || secured(folder.path());
    let (one, two, three, empty) = tokio::join!(start(), start(), start(), start());
    let hosts =
        |first: &Mongo| [first, &two, &three].map(|member| format!("127.0.0.1:{}", member.port()));
    let passwords = setup::Passwords {
        root: "r00t".to_owned().into(),
        reader: "read-it".to_owned().into(),
        writer: "write-it".to_owned().into(),
    };
    let initiate = async |first: &Mongo, limit| {
        let url = format!("mongodb://127.0.0.1:{}/", first.port());
        setup::initiate(&url, &hosts(first), &passwords, limit).await
    };

    initiate(&one, SLOWLY).await.unwrap();
    initiate(&one, SLOWLY).await.unwrap();
    let hosts = hosts(&one).join(",");
    let url = format!("mongodb://pyflix_writer:write-it@{hosts}/movies_db?replicaSet=rs0");
    acquired(&store_at(url, Access::Writer).await, "a").await;
    let url = format!("mongodb://root:r00t@{hosts}/admin?replicaSet=rs0");
    let client = mongodb::Client::with_uri_str(url).await.unwrap();
    let admin = client.database("admin");
    // A new member does not vote until it has copied the data.
    eventually(SLOWLY, async || {
        let hello = admin.run_command(doc! { "hello": 1 }).await.unwrap();
        hello.get_array("hosts").unwrap().len() == 3
    })
    .await;

    // Its volume was lost, and the others know it under another name.
    let refused = initiate(&empty, SOON).await.unwrap_err().to_string();
    assert!(
        refused.contains("is not in the replica set rs0 of the other members yet"),
        "{refused}"
    );
}
