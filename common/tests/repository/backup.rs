use std::io::{self, Read, Write};

use common::models::{Catalogue, Kind};
use common::repository::{
    Backup, BackupError, BackupLock, Head, HeadPatch, Header, PartKind, Replacement, Repository,
    Row, StoreError, Table,
};

use crate::faulty_store::{FaultyStore, Stop};
use crate::fixture::{
    Fixture, PartDamage, catalogue, damage_part, movie, next_version, publish, with, without,
};
use crate::history::assert_the_view_shows;
use crate::stopping::sync;

/// More writes than a restore of these stores makes.
const MAX_WRITES: u32 = 200;

async fn begin(repository: &Repository, lock: BackupLock) -> Result<Backup, BackupError> {
    repository.begin_backup(lock, |_| {}).await
}

pub(crate) async fn back_up(repository: &Repository) -> Result<Vec<u8>, BackupError> {
    let backup = begin(repository, BackupLock::Brief).await?;
    backup.write(Vec::new(), &|_| {}).await
}

pub(crate) async fn restore(
    repository: &Repository,
    backup: &[u8],
    replacement: Replacement,
) -> Result<Header, BackupError> {
    let source = io::Cursor::new(backup.to_vec());
    repository
        .restore(source, replacement, |_| {}, &|_| {})
        .await
}

/// Publishes versions with all that belongs to a store; the last edition is pinned.
async fn fill(store: &Fixture, editions: u32) -> Repository {
    let repository = store.open().await.with_items_per_part(10);
    for edition in 1..=editions {
        let wanted = without(&catalogue(25, 1), edition as usize);
        let wanted = with(&wanted, movie(0, edition));
        sync(&repository, &wanted, edition).await.unwrap();
    }
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    for patch in [
        HeadPatch::Pin(Some(editions.into())),
        HeadPatch::Approval(Some("a delta".into())),
    ] {
        lease.patch_head(&patch).await.unwrap();
    }
    lease.release(None).await.unwrap();
    repository
}

/// All that a store holds, save lineage, fences and lease.
#[derive(Debug, PartialEq)]
struct Content {
    head: Head,
    versions: Vec<Catalogue>,
    rows: Vec<Vec<Row>>,
}

async fn content(repository: &Repository) -> Content {
    let head = repository.head().await.unwrap().unwrap();
    let current = repository.load().await.unwrap().unwrap();
    assert_eq!(current.damage, []);
    let mut versions = Vec::new();
    for header in &head.log {
        let rewound = repository.rewind(&current, header.version).await;
        versions.push(rewound.unwrap().unwrap().catalogue);
    }
    let mut rows = Vec::new();
    for table in Table::BACKED_UP {
        rows.push(repository.store().rows(table, None).await.unwrap());
    }
    let log = head.log.iter().map(|header| Header {
        fence: 0,
        ..header.clone()
    });
    let head = Head {
        lineage: String::new(),
        fence: 0,
        base: head
            .base
            .map(|base| common::repository::Base { fence: 0, ..base }),
        posters: 0,
        log: log.collect(),
        ..head
    };
    Content {
        head,
        versions,
        rows,
    }
}

async fn assert_undamaged(repository: &Repository) {
    let report = repository.verify().await.unwrap();
    assert_eq!(report.defects, []);
}

pub(crate) async fn a_backup_restores_all_of_a_store_into_either_kind(store: &Fixture) {
    let repository = fill(store, 4).await;
    let before = content(&repository).await;
    assert_eq!(before.versions.len(), 4);
    let lineage = repository.head().await.unwrap().unwrap().lineage;
    let backup = back_up(&repository).await.unwrap();
    let other = if store.is_mongodb() {
        Fixture::sqlite()
    } else {
        Fixture::mongodb().await
    };
    for empty in [store.fresh().await, other] {
        let target = empty.open().await;
        let header = restore(&target, &backup, Replacement::Refused).await;
        assert_eq!(header.unwrap().version, 4);
        assert_eq!(content(&target).await, before);
        assert_ne!(target.head().await.unwrap().unwrap().lineage, lineage);
        assert_undamaged(&target).await;
        let current = target.load().await.unwrap().unwrap();
        assert_the_view_shows(&target, &current.catalogue).await;

        // Later runs have higher numbers, and publish upon it.
        let next = with(&current.catalogue, movie(0, 9));
        let last = target.runs(1).await.unwrap()[0].number;
        let published = sync(&target, &next, 9).await.unwrap().unwrap();
        assert_eq!((published.version(), &published.catalogue), (5, &next));
        assert!(target.runs(1).await.unwrap()[0].number > last);
        assert_undamaged(&target).await;
    }
}

