//! From the source to the page, with each service as a process of its own.

use e2e::{DEADLINE, Store, get, wait_until_shows};
use serde_json::Value;
use testkit::mongo::{Mongo, MongoOptions};
use testkit::process::{Service, Signal, run_to_end};
use testkit::source::{Fault, Source, film};

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_the_source_reaches_a_running_web_app_over_sqlite() {
    a_change_reaches_a_web_app(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_at_the_source_reaches_a_running_web_app_over_mongodb() {
    a_change_reaches_a_web_app(Store::mongodb().await).await;
}

async fn a_change_reaches_a_web_app(store: Store) {
    let source = Source::start().await;
    let webapp = store.webapp().await;
    let movies = format!("{}/movies", webapp.url());
    wait_until_shows(&movies, "Castle in the Sky").await;

    let _syncer = store.syncer(&source.url());
    let page = wait_until_shows(&movies, "The Lantern Ferry").await;
    assert_eq!(page.header("x-catalogue-version"), Some("1"));
    assert!(!page.body.contains("Castle in the Sky"), "the seed is gone");

    let id = source.catalogue().collection("films")[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    source.rename_film(&id, "The Lantern Boat");
    let page = wait_until_shows(&movies, "The Lantern Boat").await;
    assert_eq!(page.header("x-catalogue-version"), Some("2"));
    assert!(
        page.body.contains("/movies/the-lantern-ferry"),
        "the slug stays"
    );

    source.add_film(film(7));
    let title = film(7)["title"].as_str().unwrap().to_owned();
    wait_until_shows(&movies, &title).await;
    let by_id = get(&format!("{movies}/{id}")).await;
    assert_eq!(by_id.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_restarted_with_a_longer_interval_syncs_when_readers_expect_it() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let syncer = store.syncer(&source.url());
    source.wait_for_requests("films", 2, DEADLINE).await;
    syncer.signal(Signal::TERM);
    syncer.wait_exit(DEADLINE).await;

    let requests = source.requests("films");
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source.url()),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let _syncer = Service::start("syncer", &envs, &[]);
    source
        .wait_for_requests("films", requests + 1, DEADLINE)
        .await;
}

#[tokio::test]
async fn the_exit_code_of_once_tells_its_outcome() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let once = async || store.command(&source.url(), &["once"]).await;

    source.misbehave("films", Fault::Status(500));
    let failed = once().await;
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(!failed.stderr.contains("stays live"), "{failed:?}");
    source.behave();
    let published = once().await;
    assert_eq!(published.code, Some(0), "{published:?}");
    assert!(
        published.stdout.contains("published version 1"),
        "{published:?}"
    );
    let unchanged = once().await;
    assert_eq!(unchanged.code, Some(0));
    assert!(unchanged.stdout.contains("unchanged"), "{unchanged:?}");

    source.misbehave("people", Fault::Empty);
    let held = once().await;
    assert_eq!(held.code, Some(3));
    assert!(
        held.stderr.contains("no people at all") && held.stderr.contains("approve"),
        "{held:?}"
    );

    for fault in [
        Fault::Status(500),
        Fault::Html,
        Fault::Truncated,
        Fault::BadJson,
        Fault::Blank,
    ] {
        source.misbehave("vehicles", fault.clone());
        let failed = once().await;
        assert_eq!(failed.code, Some(1), "{fault:?}: {failed:?}");
        let stays = failed.stderr.contains("version 1 stays live");
        assert!(
            stays && failed.stderr.contains("vehicles"),
            "{fault:?}: {failed:?}"
        );
    }
    source.behave();

    let history = store.command(&source.url(), &["history", "--json"]).await;
    let history: Value = serde_json::from_str(&history.stdout).unwrap();
    assert_eq!(history["versions"].as_array().unwrap().len(), 1);
    let outcomes: Vec<_> = history["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(
        outcomes,
        [
            "failed",
            "failed",
            "failed",
            "failed",
            "failed",
            "held",
            "unchanged",
            "published",
            "failed"
        ]
    );
    let webapp = store.webapp().await;
    wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Ferry").await;
}

#[tokio::test]
async fn a_rollback_holds_until_it_is_unpinned() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = async |command: &[&str]| {
        let end = store.command(&source.url(), command).await;
        assert_eq!(end.code, Some(0), "{command:?}: {end:?}");
        end.stdout
    };
    run(&["once"]).await;
    source.add_film(film(1));
    assert!(run(&["plan"]).await.contains("1 added"));
    run(&["once"]).await;
    run(&["rollback", "1"]).await;
    assert!(run(&["once"]).await.contains("pinned to version 3"));
    assert!(run(&["plan"]).await.contains("pinned to version 3"));
    source.misbehave("people", Fault::Empty);
    let pinned = run(&["once"]).await;
    assert!(
        pinned.contains("would be held") && !pinned.contains("to publish"),
        "{pinned}"
    );
    source.behave();
    let webapp = store.webapp().await;
    let api = format!("{}/api/v1/movies", webapp.url());
    wait_until_shows(&api, "\"version\":3").await;
    assert_eq!(get(&api).await.json()["total"], 4);
    run(&["unpin"]).await;
    assert!(run(&["once"]).await.contains("published version 4"));
    wait_until_shows(&api, "\"version\":4").await;
}

#[tokio::test]
async fn an_unchanged_or_held_run_writes_nothing_but_the_lease_its_ledger_row_and_its_event() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let dump = || {
        let connection = rusqlite::Connection::open(store.file()).unwrap();
        let mut tables = connection
            .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('state', 'runs', 'events')")
            .unwrap();
        let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let mut dump = Vec::new();
        for table in tables.map(Result::unwrap) {
            let mut rows = connection
                .prepare(&format!("SELECT * FROM {table}"))
                .unwrap();
            let width = rows.column_count();
            let rows = rows.query_map([], |row| {
                (0..width)
                    .map(|index| row.get::<_, rusqlite::types::Value>(index))
                    .collect::<Result<Vec<_>, _>>()
            });
            dump.push((table, rows.unwrap().map(Result::unwrap).collect::<Vec<_>>()));
        }
        dump
    };
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let before = dump();
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    assert_eq!(dump(), before);

    source.misbehave("people", Fault::Empty);
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(3));
    assert_eq!(dump(), before);

    // Other bytes that say the same: their digest is kept, and nothing else.
    let people = serde_json::to_string_pretty(source.catalogue().collection("people")).unwrap();
    source.misbehave("people", Fault::Body(people));
    let fences = || {
        let connection = rusqlite::Connection::open(store.file()).unwrap();
        let fence = connection.query_row("SELECT head FROM state", [], |row| row.get(0));
        let head: String = fence.unwrap();
        serde_json::from_str::<Value>(&head).unwrap()["fence"].clone()
    };
    let fence = fences();
    let unchanged = store.command(&source.url(), &["once"]).await;
    assert!(unchanged.stdout.contains("unchanged"), "{unchanged:?}");
    assert_ne!(fences(), fence, "the lease");
    let (after, other): (Vec<_>, Vec<_>) = dump()
        .into_iter()
        .partition(|(table, _)| table != "unchanged_marker");
    let (was, _): (Vec<_>, Vec<_>) = before
        .into_iter()
        .partition(|(table, _)| table != "unchanged_marker");
    assert_eq!(after, was);
    assert_eq!(other[0].1.len(), 1);
}

