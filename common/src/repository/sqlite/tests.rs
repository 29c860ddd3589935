use std::fs;
use std::path::Path;

use super::*;
use crate::models::{Catalogue, Counts};
use crate::repository::{ContentDigest, Header};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Access::Writer, Clock::system()).unwrap()
}

/// Makes a file that holds a head, closed and with nothing in its log; the head's lineage.
async fn make(path: &Path) -> String {
    let store = open(path);
    let reading = store.acquire("a syncer", None).await.unwrap().unwrap();
    reading.head.lineage
}

async fn lineage(store: &SqliteStore) -> Option<String> {
    let reading = store.head().await.unwrap();
    reading.map(|reading| reading.head.lineage)
}

fn files_moved_aside(folder: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap());
    files
        .filter(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            name.contains(".db.damaged-") && !name.ends_with("-wal") && !name.ends_with("-shm")
        })
        .map(|file| fs::read(file.path()).unwrap())
        .collect()
}

/// Overwrites all bytes from `from` on; the bytes of the damaged file.
fn damage(path: &Path, from: usize) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    bytes[from..].fill(7);
    fs::write(path, &bytes).unwrap();
    bytes
}

#[tokio::test]
async fn a_file_found_damaged_at_the_start_is_kept_aside_and_a_new_one_is_made() {
    // Of the header, all but the id, and none.
    for intact in [72, 100] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pyflix.db");
        make(&path).await;
        let damaged = damage(&path, intact);
        let store = open(&path);
        assert_eq!(lineage(&store).await, None);
        store.acquire("a syncer", None).await.unwrap().unwrap();
        assert_eq!(
            files_moved_aside(folder.path()),
            [damaged],
            "nothing is lost"
        );
    }
}

#[tokio::test]
async fn a_file_damaged_under_a_running_process_is_kept_aside_and_a_new_one_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    let before = make(&path).await;
    let store = open(&path);
    let damaged = damage(&path, 100);
    assert!(store.head().await.is_err());
    assert_eq!(
        lineage(&store).await,
        None,
        "the next look finds a new file"
    );
    let reading = store.acquire("a syncer", None).await.unwrap().unwrap();
    assert_ne!(reading.head.lineage, before);
    assert_eq!(lineage(&store).await, Some(reading.head.lineage));
    assert_eq!(files_moved_aside(folder.path()), [damaged]);
}

#[tokio::test]
async fn a_file_that_was_cut_short_is_kept_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..4096 + 100]).unwrap();
    let store = open(&path);
    // Whether opening or the first look finds out depends on where it was cut.
    let _ = store.head().await;
    assert_eq!(lineage(&store).await, None);
    assert_eq!(files_moved_aside(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_head_that_cannot_be_read_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let store = open(&path);
    let hand = Connection::open(&path).unwrap();
    hand.execute("UPDATE state SET head = '{}'", []).unwrap();
    drop(hand);
    assert!(store.head().await.is_err());
    assert_eq!(lineage(&store).await, None);
    assert_eq!(files_moved_aside(folder.path()).len(), 1);
}

#[tokio::test]
async fn a_file_that_was_replaced_or_removed_is_noticed_and_the_new_one_keeps_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let store = open(&path);
    lineage(&store).await.unwrap();
    for suffix in ["-wal", "-shm", ""] {
        let name = format!("{}{suffix}", path.display());
        fs::remove_file(name).unwrap();
    }
    let another = open(&path);
    let reading = another.acquire("another", None).await.unwrap().unwrap();
    assert_eq!(lineage(&store).await, Some(reading.head.lineage.clone()));
    drop(store);
    let third = open(&path);
    assert_eq!(lineage(&third).await, Some(reading.head.lineage));
    assert!(
        files_moved_aside(folder.path()).is_empty(),
        "nothing was damaged"
    );
}

#[tokio::test]
async fn a_file_of_a_newer_release_is_refused_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let hand = Connection::open(&path).unwrap();
    hand.pragma_update(None, "user_version", 99).unwrap();
    drop(hand);
    let before = fs::read(&path).unwrap();
    let denied = SqliteStore::open(&path, Access::Writer, Clock::system()).unwrap_err();
    assert!(denied.to_string().contains("newer release"), "{denied}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert!(files_moved_aside(folder.path()).is_empty());
}

#[tokio::test]
async fn a_file_overwritten_by_another_program_under_a_running_process_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let store = open(&path);
    fs::write(&path, "notes ".repeat(10_000)).unwrap();
    // Whether the pages in memory are looked at first depends on SQLite.
    let _ = store.head().await;
    let denied = store.head().await.unwrap_err().to_string();
    assert!(denied.contains("not an SQLite database"), "{denied}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "notes ".repeat(10_000));
    assert!(files_moved_aside(folder.path()).is_empty());
}

#[tokio::test]
async fn a_lock_of_the_file_is_waited_for_no_longer_than_one_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    let before = make(&path).await;
    let lock = fs::File::open(folder.path().join("pyflix.db.lock")).unwrap();
    lock.lock().unwrap();
    let store = open(&path);
    let denied = store.head().await.unwrap_err().to_string();
    assert!(denied.contains("stop that process"), "{denied}");
    lock.unlock().unwrap();
    assert_eq!(lineage(&store).await, Some(before));
}

#[tokio::test]
async fn a_file_that_is_ready_is_read_while_another_holds_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    let before = make(&path).await;
    let mut hand = Connection::open(&path).unwrap();
    let lock = hand.transaction_with_behavior(TransactionBehavior::Immediate);
    let lock = lock.unwrap();
    let store = open(&path);
    assert_eq!(lineage(&store).await, Some(before));
    let denied = store.acquire("a syncer", None).await.unwrap_err();
    assert!(denied.to_string().contains("stop that process"), "{denied}");
    lock.rollback().unwrap();
    assert!(store.acquire("a syncer", None).await.unwrap().is_ok());
}

#[tokio::test]
async fn the_clock_is_read_under_the_write_lock() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pyflix.db");
    make(&path).await;
    let readings = Arc::new(Mutex::new(Vec::new()));
    let clock = Clock::from_fn({
        let (path, readings) = (path.clone(), readings.clone());
        move || {
            let other = Connection::open(&path).unwrap();
            other.busy_timeout(Duration::ZERO).unwrap();
            let is_locked = other.execute_batch("BEGIN IMMEDIATE").is_err();
            readings.lock().unwrap().push(is_locked);
            Clock::system().now()
        }
    });
    let store = SqliteStore::open(&path, Access::Writer, clock).unwrap();
    let lease = store.acquire("another syncer", None).await.unwrap();
    assert!(lease.is_err(), "the first syncer has it");
    let fence = 1;
    store.renew(fence).await.unwrap();
    let commit = Commit {
        fence,
        header: Header {
            version: 1,
            fence,
            at: Timestamp::UNIX_EPOCH,
            parts: 0,
            changes: Counts::default(),
            note: None,
            first: true,
            reset: false,
            content: ContentDigest::of(&Catalogue::default()),
        },
        keep_from: 1,
        base: None,
        pin: None,
    };
    store.commit(&commit).await.unwrap();
    store.release(fence, Release::default()).await.unwrap();
    assert_eq!(*readings.lock().unwrap(), [true; 4]);
}
