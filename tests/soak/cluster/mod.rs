//! The cluster's compose file under faults while clients read through the proxy: members of the
//! replica set, syncers and web apps are killed, paused or cut off, the source returns empty
//! collections, stalls or stops, and a disk becomes full.
//!
//! In each round the round's number is put into the title of every film, so a response of two rounds
//! is one of two versions.

mod connection;
mod deployment;
mod faults;
mod readers;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use common::clock::Clock;
use common::repository::RETENTION;
use e2e::compose::engine::run;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use testkit::eventually;
use testkit::skips::skip;
use testkit::source::{Catalogue, Source};
use tokio::time::sleep;

use self::connection::Connection;
use self::deployment::{Deployment, address};
use self::faults::Fault;
use self::readers::{Readers, Seen};
use crate::setting;
use e2e::DEADLINE;

const WEBAPPS: u32 = 3;
const CLIENTS: u32 = 32;
/// Time between two rounds at the source.
const ROUND: Duration = Duration::from_millis(500);
/// Between the end of a fault and the next one, once the cluster is whole.
const CALM: Duration = Duration::from_secs(2);
/// Versions on a page of `/api/v1/versions`.
const PAGE: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_under_faults_never_mixes_loses_or_takes_back_a_version() {
    let name = "a_cluster_under_faults_never_mixes_loses_or_takes_back_a_version";
    let source = Source::start_with(Catalogue::invented()).await;
    next_round(&source, 0);
    let cluster = match Deployment::start(&source, WEBAPPS).await {
        Ok(cluster) => cluster,
        Err(why) => return skip(name, &why),
    };
    cluster.wait_until_whole().await;
    let proxy = cluster.project.address().await;
    eventually(DEADLINE, async || {
        let mut connection = Connection::open(proxy).await.ok()?;
        let response = connection.get("/ghibli/films").await.ok()?;
        // Until the first sync it is the built-in catalogue, without rounds.
        (response.status == 200 && response.version? > 0).then_some(())
    })
    .await;

    let mut readers = Readers::new();
    for webapp in cluster.project.containers("webapp").await {
        let container = webapp.clone();
        readers.watch(webapp, move || {
            let container = container.clone();
            async move { address(&container, 8000).await }
        });
    }
    readers.read_through(proxy, CLIENTS);
    let minutes: f64 = setting("SOAK_MINUTES", 3.0);
    let faults = {
        let editing = edit_repeatedly(&source);
        let faults = let_happen(&cluster, &source, Duration::from_secs_f64(minutes * 60.0));
        tokio::select! {
            faults = faults => faults,
            never = editing => match never {},
        }
    };
    sleep(CALM).await;

    let acknowledged = acknowledged(&cluster).await;
    // A web app reads earlier versions after its start.
    let published = eventually(DEADLINE, async || {
        let published = published(proxy).await;
        let newest = *published.keys().next_back()?;
        (published.len() as u64 >= newest.min(RETENTION)).then_some(published)
    })
    .await;
    let seen = readers.seen.lock().unwrap();
    report(&seen, &published, &faults);
    // Older versions are no longer available.
    let newest = published.keys().next_back().copied().unwrap_or_default();
    let oldest = (newest + 1).saturating_sub(RETENTION);
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|version| **version >= oldest && !published.contains_key(version))
        .collect();
    assert!(seen.mixed.is_empty(), "{:?}", seen.mixed.first());
    assert!(seen.went_back.is_empty(), "{:?}", seen.went_back);
    assert!(seen.server_errors.is_empty(), "{:?}", seen.server_errors);
    assert!(lost.is_empty(), "{lost:?} of {} versions", published.len());
    assert!(!acknowledged.is_empty());
}

/// A fault with its begin and end.
struct Happened {
    fault: Fault,
    began: Timestamp,
    ended: Timestamp,
}

fn next_round(source: &Source, round: u32) {
    let title = format!("A film, round {round}");
    source.edit(|catalogue| {
        for film in &mut catalogue.films {
            film["title"] = title.as_str().into();
        }
    });
}

async fn edit_repeatedly(source: &Source) -> std::convert::Infallible {
    let mut round = 0;
    loop {
        round += 1;
        next_round(source, round);
        sleep(ROUND).await;
    }
}

