//! The memory of a sync, whatever the source sends.

use std::time::Duration;

use e2e::Store;
use serde_json::{Map, Value, json};
use testkit::process::Service;
use testkit::source::{COLLECTIONS, Fault, Source, film};

/// For one sync.
const TIMEOUT: Duration = Duration::from_secs(120);
const MIB: usize = 1 << 20;
/// Growth beyond the cap. A second run can begin before the measurement, and what the allocator keeps
/// varies by some 6 MiB.
const ALLOWANCE: usize = 32 * MIB;
/// Messages of syncs that publish nothing.
const NOT_PUBLISHED: [&str; 2] = ["failed: ", "held: "];

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_by_at_most_the_cap_and_32_mib() {
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
    syncs.with_back_links().await;
    for (what, kind, fields) in large_records() {
        syncs.with_a_large_record(what, kind, fields).await;
    }
    assert_eq!(syncs.wrong, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_grows_by_at_most_a_large_cap_and_32_mib() {
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

    /// People in addition to the published ones, each with 100,000 links to one film.
    async fn with_back_links(&mut self) {
        let syncer = self.start_syncer().await;
        let mut catalogue = self.source.catalogue();
        catalogue.films.push(json!({ "id": 1, "title": "A" }));
        let films = Fault::Body(Value::from(catalogue.films).to_string());
        self.source.misbehave("films", films);
        syncer.wait_for(&["published version 2"]).await;
        let links = vec![1; 100_000];
        let people = numbered(
            self.cap,
            &catalogue.people,
            |number| json!({ "id": number.to_string(), "name": "A", "films": &links }),
        );
        self.source.misbehave("people", people);
        syncer.wait_for(&["published version 3"]).await;
        self.judge("back-links", &syncer);
    }

    /// A record in addition to the published ones, then the same with another name.
    async fn with_a_large_record(&mut self, what: &str, kind: &str, fields: Map<String, Value>) {
        let catalogue = self.source.catalogue();
        let published = match kind {
            "films" => &catalogue.films,
            _ => &catalogue.species,
        };
        let fault = |name: &str| {
            let mut record = json!({ "id": "a", "title": name, "name": name });
            record.as_object_mut().unwrap().extend(fields.clone());
            let records = published.iter().chain([&record]);
            Fault::Body(Value::from_iter(records.cloned()).to_string())
        };
        let syncer = self.start_syncer().await;
        for (name, word) in [("A", "published version 2"), ("B", "published version 3")] {
            self.source.misbehave(kind, fault(name));
            syncer.wait_for(&[word]).await;
        }
        self.judge(what, &syncer);
    }

    /// Measures the sync after `fault`, until the syncer logs one of these messages.
    async fn sync(&mut self, what: &str, words: &[&str], fault: impl FnOnce(&Source)) {
        let syncer = self.start_syncer().await;
        fault(&self.source);
        syncer.wait_for(words).await;
        self.judge(what, &syncer);
    }

    /// A syncer that has published the correct source, and found it unchanged.
    async fn start_syncer(&self) -> Syncer {
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
        let asked = COLLECTIONS.map(|kind| self.source.requests(kind));
        let service = Service::start("syncer", &envs, &[]);
        for (kind, asked) in COLLECTIONS.into_iter().zip(asked) {
            self.source
                .wait_for_requests(kind, asked + 3, TIMEOUT)
                .await;
        }
        Syncer {
            peak_before: peak(&service),
            service,
            _store: store,
        }
    }

    fn judge(&mut self, what: &str, syncer: &Syncer) {
        let peak = peak(&syncer.service);
        let grown = peak - syncer.peak_before;
        let [beyond, total] = [grown, peak].map(|bytes| {
            let bytes = i64::try_from(bytes).unwrap() - i64::try_from(self.cap).unwrap();
            bytes as f64 / MIB as f64
        });
        println!("{what}: {beyond:.1} MiB of growth and {total:.1} MiB in total beyond the cap");
        if grown > self.cap + ALLOWANCE {
            self.wrong.push(format!("{what}: {} MiB", grown / MIB));
        }
    }
}

/// A running syncer.
struct Syncer {
    service: Service,
    /// Peak memory in bytes before the sync that is measured.
    peak_before: usize,
    _store: Store,
}

impl Syncer {
    async fn wait_for(&self, words: &[&str]) {
        let told = |line: &str| words.iter().any(|word| line.contains(word));
        self.service.wait_for_line(told, TIMEOUT).await;
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

/// The fields that make a record as large as it may be, which is 4 MiB with at least 32 bytes for each
/// value, by kind.
fn large_records() -> [(&'static str, &'static str, Map<String, Value>); 7] {
    let numbers = || (100_000..230_000).map(|number: u32| number.to_string());
    let one = |field: &str, value: Value| Map::from_iter([(field.to_owned(), value)]);
    [
        ("many links", "films", one("people", numbers().collect())),
        (
            "many objects as links",
            "films",
            one(
                "people",
                numbers()
                    .take(65_000)
                    .map(|id| json!({ "id": id, "x": 0 }))
                    .collect(),
            ),
        ),
        (
            "many wrong links",
            "films",
            one(
                "people",
                numbers()
                    .take(12_000)
                    .map(|number| number + &" x".repeat(100))
                    .collect(),
            ),
        ),
        (
            "many fields",
            "films",
            numbers().map(|field| (field, Value::from(0))).collect(),
        ),
        ("many texts", "films", one("director", numbers().collect())),
        (
            "a long text",
            "films",
            one("description", "It goes on. ".repeat(340_000).into()),
        ),
        (
            "a long list",
            "species",
            one("eye_colors", numbers().collect::<Vec<_>>().join(",").into()),
        ),
    ]
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
