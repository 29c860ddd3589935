//! The SQLite file under kills, damage, locks and a full disk.

mod access;
mod copy;
mod foreign;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2e::{DEADLINE, Store, get, unshare_mounts, wait_until_shows};
use rusqlite::{Connection, TransactionBehavior};
use testkit::eventually;
use testkit::process::{Service, Signal, binary, run_to_end};
use testkit::source::Source;

const KILLS: u64 = 20;

fn rename(source: &Source, title: &str) {
    source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
}

fn open_directly(store: &Store) -> Connection {
    let connection = Connection::open(store.file()).unwrap();
    connection.busy_timeout(DEADLINE).unwrap();
    connection
}

fn version(connection: &Connection) -> u64 {
    let version = "SELECT json_extract(head, '$.version') FROM state";
    connection
        .query_row(version, [], |row| row.get::<_, i64>(0))
        .unwrap()
        .cast_unsigned()
}

/// The last version that a syncer logged as published.
fn last_acknowledged_version(output: &str) -> Option<u64> {
    let mut lines = output.lines().filter_map(|line| {
        let (_, rest) = line.split_once("published version ")?;
        rest.split(':').next()?.parse().ok()
    });
    lines.next_back()
}

/// Starts `pyflix` on a store.
async fn pyflix(store: &Store, source: &Source) -> Service {
    let source = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source),
        ("PYFLIX_SYNC_INTERVAL", "250ms"),
    ];
    Service::start_web("pyflix", &envs, &[], DEADLINE).await
}

/// The list of movies of a `pyflix` that another program started, by the address that it prints.
async fn movies_url(pyflix: &Service) -> String {
    let line = pyflix
        .wait_for_line(|line| line.contains("PyFlix is running at"), DEADLINE)
        .await;
    let url = &line[line.find("http://").unwrap()..];
    format!("{}/movies", url.trim_end_matches(['/', '.']))
}

/// Overwrites all but the header, which says whose file it is.
fn damage(store: &Store) {
    let mut bytes = fs::read(store.file()).unwrap();
    bytes[100..].fill(7);
    fs::write(store.file(), bytes).unwrap();
}

/// The damaged files that were moved aside.
fn damaged_files(store: &Store) -> Vec<PathBuf> {
    let folder = fs::read_dir(store.file().parent().unwrap()).unwrap();
    let files = folder.map(|file| file.unwrap().path());
    let is_main = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("pyflix.db.damaged-") && name.ends_with('Z')
    };
    files.filter(is_main).collect()
}

