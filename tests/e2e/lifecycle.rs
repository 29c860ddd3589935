//! Start and shutdown of the programs, and outages of their dependencies.

use std::time::{Duration, Instant};

use common::clock::Clock;
use common::repository::{Access, Repository};
use e2e::{DEADLINE, Store, get, start_mirror, try_get, wait_until_shows};
use testkit::mongo::{Mongo, MongoOptions};
use testkit::process::{Finished, Service, Signal, binary, run_to_end};
use testkit::source::{Fault, Source};

/// Nothing listens there.
const UNREACHABLE: &str = "http://127.0.0.1:9";

async fn pyflix(envs: &[(&str, &str)]) -> Service {
    Service::start_web("pyflix", envs, &[], DEADLINE).await
}

#[tokio::test]
async fn without_a_network_the_first_start_serves_the_seed_and_says_why() {
    let pyflix = pyflix(&[("PYFLIX_PROVIDER_URLS", UNREACHABLE)]).await;
    let page = wait_until_shows(
        &format!("{}/movies", pyflix.url()),
        "has been unavailable since",
    )
    .await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("x-catalogue-version"), Some("0"));
    assert!(page.body.contains("built-in catalogue"));
    let api = get(&format!("{}/api/v1/movies", pyflix.url())).await.json();
    assert_eq!((&api["version"], &api["total"]), (&0.into(), &22.into()));
    assert_eq!(get(&format!("{}/readyz", pyflix.url())).await.status, 200);
    pyflix
        .wait_for_line(
            |line| line.contains("serving the built-in catalogue"),
            DEADLINE,
        )
        .await;
    pyflix
        .wait_for_line(|line| line.contains("failed: http://127.0.0.1:9"), DEADLINE)
        .await;
}

