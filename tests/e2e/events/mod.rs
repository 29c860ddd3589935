//! Server-sent events, also after a reconnect, and the Atom feed.

mod listener;
mod slots;

use std::time::{Duration, Instant};

use e2e::{DEADLINE, Store, get, wait_until_shows};
use testkit::process::{Service, Signal};
use testkit::reverse_proxy::{ReverseProxy, ReverseProxyKind};
use testkit::skips::skip;
use testkit::source::{Source, film};
use tokio::time::timeout;

use self::listener::{Listener, stalled_client};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_is_sent_to_listeners() {
    let store = Store::sqlite();
    let source = Source::start().await;
    let webapp = store.webapp().await;
    wait_until_shows(webapp.url(), "Welcome").await;
    let mut listener = Listener::connect(&webapp, None).await;
    assert!(listener.head.contains("content-type: text/event-stream"));
    assert!(listener.head.contains("x-catalogue-version: 0"));
    let hello = listener.next().await;
    assert_eq!((&*hello.name, &*hello.id), ("hello", "seed:0"));

    let _syncer = store.syncer(&source.url());
    let first = listener.next_of(&["resync"]).await;
    assert_eq!(
        first.data["version"], 1,
        "the first version replaces the built-in catalogue"
    );
    rename(&source, "The Lantern Boat");
    let second = listener.next_of(&["version"]).await;
    assert_eq!(second.data["version"], 2);
    assert_eq!(second.data["counts"]["updated"], 1);
    let changed = &second.data["changed"][0];
    assert_eq!(changed["kind"], "movie");
    assert_eq!(changed["name"], "The Lantern Boat");
    assert_eq!(changed["slug"], "the-lantern-ferry");
    assert_eq!(changed["what"], "updated");
}

