//! What a restored store responds.

use std::collections::{BTreeMap, BTreeSet};

use e2e::{DEADLINE, Store, get, wait_until_shows};
use testkit::eventually;
use testkit::process::Service;
use testkit::source::{Fault, Source};

use super::{back_up, both_kinds, retitle, run, text};

/// More pages than the small catalogue has.
const MAX_PAGES: usize = 1_000;

/// The addresses of a site: what its pages link to, and the API.
async fn addresses(webapp: &Service) -> BTreeSet<String> {
    let mut addresses = BTreeSet::new();
    let mut next: Vec<_> = [
        "/",
        "/changes",
        "/status",
        "/about",
        "/feed.atom",
        "/robots.txt",
        "/timeline",
        "/search?q=lantern",
        "/api/v1/openapi.json",
        "/api/v1/changes?since=1",
        "/api/v1/changes?since=2",
        "/api/v1/changes?since=9",
        "/api/v1/versions",
        "/api/v1/versions/1",
        "/api/v1/versions/3",
        "/api/v1/runs",
        "/api/v1/findings",
        "/api/v1/status",
        "/api/v1/search?q=ferry",
        "/api/v1/movies",
        "/api/v1/people",
        "/api/v1/locations",
        "/api/v1/species",
        "/api/v1/vehicles",
        "/ghibli/films",
        "/ghibli/people",
        "/ghibli/locations",
        "/ghibli/species",
        "/ghibli/vehicles",
        "/ghibli/db",
    ]
    .map(str::to_owned)
    .into();
    while let Some(path) = next.pop() {
        // A random item is another one each time.
        if path.contains("random") || !addresses.insert(path.clone()) {
            continue;
        }
        assert!(addresses.len() < MAX_PAGES, "{addresses:?}");
        let page = get(&format!("{}{path}", webapp.url())).await;
        if !page.head.contains("text/html") {
            continue;
        }
        let links = page.body.split("href=\"").skip(1);
        let links = links.filter_map(|rest| rest.split('"').next());
        // Filters and sort orders would be a large product.
        next.extend(
            links
                .filter(|link| link.starts_with('/') && !link.contains('?'))
                .map(str::to_owned),
        );
    }
    addresses
}

/// The responses of a site without lineage, host, request ids, times relative to now, the start of
/// the process and the size of its database.
async fn responses(
    webapp: &Service,
    addresses: &BTreeSet<String>,
    lineage: &str,
) -> BTreeMap<String, (u16, String)> {
    let mut responses = BTreeMap::new();
    let status = get(&format!("{}/api/v1/status", webapp.url())).await.json();
    let bytes = status["database_bytes"].to_string();
    let started = status["started"].as_str().unwrap();
    for path in addresses {
        let response = get(&format!("{}{path}", webapp.url())).await;
        let host = webapp.url().trim_start_matches("http://");
        let body = response
            .body
            .replace(host, "HOST")
            .replace(lineage, "LINEAGE")
            .replace(response.header("x-request-id").unwrap_or("no id"), "ID")
            .replace(&bytes, "BYTES")
            .replace(started, "STARTED");
        let body = without_numbers_after(&body, "age_seconds");
        let body = without(&body, "<span class=\"size\">", "</span>");
        let body = without(&body, "Started <time", "</time>");
        let body = without(&body, "<figure class=\"strip\">", "</figure>");
        responses.insert(path.clone(), (response.status, without_ages(&body)));
    }
    responses
}

/// A response without the number that follows each occurrence of a name.
fn without_numbers_after(body: &str, name: &str) -> String {
    let mut parts = body.split(name);
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_digit = |c: char| c.is_ascii_digit();
        let start = part.find(is_digit).unwrap_or_default();
        let (before, number) = part.split_at(start);
        kept += name;
        kept += before;
        kept += number.trim_start_matches(is_digit);
    }
    kept
}

/// A page without what is from `start` to `end`.
fn without(body: &str, start: &str, end: &str) -> String {
    let cut = body.split_once(start).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some(format!("{before}{after}"))
    });
    cut.unwrap_or_else(|| body.to_owned())
}

/// A page without the texts of its times, such as "3 seconds ago".
fn without_ages(body: &str) -> String {
    let mut parts = body.split("<time");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (tag, rest) = part.split_once('>').unwrap_or((part, ""));
        kept += tag;
        kept += rest.split_once("</time>").map_or(rest, |(_, rest)| rest);
    }
    kept
}

/// A web app that has read the store and its ledger.
async fn started(store: &Store) -> Service {
    let webapp = store.webapp().await;
    let runs = format!("{}/api/v1/runs", webapp.url());
    let has_runs = async || {
        let runs = get(&runs).await;
        runs.status == 200 && runs.json()["total"] != 0
    };
    eventually(DEADLINE, has_runs).await;
    webapp
}

