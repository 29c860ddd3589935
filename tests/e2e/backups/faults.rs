//! Backups and restores that fail or are killed.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use e2e::{DEADLINE, Store};
use rand::Rng;
use testkit::process::{Service, Signal, binary};
use testkit::source::{Fault, Source, film};

use super::{back_up, both_kinds, files, retitle, run, text};

/// A store of three rounds with some hundred films.
pub(super) async fn fill(store: &Store) -> Source {
    let source = Source::start().await;
    for number in 0..300 {
        source.add_film(film(number));
    }
    for round in 1..=3 {
        retitle(&source, round);
        run(store, &source, 0, &["once"]).await;
    }
    source
}

/// The versions and runs that `syncer history` lists.
pub(super) async fn history(
    store: &Store,
    source: &Source,
) -> (serde_json::Value, serde_json::Value) {
    let listed = run(store, source, 0, &["history", "--json"]).await.stdout;
    let mut listed: serde_json::Value = serde_json::from_str(&listed).unwrap();
    for header in listed["versions"].as_array_mut().unwrap() {
        header["fence"] = 0.into();
    }
    (listed["versions"].take(), listed["runs"].take())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_killed_at_any_moment_leaves_the_old_state_or_the_new() {
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("pyflix.tar");
    for store in both_kinds().await {
        let source = fill(&store).await;
        back_up(&store, &source, &backup).await;
        let new = history(&store, &source).await;
        retitle(&source, 4);
        run(&store, &source, 0, &["once"]).await;
        let old = history(&store, &source).await;
        assert_ne!(old, new);
        for _ in 0..12 {
            let envs = [
                ("PYFLIX_DATABASE_URL", store.url.as_str()),
                ("PYFLIX_LOG", "debug"),
            ];
            let args = ["restore", "--replace", text(&backup)];
            let restore = Service::start("syncer", &envs, &args);
            let moment = rand::rng().random_range(0..400);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            restore.signal(Signal::KILL);
            restore.wait_exit(DEADLINE).await;
            let found = history(&store, &source).await;
            assert!(found == old || found == new, "after {moment} ms: {found:?}");
        }
        // The next restore finds nothing in its way, and the next sync publishes upon it.
        run(&store, &source, 0, &["restore", "--replace", text(&backup)]).await;
        assert_eq!(history(&store, &source).await, new);
        run(&store, &source, 0, &["verify"]).await;
        run(&store, &source, 0, &["once"]).await;
        run(&store, &source, 0, &["verify"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_backup_is_refused_and_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [good, bad] = ["good.tar", "bad.tar"].map(|name| folder.path().join(name));
    let (from, to) = (Store::sqlite(), Store::sqlite());
    let source = fill(&from).await;
    back_up(&from, &source, &good).await;
    let bytes = fs::read(&good).unwrap();
    let middle = bytes.len() / 2;
    let mut flipped = bytes.clone();
    // Not in the padding of an entry, which is zero.
    let at = (middle..).find(|&at| flipped[at] != 0).unwrap();
    flipped[at] ^= 1;
    for (content, expected) in [
        (Vec::new(), "it is empty"),
        (b"a text file".to_vec(), "this is not a backup of PyFlix"),
        (bytes[..middle].to_vec(), "truncated or damaged"),
        (flipped, "truncated or damaged"),
    ] {
        fs::write(&bad, content).unwrap();
        let refused = run(&to, &source, 1, &["restore", text(&bad)]).await;
        assert!(refused.stderr.contains(expected), "{refused:?}");
        let listed = run(&to, &source, 0, &["history", "--json"]).await.stdout;
        assert!(listed.contains(r#""versions":[]"#), "{listed}");
    }
    let missing = run(&to, &source, 1, &["restore", "no-such-file"]).await;
    assert!(missing.stderr.contains("cannot read no-such-file"));
    run(&to, &source, 0, &["restore", text(&good)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_goes_through_pipes() {
    for (from, to) in both_kinds().await.into_iter().zip(both_kinds().await) {
        let source = fill(&from).await;
        let piped = tokio::task::spawn_blocking(move || {
            let command = |store: &Store, args: &[&str]| {
                let mut command = Command::new(binary("syncer"));
                command.args(args).env("PYFLIX_DATABASE_URL", &store.url);
                command
            };
            let mut backup = command(&from, &["backup", "-"])
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let output = backup.stdout.take().unwrap();
            let restore = command(&to, &["restore", "-"]).stdin(output).status();
            assert!(restore.unwrap().success());
            assert!(backup.wait().unwrap().success());

            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut broken = command(&from, &["backup", "-"]);
            let broken = broken.stdout(writer).stderr(Stdio::piped()).output();
            let broken = broken.unwrap();
            assert_eq!(broken.status.code(), Some(1));
            let printed = String::from_utf8_lossy(&broken.stderr).into_owned();
            assert!(printed.contains("cannot write the backup"), "{printed}");
            (from, to)
        });
        let (from, to) = piped.await.unwrap();
        assert_eq!(history(&from, &source).await, history(&to, &source).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_a_file_at_once_and_leaves_no_other() {
    let (store, folder) = (Store::sqlite(), tempfile::tempdir().unwrap());
    let broken = Source::start().await;
    broken.misbehave_everywhere(Fault::Status(500));
    let file = folder.path().join("pyflix.tar");
    let missing = run(&store, &broken, 1, &["backup", text(&file)]).await;
    assert!(missing.stderr.contains("there is no database at"));
    assert!(!store.file().exists());
    // Creates the database.
    run(&store, &broken, 1, &["once"]).await;
    let nothing = run(&store, &broken, 1, &["backup", text(&file)]).await;
    assert!(nothing.stderr.contains("nothing has been published yet"));
    assert_eq!(files(folder.path()), [""; 0]);
    let source = fill(&store).await;
    fs::write(&file, "an older backup").unwrap();
    back_up(&store, &source, &file).await;
    assert_eq!(files(folder.path()), ["pyflix.tar"]);
    assert!(fs::read(&file).unwrap().starts_with(b"manifest.json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_damage_and_exits_1_and_changes_nothing() {
    let store = Store::sqlite();
    let source = Source::start().await;
    let missing = run(&store, &source, 1, &["verify"]).await;
    assert!(missing.stderr.contains("there is no database at"));
    assert!(!store.file().exists());
    let source = fill(&store).await;
    run(&store, &source, 0, &["verify"]).await;
    let hand = rusqlite::Connection::open(store.file()).unwrap();
    hand.execute_batch(
        "DELETE FROM movies WHERE id LIKE '%000000000007';
         DELETE FROM parts WHERE name LIKE 'base/%';
         UPDATE runs SET fields = '{' WHERE key = (SELECT min(key) FROM runs);
         PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .unwrap();
    drop(hand);
    let before = fs::read(store.file()).unwrap();
    let found = run(&store, &source, 1, &["verify"]).await;
    for expected in [
        "base/",
        "it is missing",
        "runs/0",
        "`syncer once` repairs it",
        "delete it in a database shell",
    ] {
        assert!(found.stdout.contains(expected), "{found:?}");
    }
    assert!(
        found.stderr.contains("the database is damaged in 2 places"),
        "{found:?}"
    );
    assert_eq!(fs::read(store.file()).unwrap(), before);

    // An unreadable head, which other commands move aside.
    let hand = rusqlite::Connection::open(store.file()).unwrap();
    hand.execute_batch("UPDATE state SET head = '{'; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
    drop(hand);
    let found = run(&store, &source, 1, &["verify"]).await;
    assert!(found.stdout.contains("state/head: "), "{found:?}");
    let kept = files(store.file().parent().unwrap());
    assert!(
        !kept.iter().any(|name| name.contains("damaged")),
        "{kept:?}"
    );
}