#[tokio::test]
async fn rows_changed_by_hand_are_repaired_by_once_as_verify_says() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = async |command: &[&str]| store.command(&source.url(), command).await;
    assert_eq!(run(&["once"]).await.code, Some(0));
    open_directly(&store)
        .execute("DELETE FROM movies", [])
        .unwrap();

    let verified = run(&["verify"]).await;
    assert_eq!(verified.code, Some(1), "{verified:?}");
    assert!(verified.stdout.contains("`syncer once` repairs it"));
    assert_eq!(run(&["once"]).await.code, Some(0));
    let verified = run(&["verify"]).await;
    assert_eq!(verified.code, Some(0), "{verified:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_while_publishing_lose_nothing_and_leave_the_file_intact() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &source.url()),
        ("PYFLIX_SYNC_INTERVAL", "100ms"),
    ];
    let mut last = 1;
    // On a busy machine it takes more kills until one comes after a commit.
    for kill in 0.. {
        if kill >= KILLS && last > 2 {
            break;
        }
        rename(&source, &format!("Kill {kill}"));
        let requests = source.requests("vehicles");
        let syncer = Service::start("syncer", &envs, &[]);
        let whole = source.wait_for_requests("vehicles", requests + 1, DEADLINE);
        whole.await;
        // Spread over the few milliseconds of comparing, publishing and recording.
        tokio::time::sleep(Duration::from_micros(kill * 1500)).await;
        syncer.signal(Signal::KILL);
        syncer.wait_exit(DEADLINE).await;

        let hand = open_directly(&store);
        let sound: String = hand
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sound, "ok", "after kill {kill}");
        let now = version(&hand);
        let acknowledged = last_acknowledged_version(&syncer.output()).unwrap_or(0);
        assert!(
            now >= last.max(acknowledged),
            "{now} after {last}, {acknowledged} was acknowledged"
        );
        last = now;
        // Instead of waiting for six seconds.
        hand.execute(
            "UPDATE state SET head = json_set(head, '$.lease.expires', '1970-01-01T00:00:00Z')
             WHERE json_extract(head, '$.lease') IS NOT NULL",
            [],
        )
        .unwrap();
    }
    rename(&source, "At last");
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let movies = format!("{}/movies", webapp.url());
    wait_until_shows(&movies, "At last").await;
    let shown = open_directly(&store)
        .query_row(
            "SELECT count(*) FROM movies WHERE json_extract(document, '$.title') = 'At last'",
            [],
            |row| row.get::<_, i64>(0),
        )
        .unwrap();
    assert_eq!(shown, 1, "the view is repaired");
    assert!(damaged_files(&store).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_damaged_under_a_running_pyflix_is_moved_aside_and_recreated_without_a_failed_page()
{
    let (store, source) = (Store::sqlite(), Source::start().await);
    let pyflix = pyflix(&store, &source).await;
    let movies = format!("{}/movies", pyflix.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
    wait_until_stored(&store).await;

    // Pages in the write-ahead log would hide the damage.
    let whole = "PRAGMA wal_checkpoint(TRUNCATE)";
    eventually(DEADLINE, async || {
        let busy = open_directly(&store).query_row(whole, [], |row| row.get::<_, i64>(0));
        (busy == Ok(0))
            .then_some(())
            .ok_or("somebody reads the log")
    })
    .await;
    damage(&store);
    rename(&source, "After the damage");
    let changed = async || match get(&movies).await {
        response if response.status != 200 => Err(format!("{}", response.status)),
        response if response.body.contains("After the damage") => Ok(()),
        _ => Err("the old page".to_owned()),
    };
    eventually(DEADLINE, changed).await;
    let is_told = |line: &str| line.contains("was moved aside");
    pyflix.wait_for_line(is_told, DEADLINE).await;
    let aside = damaged_files(&store);
    assert_eq!(aside.len(), 1, "{aside:?}");
    rename(&source, "In the new file");
    wait_until_shows(&movies, "In the new file").await;
}

async fn wait_until_stored(store: &Store) {
    eventually(DEADLINE, async || {
        let hand = Connection::open(store.file()).map_err(|error| error.to_string())?;
        let stored = hand.query_row("SELECT count(*) FROM runs", [], |row| row.get::<_, i64>(0));
        match stored {
            Ok(1..) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test]
async fn at_the_start_a_damaged_file_is_moved_aside_and_a_newer_one_refused_and_left_unchanged() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let run = store.command(&source.url(), &["once"]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    damage(&store);
    let run = store.command(&source.url(), &["once"]).await;
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("was moved aside"), "{}", run.stderr);
    assert_eq!(damaged_files(&store).len(), 1);

    open_directly(&store)
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(store.file()).unwrap();
    for name in ["syncer", "webapp", "pyflix"] {
        let args: &[&str] = if name == "syncer" { &["once"] } else { &[] };
        let envs = [
            ("PYFLIX_DATABASE_URL", store.url.as_str()),
            ("PYFLIX_PROVIDER_URLS", &source.url()),
            ("PYFLIX_LISTEN", "127.0.0.1:0"),
        ];
        let run = run_to_end(name, &envs, args, DEADLINE).await;
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        assert!(run.stderr.contains("newer release"), "{}", run.stderr);
    }
    assert_eq!(fs::read(store.file()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_another_process_locks_the_file_pages_are_served_and_syncs_resume_after() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let pyflix = pyflix(&store, &source).await;
    let movies = format!("{}/movies", pyflix.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
    wait_until_stored(&store).await;

    let mut hand = open_directly(&store);
    let lock = hand
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    rename(&source, "After the lock");
    let is_reported = |line: &str| line.contains("cannot sync") && line.contains("locked");
    pyflix.wait_for_line(is_reported, DEADLINE).await;
    let response = get(&movies).await;
    assert_eq!(response.status, 200);
    assert!(response.body.contains("The Lantern Ferry"));
    lock.rollback().unwrap();
    wait_until_shows(&movies, "After the lock").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_locked_at_the_start_is_reported_and_waited_for() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let mut hand = open_directly(&store);
    let lock = hand
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let (webapp, once) = tokio::join!(store.webapp(), async {
        store.command(&source.url(), &["once"]).await
    });
    assert_eq!(once.code, Some(1), "{once:?}");
    assert_eq!(once.stderr.trim().lines().count(), 1, "{once:?}");
    assert!(once.stderr.contains("stop that process"), "{once:?}");
    let syncer = store.syncer(&source.url());
    for (service, says) in [
        (&webapp, "cannot read the database"),
        (&syncer, "cannot sync"),
    ] {
        let clear = |line: &str| line.contains(says) && line.contains("stop that process");
        service.wait_for_line(clear, DEADLINE).await;
    }
    for path in ["/movies", "/readyz"] {
        let response = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(response.status, 503, "{path}");
        assert!(response.header("retry-after").is_some(), "{path}");
    }
    lock.rollback().unwrap();
    let movies = format!("{}/movies", webapp.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
    wait_until_stored(&store).await;
    drop(syncer);

    // A new reader of an initialized file needs no lock.
    let lock = hand
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let reader = store.webapp().await;
    let movies = format!("{}/movies", reader.url());
    wait_until_shows(&movies, "The Lantern Ferry").await;
    drop(lock);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_pages_are_served_and_syncs_resume_once_there_is_room() {
    let Some(unshare) = unshare_mounts() else {
        let name = "on_a_full_disk_pages_are_served_and_syncs_resume_once_there_is_room";
        testkit::skips::skip(name, "needs root and unshare, for a disk of its own");
        return;
    };
    let (folder, source) = (tempfile::tempdir().unwrap(), Source::start().await);
    let script = format!(
        "mount -t tmpfs -o size=4m none . && cd . && \
         PYFLIX_DATABASE_URL=sqlite:$PWD/pyflix.db PYFLIX_PROVIDER_URLS={} \
         PYFLIX_SYNC_INTERVAL=250ms PYFLIX_LISTEN=127.0.0.1:0 exec {}",
        source.url(),
        binary("pyflix").display()
    );
    let args = ["--mount", "sh", "-c", &script];
    let pyflix = Service::start_program(folder.path(), unshare, &args);
    let movies = movies_url(&pyflix).await;
    wait_until_shows(&movies, "The Lantern Ferry").await;
    pyflix
        .wait_for_line(|line| line.contains("published version 1"), DEADLINE)
        .await;

    // The disk through the process's mount namespace.
    let disk = PathBuf::from(format!(
        "/proc/{}/root{}",
        pyflix.pid(),
        folder.path().display()
    ));
    let ballast = disk.join("ballast");
    let full = fs::write(&ballast, vec![0; 8 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    rename(&source, &"A title that needs room ".repeat(4_000));
    pyflix
        .wait_for_line(|line| line.contains("is full"), DEADLINE)
        .await;
    assert_eq!(get(&movies).await.status, 200);
    fs::remove_file(&ballast).unwrap();
    rename(&source, "With room again");
    wait_until_shows(&movies, "With room again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_becomes_read_only_does_not_stop_a_running_process() {
    let name = "a_folder_that_becomes_read_only_does_not_stop_a_running_process";
    let (store, source) = (Store::sqlite(), Source::start().await);
    let folder = store.file().parent().unwrap().to_owned();
    // Root ignores permissions, so the program runs as another user.
    let (nobody, setpriv) = (65_534, Path::new("/usr/bin/setpriv"));
    let given = std::os::unix::fs::chown(&folder, Some(nobody), Some(nobody));
    if given.is_err() || !setpriv.exists() {
        testkit::skips::skip(name, "needs root and setpriv, for a user of its own");
        return;
    }
    let script = format!(
        "PYFLIX_DATABASE_URL={} PYFLIX_PROVIDER_URLS={} PYFLIX_SYNC_INTERVAL=250ms \
         PYFLIX_LISTEN=127.0.0.1:0 exec {}",
        store.url,
        source.url(),
        binary("pyflix").display()
    );
    let (user, group) = (format!("--reuid={nobody}"), format!("--regid={nobody}"));
    let args = [&user, &group, "--clear-groups", "sh", "-c", &script];
    let pyflix = Service::start_program(&folder, setpriv, &args);
    let movies = movies_url(&pyflix).await;
    wait_until_shows(&movies, "The Lantern Ferry").await;
    wait_until_stored(&store).await;

    let mode = |path: &Path, mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        fs::set_permissions(path, mode).unwrap();
    };
    for file in fs::read_dir(&folder).unwrap() {
        mode(&file.unwrap().path(), 0o444);
    }
    mode(&folder, 0o555);
    rename(&source, "In a read-only folder");
    wait_until_shows(&movies, "In a read-only folder").await;
    let output = pyflix.output();
    assert!(!output.contains("cannot"), "{output}");
}

#[tokio::test]
async fn a_folder_that_is_not_writable_stops_the_start_with_one_clear_line() {
    let Some(unshare) = unshare_mounts() else {
        let name = "a_folder_that_is_not_writable_stops_the_start_with_one_clear_line";
        testkit::skips::skip(name, "needs root and unshare, for a disk of its own");
        return;
    };
    // An empty folder, and one with a published version.
    for before in ["true", "syncer once"] {
        for name in ["syncer", "webapp", "pyflix"] {
            read_only_from_the_start(unshare, before, name).await;
        }
    }
}

async fn read_only_from_the_start(unshare: &Path, before: &str, name: &str) {
    let (folder, source) = (tempfile::tempdir().unwrap(), Source::start().await);
    let programs = binary(name);
    let script = format!(
        "export PATH={}:$PATH PYFLIX_LISTEN=127.0.0.1:0 PYFLIX_PROVIDER_URLS={} && \
         mount -t tmpfs none . && cd . && export PYFLIX_DATABASE_URL=sqlite:$PWD/pyflix.db && \
         {before} >/dev/null && mount -o remount,ro . && exec {name}",
        programs.parent().unwrap().display(),
        source.url()
    );
    let args = ["--mount", "sh", "-c", &script];
    let service = Service::start_program(folder.path(), unshare, &args);
    let status = service.wait_exit(DEADLINE).await;
    let output = service.output();
    assert_eq!(status.code(), Some(2), "{name}: {output}");
    assert_eq!(output.trim().lines().count(), 1, "{output}");
    assert!(output.contains("PYFLIX_DATABASE_URL"), "{output}");
    assert!(output.contains("Read-only file system"), "{output}");
    assert!(output.contains("mount it for writing"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_does_not_create_a_missing_file() {
    let (store, source) = (Store::sqlite(), Source::start().await);
    let plan = store.command(&source.url(), &["plan"]).await;
    assert_eq!(plan.code, Some(0), "{plan:?}");
    assert!(plan.stdout.contains("a sync would publish: "), "{plan:?}");
    assert!(!store.file().exists());
}
