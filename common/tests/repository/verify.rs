use common::models::{Id, Kind};
use common::repository::{
    AcquireError, BackupError, FollowEvent, Overwrite, PartKind, PartName, Repository, Row,
    StoreError, Table, ViewDocument,
};

use crate::faulty_store::FaultyStore;
use crate::fixture::{
    Fixture, PartDamage, SavedHead, catalogue, damage_part, movie, publish, with,
};

/// A store of three versions whose base is of the second, with a part for the changes of each.
async fn three_versions(store: &Fixture) -> Repository {
    let repository = store.open().await.with_items_per_part(10);
    for edition in [1, 2] {
        publish(&repository, &catalogue(25, edition)).await.unwrap();
    }
    let third = with(&catalogue(25, 2), movie(0, 3));
    publish(&repository, &third).await.unwrap();
    repository
}

/// The damaged places by name, and what repairs each.
async fn defects(repository: &Repository) -> Vec<(String, &'static str)> {
    let report = repository.verify().await.unwrap();
    let defects = report.defects.into_iter();
    defects
        .map(|defect| (defect.damage.name, defect.remedy))
        .collect()
}

async fn parts(repository: &Repository, kind: PartKind) -> Vec<PartName> {
    let head = repository.head().await.unwrap().unwrap();
    head.parts().filter(|part| part.kind == kind).collect()
}

pub(crate) async fn verification_finds_nothing_in_a_whole_store(store: &Fixture) {
    let repository = store.open().await;
    assert_eq!(repository.verify().await.unwrap().version, 0);
    let repository = three_versions(store).await;
    let head = repository.head().await.unwrap();
    let report = repository.verify().await.unwrap();
    assert_eq!(report.defects, []);
    assert_eq!((report.version, report.items, report.parts), (3, 28, 7));
    assert_eq!(repository.head().await.unwrap(), head, "nothing changed");
}

pub(crate) async fn verification_names_every_lost_or_corrupted_part(store: &Fixture) {
    for damage in [PartDamage::Remove, PartDamage::Corrupt] {
        let store = store.fresh().await;
        let repository = three_versions(&store).await;
        let base = parts(&repository, PartKind::Base).await[1];
        let changes = parts(&repository, PartKind::Changes).await;
        let (older, needed) = (changes[0], changes[changes.len() - 1]);
        for part in [base, older, needed] {
            damage_part(&repository, part, damage).await;
        }
        let found = defects(&repository).await;
        let names: Vec<_> = found.iter().map(|(name, _)| &**name).collect();
        let wanted = [older, base, needed].map(|part| part.to_string());
        assert_eq!(names, wanted);
        let remedies: Vec<_> = found.iter().map(|(_, remedy)| *remedy).collect();
        assert!(remedies[0].contains("syncer restore"), "{remedies:?}");
        assert!(remedies[1].contains("syncer once"), "{remedies:?}");
        assert!(remedies[2].contains("syncer once"), "{remedies:?}");
    }
}

pub(crate) async fn verification_names_documents_of_the_view_that_differ(store: &Fixture) {
    let repository = three_versions(store).await;
    let document = |id: &str, title: Option<&str>| ViewDocument {
        kind: Kind::Movie,
        id: Id::from(id),
        version: 99,
        fields: title.map(|title| {
            let mut fields = serde_json::Map::new();
            fields.insert("title".into(), title.into());
            fields
        }),
        is_new: false,
    };
    let documents = vec![
        document("movie-1", None),
        document("movie-2", Some("Another title")),
        document("movie-x", Some("Not published")),
    ];
    let written = repository.store().write_view(documents, Overwrite::Older);
    written.await.unwrap();
    let report = repository.verify().await.unwrap();
    let found = report.defects.iter();
    let found: Vec<_> = found.map(|defect| defect.damage.to_string()).collect();
    assert_eq!(
        found,
        [
            "movies/movie-2: it differs from the published item",
            "movies/movie-x: it is not a published item",
            "movies/movie-1: it is missing",
        ]
    );
}

