//! Backups to a full disk, and restores into a database that has no room.

use std::fs;
use std::path::Path;

use e2e::{DEADLINE, Store, unshare_mounts};
use mongodb::bson::doc;
use testkit::mongo::{Mongo, MongoOptions};
use testkit::process::{Service, binary};
use testkit::skips::skip;
use testkit::source::{Source, film};

use super::faults::{fill, history};
use super::{back_up, retitle, run, text};

/// Runs a shell script on a disk of its own, which is mounted at `folder`; returns what it prints.
async fn on_a_small_disk(unshare: &Path, folder: &Path, size: &str, script: &str) -> String {
    let programs = binary("syncer").parent().unwrap().display().to_string();
    let script = format!(
        "export PATH={programs}:$PATH && mount -t tmpfs -o size={size} none . && cd . && {script}"
    );
    let arguments = ["--mount", "sh", "-c", &script];
    let shell = Service::start_program(folder, unshare, &arguments);
    shell.wait_exit(DEADLINE).await;
    shell.output()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_to_a_full_disk_fails_and_leaves_the_old_file() {
    let Some(unshare) = unshare_mounts() else {
        let name = "a_backup_to_a_full_disk_fails_and_leaves_the_old_file";
        return skip(name, "needs root and unshare, for a disk of its own");
    };
    let (store, folder) = (Store::sqlite(), tempfile::tempdir().unwrap());
    fill(&store).await;
    let script = format!(
        "echo old > pyflix.tar && PYFLIX_DATABASE_URL={} syncer backup pyflix.tar; \
         echo code $?; echo content $(cat pyflix.tar); echo files $(ls -A)",
        store.url
    );
    let printed = on_a_small_disk(unshare, folder.path(), "16k", &script).await;
    for line in ["code 1", "content old", "files pyflix.tar"] {
        assert!(printed.lines().any(|found| found == line), "{printed}");
    }
    assert!(printed.contains("No space left on device"), "{printed}");
}

/// A source with 600 KB that do not compress.
async fn large_source() -> Source {
    let source = Source::start().await;
    for number in 0..300 {
        let mut film = film(number);
        film["description"] = text_without_patterns(2_000).into();
        source.add_film(film);
    }
    source
}

fn text_without_patterns(length: usize) -> String {
    let random = rand::random_iter::<u8>().map(|byte| char::from(b'0' + byte % 64));
    random
        .filter(char::is_ascii_alphanumeric)
        .take(length)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_to_a_full_disk_fails_and_leaves_the_file_as_it_was() {
    let Some(unshare) = unshare_mounts() else {
        let name = "a_restore_to_a_full_disk_fails_and_leaves_the_file_as_it_was";
        return skip(name, "needs root and unshare, for a disk of its own");
    };
    let (large, small) = (large_source().await, Source::start().await);
    let (from, kept) = (Store::sqlite(), tempfile::tempdir().unwrap());
    let backup = kept.path().join("pyflix.tar");
    run(&from, &large, 0, &["once"]).await;
    back_up(&from, &large, &backup).await;
    // With no room at all, with room for the first parts, and with room for most.
    for room in ["0k", "100k", "300k"] {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "export PYFLIX_DATABASE_URL=sqlite:$PWD/pyflix.db PYFLIX_PROVIDER_URLS={source}
             syncer once 2>/dev/null; syncer history --json > {kept}/before
             head -c {room} /dev/zero > room; cat /dev/zero > ballast 2>/dev/null; rm room
             syncer restore --replace {backup} 2>&1 | sed 's/^/restore: /'
             syncer restore --replace {backup} 2>/dev/null; echo code $?
             rm ballast; syncer history --json > {kept}/after
             syncer verify; echo verified $?
             syncer once; echo synced $?
             mount -o remount,size=100m . && syncer restore --replace {backup}; echo restored $?",
            source = small.url(),
            kept = kept.path().display(),
            backup = backup.display(),
        );
        let printed = on_a_small_disk(unshare, folder.path(), "1m", &script).await;
        for line in ["code 1", "verified 0", "synced 0", "restored 0"] {
            assert!(
                printed.lines().any(|found| found == line),
                "{room}: {printed}"
            );
        }
        let reasons = printed.lines().filter(|line| line.starts_with("restore: "));
        let reasons: Vec<_> = reasons.collect();
        assert_eq!(reasons.len(), 1, "{room}: {printed}");
        assert!(reasons[0].contains("the disk is full"), "{reasons:?}");
        let listed = |name: &str| fs::read_to_string(kept.path().join(name)).unwrap();
        assert_eq!(listed("before"), listed("after"), "{room}: {printed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_into_a_mongodb_without_room_fails_and_leaves_it_as_it_was() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let store = Store::at(mongo.url("movies_db"));
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("pyflix.tar");
    let source = fill(&store).await;
    back_up(&store, &source, &backup).await;
    retitle(&source, 4);
    run(&store, &source, 0, &["once"]).await;
    let before = history(&store, &source).await;
    let full = doc! { "errorCode": 14_031 };
    let failing = mongo.fail(1_000, &["insert"], "pyflix", full).await;
    let refused = run(&store, &source, 1, &["restore", "--replace", text(&backup)]).await;
    assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    assert!(
        refused.stderr.contains("the disk of MongoDB is full"),
        "{refused:?}"
    );
    assert_eq!(history(&store, &source).await, before);
    failing.end().await;
    run(&store, &source, 0, &["verify"]).await;
    run(&store, &source, 0, &["restore", "--replace", text(&backup)]).await;
    run(&store, &source, 0, &["verify"]).await;
}