#[tokio::test]
async fn the_first_good_sync_replaces_the_seed_and_a_restart_keeps_it() {
    let source = Source::start().await;
    source.misbehave_everywhere(Fault::Status(503));
    let url = source.url();
    let envs = [
        ("PYFLIX_PROVIDER_URLS", url.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    let pyflix = pyflix(&envs).await;
    let home = wait_until_shows(pyflix.url(), "built-in catalogue").await;
    assert!(home.body.contains("Welcome to PyFlix WebApp!"));
    source.behave();
    wait_until_shows(pyflix.url(), "Catalogue version 1").await;

    source.stop().await;
    let again = pyflix.restart_web(DEADLINE).await;
    let page = wait_until_shows(
        &format!("{}/movies", again.url()),
        "has been unavailable since",
    )
    .await;
    assert!(page.body.contains("The Lantern Ferry"));
    assert!(page.body.contains("the last good copy"));
}

#[tokio::test]
async fn the_notice_of_an_unavailable_source_disappears_after_it_recovers() {
    let source = Source::start().await;
    let pyflix = start_mirror(&source, &[]).await;
    let movies = format!("{}/movies", pyflix.url());
    let fresh = get(&movies).await;
    assert!(!fresh.body.contains("role=\"status\""));
    source.misbehave_everywhere(Fault::Status(500));
    wait_until_shows(&movies, "The source has been unavailable since").await;
    source.behave();
    let well = testkit::eventually(DEADLINE, async || {
        let page = get(&movies).await;
        (!page.body.contains("has been unavailable")).then_some(page)
    })
    .await;
    assert_eq!(
        well.header("etag"),
        fresh.header("etag"),
        "the same bytes as before"
    );
}

#[tokio::test]
async fn with_an_unreachable_store_at_start_pages_are_503_and_never_the_seed() {
    let envs = [("PYFLIX_DATABASE_URL", "mongodb://127.0.0.1:9/movies_db")];
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    for path in ["/", "/movies", "/readyz", "/api/v1/movies", "/ghibli/films"] {
        let response = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(response.status, 503, "{path}");
        assert!(response.header("retry-after").is_some(), "{path}");
        assert!(!response.body.contains("Castle in the Sky"), "{path}");
    }
    assert_eq!(get(&format!("{}/healthz", webapp.url())).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_survive_a_database_outage_with_a_notice() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let store = Store::at(mongo.url("movies_db"));
    let source = Source::start().await;
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let movies = format!("{}/movies", webapp.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
    mongo.kill();
    let away = wait_until_shows(&movies, "The database has been unavailable since").await;
    assert!(away.body.contains("The Lantern Ferry"));
    mongo.restart().await;
    let id = source.catalogue().collection("films")[0]["id"].clone();
    source.rename_film(id.as_str().unwrap_or_default(), "The Lantern Boat");
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let back = wait_until_shows(&movies, "The Lantern Boat").await;
    assert!(!back.body.contains("has been unavailable"));
}

#[tokio::test]
async fn trailing_slashes_work_and_a_missing_movie_is_a_helpful_page() {
    let pyflix = pyflix(&[("PYFLIX_PROVIDER_URLS", UNREACHABLE)]).await;
    let url = pyflix.url();
    wait_until_shows(url, "Welcome to PyFlix WebApp!").await;
    for path in [
        "/movies/",
        "/movies/ponyo/",
        "/api/v1/movies/",
        "/ghibli/films/",
    ] {
        assert_eq!(get(&format!("{url}{path}")).await.status, 200, "{path}");
    }
    let missing = get(&format!("{url}/movies/nothing-like-it")).await;
    assert_eq!(missing.status, 404);
    assert!(missing.body.contains("href=\"/movies\""));
    let problem = get(&format!("{url}/api/v1/movies?per_page=9999")).await;
    assert_eq!(problem.status, 400);
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    assert!(problem.body.contains("per_page"));
}

#[tokio::test]
async fn only_human_characters_are_shown_on_request() {
    let pyflix = pyflix(&[("PYFLIX_PROVIDER_URLS", UNREACHABLE)]).await;
    let movies = format!("{}/movies", pyflix.url());
    let all = wait_until_shows(&movies, "Satsuki Kusakabe").await;
    assert!(all.body.contains("Catbus"));
    let humans = get(&format!("{movies}?people=human")).await;
    assert!(!humans.body.contains("Catbus"));
}

#[tokio::test]
async fn sigterm_sigint_and_sighup_end_every_service_with_0_within_five_seconds() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        stop_every_service(signal).await;
    }
}

async fn stop_every_service(signal: Signal) {
    let store = Store::sqlite();
    let source = Source::start().await;
    source.misbehave_everywhere(Fault::Stall);
    let url = source.url();
    let envs = [("PYFLIX_PROVIDER_URLS", url.as_str())];
    let services = [
        store.syncer(&url),
        store.webapp().await,
        pyflix(&envs).await,
    ];
    source.wait_for_requests("films", 2, DEADLINE).await;
    let (webapp, pyflix) = (services[1].url().to_owned(), services[2].url().to_owned());
    let started = Instant::now();
    for service in &services {
        service.signal(signal);
    }
    for service in services {
        assert_eq!(
            service.wait_exit(DEADLINE).await.code(),
            Some(0),
            "{signal:?}: {}",
            service.output()
        );
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    for url in [webapp, pyflix] {
        assert!(try_get(&url).await.is_err());
    }
}

#[tokio::test]
async fn a_program_started_by_nohup_ignores_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let webapp = binary("webapp");
    let webapp = webapp.to_str().unwrap();
    let args = ["nohup", "env", "PYFLIX_LISTEN=127.0.0.1:0", webapp];
    let webapp = Service::start_program(folder.path(), "/usr/bin/env".as_ref(), &args);
    webapp
        .wait_for_line(|line| line.contains("listening on"), DEADLINE)
        .await;
    let status = format!("/proc/{}/status", webapp.pid());
    let status = std::fs::read_to_string(status).unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    assert_eq!(ignored & 1, 1, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pyflix_that_is_stopped_during_a_sync_ends_it_and_releases_the_lease() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let (open, opened) = tokio::sync::watch::channel(false);
    source.misbehave("films", Fault::Late(opened));
    let source_url = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source_url),
    ];
    let pyflix = pyflix(&envs).await;
    source.wait_for_requests("films", 1, DEADLINE).await;
    // The sync has the lease, and can write nothing while another process has this lock.
    let mut hand = rusqlite::Connection::open(store.file()).unwrap();
    hand.busy_timeout(DEADLINE).unwrap();
    let lock = hand.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate);
    let lock = lock.unwrap();
    open.send_replace(true);
    source.wait_for_requests("vehicles", 1, DEADLINE).await;
    pyflix.signal(Signal::TERM);
    testkit::eventually(DEADLINE, async || {
        let response = try_get(pyflix.url()).await;
        response
            .is_err()
            .then_some(())
            .ok_or("the web app still responds")
    })
    .await;
    lock.rollback().unwrap();
    assert_eq!(pyflix.wait_exit(DEADLINE).await.code(), Some(0));

    let repository = Repository::open(&store.database(), Access::Reader, Clock::system()).await;
    let head = repository.unwrap().head().await.unwrap().unwrap();
    assert_eq!(head.lease, None, "{}", pyflix.output());
    assert!(!head.dirty, "the view is complete");
}

