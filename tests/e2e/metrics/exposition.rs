//! What the programs expose, and that it follows what happens.

use std::collections::BTreeSet;

use e2e::{DEADLINE, Store, get, start_app, wait_until_shows};
use testkit::eventually;
use testkit::process::{Service, run_to_end};
use testkit::source::{Fault, Source, film};

use super::scrape::{LISTEN, Scrape, address, scrape};
use super::{pyflix, syncer, webapp};

/// Waits until a scrape fulfils a condition.
async fn eventually_scrapes(address: &str, holds: impl Fn(&Scrape) -> bool) -> Scrape {
    eventually(DEADLINE, async || {
        let scraped = scrape(address).await;
        match holds(&scraped) {
            true => Ok(scraped),
            false => Err(scraped.response.body),
        }
    })
    .await
}

#[tokio::test]
async fn without_the_setting_there_are_no_metrics() {
    let app = start_app().await;
    assert_eq!(get(&format!("{}/metrics", app.url())).await.status, 404);
    assert!(!app.output().contains("metrics"), "{}", app.output());
}

#[tokio::test]
async fn a_metrics_port_in_use_stops_the_start_with_advice() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for program in ["webapp", "syncer", "pyflix"] {
        let envs = [
            ("PYFLIX_METRICS_LISTEN", address.as_str()),
            ("PYFLIX_LISTEN", "127.0.0.1:0"),
            ("PYFLIX_PROVIDER_URLS", "http://127.0.0.1:9"),
        ];
        let end = run_to_end(program, &envs, &[], DEADLINE).await;
        assert_eq!(end.code, Some(2), "{program}: {end:?}");
        let expected = format!("PYFLIX_METRICS_LISTEN: cannot listen on {address}");
        assert!(end.stderr.contains(&expected), "{program}: {end:?}");
    }
}

#[tokio::test]
async fn metrics_are_open_metrics_with_at_least_twenty_families_of_pyflix() {
    let source = Source::start().await;
    let app = pyflix(&source).await;
    let address = address(&app).await;
    let scraped = scrape(&address).await;
    assert_eq!(scraped.response.status, 200);
    assert_eq!(
        scraped.response.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(scraped.response.body.ends_with("# EOF\n"));
    assert!(scraped.families.len() >= 20, "{:?}", scraped.families);
    for name in scraped.families.keys() {
        assert!(name.starts_with("pyflix_"), "{name}");
        let no_base_unit = ["milliseconds", "microseconds", "percent", "kb", "_mb"];
        assert!(
            !no_base_unit.iter().any(|unit| name.contains(unit)),
            "{name}"
        );
    }
    let other = get(&format!("http://{address}/")).await;
    assert_eq!(other.status, 404);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_cached_ones_as_hits() {
    let source = Source::start().await;
    let app = pyflix(&source).await;
    let metrics = address(&app).await;
    wait_until_shows(&format!("{}/movies", app.url()), "The Lantern Ferry").await;
    let route = |scraped: &Scrape, route, cache, status| {
        let labels = [
            ("route", route),
            ("cache", cache),
            ("status", status),
            ("method", "GET"),
        ];
        scraped.sum("pyflix_http_requests_total", &labels)
    };
    let item = format!("{}/movies/the-lantern-ferry", app.url());
    let before = scrape(&metrics).await;
    assert_eq!(get(&format!("{}/nowhere", app.url())).await.status, 404);
    let template = "/movies/{slug}";
    let mut sent = 0.0;
    // A new sync status can replace the cache between two requests.
    let after = eventually(DEADLINE, async || {
        assert_eq!(get(&item).await.status, 200);
        sent += 1.0;
        let scraped = scrape(&metrics).await;
        (route(&scraped, template, "hit", "2xx") >= 1.0).then_some(scraped)
    })
    .await;
    let hits = route(&after, template, "hit", "2xx");
    let misses = route(&after, template, "miss", "2xx");
    assert_eq!(hits + misses, sent, "{}", after.response.body);
    assert_eq!(route(&after, "none", "miss", "4xx"), 1.0);
    let timed = [("route", template)];
    let timed = after.sum("pyflix_http_request_duration_seconds_count", &timed);
    assert_eq!(timed, route(&after, template, "miss", "2xx"));
    for moved in [
        "pyflix_http_sent_bytes_total",
        "pyflix_http_received_bytes_total",
        "pyflix_http_connections_accepted_total",
    ] {
        let site = [("listener", "site")];
        assert!(
            after.sum(moved, &site) > before.sum(moved, &site),
            "{moved}"
        );
    }
}

#[tokio::test]
async fn syncs_move_the_metrics_of_both_halves() {
    let source = Source::start().await;
    let app = pyflix(&source).await;
    let metrics = address(&app).await;
    let of =
        |scraped: &Scrape, outcome| scraped.sum("pyflix_sync_runs_total", &[("outcome", outcome)]);
    let first = eventually_scrapes(&metrics, |scraped| {
        scraped.sum("pyflix_catalogue_version", &[]) == 1.0 && of(scraped, "unchanged") >= 1.0
    })
    .await;
    let state = |scraped: &Scrape, state| scraped.sum("pyflix_state", &[("state", state)]) == 1.0;
    assert!(state(&first, "up_to_date"), "{}", first.response.body);
    assert_eq!(first.sum("pyflix_ready", &[]), 1.0);
    let films = source.catalogue().collection("films").len() as f64;
    for name in ["pyflix_sync_records", "pyflix_catalogue_items"] {
        assert_eq!(first.sum(name, &[("kind", "movie")]), films, "{name}");
    }
    assert!(first.sum("pyflix_source_requests_total", &[("result", "ok")]) >= 5.0);
    assert!(
        first.sum(
            "pyflix_sync_phase_duration_seconds_count",
            &[("phase", "fetch")]
        ) >= 2.0
    );
    for operation in ["acquire", "commit", "put", "head", "release"] {
        let labels = [("operation", operation), ("result", "ok")];
        assert!(
            first.sum("pyflix_store_calls_total", &labels) >= 1.0,
            "{operation}"
        );
    }

    source.add_film(film(7));
    let second = eventually_scrapes(&metrics, |scraped| {
        scraped.sum("pyflix_commit_to_served_seconds_count", &[]) >= 1.0
            && of(scraped, "published") == 2.0
    })
    .await;
    let added = [("kind", "movie"), ("change", "added")];
    assert_eq!(second.sum("pyflix_sync_changes_total", &added), films + 1.0);

    source.misbehave("people", Fault::Empty);
    eventually_scrapes(&metrics, |scraped| {
        state(scraped, "held") && !state(scraped, "up_to_date") && of(scraped, "held") >= 1.0
    })
    .await;
    source.misbehave_everywhere(Fault::Status(500));
    eventually_scrapes(&metrics, |scraped| {
        of(scraped, "failed") >= 1.0
            && scraped.sum(
                "pyflix_source_requests_total",
                &[("result", "server_error")],
            ) >= 2.0
    })
    .await;
}

#[tokio::test]
async fn web_app_and_syncer_have_metrics_of_their_own() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let (webapp, syncer) = (webapp(&store).await, syncer(&store, &source));
    let (web, sync) = (address(&webapp).await, address(&syncer).await);
    eventually_scrapes(&sync, |scraped| {
        scraped.sum("pyflix_sync_runs_total", &[("outcome", "published")]) == 1.0
    })
    .await;
    let served = eventually_scrapes(&web, |scraped| {
        scraped.sum("pyflix_catalogue_version", &[]) == 1.0
    })
    .await;
    assert!(!served.names.contains("pyflix_sync_runs_total"));
    for address in [&web, &sync] {
        let scraped = scrape(address).await;
        for name in [
            "pyflix_build_info",
            "pyflix_process_resident_memory_bytes",
            "pyflix_process_open_files",
            "pyflix_process_start_time_seconds",
            "pyflix_store_calls_total",
        ] {
            assert!(scraped.sum(name, &[]) > 0.0, "{name}");
        }
    }
}

#[tokio::test]
async fn the_interval_is_that_of_the_syncer_whatever_the_web_app_is_set_to() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let provider = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let once = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    let webapp = webapp(&store).await;
    let scraped = eventually_scrapes(&address(&webapp).await, |scraped| {
        scraped.sum("pyflix_catalogue_sync_interval_seconds", &[]) == 3_600.0
    })
    .await;
    assert_eq!(scraped.sum("pyflix_sync_interval_seconds", &[]), 15.0);
}

