use std::sync::Arc;

use common::models::{Catalogue, Item, Kind, Outcome};
use common::repository::{
    FollowEvent, HeadPatch, Origin, PartKind, PartName, Repository, Snapshot, StoreError,
    Verification,
};
use jiff::Timestamp;

use crate::fixture::{
    self, Fixture, PartDamage, catalogue, damage_part, movie, next_version, publish, with, without,
};
use crate::history::{assert_the_view_shows, run};

/// Two versions, of which the second has parts of its own; the state at it.
async fn two_versions(store: &Fixture) -> Snapshot {
    store.publish(&catalogue(37, 1)).await;
    store.publish(&with(&catalogue(37, 1), movie(0, 2))).await
}

/// The same with a base of several parts.
async fn two_versions_in_several_parts(store: &Fixture) -> (Repository, Snapshot) {
    let repository = store.open().await.with_items_per_part(10);
    publish(&repository, &catalogue(37, 1)).await.unwrap();
    let second = with(&catalogue(37, 1), movie(0, 2));
    let second = publish(&repository, &second).await.unwrap().unwrap();
    (repository, second)
}

async fn parts(repository: &Repository, kind: PartKind) -> Vec<PartName> {
    let mut parts = repository.store().parts().await.unwrap();
    parts.retain(|part| part.kind == kind);
    parts.sort_by_key(ToString::to_string);
    parts
}

pub(crate) async fn a_publisher_that_knows_the_state_restores_it(store: &Fixture) {
    let mut state = two_versions(store).await;
    for kind in ["changes", "base"] {
        store.lose_the_parts(kind).await;
        let before = store.load().await.unwrap();
        assert!(!before.damage.is_empty(), "{kind}");
        let mut follower = store.open().await.follow();
        match follower.next().await {
            FollowEvent::Version { snapshot, .. } => {
                assert_eq!((kind, snapshot.version()), ("changes", 1));
                assert_eq!(snapshot.damage.len(), 1, "the newer version is damaged");
            }
            FollowEvent::Unavailable(StoreError::Damaged { version, .. }) => {
                assert_eq!((kind, version), ("base", 3), "nothing can be read");
            }
            other => panic!("{other:?}"),
        }

        let repository = store.open().await;
        let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
        let known = lease.state(Some(&state)).await.unwrap().unwrap();
        let restored = lease
            .restore(&known, Origin::Memory)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(restored.version(), before.version() + 1);
        let again = lease.restore(&restored, Origin::Memory).await.unwrap();
        assert!(again.is_none());
        lease.release(None).await.unwrap();

        let after = next_version(&mut follower).await;
        for after in [&store.load().await.unwrap(), &*after] {
            assert_eq!(after.catalogue, state.catalogue);
            assert!(after.damage.is_empty(), "{kind}: {:?}", after.damage);
        }
        state = restored;
    }
}

pub(crate) async fn a_publisher_without_the_state_restores_it_from_the_source(store: &Fixture) {
    let state = two_versions(store).await;
    for kind in ["changes", "base"] {
        store.lose_the_parts(kind).await;
        let repository = store.open().await;
        publish(&repository, &state.catalogue).await.unwrap();
        let after = store.load().await.unwrap();
        assert_eq!(after.catalogue, state.catalogue);
        assert!(after.damage.is_empty(), "{kind}: {:?}", after.damage);
    }
    let none = publish(&store.open().await, &state.catalogue).await;
    assert!(none.unwrap().is_none(), "nothing is left to be repaired");
}

pub(crate) async fn a_pinned_version_is_restored_and_stays_pinned(store: &Fixture) {
    let state = two_versions(store).await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let pin = HeadPatch::Pin(Some(2));
    lease.patch_head(&pin).await.unwrap();
    lease.release(None).await.unwrap();
    store.lose_the_parts("base").await;
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease
        .restore(&state, Origin::Memory)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lease.head().pin, Some(3));
    lease.release(None).await.unwrap();
    assert_eq!(store.load().await.unwrap().catalogue, state.catalogue);
}

pub(crate) async fn nothing_but_a_repair_is_published_over_a_damaged_state(store: &Fixture) {
    for damage in [PartDamage::Remove, PartDamage::Corrupt] {
        let store = store.fresh().await;
        let (repository, state) = two_versions_in_several_parts(&store).await;
        let lost = parts(&repository, PartKind::Base).await[1];
        damage_part(&repository, lost, damage).await;

        let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
        let refused = lease.require_undamaged().await;
        assert_is_damaged(refused, lost);
        let damaged = lease.state(None).await.unwrap().unwrap();
        let changes = damaged.catalogue.changes_to(&state.catalogue);
        assert!(changes.counts().added > 0);
        let refused = lease.publish(Some(&damaged), &changes, None, None).await;
        assert_is_damaged(refused, lost);
        assert_is_damaged(lease.rewind(&damaged, 1).await, lost);
        fixture::repair(&mut lease, &damaged, &changes)
            .await
            .unwrap();
        lease.require_undamaged().await.unwrap();
        lease.release(None).await.unwrap();
        assert_eq!(store.load().await.unwrap().catalogue, state.catalogue);
    }
}