pub(crate) async fn a_store_with_a_version_is_restored_only_with_permission(store: &Fixture) {
    let backup = back_up(&fill(&store.fresh().await, 2).await).await.unwrap();
    let repository = fill(store, 5).await;
    let before = content(&repository).await;
    let refused = restore(&repository, &backup, Replacement::Refused).await;
    assert!(
        matches!(refused, Err(BackupError::NotEmpty { version: 5 })),
        "{refused:?}"
    );
    assert_eq!(content(&repository).await, before);

    let mut follower = store.open().await.follow();
    let known = next_version(&mut follower).await;
    restore(&repository, &backup, Replacement::Allowed)
        .await
        .unwrap();
    let followed = next_version(&mut follower).await;
    assert_eq!((known.version(), followed.version()), (5, 2));
    assert_ne!(known.lineage, followed.lineage);
    assert_eq!(
        followed.catalogue,
        with(&without(&catalogue(25, 1), 2), movie(0, 2))
    );
    assert_the_view_shows(&repository, &followed.catalogue).await;
    assert_undamaged(&repository).await;
    let parts = repository.store().parts().await.unwrap();
    let head = repository.head().await.unwrap().unwrap();
    assert_eq!(parts.len(), head.parts().count(), "the old parts are gone");
}

pub(crate) async fn a_truncated_or_changed_backup_changes_nothing(store: &Fixture) {
    let backup = back_up(&fill(&store.fresh().await, 3).await).await.unwrap();
    let repository = fill(store, 2).await;
    let before = content(&repository).await;
    let samples = if store.is_mongodb() { 12 } else { 60 };
    // The end of a tar file is padding.
    let end = backup.iter().rposition(|&byte| byte != 0).unwrap();
    for at in (0..end - 7).step_by(end / samples).map(|at| at + at % 7) {
        let truncated = restore(&repository, &backup[..at], Replacement::Allowed).await;
        let mut refused = vec![truncated];
        // The padding between entries has no content.
        if backup[at] != 0 {
            let mut flipped = backup.clone();
            flipped[at] ^= 1 << (at % 8);
            refused.push(restore(&repository, &flipped, Replacement::Allowed).await);
        }
        for refused in refused {
            let text = refused.unwrap_err().to_string();
            assert!(
                text.contains("the backup is") || text.contains("this is not a backup"),
                "byte {at}: {text}"
            );
        }
        assert_eq!(content(&repository).await, before, "byte {at}");
    }
    let parts = repository.store().parts().await.unwrap();
    let named = repository.head().await.unwrap().unwrap().parts().count();
    assert_eq!(parts.len(), named, "nothing is left of the failed restores");
}

