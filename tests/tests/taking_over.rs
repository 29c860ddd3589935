//! Two syncers over one store: one polls, and the other takes over when that one dies or sleeps.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::time::Duration;

use e2e::{DEADLINE, Store, get, until_it_says};
use testkit::process::{Service, Signal};
use testkit::source::{Fault, Source};

/// How soon the other publishes when one was killed: its lease of 6 s, and the next look.
const TAKEN_OVER: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn when_a_syncer_is_killed_in_a_run_the_other_publishes_within_ten_seconds_over_sqlite() {
    the_other_publishes(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_syncer_is_killed_in_a_run_the_other_publishes_within_ten_seconds_over_mongodb() {
    the_other_publishes(Store::mongodb().await).await;
}

async fn the_other_publishes(store: Store) {
    let (source, movies, _webapp) = published(&store).await;
    let first = in_the_middle_of_a_run(&store, &source).await;
    let second = store.syncer(&source.url());
    rename(&source, "The Lantern Boat");
    source.behave();
    first.signal(Signal::KILL);
    testkit::eventually(TAKEN_OVER, async || {
        let answer = get(&movies).await;
        let found = answer.body.contains("The Lantern Boat");
        found.then_some(()).ok_or(answer.body)
    })
    .await;
    assert!(!second.output().contains("ERROR"), "{}", second.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_through_its_lease_publishes_nothing_and_harms_nothing_over_sqlite() {
    a_sleeper_harms_nothing(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_through_its_lease_publishes_nothing_and_harms_nothing_over_mongodb() {
    a_sleeper_harms_nothing(Store::mongodb().await).await;
}

async fn a_sleeper_harms_nothing(store: Store) {
    let (source, movies, _webapp) = published(&store).await;
    let sleeper = in_the_middle_of_a_run(&store, &source).await;
    sleeper.signal(Signal::STOP);
    rename(&source, "The Lantern Boat");
    source.behave();
    let end = store.command(&source.url(), &["once"]).await;
    assert_eq!(end.code, Some(0), "{end:?}");
    until_it_says(&movies, "The Lantern Boat").await;

    sleeper.signal(Signal::CONT);
    sleeper
        .wait_for_line(|line| line.contains("lease"), DEADLINE)
        .await;
    rename(&source, "The Lantern Barge");
    let page = until_it_says(&movies, "The Lantern Barge").await;
    assert_eq!(page.header("x-catalogue-version"), Some("3"));
    drop(sleeper);

    let end = store.command(&source.url(), &["once"]).await;
    assert!(end.stdout.contains("unchanged"), "{end:?}");
    let history = store.command(&source.url(), &["history", "--json"]).await;
    let history: serde_json::Value = serde_json::from_str(&history.stdout).unwrap();
    let versions: Vec<_> = history["versions"].as_array().unwrap().iter().collect();
    let numbers: Vec<_> = versions.iter().map(|header| &header["version"]).collect();
    assert_eq!(numbers, [1, 2, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_ask_the_source_once_an_interval_over_sqlite() {
    two_ask_once(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_ask_the_source_once_an_interval_over_mongodb() {
    two_ask_once(Store::mongodb().await).await;
}

async fn two_ask_once(store: Store) {
    let source = Source::start().await;
    let url = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &url),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
        ("PYFLIX_LOG", "syncer=debug"),
    ];
    let both = [(); 2].map(|()| Service::start("syncer", &envs, &[]));
    let said = |text| move |line: &str| line.contains(text);
    let skips = "skipping a turn: the last sync ended less than an interval ago";
    let published = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(said("published version 1"), DEADLINE)));
    let skipped = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(said(skips), DEADLINE)));
    futures::future::select_all(published).await;
    futures::future::select_all(skipped).await;
    assert_eq!(source.requests("films"), 1);
}

/// A store with one version, its source, and the address of its movies.
async fn published(store: &Store) -> (Source, String, Service) {
    let source = Source::start().await;
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let movies = format!("{}/movies", webapp.url());
    until_it_says(&movies, "The Lantern Ferry").await;
    (source, movies, webapp)
}

/// A syncer that has the lease and waits for a source that does not answer.
async fn in_the_middle_of_a_run(store: &Store, source: &Source) -> Service {
    source.misbehave("films", Fault::Stall);
    let asked = source.requests("films");
    let syncer = store.syncer(&source.url());
    source.wait_for_requests("films", asked + 1, DEADLINE).await;
    syncer
}

fn rename(source: &Source, title: &str) {
    source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
}
