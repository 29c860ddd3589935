//! The memory of a sync, whatever the source sends.

use std::time::Duration;

use e2e::Store;
use serde_json::{Value, json};
use testkit::process::Service;
use testkit::source::{COLLECTIONS, Fault, Source, film};

/// For one sync.
const TIMEOUT: Duration = Duration::from_secs(120);
const MIB: usize = 1 << 20;
/// Growth beyond the cap. A second run can begin before the measurement, and what the allocator keeps
/// varies by some 6 MiB.
const ALLOWANCE: usize = 20 * MIB;
/// Messages of syncs that publish nothing.
const NOT_PUBLISHED: [&str; 2] = ["failed: ", "held: "];

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_by_at_most_the_cap_and_20_mib() {
    let cap = 8 * MIB;
    let filled = |element: &str| {
        let count = (cap - 2) / (element.len() + 1);
        format!("[{}]", vec![element; count].join(","))
    };
    let everywhere = [
        ("a bomb", Fault::Bomb),
        ("brackets", Fault::Body("[".repeat(cap))),
        (
            "a text",
            Fault::Body(format!("[\"{}\"]", "a".repeat(cap - 4))),
        ),
        ("numbers", Fault::Body(filled("0"))),
        ("one film", Fault::Body(filled(r#"{"id":"a","title":"A"}"#))),
        ("blanks", Fault::Body(" ".repeat(cap))),
        (
            "films without a title",
            numbered(cap, &[], |number| json!({ "id": number.to_string() })),
        ),
        (
            "small films",
            numbered(
                cap,
                &[],
                |number| json!({ "id": number.to_string(), "title": "A" }),
            ),
        ),
        ("films", numbered(cap, &[], film)),
        ("items of any kind", numbered(cap, &[], item_of_any_kind)),
        ("a fifth of it films", numbered(cap / 5 - 4096, &[], film)),
        (
            "links",
            Fault::Body(format!(
                r#"[{{"id":"a","title":"A","people":[{}]}}]"#,
                vec![r#""x""#; cap / 100].join(",")
            )),
        ),
        ("pages without end", Fault::Flood),
    ];
    let mut syncs = Syncs::start(cap).await;
    for (what, fault) in everywhere {
        syncs
            .sync(what, &NOT_PUBLISHED, |source| {
                source.misbehave_everywhere(fault)
            })
            .await;
    }
    syncs.with_films_instead().await;
    syncs.with_more_films().await;
    assert_eq!(syncs.wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_by_at_most_a_large_cap_and_20_mib() {
    let mut syncs = Syncs::start(64 * MIB).await;
    let fault = numbered(syncs.cap, &[], item_of_any_kind);
    let fault_at = |source: &Source| source.misbehave_everywhere(fault);
    syncs
        .sync("items of any kind", &NOT_PUBLISHED, fault_at)
        .await;
    syncs.with_more_films().await;
    assert_eq!(syncs.wrong, Vec::<String>::new());
}

/// Syncs with a cap, each by a syncer and on a store that have seen the correct source before.
struct Syncs {
    source: Source,
    cap: usize,
    /// Descriptions of the syncs that took too much memory.
    wrong: Vec<String>,
}

impl Syncs {
    async fn start(cap: usize) -> Self {
        Self {
            source: Source::start().await,
            cap,
            wrong: Vec::new(),
        }
    }

    /// Other films instead of the published ones.
    async fn with_films_instead(&mut self) {
        let films = numbered(self.cap - MIB / 16, &[], wordy_film);
        let fault_at = |source: &Source| source.misbehave("films", films);
        self.sync("films instead", &["held: "], fault_at).await;
    }

    /// Other films in addition to the published ones.
    async fn with_more_films(&mut self) {
        let there = self.source.catalogue().films;
        let films = numbered(self.cap / 4 * 3, &there, wordy_film);
        let fault_at = |source: &Source| source.misbehave("films", films);
        self.sync("more films", &["published version 2"], fault_at)
            .await;
    }

    /// Measures the sync after `fault`, until the syncer logs one of these messages.
    async fn sync(&mut self, what: &str, words: &[&str], fault: impl FnOnce(&Source)) {
        self.source.behave();
        let store = Store::sqlite();
        let once = store.command(&self.source.url(), &["once"]).await;
        assert_eq!(once.code, Some(0));
        let envs = [
            ("PYFLIX_DATABASE_URL", store.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", &self.source.url()),
            ("PYFLIX_PROVIDER_MAX_BYTES", &self.cap.to_string()),
            ("PYFLIX_SYNC_INTERVAL", "100ms"),
        ];
        let requests = COLLECTIONS.map(|kind| self.source.requests(kind));
        let syncer = Service::start("syncer", &envs, &[]);
        for (kind, requests) in COLLECTIONS.into_iter().zip(requests) {
            self.source
                .wait_for_requests(kind, requests + 3, TIMEOUT)
                .await;
        }
        let before = peak(&syncer);
        fault(&self.source);
        let is_reported = |line: &str| words.iter().any(|word| line.contains(word));
        syncer.wait_for_line(is_reported, TIMEOUT).await;
        let grown = peak(&syncer) - before;
        println!(
            "{what}: {} MiB, with a cap of {}",
            grown / MIB,
            self.cap / MIB
        );
        if grown > self.cap + ALLOWANCE {
            self.wrong.push(format!("{what}: {} MiB", grown / MIB));
        }
    }
}

/// A list of at most this size: some records, then numbered ones.
fn numbered(bytes: usize, first: &[Value], record: impl Fn(u32) -> Value) -> Fault {
    let first = first.iter().cloned();
    let mut list = String::new();
    for record in first.chain((0..).map(record)) {
        let record = record.to_string();
        if list.len() + record.len() + 2 > bytes {
            break;
        }
        list.push(if list.is_empty() { '[' } else { ',' });
        list.push_str(&record);
    }
    Fault::Body(list + "]")
}

fn wordy_film(number: u32) -> Value {
    let mut film = film(100 + number);
    film["description"] = "It goes on. ".repeat(100).into();
    film
}

fn item_of_any_kind(number: u32) -> Value {
    let mut film = wordy_film(number);
    film["name"] = film["title"].clone();
    film
}

/// Peak resident memory of a process, in bytes.
fn peak(service: &Service) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.unwrap().split_whitespace().nth(1).unwrap();
    kibibytes.parse::<usize>().unwrap() << 10
}