pub(crate) async fn what_is_not_a_backup_or_of_a_newer_release_is_refused(store: &Fixture) {
    let repository = store.open().await;
    let manifest = |text: &str| {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        archive
            .append_data(&mut header, "manifest.json", text.as_bytes())
            .unwrap();
        archive.into_inner().unwrap()
    };
    for (bytes, expected) in [
        (Vec::new(), "this is not a backup of PyFlix: it is empty"),
        (
            vec![7; 5_000],
            "this is not a backup of PyFlix: it is not a tar archive",
        ),
        (manifest("{}"), "this is not a backup of PyFlix"),
        (manifest(r#"{"format":1}"#), "truncated or damaged"),
        (
            manifest(r#"{"format":2,"release":"9.8.7"}"#),
            "written by a newer release (9.8.7, backup format 2)",
        ),
    ] {
        let refused = restore(&repository, &bytes, Replacement::Allowed).await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(expected), "{text}");
    }
    assert!(repository.store().parts().await.unwrap().is_empty());
    let empty = back_up(&repository).await;
    assert!(matches!(empty, Err(BackupError::Empty)), "{empty:?}");
}

pub(crate) async fn a_restore_that_stops_at_any_write_leaves_the_old_state_or_the_new(
    store: &Fixture,
) {
    let backup = back_up(&fill(&store.fresh().await, 3).await).await.unwrap();
    let restored = store.fresh().await;
    let whole = restored.open().await;
    restore(&whole, &backup, Replacement::Refused)
        .await
        .unwrap();
    let new = seen(&whole).await;
    let step = if store.is_mongodb() { 7 } else { 1 };
    for stop in [Stop::Before, Stop::ResponseLost] {
        let target = store.fresh().await;
        let repository = fill(&target, 2).await;
        let old = seen(&repository).await;
        for writes in (0..MAX_WRITES).step_by(step) {
            let tampered = FaultyStore::stopping(writes, stop, target.open().await.store().clone());
            let dying = Repository::with_store(tampered);
            restore(&dying, &backup, Replacement::Allowed).await.ok();

            let found = seen(&target.open().await).await;
            assert!(found == old || found == new, "{stop:?} {writes}: {found:?}");
            if found == new {
                // The next lease completes it.
                target.expire_the_lease().await;
                let repository = target.open().await;
                let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
                let state = lease.state(None).await.unwrap();
                lease.repair_view(state.as_ref()).await.unwrap();
                lease.release(None).await.unwrap();
                assert_eq!(seen(&repository).await, new);
                assert_undamaged(&repository).await;
                break;
            }
            assert!(writes + 7 < MAX_WRITES, "it never ends");
            target.expire_the_lease().await;
        }
    }
}

/// What readers see: the versions, the current items, and the rows.
async fn seen(repository: &Repository) -> impl PartialEq + std::fmt::Debug + use<> {
    let head = repository.head().await.unwrap().unwrap();
    let versions = head.log.iter();
    let versions: Vec<_> = versions.map(|header| (header.version, header.at)).collect();
    (
        versions,
        repository.load().await.unwrap().unwrap().catalogue,
        repository.runs(99).await.unwrap(),
        repository.findings().await.unwrap(),
        repository.quarantine().await.unwrap(),
        repository.missing().await.unwrap(),
    )
}

pub(crate) async fn a_backup_taken_while_versions_are_published_is_one_of_them(store: &Fixture) {
    let repository = fill(store, 1).await;
    // A newer version with another base retires the parts while they are copied.
    let backup = begin(&repository, BackupLock::Brief).await.unwrap();
    for edition in [7, 8] {
        publish(&repository, &catalogue(25, edition)).await.unwrap();
    }
    let outdated = backup.write(Vec::new(), &|_| {}).await;
    assert!(
        matches!(outdated, Err(BackupError::Outdated)),
        "{:?}",
        outdated.err()
    );

    // Under the lease nobody publishes until it is copied.
    let backup = begin(&repository, BackupLock::UntilCopied).await.unwrap();
    let denied = store.open().await.try_acquire(None).await.unwrap();
    assert!(denied.is_err());
    let bytes = backup.write(Vec::new(), &|_| {}).await.unwrap();
    let next = store.open().await.try_acquire(None).await.unwrap().unwrap();
    next.release(None).await.unwrap();
    let empty = store.fresh().await;
    let target = empty.open().await;
    restore(&target, &bytes, Replacement::Refused)
        .await
        .unwrap();
    assert_eq!(content(&target).await, content(&repository).await);
}

pub(crate) async fn a_damaged_version_is_not_backed_up_and_damaged_history_is_left_out(
    store: &Fixture,
) {
    let repository = store.open().await.with_items_per_part(10);
    for edition in 1..=4 {
        publish(&repository, &catalogue(25, edition)).await.unwrap();
    }
    let parts = |kind| {
        let head = repository.store().head();
        async move {
            let head = head.await.unwrap().unwrap().head;
            let all = head.parts().filter(move |part| part.kind == kind);
            all.collect::<Vec<_>>()
        }
    };
    let older = parts(PartKind::Changes).await[1];
    damage_part(&repository, older, PartDamage::Corrupt).await;
    let backup = back_up(&repository).await.unwrap();
    let empty = store.fresh().await;
    let target = empty.open().await;
    restore(&target, &backup, Replacement::Refused)
        .await
        .unwrap();
    let versions = target.versions().await.unwrap();
    let versions: Vec<_> = versions.iter().map(|header| header.version).collect();
    assert_eq!(versions, [3, 4], "version 2 is damaged");
    assert_undamaged(&target).await;

    let needed = parts(PartKind::Base).await[1];
    for damage in [PartDamage::Corrupt, PartDamage::Remove] {
        damage_part(&repository, needed, damage).await;
        let refused = back_up(&repository).await.unwrap_err();
        assert!(
            matches!(refused, BackupError::Store(StoreError::Damaged { .. })),
            "{refused:?}"
        );
        let text = refused.to_string();
        assert!(text.contains(&needed.to_string()), "{text}");
    }
}

pub(crate) async fn an_output_or_input_that_fails_is_reported(store: &Fixture) {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    impl Read for Full {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is broken"))
        }
    }
    let repository = fill(store, 1).await;
    let backup = begin(&repository, BackupLock::UntilCopied).await.unwrap();
    let failed = backup.write(Full, &|_| {}).await;
    let text = failed.err().unwrap().to_string();
    assert!(text.starts_with("cannot write the backup: "), "{text}");
    // The lease is free again.
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease.release(None).await.unwrap();
    let failed = repository.restore(Full, Replacement::Allowed, |_| {}, &|_| {});
    let text = failed.await.unwrap_err().to_string();
    assert!(text.contains("the disk is broken"), "{text}");
    assert_eq!(
        repository
            .load()
            .await
            .unwrap()
            .unwrap()
            .catalogue
            .count(Kind::Movie),
        24
    );
}