#[tokio::test]
async fn an_unreadable_record_is_quarantined_and_its_last_good_state_kept() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    for number in 1..=3 {
        source.add_film(film(number));
    }
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    source.edit(|catalogue| {
        let films = catalogue.collection_mut("films");
        films[0]["title"] = serde_json::json!({ "en": "An object" });
        films[1]["title"] = "Renamed meanwhile".into();
    });
    let end = store.command(&source.url(), &["once"]).await;
    assert_eq!(end.code, Some(0), "{end:?}");
    assert!(end.stdout.contains("1 unreadable, quarantined"), "{end:?}");
    let webapp = store.webapp().await;
    let page = wait_until_shows(&format!("{}/movies", webapp.url()), "Renamed meanwhile").await;
    assert!(page.body.contains("The Lantern Ferry"));
    let status = format!("{}/status", webapp.url());
    wait_until_shows(&status, "{&#34;en&#34;:&#34;An object&#34;}").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_movie_stays_for_three_syncs_and_returns_unchanged_over_sqlite() {
    a_missing_movie_stays_for_three_syncs(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_movie_stays_for_three_syncs_and_returns_unchanged_over_mongodb() {
    a_missing_movie_stays_for_three_syncs(Store::mongodb().await).await;
}

async fn a_missing_movie_stays_for_three_syncs(store: Store) {
    let source = Source::start().await;
    let once = async || {
        let end = store.command(&source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        end.stdout
    };
    once().await;
    let webapp = store.webapp().await;
    let page = format!("{}/movies/the-lantern-ferry", webapp.url());
    wait_until_shows(&page, "The Lantern Ferry").await;
    let films = source.catalogue().collection("films").clone();
    source.set("films", films[1..].to_vec());
    for sync in 1..=3 {
        let output = once().await;
        assert!(output.contains("unchanged"), "sync {sync}: {output}");
        assert!(
            output.contains("1 missing from the source"),
            "sync {sync}: {output}"
        );
    }
    let shown = wait_until_shows(&page, "Missing from the source since").await;
    assert_eq!(shown.header("x-catalogue-version"), Some("1"));
    wait_until_shows(&format!("{}/status", webapp.url()), "3 checks so far").await;
    let gone = once().await;
    assert!(gone.contains("1 removed"), "{gone}");
    assert!(!gone.contains("missing"), "{gone}");
    wait_until_shows(&page, "was removed in").await;
    source.set("films", films);
    assert!(once().await.contains("1 added"));
    wait_until_shows(&page, "The Lantern Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_poll_of_a_source_with_validators_is_answered_304() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    source.send_etags();
    let _syncer = store.syncer(&source.url());
    testkit::eventually(DEADLINE, async || match source.not_modified("vehicles") {
        0 => Err("no conditional request".to_owned()),
        _ => Ok(()),
    })
    .await;
    let webapp = store.webapp().await;
    source.rename_film(
        source.catalogue().collection("films")[0]["id"]
            .as_str()
            .unwrap(),
        "Other",
    );
    wait_until_shows(&format!("{}/movies", webapp.url()), "Other").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standalone_mongod_works_with_a_warning() {
    let mongo = Mongo::start(MongoOptions {
        replica_set: false,
        ..MongoOptions::default()
    })
    .await;
    let url = mongo.url("movies_db");
    let source = Source::start().await;
    let envs = [
        ("PYFLIX_DATABASE_URL", url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source.url()),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    let _syncer = Service::start("syncer", &envs, &[]);
    wait_until_shows(&format!("{}/movies", webapp.url()), "The Lantern Ferry").await;
    webapp
        .wait_for_line(|line| line.contains("not a replica set"), DEADLINE)
        .await;
}

#[tokio::test]
async fn the_view_shows_the_movies_to_people_with_a_shell() {
    let store = Store::mongodb().await;
    let source = Source::start().await;
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let client = mongodb::Client::with_uri_str(&store.url).await.unwrap();
    let movies = client
        .default_database()
        .unwrap()
        .collection::<mongodb::bson::Document>("movies");
    let ferry = movies
        .find_one(mongodb::bson::doc! { "title": "The Lantern Ferry" })
        .await
        .unwrap()
        .unwrap();
    let people = ferry.get_array("people").unwrap();
    assert!(!people.is_empty());
    for person in people {
        assert!(person.as_document().unwrap().get_str("name").is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pyflix_can_be_the_provider_of_another() {
    let source = Source::start().await;
    let envs = [("PYFLIX_PROVIDER_URLS", source.url())];
    let envs: Vec<_> = envs
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let first = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    let films = format!("{}/ghibli/films", first.url());
    wait_until_shows(&films, "The Lantern Ferry").await;

    let store = Store::sqlite();
    let provider = format!("{}/ghibli", first.url());
    let mirrored = store.command(&provider, &["once"]).await;
    assert_eq!(mirrored.code, Some(0), "{mirrored:?}");
    let webapp = store.webapp().await;
    let mirror = format!("{}/ghibli/films", webapp.url());
    wait_until_shows(&mirror, "The Lantern Ferry").await;
    let there = get(&mirror).await.body.replace(webapp.url(), first.url());
    assert_eq!(there, get(&films).await.body);
}

#[tokio::test]
async fn a_wrong_database_password_is_reported_in_one_line_without_it() {
    let mongo = Mongo::replica_set().await;
    let url = mongo
        .url("x")
        .replace("mongodb://", "mongodb://someone:hunter2@");
    let envs = [("PYFLIX_DATABASE_URL", url.as_str())];
    let end = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
    assert_eq!(end.code, Some(1), "{end:?}");
    assert!(!end.stderr.contains("hunter2"), "{end:?}");
    assert_eq!(end.stderr.trim().lines().count(), 1, "{end:?}");
}