fn assert_is_damaged<T: std::fmt::Debug>(refused: Result<T, StoreError>, lost: PartName) {
    let error = refused.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { version: 2, .. }));
    let text = error.to_string();
    assert!(text.contains(&lost.to_string()), "{text}");
    assert!(text.contains("syncer once"), "{text}");
}

pub(crate) async fn a_restored_version_keeps_its_history_and_readers_load_it(store: &Fixture) {
    let (repository, state) = two_versions_in_several_parts(store).await;
    let mut follower = repository.follow();
    next_version(&mut follower).await;
    damage_part(
        &repository,
        parts(&repository, PartKind::Base).await[1],
        PartDamage::Remove,
    )
    .await;
    let third = with(&state.catalogue, movie(1, 3));
    publish(&repository, &third).await.unwrap();

    let loaded = store.load().await.unwrap();
    assert!(loaded.damage.is_empty(), "{:?}", loaded.damage);
    assert_eq!((loaded.version(), &loaded.catalogue), (4, &third));
    let followed = loop {
        let followed = next_version(&mut follower).await;
        if followed.version() == 4 {
            break followed;
        }
    };
    assert_eq!(followed.catalogue, third);
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    for (version, wanted) in [(1, catalogue(37, 1)), (2, state.catalogue.clone())] {
        let rewound = lease.rewind(&loaded, version).await.unwrap().unwrap();
        assert_eq!(rewound.catalogue, wanted, "version {version}");
    }
}

pub(crate) async fn a_reader_loads_a_version_after_a_restored_one_whose_items_have_other_ranks(
    store: &Fixture,
) {
    let (repository, state) = two_versions_in_several_parts(store).await;
    let mut follower = repository.follow();
    assert_eq!(next_version(&mut follower).await.catalogue, state.catalogue);
    let lost = parts(&repository, PartKind::Base).await[1];
    damage_part(&repository, lost, PartDamage::Remove).await;
    let whole = Snapshot {
        catalogue: with_other_ranks(&state.catalogue),
        ..state.clone()
    };
    assert_ne!(whole.catalogue, state.catalogue);

    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let restored = lease.restore(&whole, Origin::Source).await;
    let restored = restored.unwrap().unwrap();
    let wanted = with(&restored.catalogue, movie(1, 3));
    let changes = restored.catalogue.changes_to(&wanted);
    let published = lease.publish(Some(&restored), &changes, None, None).await;
    let published = published.unwrap().unwrap();
    lease.release(None).await.unwrap();

    let followed = next_version(&mut follower).await;
    assert_eq!(followed.header, published.header);
    assert_eq!(followed.catalogue, wanted);
    assert_eq!(store.load().await.unwrap().catalogue, wanted);
}

/// The same items in the opposite order.
fn with_other_ranks(catalogue: &Catalogue) -> Catalogue {
    let items = catalogue.all().map(|item| {
        Arc::new(Item {
            rank: -item.rank,
            ..(*item).clone()
        })
    });
    items.collect()
}

pub(crate) async fn items_that_are_lost_are_named_and_every_reader_loads_the_version_without_them(
    store: &Fixture,
) {
    let (repository, state) = two_versions_in_several_parts(store).await;
    let mut follower = repository.follow();
    assert_eq!(next_version(&mut follower).await.catalogue, state.catalogue);
    let lost = parts(&repository, PartKind::Base).await[1];
    damage_part(&repository, lost, PartDamage::Remove).await;
    let readable = store.load().await.unwrap().catalogue;
    let number = (0..37)
        .find(|number| !has_movie(&readable, *number))
        .unwrap();
    let wanted = without(&state.catalogue, number);

    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let published = fixture::publish_in(lease, &wanted).await.unwrap().unwrap();
    let note = published.header.note.clone().unwrap();
    let named = format!("1 item is lost: movie movie-{number}");
    assert!(
        note.contains(&named) && note.contains(&lost.to_string()),
        "{note}"
    );
    let followed = next_version(&mut follower).await;
    let loaded = store.load().await.unwrap();
    for seen in [&loaded, &*followed] {
        assert_eq!(seen.header, published.header);
        assert_eq!(seen.catalogue, wanted);
    }
    assert_the_view_shows(&repository, &wanted).await;
    let versions = repository.versions().await.unwrap();
    assert_eq!(
        versions,
        [published.header],
        "nothing before can be rebuilt"
    );
}

