//! Files that are not databases of PyFlix are refused and left as they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use e2e::{DEADLINE, Store};
use rusqlite::Connection;
use testkit::process::{Finished, run_to_end};
use testkit::source::Source;

use super::open_directly;

const UNREACHABLE: &str = "http://127.0.0.1:9";

/// Every program and command that opens the database.
const PROGRAMS: [(&str, &[&str]); 13] = [
    ("webapp", &[]),
    ("pyflix", &[]),
    ("syncer", &[]),
    ("syncer", &["once"]),
    ("syncer", &["plan"]),
    ("syncer", &["history"]),
    ("syncer", &["approve"]),
    ("syncer", &["rollback", "1"]),
    ("syncer", &["pin", "1"]),
    ("syncer", &["unpin"]),
    ("syncer", &["backup", "-"]),
    ("syncer", &["restore", "pyflix.tar", "--replace"]),
    ("syncer", &["verify"]),
];

async fn run(store: &Store, source: &str, name: &str, args: &[&str]) -> Finished {
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", source),
        ("PYFLIX_LISTEN", "127.0.0.1:0"),
    ];
    run_to_end(name, &envs, args, DEADLINE).await
}

fn sqlite(path: &Path, statements: &str) {
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(statements).unwrap();
}

/// An SQLite file whose tables are in its log.
fn with_log(path: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("a.db");
    let connection = Connection::open(&file).unwrap();
    let statements = "PRAGMA journal_mode = WAL; CREATE TABLE notes (text)";
    connection.execute_batch(statements).unwrap();
    fs::copy(&file, path).unwrap();
    let log = file.with_extension("db-wal");
    fs::copy(log, path.with_extension("db-wal")).unwrap();
}

const SAME_NAMES: &str = "
    CREATE TABLE state (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE parts (name TEXT, price REAL);
    CREATE TABLE runs (distance REAL); CREATE TABLE quarantine (ip TEXT);
    CREATE TABLE findings (text TEXT); CREATE TABLE missing (text TEXT);
    CREATE TABLE unchanged_marker (text TEXT);
    CREATE TABLE movies (title TEXT); CREATE TABLE people (name TEXT);
    CREATE TABLE locations (name TEXT); CREATE TABLE species (name TEXT);
    CREATE TABLE vehicles (name TEXT);
    INSERT INTO movies VALUES ('My own');";

type Make = Box<dyn Fn(&Path)>;

fn foreign_files() -> Vec<(&'static str, Make)> {
    let statements =
        |statements: &'static str| -> Make { Box::new(|path| sqlite(path, statements)) };
    let bytes = |bytes: Vec<u8>| -> Make { Box::new(move |path| fs::write(path, &bytes).unwrap()) };
    vec![
        ("another table", statements("CREATE TABLE notes (text)")),
        (
            "another table, version 1",
            statements("CREATE TABLE notes (text); PRAGMA user_version = 1"),
        ),
        ("our names", statements(SAME_NAMES)),
        (
            "our names, version 1",
            Box::new(|path| {
                sqlite(path, SAME_NAMES);
                sqlite(path, "PRAGMA user_version = 1");
            }),
        ),
        (
            "one of our names, a newer version",
            statements("CREATE TABLE movies (title TEXT); PRAGMA user_version = 9"),
        ),
        (
            "the id of another program",
            statements("CREATE TABLE notes (text); PRAGMA application_id = 252006674"),
        ),
        (
            "the id of another program, no table",
            statements("PRAGMA application_id = 252006674"),
        ),
        ("no table, a version", statements("PRAGMA user_version = 1")),
        (
            "an empty log",
            statements("PRAGMA journal_mode = WAL; CREATE TABLE notes (text)"),
        ),
        ("tables in the log", Box::new(with_log)),
        ("a text", bytes(b"My notes\n".repeat(1_000))),
        ("a short text", bytes(b"x".to_vec())),
        ("zeros", bytes(vec![0; 8_192])),
        (
            "SQLite's magic, damaged",
            bytes([b"SQLite format 3\0".to_vec(), vec![0; 8_192]].concat()),
        ),
        ("SQLite's magic alone", bytes(b"SQLite format 3\0".to_vec())),
        ("a folder", Box::new(|path| fs::create_dir(path).unwrap())),
    ]
}

/// Every file of a folder by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let named = files.map(|file| {
        let name = file.file_name().to_string_lossy().into_owned();
        (name, fs::read(file.path()).unwrap_or_default())
    });
    named.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_program_is_refused_by_every_program_and_left_as_it_is() {
    for (what, make) in foreign_files() {
        let store = Store::sqlite();
        make(&store.file());
        let folder = store.file().parent().unwrap().to_owned();
        let before = contents(&folder);
        for (name, args) in PROGRAMS {
            let end = run(&store, UNREACHABLE, name, args).await;
            let case = format!("{what}: {name} {args:?}: {end:?}");
            assert_eq!(end.code, Some(2), "{case}");
            assert_eq!(end.stderr.trim().lines().count(), 1, "{case}");
            assert!(end.stderr.contains("pyflix.db"), "{case}");
            assert!(end.stderr.contains("PYFLIX_DATABASE_URL"), "{case}");
            assert!(contents(&folder) == before, "{case} changed the folder");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_our_id_is_adopted() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let once = run(&store, &source.url(), "syncer", &["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    let id = |store: &Store| -> i64 {
        open_directly(store)
            .pragma_query_value(None, "application_id", |row| row.get(0))
            .unwrap()
    };
    let ours = id(&store);
    assert_ne!(ours, 0);
    sqlite(&store.file(), "PRAGMA application_id = 0");
    let once = run(&store, &source.url(), "syncer", &["once"]).await;
    assert_eq!(once.code, Some(0), "{once:?}");
    assert!(once.stdout.contains("unchanged"), "{once:?}");
    assert_eq!(id(&store), ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_a_new_store() {
    let source = Source::start().await;
    for statements in [None, Some("VACUUM"), Some("PRAGMA journal_mode = WAL")] {
        let store = Store::sqlite();
        fs::write(store.file(), "").unwrap();
        if let Some(statements) = statements {
            sqlite(&store.file(), statements);
        }
        let once = run(&store, &source.url(), "syncer", &["once"]).await;
        assert_eq!(once.code, Some(0), "{statements:?}: {once:?}");
    }
}
