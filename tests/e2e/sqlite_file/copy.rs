//! A copy of the file alone has all versions: after a publication, and after every clean stop.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use common::clock::Clock;
use common::repository::{Access, Repository};
use e2e::{DEADLINE, Store, wait_until_shows};
use testkit::eventually;
use testkit::process::{Service, Signal};
use testkit::source::Source;

use super::{open_directly, pyflix, rename};

/// Copies the file, without its log, to another folder; the versions that a program finds there.
async fn versions_in_copy(store: &Store) -> Vec<u64> {
    let copy = Store::sqlite();
    fs::copy(store.file(), copy.file()).unwrap();
    let repository = Repository::open(&copy.database(), Access::Reader, Clock::system()).await;
    let repository = repository.unwrap();
    let Some(head) = repository.head().await.unwrap() else {
        return Vec::new();
    };
    let loaded = repository.load().await.unwrap().unwrap();
    assert_eq!(loaded.version(), head.version);
    assert!(loaded.damage.is_empty());
    head.log.iter().map(|header| header.version).collect()
}

/// The bytes of the write-ahead log.
fn log_bytes(store: &Store) -> u64 {
    let log = store.file().with_extension("db-wal");
    fs::metadata(log).map_or(0, |log| log.len())
}

async fn assert_complete_without_log(store: &Store, versions: &[u64], after: &str) {
    assert_eq!(log_bytes(store), 0, "after {after}");
    assert_eq!(versions_in_copy(store).await, versions, "after {after}");
}

async fn published(service: &Service, version: u64) {
    let published = format!("published version {version}");
    service
        .wait_for_line(|line| line.contains(&published), DEADLINE)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_signal_the_file_alone_has_all_versions() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        for name in ["syncer", "pyflix"] {
            let (store, source) = (Store::sqlite(), Source::start().await);
            let service = match name {
                "syncer" => store.syncer(&source.url()),
                _ => pyflix(&store, &source).await,
            };
            published(&service, 1).await;
            rename(&source, "The second version");
            published(&service, 2).await;
            service.signal(signal);
            assert_eq!(service.wait_exit(DEADLINE).await.code(), Some(0));
            let after = format!("{signal:?} to {name}");
            assert_complete_without_log(&store, &[1, 2], &after).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_any_command_the_file_alone_has_all_versions_while_a_web_app_has_it_open() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let webapp = store.webapp().await;
    for (command, code, versions) in [
        (&["once"][..], 0, &[1][..]),
        (&["once"], 0, &[1, 2]),
        (&["pin", "2"], 0, &[1, 2]),
        (&["unpin"], 0, &[1, 2]),
        (&["approve"], 1, &[1, 2]),
        (&["history"], 0, &[1, 2]),
        (&["plan"], 0, &[1, 2]),
        (&["rollback", "1"], 0, &[1, 2, 3]),
        (&["rollback", "9"], 1, &[1, 2, 3]),
    ] {
        let end = store.command(&source.url(), command).await;
        assert_eq!(end.code, Some(code), "{command:?}: {end:?}");
        assert_complete_without_log(&store, versions, command[0]).await;
        rename(&source, "The second version");
    }
    let movies = format!("{}/movies", webapp.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_put_back_after_a_clean_stop_is_served_and_followed_by_new_versions() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let copy = store.file().with_extension("copy");
    let once = async || store.command(&source.url(), &["once"]).await;
    assert_eq!(once().await.code, Some(0));
    fs::copy(store.file(), &copy).unwrap();
    rename(&source, "The second version");
    let pyflix = pyflix(&store, &source).await;
    published(&pyflix, 2).await;
    pyflix.signal(Signal::TERM);
    assert_eq!(pyflix.wait_exit(DEADLINE).await.code(), Some(0));
    fs::copy(&copy, store.file()).unwrap();
    let webapp = store.webapp().await;
    let movies = format!("{}/movies", webapp.url());
    let first = wait_until_shows(&movies, "The Lantern Ferry").await;
    assert_eq!(first.header("x-catalogue-version"), Some("1"));
    rename(&source, "The third version");
    let again = once().await;
    assert_eq!(again.code, Some(0), "{again:?}");
    wait_until_shows(&movies, "The third version").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_web_app_that_stops_last_completes_the_file_of_a_killed_syncer() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let webapp = store.webapp().await;
    let syncer = store.syncer(&source.url());
    published(&syncer, 1).await;
    syncer.signal(Signal::KILL);
    syncer.wait_exit(DEADLINE).await;
    webapp.signal(Signal::TERM);
    assert_eq!(webapp.wait_exit(DEADLINE).await.code(), Some(0));
    assert_complete_without_log(&store, &[1], "the end of the web app").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_published_version_is_soon_in_the_file_of_a_running_pyflix() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let (url, source_url) = (store.url.clone(), source.url());
    let envs = [
        ("PYFLIX_DATABASE_URL", url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source_url),
        // Nothing is written after the first sync.
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    published(&pyflix, 1).await;
    eventually(DEADLINE, async || match versions_in_copy(&store).await {
        versions if versions == [1] => Ok(()),
        versions => Err(format!("{versions:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_log_neither_stops_a_publication_nor_the_end() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let pyflix = pyflix(&store, &source).await;
    published(&pyflix, 1).await;
    let hand = open_directly(&store);
    hand.execute_batch("BEGIN; SELECT * FROM state").unwrap();
    rename(&source, "While somebody reads");
    published(&pyflix, 2).await;
    let movies = format!("{}/movies", pyflix.url());
    wait_until_shows(&movies, "While somebody reads").await;
    pyflix.signal(Signal::TERM);
    assert_eq!(pyflix.wait_exit(DEADLINE).await.code(), Some(0));
    assert!(!pyflix.output().contains("WARN"), "{}", pyflix.output());
    hand.execute_batch("COMMIT").unwrap();
    drop(hand);
    // The last to close the file completes it.
    assert_complete_without_log(&store, &[1, 2], "the end of the reader").await;
}

/// A program that closes the last connection to a database deletes its log. It takes itself for the
/// last one if the locks of the others are gone.
#[tokio::test(flavor = "multi_thread")]
async fn another_program_that_reads_the_file_leaves_its_log_to_the_running_services() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let syncer = store.syncer(&source.url());
    published(&syncer, 1).await;
    let webapp = store.webapp().await;
    let log = store.file().with_extension("db-wal");
    let inode = |path: &Path| fs::metadata(path).map(|log| log.ino()).ok();
    let before = inode(&log);
    assert!(before.is_some(), "the services have a log");

    let read = "import sqlite3, sys; file = sqlite3.connect(sys.argv[1]); \
                file.execute('SELECT count(*) FROM parts').fetchall(); file.close()";
    let ended = std::process::Command::new("python3")
        .args(["-c", read])
        .arg(store.file())
        .status();
    assert!(ended.unwrap().success());
    assert_eq!(inode(&log), before, "the log is still that of the services");

    syncer.signal(Signal::KILL);
    syncer.wait_exit(DEADLINE).await;
    rename(&source, "The second version");
    let _syncer = store.syncer(&source.url());
    wait_until_shows(&format!("{}/movies", webapp.url()), "The second version").await;
}
