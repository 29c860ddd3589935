//! Databases and backups of every released version, opened by this one.
//!
//! `WRITE_RELEASED_STORE=1` writes those of this version to `tests/released_stores`: once, when it
//! is released.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use e2e::{DEADLINE, Store, get};
use mongodb::{Client, Database, bson};
use testkit::source::{self, Catalogue, Source};

use crate::mongodb_dump::{Dump, dump, restore};

/// The films that `/versions/N/ghibli/films` returned, by version.
type Films = BTreeMap<u64, String>;

/// The host in the links of [`Films`].
const HOST: &str = "http://pyflix.example";

#[tokio::test(flavor = "multi_thread")]
async fn an_sqlite_file_of_every_release_keeps_its_versions_and_gets_new_ones() {
    for release in releases().await {
        let store = Store::sqlite();
        std::fs::copy(release.join("pyflix.db"), store.file()).unwrap();
        assert_in_use(&store, &release).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongodb_of_every_release_keeps_its_versions_and_gets_new_ones() {
    for release in releases().await {
        let store = Store::mongodb().await;
        let bytes = std::fs::read(release.join("mongodb.bson")).unwrap();
        let dumped: Dump = bson::deserialize_from_slice(&bytes).unwrap();
        restore(&database(&store).await, &dumped, false).await;
        assert_in_use(&store, &release).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_every_release_is_restored_into_both_kinds_of_databases() {
    for release in releases().await {
        let source = Source::start().await;
        for store in [Store::sqlite(), Store::mongodb().await] {
            let backup = release.join("backup.tar");
            command(&store, &source, &["restore", backup.to_str().unwrap()]).await;
            assert_in_use(&store, &release).await;
        }
    }
}

/// Every version is served as it was, and the next sync publishes one more.
async fn assert_in_use(store: &Store, release: &Path) {
    let text = std::fs::read_to_string(release.join("films.json")).unwrap();
    let expected: Films = serde_json::from_str(&text).unwrap();
    let source = Source::start_with(last_catalogue()).await;
    command(store, &source, &["verify"]).await;
    assert_eq!(films(store, expected.len()).await, expected, "{release:?}");

    source.add_film(source::film(9));
    command(store, &source, &["once"]).await;
    let mut after = films(store, expected.len() + 1).await;
    let (_, newest) = after.pop_last().unwrap();
    assert!(newest.contains(source::film(9)["title"].as_str().unwrap()));
    assert_eq!(after, expected, "{release:?}");
    command(store, &source, &["verify"]).await;
}

/// A folder for each release.
async fn releases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("released_stores");
    if std::env::var_os("WRITE_RELEASED_STORE").is_some() {
        write(&folder.join(env!("CARGO_PKG_VERSION"))).await;
    }
    let entries = std::fs::read_dir(&folder).unwrap();
    let releases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    assert!(!releases.is_empty(), "{folder:?} is empty");
    releases
}

/// Writes what this version stores, unless it has been written.
async fn write(folder: &Path) {
    static WRITING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    let _writing = WRITING.lock().await;
    if folder.exists() {
        return;
    }
    std::fs::create_dir_all(folder).unwrap();
    let file = |name: &str| folder.join(name);

    let sqlite = Store::sqlite();
    let source = publish_versions(&sqlite).await;
    let backup = file("backup.tar");
    command(&sqlite, &source, &["backup", backup.to_str().unwrap()]).await;
    std::fs::copy(sqlite.file(), file("pyflix.db")).unwrap();
    let written = films(&sqlite, 3).await;

    let mongodb = Store::mongodb().await;
    publish_versions(&mongodb).await;
    assert_eq!(films(&mongodb, 3).await, written);
    let dumped = dump(&database(&mongodb).await, |_| true).await;
    let bytes = bson::serialize_to_vec(&dumped).unwrap();
    std::fs::write(file("mongodb.bson"), bytes).unwrap();
    let text = serde_json::to_string_pretty(&written).unwrap();
    std::fs::write(file("films.json"), text + "\n").unwrap();
}

/// Three versions with an added, a changed and a removed item, a record that cannot be read, and a
/// sync that is held.
async fn publish_versions(store: &Store) -> Source {
    let source = Source::start().await;
    command(store, &source, &["once"]).await;
    source.edit(|catalogue| {
        catalogue.films[0]["rt_score"] = "71".into();
        catalogue.films.push(source::film(7));
        catalogue
            .people
            .push(serde_json::json!({"id": "unreadable"}));
    });
    command(store, &source, &["once"]).await;
    source.set("films", last_catalogue().films);
    for _ in 0..4 {
        command(store, &source, &["once"]).await;
    }
    source.set("films", Vec::new());
    let held = store.command(&source.url(), &["once"]).await;
    assert_eq!(held.code, Some(3), "{held:?}");
    source
}

/// What the source has in the third version.
fn last_catalogue() -> Catalogue {
    let mut catalogue = Catalogue::invented();
    catalogue.films[0]["rt_score"] = "71".into();
    catalogue.films.pop();
    catalogue.films.push(source::film(7));
    catalogue
}

/// The films of versions 1 to `newest`.
async fn films(store: &Store, newest: usize) -> Films {
    let webapp = store.webapp().await;
    let mut films = Films::new();
    for version in 1..=u64::try_from(newest).unwrap() {
        let path = format!("/versions/{version}/ghibli/films");
        let url = format!("{}{path}", webapp.url());
        let found = testkit::eventually(DEADLINE, async || {
            let response = get(&url).await;
            (response.status == 200).then_some(response.body)
        })
        .await;
        films.insert(version, found.replace(webapp.url(), HOST));
    }
    films
}

async fn command(store: &Store, source: &Source, args: &[&str]) {
    let end = store.command(&source.url(), args).await;
    assert_eq!(end.code, Some(0), "{args:?}: {end:?}");
}

async fn database(store: &Store) -> Database {
    let client = Client::with_uri_str(&store.url).await.unwrap();
    client.default_database().unwrap()
}