async fn lineage(webapp: &Service) -> String {
    let status = get(&format!("{}/api/v1/status", webapp.url())).await;
    status.json()["lineage"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn after_backup_and_restore_every_response_is_the_same_but_for_the_lineage() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("pyflix.tar");
    for (from, to) in both_kinds()
        .await
        .into_iter()
        .zip([Store::mongodb().await, Store::sqlite()])
    {
        let source = Source::start().await;
        run(&from, &source, 0, &["once"]).await;
        for title in ["The second version", "The third version"] {
            source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
            run(&from, &source, 0, &["once"]).await;
        }
        // A missing item, a quarantined record, findings, and a held run.
        source.edit(|catalogue| {
            catalogue.vehicles.pop();
            catalogue.people[0]["name"] = serde_json::json!({});
        });
        run(&from, &source, 0, &["once"]).await;
        source.edit(|catalogue| catalogue.locations[0]["name"] = serde_json::json!({}));
        run(&from, &source, 3, &["once"]).await;
        source.misbehave_everywhere(Fault::Status(500));
        run(&from, &source, 1, &["once"]).await;
        back_up(&from, &source, &backup).await;
        run(&to, &source, 0, &["restore", text(&backup)]).await;
        run(&to, &source, 0, &["verify"]).await;

        let (original, restored) = (started(&from).await, started(&to).await);
        let paths = addresses(&original).await;
        assert!(paths.len() > 60, "{paths:?}");
        let lineages = [lineage(&original).await, lineage(&restored).await];
        assert_ne!(lineages[0], lineages[1]);
        let before = responses(&original, &paths, &lineages[0]).await;
        let after = responses(&restored, &paths, &lineages[1]).await;
        for (path, wanted) in &before {
            assert_eq!(&after[path], wanted, "{path}");
        }
        // Nobody resumes on another lineage's versions.
        let resumed = format!(
            "{}/api/v1/changes?since=1&lineage={}",
            restored.url(),
            lineages[0]
        );
        assert_eq!(get(&resumed).await.status, 410);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_while_a_syncer_publishes_restores_to_one_of_its_versions() {
    let folder = tempfile::tempdir().unwrap();
    for store in both_kinds().await {
        let source = std::sync::Arc::new(Source::start().await);
        retitle(&source, 1);
        let (url, source_url) = (store.url.clone(), source.url());
        let envs = [
            ("PYFLIX_DATABASE_URL", url.as_str()),
            ("PYFLIX_PROVIDER_URLS", &source_url),
            ("PYFLIX_SYNC_INTERVAL", "100ms"),
        ];
        let syncer = Service::start("syncer", &envs, &[]);
        syncer
            .wait_for_line(|line| line.contains("published version 1"), DEADLINE)
            .await;
        let changes = tokio::spawn({
            let source = source.clone();
            async move {
                for round in 2.. {
                    retitle(&source, round);
                    let requests = source.requests("films");
                    source
                        .wait_for_requests("films", requests + 1, DEADLINE)
                        .await;
                }
            }
        });
        for attempt in 0..5 {
            let backup = folder.path().join(format!("{attempt}.tar"));
            back_up(&store, &source, &backup).await;
            let target = Store::sqlite();
            run(&target, &source, 0, &["restore", text(&backup)]).await;
            run(&target, &source, 0, &["verify"]).await;
            let webapp = started(&target).await;
            // All titles are of one round, and the last run published that version.
            let movies = get(&format!("{}/api/v1/movies", webapp.url())).await.json();
            let titles = movies["items"].as_array().unwrap().iter();
            let titles: BTreeSet<_> = titles.map(|movie| movie["title"].to_string()).collect();
            assert_eq!(titles.len(), 1, "{titles:?}");
            let runs = get(&format!("{}/api/v1/runs", webapp.url())).await.json();
            assert_eq!(runs["items"][0]["version"], movies["version"]);
        }
        changes.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_web_app_shows_a_restored_store_without_a_mix() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("pyflix.tar");
    for store in both_kinds().await {
        let source = Source::start().await;
        retitle(&source, 1);
        run(&store, &source, 0, &["once"]).await;
        back_up(&store, &source, &backup).await;
        for round in 2..=4 {
            retitle(&source, round);
            run(&store, &source, 0, &["once"]).await;
        }
        let webapp = store.webapp().await;
        let movies = format!("{}/movies", webapp.url());
        wait_until_shows(&movies, "A film, round 4").await;
        let refused = run(&store, &source, 1, &["restore", text(&backup)]).await;
        assert!(refused.stderr.contains("--replace"), "{refused:?}");
        run(&store, &source, 0, &["restore", "--replace", text(&backup)]).await;
        eventually(DEADLINE, async || {
            let page = get(&movies).await;
            let rounds = [1, 4].map(|round| page.body.contains(&format!("film, round {round}")));
            assert!(rounds == [false, true] || rounds == [true, false]);
            assert_eq!(
                page.header("x-catalogue-version"),
                Some(if rounds[0] { "1" } else { "4" })
            );
            rounds[0]
        })
        .await;
    }
}
