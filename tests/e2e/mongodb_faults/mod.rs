//! A MongoDB that dies, freezes, refuses, loses and lies, under the real web app and syncer.

mod fixture;
mod manual_edits;

use std::time::{Duration, Instant};

use crate::support::{DEADLINE, Store, get};
use mongodb::bson::{Document, doc};
use testkit::mongo::{Mongo, MongoOptions, MongoSet, fresh_database};
use testkit::process::{Service, Signal};
use testkit::proxy::{Network, Proxy};
use testkit::source::Source;

use self::fixture::*;

/// What the fault matrix gives the pages to say that the database is away.
const NOTICE: Duration = Duration::from_secs(5);
/// What it gives memory to be what the database holds.
const CONVERGENCE: Duration = Duration::from_secs(10);
/// How long a primary is frozen.
const FROZEN: Duration = Duration::from_secs(40);

const AWAY: &str = "The database has been unavailable since";

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_killed_cost_no_version_and_no_page() {
    let set = MongoSet::start(3).await;
    let mut scene = Scene::over(set.url("movies_db")).await;
    let primary = set.primary().await;
    primary.kill9();
    scene.changes_and_is_well().await;
    primary.restart().await;

    for member in set.members() {
        member.kill9();
    }
    scene.says_that_it_is_away(Instant::now()).await;
    scene.change();
    for member in set.members() {
        member.restart().await;
    }
    scene.well().await;
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_secondary_is_not_noticed_and_a_frozen_primary_is_told_within_5_seconds() {
    let set = MongoSet::start(3).await;
    let mut scene = Scene::over(set.url("movies_db")).await;
    let secondary = set.secondary().await;
    secondary.stop();
    scene.changes_and_is_well().await;
    assert!(!scene.webapp.output().contains("cannot read"));
    secondary.cont();

    let primary = set.primary().await;
    primary.stop();
    let frozen = Instant::now();
    scene.change();
    scene.says_that_it_is_away(frozen).await;
    // Another member takes over while it is frozen.
    scene.well().await;
    while frozen.elapsed() < FROZEN {
        scene.changes_and_is_well().await;
    }
    primary.cont();
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_is_published_anew_and_every_web_app_goes_over() {
    let mut scene = Scene::over(Mongo::replica_set().await.url(&fresh_database())).await;
    scene.changes_and_is_well().await;
    let database = database(&scene.store.url).await;
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
        scene
            .memory_is_what_the_database_holds(Instant::now())
            .await;
        let after = head(&database).await;
        assert_ne!(after.get("lineage"), before.get("lineage"));
        scene.changes_and_is_well().await;
        scene
            .memory_is_what_the_database_holds(Instant::now())
            .await;
        scene.the_view_is_right(&database).await;
    }
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oplog_that_rolled_over_meanwhile_costs_no_version() {
    let mongo = Mongo::start(MongoOptions::with_a_short_oplog()).await;
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
    until_round(&webapp, 1).await;
    webapp.signal(Signal::STOP);
    publish(2).await;
    mongo.roll_the_oplog_over().await;
    webapp.signal(Signal::CONT);
    until_round(&webapp, 2).await;
    let lost = |line: &str| line.contains("lost the change stream");
    webapp.wait_for_line(lost, DEADLINE).await;
    publish(3).await;
    until_round(&webapp, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_writes_are_cut_off_refused_or_blocked_is_made_again() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let mut scene = Scene::over(mongo.url("movies_db")).await;
    let cut = doc! { "closeConnection": true };
    let refused = doc! { "errorCode": 8_000 };
    let unconfirmed = doc! { "writeConcernError": { "code": 64, "errmsg": "timed out" } };
    let blocked = doc! { "blockConnection": true, "blockTimeMS": 6_000 };
    let writes = ["findAndModify", "insert", "update"];
    for (how, times) in [(cut, 2), (refused, 2), (unconfirmed, 2), (blocked, 1)] {
        for command in writes {
            let failing = mongo.fail(times, &[command], "pyflix", how.clone()).await;
            scene.change();
            failing.met(times).await;
            scene.well().await;
            failing.end().await;
        }
    }
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_slow_resets_or_swallows_everything_is_told_and_survived() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let proxy = Proxy::start(mongo.port()).await;
    let url = format!(
        "mongodb://127.0.0.1:{}/movies_db?directConnection=true",
        proxy.port()
    );
    let mut scene = Scene::over(url).await;
    proxy.set(Network::Slow(Duration::from_millis(100)));
    scene.changes_and_is_well().await;
    for network in [Network::Resetting, Network::Silent] {
        proxy.set(network);
        scene.change();
        scene.says_that_it_is_away(Instant::now()).await;
        proxy.set(Network::Open);
        scene.well().await;
        scene.changes_and_is_well().await;
    }
    // As behind a firewall that has forgotten them: nobody is told that they are dead.
    proxy.forget();
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongod_that_is_started_last_is_found_by_all_that_wait_for_it() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    mongo.kill9();
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
        let answer = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    mongo.restart().await;
    until_round(&webapp, 1).await;
    let ready = get(&format!("{}/readyz", webapp.url())).await;
    assert_eq!(ready.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_set_name_and_a_wrong_password_are_one_clear_line_without_the_password() {
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