pub(crate) async fn verification_names_rows_that_cannot_be_decoded(store: &Fixture) {
    let repository = three_versions(store).await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    for table in Table::ALL {
        let row = Row {
            key: "bad".into(),
            fields: serde_json::Map::new(),
        };
        let fence = lease.head().fence;
        let written = repository.store();
        let written = written.write_rows(fence, table, vec![row], Vec::new());
        written.await.unwrap();
    }
    lease.release(None).await.unwrap();
    let names: Vec<_> = defects(&repository).await.into_iter().collect();
    let names: Vec<_> = names.iter().map(|(name, _)| &**name).collect();
    // A marker without fields is one that says nothing.
    let expected = [
        "runs/bad",
        "quarantine/bad",
        "findings/bad",
        "missing/bad",
        "events/bad",
        "webhooks/bad",
        "posters/bad",
        "pictures/bad",
    ];
    assert_eq!(names, expected);
    // The other events are still there.
    let newest = repository.newest_event().await.unwrap().unwrap();
    assert_eq!(newest.number, 3);
}

pub(crate) async fn verification_names_an_unreadable_or_contradictory_head(store: &Fixture) {
    let repository = three_versions(store).await;
    store.set_in_the_head("version", "7").await;
    let found = defects(&repository).await;
    assert_eq!(found[0].0, "the head");
    store.set_in_the_head("log", "\"no list\"").await;
    let saved = store.save_the_head().await;
    let verifier = store.open_verifier().await;
    let found = defects(&verifier).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "state/head");
    assert!(found[0].1.contains("backup"), "{found:?}");
    assert!(store.save_the_head().await == saved, "nothing changed");
}

pub(crate) async fn verification_waits_for_a_run_that_is_under_way(store: &Fixture) {
    let repository = three_versions(store).await;
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let state = lease.state(None).await.unwrap().unwrap();
    let wanted = catalogue(25, 4);
    let changes = state.catalogue.changes_to(&wanted);
    let published = lease.publish(Some(&state), &changes, None, None).await;
    let published = published.unwrap().unwrap();
    // The view is behind now.
    let verified = tokio::spawn({
        let repository = repository.clone();
        async move { repository.verify().await }
    });
    lease.update_view(&published, &changes).await.unwrap();
    lease.release(None).await.unwrap();
    assert_eq!(verified.await.unwrap().unwrap().defects, []);
}

pub(crate) async fn verification_reads_again_what_a_sync_removed_meanwhile(store: &Fixture) {
    for newer in 1..=6 {
        let store = store.fresh().await;
        let repository = store.open().await.with_retention(2);
        let publish_edition = async |edition| {
            let wanted = with(&catalogue(25, 1), movie(0, edition));
            publish(&repository, &wanted).await.unwrap();
        };
        for edition in 1..=3 {
            publish_edition(edition).await;
        }
        let lagging = FaultyStore::lagging(repository.store().clone());
        lagging.show_old_head(repository.store().head().await.unwrap());
        for edition in 4..4 + newer {
            publish_edition(edition).await;
        }
        let verifier = Repository::with_store(lagging.clone());
        let mut head_reads = lagging.head_reads();
        let catch_up = async {
            head_reads.changed().await.unwrap();
            lagging.show_old_head(None);
        };
        let (report, ()) = tokio::join!(verifier.verify(), catch_up);
        assert_eq!(report.unwrap().defects, [], "{newer} newer versions");
    }
}

pub(crate) async fn a_store_of_a_newer_release_is_refused_and_left_alone(store: &Fixture) {
    let repository = three_versions(store).await;
    let mut follower = repository.follow();
    crate::fixture::next_version(&mut follower).await;
    store.set_in_the_head("release", "\"9.8.7\"").await;
    store.raise_the_format().await;
    let saved: SavedHead = store.save_the_head().await;
    let refused = [
        repository.head().await.err(),
        repository.load().await.err(),
        repository.try_acquire(None).await.err(),
        crate::backup::back_up(&repository)
            .await
            .err()
            .map(|error| {
                let BackupError::Acquire(AcquireError::Store(error)) = error else {
                    panic!("{error:?}");
                };
                error
            }),
    ];
    for error in refused {
        let error = error.expect("it is refused");
        assert!(matches!(error, StoreError::NewerFormat { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains("a newer release (9.8.7, format "), "{text}");
        assert!(text.contains("update this program"), "{text}");
    }
    loop {
        match follower.next().await {
            FollowEvent::Unavailable(StoreError::NewerFormat { .. }) => break,
            FollowEvent::Version { snapshot, .. } => {
                panic!("followed to {:?}", snapshot.header)
            }
            _ => {}
        }
    }
    assert!(store.save_the_head().await == saved, "nothing changed");
}