/// Lets all faults happen, one after the other and over again, for some time.
async fn let_happen(cluster: &Deployment, source: &Source, time: Duration) -> Vec<Happened> {
    let start = Instant::now();
    let mut happened = Vec::new();
    let mut waiting = Vec::new();
    while start.elapsed() < time {
        let Some(fault) = waiting.pop() else {
            waiting = faults::shuffled();
            continue;
        };
        let began = Clock::system().now();
        println!("{:4} s: {fault:?}", start.elapsed().as_secs());
        fault.happen(cluster, source).await;
        let ended = Clock::system().now();
        happened.push(Happened {
            fault,
            began,
            ended,
        });
        cluster.wait_until_whole().await;
        sleep(CALM).await;
    }
    happened
}

/// The versions that the syncers say they published.
async fn acknowledged(cluster: &Deployment) -> BTreeSet<u64> {
    let mut versions = BTreeSet::new();
    for syncer in cluster.project.containers("syncer").await {
        // The log is on standard error.
        let logs = run("sh", ["-c", &format!("docker logs {syncer} 2>&1")]).await;
        let logs = logs.unwrap();
        let lines = logs.lines().filter_map(|line| {
            let fields = serde_json::from_str::<Value>(line).ok()?["fields"].take();
            (fields["outcome"] == "published").then(|| fields["version"].as_u64())?
        });
        versions.extend(lines);
    }
    versions
}

/// All versions of the store, with the times of their publication.
async fn published(proxy: std::net::SocketAddr) -> BTreeMap<u64, Timestamp> {
    let mut connection = Connection::open(proxy).await.unwrap();
    let mut versions = BTreeMap::new();
    for page in 1.. {
        let path = format!("/api/v1/versions?per_page={PAGE}&page={page}");
        let response = connection.get(&path).await.unwrap();
        let list: Value = serde_json::from_slice(&response.body).unwrap();
        let items = list["items"].as_array();
        let items = items.unwrap_or_else(|| panic!("{list}"));
        versions.extend(items.iter().map(|item| {
            let at = item["at"].as_str().unwrap().parse().unwrap();
            (item["version"].as_u64().unwrap(), at)
        }));
        if items.len() < PAGE {
            break;
        }
    }
    versions
}

fn report(seen: &Seen, published: &BTreeMap<u64, Timestamp>, faults: &[Happened]) {
    println!(
        "{} faults, {} versions, {} responses; mixed {}, back {}, 5xx {}, interrupted {}",
        faults.len(),
        published.len(),
        seen.responses,
        seen.mixed.len(),
        seen.went_back.len(),
        seen.server_errors.len(),
        seen.interrupted,
    );
    let mut delays: Vec<SignedDuration> = published
        .iter()
        .filter_map(|(version, at)| {
            let each = seen.first_seen.values();
            let each = each.map(|first| first.range(version..).next().map(|(_, at)| *at));
            let last = each.collect::<Option<Vec<_>>>()?.into_iter().max()?;
            Some(last.duration_since(*at))
        })
        .collect();
    delays.sort_unstable();
    if let Some(longest) = delays.last() {
        let middle = delays[delays.len() / 2];
        println!(
            "from publication to all {WEBAPPS} web apps: median {:.3} s, longest {:.1} s",
            middle.as_secs_f64(),
            longest.as_secs_f64()
        );
    }
    let times: Vec<_> = published.values().collect();
    let mut gaps: BTreeMap<&str, (f64, Option<Fault>)> = BTreeMap::new();
    for pair in times.windows(2) {
        let (before, after) = (*pair[0], *pair[1]);
        let during = faults
            .iter()
            .find(|fault| fault.began <= after && before <= fault.ended);
        let source = during.is_some_and(|during| during.fault.is_of_source());
        let cause = if source {
            "without its source"
        } else {
            "otherwise"
        };
        let gap = after.duration_since(before).as_secs_f64();
        let longest = gaps.entry(cause).or_default();
        if gap > longest.0 {
            *longest = (gap, during.map(|during| during.fault));
        }
    }
    for (cause, (gap, fault)) in gaps {
        println!("longest time without a version, {cause}: {gap:.1} s ({fault:?})");
    }
}