#[tokio::test]
async fn a_wrong_setting_exits_every_program_with_2_and_one_line_that_names_it() {
    for binary in ["pyflix", "webapp", "syncer"] {
        for (name, value) in [
            ("PYFLIX_SYNC_INTERVAL", "soon"),
            ("PYFLIX_LISTEN", "nowhere"),
            ("PYFLIX_DATABASE_URL", "postgres://u:hunter2@h/d"),
            ("PYFLIX_DATABASE_URL", "mongodb://u:hunter2@h:notaport/d"),
            ("PYFLIX_DATABASE_URL", "sqlite::memory:"),
            ("PYFLIX_DATABASE_URL", "sqlite:x.db?mode=rwc"),
            ("PYFLIX_DATABASE_URL_FILE", "/nowhere/at/all"),
        ] {
            let end = run_to_end(binary, &[(name, value)], &[], DEADLINE).await;
            assert_exits_with_2_and_one_line(&end, &format!("{binary} {name}={value}"));
            assert!(end.stderr.contains("PYFLIX_"), "{end:?}");
        }
    }
}

#[tokio::test]
async fn a_port_in_use_or_an_unusable_folder_exits_with_2_and_one_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let end = run_to_end("pyflix", &[("PYFLIX_LISTEN", &address)], &[], DEADLINE).await;
    assert_exits_with_2_and_one_line(&end, "a port in use");
    assert!(
        end.stderr.contains(&address) && end.stderr.contains("in use"),
        "{end:?}"
    );
    let envs = [("PYFLIX_DATABASE_URL", "sqlite:/dev/null/data/pyflix.db")];
    for binary in ["pyflix", "webapp", "syncer"] {
        let end = run_to_end(binary, &envs, &[], DEADLINE).await;
        assert_exits_with_2_and_one_line(&end, binary);
        assert!(end.stderr.contains("/dev/null/data"), "{end:?}");
    }
}

fn assert_exits_with_2_and_one_line(end: &Finished, what: &str) {
    assert_eq!(end.code, Some(2), "{what}: {end:?}");
    assert_eq!(end.stderr.trim().lines().count(), 1, "{what}: {end:?}");
    assert!(!end.stderr.contains("hunter2"), "{what}: {end:?}");
}

#[tokio::test]
async fn an_unknown_variable_is_a_warning_with_the_nearest_right_name() {
    let envs = [
        ("PYFLIX_PROVIDER_URLS", UNREACHABLE),
        ("PYFLIX_PROVIDER_URL", UNREACHABLE),
    ];
    let pyflix = pyflix(&envs).await;
    let wanted = |line: &str| {
        line.contains("unknown setting PYFLIX_PROVIDER_URL;")
            && line.contains("PYFLIX_PROVIDER_URLS?")
    };
    pyflix.wait_for_line(wanted, DEADLINE).await;
}

#[tokio::test]
async fn the_healthcheck_exits_with_0_only_for_a_running_web_app() {
    let webapp = Store::sqlite().webapp().await;
    let listen = webapp.url().trim_start_matches("http://").to_owned();
    let check = async |listen: &str| {
        run_to_end(
            "webapp",
            &[("PYFLIX_LISTEN", listen)],
            &["healthcheck"],
            DEADLINE,
        )
        .await
        .code
    };
    assert_eq!(check(&listen).await, Some(0));
    assert_eq!(check("127.0.0.1:9").await, Some(1));
}
