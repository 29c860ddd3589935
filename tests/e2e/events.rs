//! Server-sent events, also after a reconnect, and the Atom feed.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use e2e::{DEADLINE, Store, get, wait_until_shows};
use flate2::write::GzDecoder;
use serde_json::Value;
use testkit::process::{Service, Signal, binary};
use testkit::reverse_proxy::{ReverseProxy, ReverseProxyKind};
use testkit::skips::skip;
use testkit::source::{Source, film};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

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
async fn caddy_with_compression_passes_events_on_at_once() {
    through(ReverseProxyKind::Caddy).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn haproxy_with_compression_passes_events_on_at_once() {
    through(ReverseProxyKind::Haproxy).await;
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
    let before = resident_kib(&webapp);

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
    }
    let mut open = vec![watcher];
    for reader in readers {
        let (seen, listener) = timeout(DEADLINE, reader).await.unwrap().unwrap();
        assert_eq!(seen, (1..=VERSIONS).collect::<Vec<_>>());
        open.push(listener);
    }
    let grown = resident_kib(&webapp).saturating_sub(before);
    println!("memory grew by {grown} KiB");
    assert!(grown < 20 * 1024, "{grown} KiB");

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

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_closes_its_connection_frees_its_slot_at_once() {
    slots_are_free_after(async |listeners| drop(listeners)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_resets_its_connection_frees_its_slot_at_once() {
    slots_are_free_after(async |listeners| {
        for listener in &listeners {
            listener.stream.get_ref().set_zero_linger().unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_shuts_down_its_sending_side_frees_its_slot_at_once() {
    let mut open = Vec::new();
    slots_are_free_after(async |mut listeners| {
        for listener in &mut listeners {
            listener.stream.get_mut().shutdown().await.unwrap();
        }
        open = listeners;
    })
    .await;
    drop(open);
}

/// Opens event streams in all slots, passes them to `end`, and opens all slots again, which must not
/// wait for a heartbeat.
async fn slots_are_free_after(end: impl AsyncFnOnce(Vec<Listener>)) {
    let store = Store::sqlite();
    let (_webapp, host) = webapp_with_few_slots(&store).await;
    let mut listeners = Vec::new();
    let refusal = loop {
        match Listener::at(&host, None).await {
            Ok(listener) => listeners.push(listener),
            Err(refusal) => break refusal,
        }
    };
    assert!(refusal.starts_with("HTTP/1.1 503"), "{refusal}");
    let places = listeners.len();
    assert!((10..200).contains(&places), "{places}");
    for listener in &mut listeners {
        assert_eq!(listener.next().await.name, "hello");
    }

    end(listeners).await;

    let mut others = Vec::new();
    let free = testkit::eventually(Duration::from_secs(10), async || {
        match Listener::at(&host, None).await {
            Ok(listener) => others.push(listener),
            Err(refusal) => return Err(refusal),
        }
        let taken = others.len();
        (taken == places)
            .then_some(taken)
            .ok_or_else(|| format!("{taken} of {places}"))
    });
    assert_eq!(free.await, places);
}

/// A web app with at most 200 open files: half of them for connections, and half of those for
/// listeners.
async fn webapp_with_few_slots(store: &Store) -> (Service, String) {
    let command = format!(
        "ulimit -n 200 && PYFLIX_LISTEN=127.0.0.1:0 PYFLIX_DATABASE_URL='{}' exec '{}'",
        store.url,
        binary("webapp").display()
    );
    let folder = store.file().parent().unwrap().to_owned();
    let webapp = Service::start_program(&folder, Path::new("/bin/sh"), &["-c", &command]);
    let line = webapp
        .wait_for_line(|line| line.contains("http://127.0.0.1:"), DEADLINE)
        .await;
    let (_, address) = line.split_once("http://").unwrap();
    let is_of_host = |c: &char| c.is_ascii_digit() || matches!(c, '.' | ':');
    let host: String = address.chars().take_while(is_of_host).collect();
    wait_until_shows(&format!("http://{host}/"), "Welcome").await;
    (webapp, host)
}

/// A client of the event stream.
struct Listener {
    stream: BufReader<TcpStream>,
    /// For a stream that a proxy compresses.
    gzip: Option<GzDecoder<Vec<u8>>>,
    /// The status line and the headers, in lower case.
    head: String,
    unread: String,
    heartbeats: usize,
}

#[derive(Debug)]
struct Event {
    name: String,
    id: String,
    data: Value,
}

impl Listener {
    async fn connect(webapp: &Service, last: Option<&str>) -> Self {
        let host = webapp.url().trim_start_matches("http://");
        let listener = Self::at(host, last).await;
        listener.unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// An error is the head of another response than 200.
    async fn at(host: &str, last: Option<&str>) -> Result<Self, String> {
        let mut stream = TcpStream::connect(host).await.unwrap();
        stream
            .write_all(request(host, last).as_bytes())
            .await
            .unwrap();
        let mut stream = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = timeout(DEADLINE, stream.read_line(&mut head)).await;
            assert_ne!(read.unwrap().unwrap(), 0, "{head}");
        }
        if !head.starts_with("HTTP/1.1 200") {
            return Err(head);
        }
        let head = head.to_lowercase();
        let is_gzip = head.contains("content-encoding: gzip");
        Ok(Self {
            stream,
            gzip: is_gzip.then(|| GzDecoder::new(Vec::new())),
            head,
            unread: String::new(),
            heartbeats: 0,
        })
    }

    /// The next event, without heartbeats.
    async fn next(&mut self) -> Event {
        loop {
            let Some((event, rest)) = self.unread.split_once("\n\n") else {
                let chunk = timeout(DEADLINE, self.chunk()).await;
                self.unread += &chunk.unwrap().unwrap();
                continue;
            };
            self.heartbeats += usize::from(event == ":");
            let field = |name: &str| {
                let mut lines = event.lines();
                let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                value.unwrap_or_default().to_owned()
            };
            let data = serde_json::from_str(&field("data")).unwrap_or_default();
            let event = Event {
                name: field("event"),
                id: field("id"),
                data,
            };
            self.unread = rest.to_owned();
            if !event.name.is_empty() {
                return event;
            }
        }
    }

    /// The next event of one of these kinds.
    async fn next_of(&mut self, names: &[&str]) -> Event {
        loop {
            let event = self.next().await;
            if names.contains(&&*event.name) {
                return event;
            }
            assert_eq!(event.name, "status", "{event:?}");
        }
    }

    async fn read_to_end(&mut self) {
        while timeout(DEADLINE, self.chunk()).await.unwrap().is_some() {}
    }

    /// A chunk of the body; `None` at its end.
    async fn chunk(&mut self) -> Option<String> {
        let mut size = String::new();
        self.stream.read_line(&mut size).await.unwrap();
        let size = usize::from_str_radix(size.trim(), 16).unwrap();
        let mut chunk = vec![0; size + 2];
        self.stream.read_exact(&mut chunk).await.unwrap();
        chunk.truncate(size);
        if let Some(decoder) = &mut self.gzip {
            decoder.write_all(&chunk).unwrap();
            decoder.flush().unwrap();
            chunk = std::mem::take(decoder.get_mut());
        }
        (size > 0).then(|| String::from_utf8(chunk).unwrap())
    }
}

/// A client that requests the events and never reads, with a small receive window.
async fn stalled_client(webapp: &Service) -> TcpStream {
    let host = webapp.url().trim_start_matches("http://");
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(host.parse().unwrap()).await.unwrap();
    stream
        .write_all(request(host, None).as_bytes())
        .await
        .unwrap();
    stream
}

fn request(host: &str, last: Option<&str>) -> String {
    let last = last.map(|last| format!("Last-Event-ID: {last}\r\n"));
    let last = last.unwrap_or_default();
    format!("GET /events HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: gzip\r\n{last}\r\n")
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