fn has_movie(catalogue: &Catalogue, number: usize) -> bool {
    let id = format!("movie-{number}");
    catalogue.number(Kind::Movie, &id).is_some()
}

pub(crate) async fn a_repair_and_a_large_change_under_one_lease_are_both_published(
    store: &Fixture,
) {
    let (repository, _) = two_versions_in_several_parts(store).await;
    damage_part(
        &repository,
        parts(&repository, PartKind::Base).await[1],
        PartDamage::Remove,
    )
    .await;
    let wanted = catalogue(37, 9);
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let damaged = lease.state(None).await.unwrap().unwrap();
    let mut whole = damaged.clone();
    whole.catalogue = with(&catalogue(37, 1), movie(0, 2));
    whole.damage.clear();
    let restored = lease
        .restore(&whole, Origin::Source)
        .await
        .unwrap()
        .unwrap();
    let changes = restored.catalogue.changes_to(&wanted);
    let published = lease.publish(Some(&restored), &changes, None, None).await;
    let published = published.unwrap().unwrap();
    lease.release(None).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!((&loaded.header, loaded.version()), (&published.header, 4));
    assert_eq!(loaded.catalogue, wanted);
    assert!(loaded.damage.is_empty(), "{:?}", loaded.damage);
}

pub(crate) async fn items_of_a_lost_base_come_back_from_older_changes(store: &Fixture) {
    let repository = store.open().await.with_items_per_part(10);
    for edition in [1, 2] {
        let wanted = catalogue(37, edition);
        publish(&repository, &wanted).await.unwrap();
    }
    let last = with(&catalogue(37, 2), movie(0, 3));
    publish(&repository, &last).await.unwrap();
    let movies = parts(&repository, PartKind::Base).await;
    for part in &movies {
        damage_part(&repository, *part, PartDamage::Remove).await;
    }
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let state = lease.state(None).await.unwrap().unwrap();
    assert!(!state.damage.is_empty(), "the people never changed");
    for number in 0..37 {
        let id = format!("movie-{number}");
        let [found, wanted] = [&state.catalogue, &last].map(|all| all.get(Kind::Movie, &id));
        assert_eq!(found, wanted);
    }
}

pub(crate) async fn a_version_is_not_restored_over_lost_changes(store: &Fixture) {
    let repository = store.open().await;
    for edition in [1, 2, 3] {
        publish(&repository, &catalogue(9, edition)).await.unwrap();
    }
    let lost = parts(&repository, PartKind::Changes).await[0];
    for damage in [PartDamage::Corrupt, PartDamage::Remove] {
        damage_part(&repository, lost, damage).await;
        let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
        lease.require_undamaged().await.unwrap();
        let state = lease.state(None).await.unwrap().unwrap();
        let second = lease.rewind(&state, 2).await.unwrap().unwrap();
        assert_eq!(second.catalogue, catalogue(9, 2));
        let refused = lease.rewind(&state, 1).await.unwrap_err().to_string();
        assert!(refused.contains(&lost.to_string()), "{refused}");
        lease.release(None).await.unwrap();
    }
}

pub(crate) async fn verification_finds_a_part_that_was_corrupted(store: &Fixture) {
    let (repository, _) = two_versions_in_several_parts(store).await;
    let all = parts(&repository, PartKind::Base).await;
    let mut verification = Verification::default();
    let mut found = Vec::new();
    let corrupted = all[2];
    for run in 0..=all.len() + 1 {
        let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
        let now = Timestamp::UNIX_EPOCH;
        lease.verify_next(&mut verification, now).await.unwrap();
        found.extend(lease.found_damage().to_vec());
        lease.release(None).await.unwrap();
        if run == 0 {
            damage_part(&repository, corrupted, PartDamage::Corrupt).await;
        }
    }
    let names: Vec<_> = found.iter().map(|damage| damage.name.clone()).collect();
    assert_eq!(names, [corrupted.to_string()]);
}

pub(crate) async fn a_new_head_starts_beyond_all_earlier_fences(store: &Fixture) {
    store.publish(&catalogue(37, 1)).await;
    let before = store.publish(&catalogue(5, 2)).await;
    store.lose_the_head().await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    assert!(lease.head().fence > before.header.fence);
    let wanted = catalogue(3, 3);
    let published = fixture::publish_in(lease, &wanted).await.unwrap().unwrap();
    assert_eq!(published.version(), 1);
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.catalogue, wanted);
    assert_the_view_shows(&repository, &wanted).await;

    // With the ledger as the only trace.
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let recorded = run(&lease, Outcome::Unchanged);
    lease.record(&recorded).await.unwrap();
    lease.release(None).await.unwrap();
    let rest = repository.store().parts().await.unwrap();
    repository.store().remove(&rest).await.unwrap();
    store.lose_the_head().await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    assert!(lease.head().fence > recorded.number);
}