#[tokio::test]
async fn no_label_has_anything_that_a_client_or_a_setting_says() {
    let source = Source::start().await;
    let provider = source.url().replace("http://", "http://user:sesame@");
    let secrets = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&secrets, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let envs = [
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
        ("PYFLIX_WEBHOOK_URLS", "http://sesame@localhost:9/sesame"),
        (
            "PYFLIX_WEBHOOK_SECRET_FILE",
            secrets.path().to_str().unwrap(),
        ),
        LISTEN,
    ];
    let app = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    let metrics = address(&app).await;
    wait_until_shows(&format!("{}/movies", app.url()), "The Lantern Ferry").await;
    for path in [
        "/movies/sesame",
        "/search?q=sesame",
        "/ghibli/films/sesame",
        "/sesame?sesame",
        "/api/v1/movies?director=sesame",
        "/art/movie/sesame.svg",
    ] {
        get(&format!("{}{path}", app.url())).await;
    }
    let scraped = eventually_scrapes(&metrics, |scraped| {
        scraped.sum("pyflix_sync_runs_total", &[("outcome", "published")]) == 1.0
    })
    .await;
    let body = &scraped.response.body;
    assert!(!body.contains("sesame"), "{body}");
    let port = source.url().rsplit(':').next().unwrap().to_owned();
    for host in ["127.0.0.1", "localhost", port.as_str(), "lantern"] {
        let labelled = scraped.samples.keys().find(|series| series.contains(host));
        assert_eq!(labelled, None, "{host}");
    }
    let labels: BTreeSet<_> = scraped
        .samples
        .keys()
        .filter_map(|series| series.split_once('{'))
        .flat_map(|(_, labels)| labels.split("\","))
        .filter_map(|label| label.split_once('='))
        .map(|(name, _)| name)
        .collect();
    let known = [
        "cache",
        "change",
        "condition",
        "kind",
        "le",
        "listener",
        "method",
        "operation",
        "outcome",
        "phase",
        "program",
        "result",
        "route",
        "state",
        "status",
        "version",
        "webhook",
    ];
    assert_eq!(labels, known.into());
}
