//! Faults of MongoDB and its network, under the real web app and syncer.

mod deployment;
mod dumps;
mod manual_edits;

use std::time::{Duration, Instant};

use e2e::{DEADLINE, Store, get};
use mongodb::bson::{Document, doc};
use testkit::mongo::{Mongo, MongoOptions, MongoReplicaSet, fresh_database};
use testkit::process::{Service, Signal};
use testkit::proxy::{Network, Proxy};
use testkit::source::Source;

use self::deployment::*;

/// From the pause of a primary to the notice on the pages.
const NOTICE_LIMIT: Duration = Duration::from_secs(5);
/// How long a primary is paused.
const FREEZE_TIME: Duration = Duration::from_secs(40);

#[tokio::test(flavor = "multi_thread")]
async fn killed_members_cost_no_version_and_no_page() {
    let set = MongoReplicaSet::start(3).await;
    let mut deployment = Deployment::over(set.url("movies_db")).await;
    let primary = set.primary().await;
    primary.kill();
    deployment.change_and_wait().await;
    primary.restart().await;

    for member in set.members() {
        member.kill();
    }
    deployment.wait_for_outage_notice().await;
    deployment.change();
    for member in set.members() {
        member.restart().await;
    }
    deployment.wait_until_recovered().await;
    deployment.change_and_wait().await;
    deployment.check_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_secondary_has_no_effect_and_a_frozen_primary_is_reported_within_5_seconds() {
    let set = MongoReplicaSet::start(3).await;
    let mut deployment = Deployment::over(set.url("movies_db")).await;
    let secondary = set.secondary().await;
    secondary.pause();
    deployment.change_and_wait().await;
    assert!(!deployment.webapp.output().contains("cannot read"));
    secondary.resume();

    let primary = set.primary().await;
    let others = || {
        let members = set.members().iter();
        members.filter(|member| member.port() != primary.port())
    };
    // Without the others, which take over before readers notice if the election is quick.
    others().for_each(Mongo::pause);
    primary.pause();
    let frozen = Instant::now();
    deployment.change();
    deployment.wait_for_outage_notice().await;
    assert!(frozen.elapsed() < NOTICE_LIMIT, "{:?}", frozen.elapsed());
    others().for_each(Mongo::resume);
    // Another member takes over while it is frozen.
    deployment.wait_until_recovered().await;
    while frozen.elapsed() < FREEZE_TIME {
        deployment.change_and_wait().await;
    }
    primary.resume();
    deployment.change_and_wait().await;
    deployment.check_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_database_is_published_again_and_every_web_app_follows() {
    let mut deployment = Deployment::over(Mongo::replica_set().await.url(&fresh_database())).await;
    deployment.change_and_wait().await;
    let database = database(&deployment.store.url).await;
    for everything in [false, true] {
        let before = head(&database).await;
        if everything {
            database.drop().await.unwrap();
        } else {
            database
                .collection::<Document>("state")
                .drop()
                .await
                .unwrap();
        }
        deployment.wait_until_loaded().await;
        let after = head(&database).await;
        assert_ne!(after.get("lineage"), before.get("lineage"));
        deployment.change_and_wait().await;
        deployment.wait_until_loaded().await;
        deployment.wait_until_view_matches(&database).await;
    }
    deployment.check_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oplog_rollover_costs_no_version() {
    let mongo = Mongo::start(MongoOptions::with_small_oplog()).await;
    let (store, source) = (Store::at(mongo.url("movies_db")), Source::start().await);
    let publish = async |round| {
        retitle(&source, round);
        assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    };
    publish(1).await;
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_LOG", "info,common=debug"),
    ];
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    wait_until_round(&webapp, 1).await;
    webapp.signal(Signal::STOP);
    publish(2).await;
    mongo.roll_over_oplog().await;
    webapp.signal(Signal::CONT);
    wait_until_round(&webapp, 2).await;
    let lost = |line: &str| line.contains("lost the change stream");
    webapp.wait_for_line(lost, DEADLINE).await;
    publish(3).await;
    wait_until_round(&webapp, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_failed_or_blocked_writes_is_repeated() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let mut deployment = Deployment::over(mongo.url("movies_db")).await;
    let cut = doc! { "closeConnection": true };
    let refused = doc! { "errorCode": 8_000 };
    let unconfirmed = doc! { "writeConcernError": { "code": 64, "errmsg": "timed out" } };
    let blocked = doc! { "blockConnection": true, "blockTimeMS": 6_000 };
    let writes = ["findAndModify", "insert", "update"];
    for (how, times) in [(cut, 2), (refused, 2), (unconfirmed, 2), (blocked, 1)] {
        for command in writes {
            let failing = mongo.fail(times, &[command], "pyflix", how.clone()).await;
            deployment.change();
            failing.wait_until_hit(times).await;
            deployment.wait_until_recovered().await;
            failing.end().await;
        }
    }
    deployment.check_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_resetting_or_silent_network_is_reported_and_survived() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let proxy = Proxy::start(mongo.port()).await;
    let url = format!(
        "mongodb://127.0.0.1:{}/movies_db?directConnection=true",
        proxy.port()
    );
    let mut deployment = Deployment::over(url).await;
    proxy.set(Network::Slow(Duration::from_millis(100)));
    deployment.change_and_wait().await;
    for network in [Network::Resetting, Network::Silent] {
        proxy.set(network);
        deployment.change();
        deployment.wait_for_outage_notice().await;
        proxy.set(Network::Open);
        deployment.wait_until_recovered().await;
        deployment.change_and_wait().await;
    }
    // As behind a firewall that drops idle connections without a reset.
    proxy.forget();
    deployment.change_and_wait().await;
    deployment.check_nothing_lost().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_during_the_start_waits_for_the_database_instead_of_503() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let database = fresh_database();
    let source = Source::start().await;
    let store = Store::at(mongo.url(&database));
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));

    let proxy = Proxy::start(mongo.port()).await;
    proxy.set(Network::Silent);
    let url = format!(
        "mongodb://127.0.0.1:{}/{database}?directConnection=true",
        proxy.port()
    );
    let webapp = Store::at(url).webapp().await;
    let movies = format!("{}/movies", webapp.url());
    let (response, ()) = tokio::join!(get(&movies), async { proxy.set(Network::Open) });
    assert_eq!(response.status, 200, "{}", response.head);
    assert_eq!(response.header("x-catalogue-version"), Some("1"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongod_started_last_is_found_by_the_waiting_services() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    mongo.kill();
    let store = Store::at(mongo.url("movies_db"));
    let source = Source::start().await;
    retitle(&source, 1);
    let (syncer, webapp) = (store.syncer(&source.url()), store.webapp().await);
    for (service, says) in [
        (&syncer, "cannot sync"),
        (&webapp, "cannot read the database"),
    ] {
        let clear =
            |line: &str| line.contains(says) && line.contains("check that MongoDB is running");
        service.wait_for_line(clear, DEADLINE).await;
    }
    for path in ["/", "/movies", "/readyz"] {
        let response = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(response.status, 503, "{path}");
        assert!(response.header("retry-after").is_some(), "{path}");
    }
    mongo.restart().await;
    wait_until_round(&webapp, 1).await;
    let ready = get(&format!("{}/readyz", webapp.url())).await;
    assert_eq!(ready.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_set_name_or_password_is_reported_in_one_line_without_the_password() {
    let url = Mongo::replica_set().await.url(&fresh_database());
    let (set, password) = (
        url.replace("rs0", "other"),
        url.replace("mongodb://", "mongodb://someone:hunter2@"),
    );
    for (url, clear) in [
        (set, "the replica set name"),
        (password, "user or password"),
    ] {
        let store = Store::at(url);
        let once = store.command("http://127.0.0.1:9", &["once"]).await;
        assert_eq!(once.code, Some(1), "{once:?}");
        assert_eq!(once.stderr.trim().lines().count(), 1, "{once:?}");
        assert!(once.stderr.contains(clear), "{once:?}");
        let (syncer, webapp) = (store.syncer("http://127.0.0.1:9"), store.webapp().await);
        for service in [&syncer, &webapp] {
            service
                .wait_for_line(|line| line.contains(clear), DEADLINE)
                .await;
            assert!(
                !service.output().contains("hunter2"),
                "{}",
                service.output()
            );
        }
        assert!(!once.stderr.contains("hunter2"), "{once:?}");
        assert_eq!(get(&format!("{}/movies", webapp.url())).await.status, 503);
    }
}