#[tokio::test(flavor = "multi_thread")]
async fn nginx_with_compression_passes_events_on_at_once() {
    through(ReverseProxyKind::Nginx).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_with_compression_passes_events_on_at_once() {
    through(ReverseProxyKind::Haproxy).await;
}

/// With the setting in docs/operations.md: Caddy 2.6 holds streams back that it compresses.
#[tokio::test(flavor = "multi_thread")]
async fn caddy_with_compression_of_the_rest_passes_events_on_at_once() {
    through(ReverseProxyKind::Caddy).await;
}

async fn through(kind: ReverseProxyKind) {
    let store = Store::sqlite();
    let (source, webapp) = published(&store).await;
    let address = webapp.address();
    let Some(proxy) = ReverseProxy::start(kind, address).await else {
        let name = kind.name();
        skip(
            &format!("events: {name}"),
            &format!("{name} is not installed"),
        );
        return;
    };
    let proxied = proxy.address().to_string();
    let connect = async || Listener::at(&proxied, None).await;
    let mut listener = testkit::eventually(DEADLINE, connect).await;
    assert_eq!(listener.next().await.name, "hello");
    assert_eq!(listener.heartbeats, 0, "it waited for more bytes");
    publish(&store, &source, "The Lantern Boat").await;
    assert_eq!(listener.next_of(&["version"]).await.data["version"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_listener_gets_all_missed_versions_over_sqlite() {
    all_missed_versions_are_sent(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_a_listener_gets_all_missed_versions_over_mongodb() {
    all_missed_versions_are_sent(Store::mongodb().await).await;
}

async fn all_missed_versions_are_sent(store: Store) {
    let (source, webapp) = published(&store).await;
    publish(&store, &source, "The Lantern Boat").await;
    wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Boat").await;
    let hello = Listener::connect(&webapp, None).await.next().await;
    assert_eq!(hello.data["version"], 2);
    webapp.signal(Signal::KILL);
    for title in ["The Lantern Barge", "The Lantern Raft"] {
        publish(&store, &source, title).await;
    }

    let webapp = store.webapp().await;
    wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Raft").await;
    let mut listener = Listener::connect(&webapp, Some(&hello.id)).await;
    for (version, title) in [(3, "The Lantern Barge"), (4, "The Lantern Raft")] {
        let missed = listener.next().await;
        assert_eq!(missed.name, "version", "{missed:?}");
        assert_eq!(missed.data["version"], version);
        assert_eq!(missed.data["changed"][0]["name"], title);
    }
    assert_eq!(listener.next().await.name, "status");

    let mut stranger = Listener::connect(&webapp, Some("elsewhere:3")).await;
    let resync = stranger.next().await;
    assert_eq!(
        (&*resync.name, &resync.data["version"]),
        ("resync", &4.into())
    );

    let sentence = "changed from “The Lantern Barge” to “The Lantern Raft”";
    let feed = wait_until_shows(&format!("{}/feed.atom", webapp.url()), sentence).await;
    assert_eq!(entries(&feed.body), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_is_well_formed_with_hostile_titles() {
    let store = Store::sqlite();
    let (source, webapp) = published(&store).await;
    let url = format!("{}/feed.atom", webapp.url());
    let title = "</li><script>alert(1)</script>\u{1}\u{b}]]>&nbsp;'\"\u{ffff}";
    publish(&store, &source, title).await;
    let feed = wait_until_shows(&url, "alert(1)").await;
    assert_eq!(feed.header("content-type"), Some("application/atom+xml"));
    assert_eq!(feed.header("x-catalogue-version"), Some("2"));
    assert!(!feed.body.contains("<script"));
    assert_eq!(entries(&feed.body), 2);
    let again = get(&url).await;
    assert_eq!(again.header("etag"), feed.header("etag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_that_never_read_delay_no_other() {
    const FILMS: u32 = 300;
    const VERSIONS: u64 = 30;
    let store = Store::sqlite();
    let source = Source::start().await;
    (10..FILMS).for_each(|number| source.add_film(film(number)));
    let _syncer = store.syncer(&source.url());
    let webapp = store.webapp().await;
    wait_until_shows(&format!("{}/movies", webapp.url()), "Reel 10").await;

    let mut stalled = Vec::new();
    let mut readers = Vec::new();
    for _ in 0..50 {
        stalled.push(stalled_client(&webapp).await);
        let mut listener = Listener::connect(&webapp, None).await;
        readers.push(tokio::spawn(async move {
            let mut seen = Vec::new();
            while seen.last() != Some(&VERSIONS) {
                let event = listener.next_of(&["hello", "version"]).await;
                seen.push(event.data["version"].as_u64().unwrap());
            }
            (seen, listener)
        }));
    }
    let mut watcher = Listener::connect(&webapp, None).await;
    watcher.next_of(&["hello"]).await;
    let mut before = None;
    for version in 2..=VERSIONS {
        source.edit(|catalogue| {
            for film in catalogue.films.iter_mut().rev().take(60) {
                film["running_time"] = (200 + version).to_string().into();
            }
        });
        let event = watcher.next_of(&["version"]).await;
        assert_eq!(event.data["version"], version);
        assert_eq!(event.data["changed"].as_array().unwrap().len(), 50);
        assert_eq!(event.data["more"], 10);
        if version == VERSIONS / 3 {
            // With all connections and the caches of a few versions.
            before = Some(resident_kib(&webapp));
        }
    }
    let mut open = vec![watcher];
    for reader in readers {
        let (seen, listener) = timeout(DEADLINE, reader).await.unwrap().unwrap();
        assert_eq!(seen, (1..=VERSIONS).collect::<Vec<_>>());
        open.push(listener);
    }
    let grown = resident_kib(&webapp).saturating_sub(before.unwrap());
    println!("memory grew by {grown} KiB");
    // The versions themselves take 7 MiB.
    assert!(grown < 15 * 1024, "{grown} KiB");

    let started = Instant::now();
    webapp.signal(Signal::TERM);
    for listener in &mut open {
        listener.read_to_end().await;
    }
    println!("streams ended after {:?}", started.elapsed());
    assert_eq!(webapp.wait_exit(DEADLINE).await.code(), Some(0));
    let took = started.elapsed();
    println!("exit after {took:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
    drop(stalled);
}

/// A store with one version, its source, and a web app that serves it.
async fn published(store: &Store) -> (Source, Service) {
    let source = Source::start().await;
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Ferry").await;
    (source, webapp)
}

async fn publish(store: &Store, source: &Source, title: &str) {
    rename(source, title);
    let end = store.command(&source.url(), &["once"]).await;
    assert!(end.stdout.contains("published"), "{end:?}");
}

fn rename(source: &Source, title: &str) {
    source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
}

/// The number of entries of a well-formed feed.
fn entries(feed: &str) -> usize {
    let feed = roxmltree::Document::parse(feed).unwrap();
    let nodes = feed.root_element().children();
    nodes.filter(|node| node.has_tag_name("entry")).count()
}

/// Resident memory of a process.
fn resident_kib(service: &Service) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}
