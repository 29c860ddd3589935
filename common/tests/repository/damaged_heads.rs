//! What followers serve while parts of the newest version are lost or damaged.

use common::models::Catalogue;
use common::repository::{FollowEvent, Follower, PartKind, PartName, Repository, StoreError};

use crate::fixture::{
    Fixture, PartDamage, catalogue, damage_part, movie, next_version, publish, with,
};

/// A store whose third version has a part of its own, upon the base of the second.
async fn three_versions(store: &Fixture) -> (Repository, Vec<Catalogue>) {
    let repository = store.open().await;
    let versions = [catalogue(37, 1), catalogue(37, 2)];
    let third = with(&versions[1], movie(0, 3));
    let versions = versions.into_iter().chain([third]).collect::<Vec<_>>();
    for version in &versions {
        publish(&repository, version).await.unwrap();
    }
    (repository, versions)
}

async fn part(repository: &Repository, kind: PartKind) -> PartName {
    let head = repository.head().await.unwrap().unwrap();
    head.parts()
        .filter(|part| part.kind == kind)
        .last()
        .unwrap()
}

/// Waits until a follower has read the head.
async fn read_the_head(follower: &mut Follower) {
    loop {
        match follower.next().await {
            FollowEvent::HeadStatus(_) => return,
            FollowEvent::Version { snapshot, .. } => {
                panic!("followed to version {}", snapshot.version())
            }
            _ => {}
        }
    }
}

pub(crate) async fn a_starting_follower_begins_with_the_last_whole_version(store: &Fixture) {
    for damage in [PartDamage::Remove, PartDamage::Corrupt] {
        let store = store.fresh().await;
        let (repository, versions) = three_versions(&store).await;
        let lost = part(&repository, PartKind::Changes).await;
        damage_part(&repository, lost, damage).await;
        let mut follower = store.open().await.follow();
        let first = next_version(&mut follower).await;
        assert_eq!((first.version(), &first.catalogue), (2, &versions[1]));
        let damage: Vec<_> = first.damage.iter().map(|damage| &*damage.name).collect();
        assert_eq!(damage, [lost.to_string()]);
        read_the_head(&mut follower).await;
        let healed = publish(&repository, &versions[2]).await.unwrap().unwrap();
        let next = next_version(&mut follower).await;
        assert_eq!(
            (&next.header, &next.catalogue),
            (&healed.header, &versions[2])
        );
        assert_eq!(next.damage, []);
    }
}

pub(crate) async fn a_follower_stays_at_a_whole_version_rather_than_a_damaged_one(store: &Fixture) {
    let (repository, versions) = three_versions(store).await;
    let mut at_third = store.open().await.follow();
    next_version(&mut at_third).await;
    read_the_head(&mut at_third).await;
    let lost = part(&repository, PartKind::Changes).await;
    let mut at_second = repository.follow();
    damage_part(&repository, lost, PartDamage::Corrupt).await;
    assert_eq!(next_version(&mut at_second).await.version(), 2);
    let healed = publish(&repository, &versions[2]).await.unwrap().unwrap();
    for follower in [&mut at_second, &mut at_third] {
        let next = next_version(follower).await;
        assert_eq!(
            (&next.header, &next.catalogue),
            (&healed.header, &versions[2])
        );
    }
}

pub(crate) async fn a_follower_loads_a_version_whose_parts_come_back(store: &Fixture) {
    let (repository, versions) = three_versions(store).await;
    let lost = part(&repository, PartKind::Changes).await;
    let data = repository.store().get(lost).await.unwrap().unwrap();
    repository.store().remove(&[lost]).await.unwrap();
    let mut follower = store.open().await.follow();
    assert_eq!(next_version(&mut follower).await.version(), 2);
    repository.store().put(lost, data).await.unwrap();
    let next = next_version(&mut follower).await;
    assert_eq!((next.version(), &next.catalogue), (3, &versions[2]));
}

pub(crate) async fn an_older_base_that_is_still_there_is_loaded_and_heals(store: &Fixture) {
    let (repository, versions) = three_versions(store).await;
    let older = part(&repository, PartKind::Base).await;
    let data = repository.store().get(older).await.unwrap().unwrap();
    publish(&repository, &catalogue(37, 4)).await.unwrap();
    // As in a dump whose parts are older than its head.
    repository.store().put(older, data).await.unwrap();
    for kind in [PartKind::Base, PartKind::Changes] {
        let lost = part(&repository, kind).await;
        assert_ne!(lost, older);
        repository.store().remove(&[lost]).await.unwrap();
    }
    let mut follower = store.open().await.follow();
    let first = next_version(&mut follower).await;
    assert_eq!((first.version(), &first.catalogue), (3, &versions[2]));

    // A run that fails does not remove the older base.
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let state = lease.state(None).await.unwrap().unwrap();
    assert_eq!(
        state.catalogue.len(),
        versions[2].len(),
        "all items are known"
    );
    lease.release(None).await.unwrap();
    let mut another = store.open().await.follow();
    assert_eq!(next_version(&mut another).await.version(), 3);

    publish(&repository, &catalogue(37, 5)).await.unwrap();
    let healed = next_version(&mut follower).await;
    assert_eq!(healed.catalogue, catalogue(37, 5));
}

pub(crate) async fn a_catalogue_that_is_wholly_lost_is_an_error_and_not_an_empty_one(
    store: &Fixture,
) {
    let (repository, versions) = three_versions(store).await;
    for kind in [PartKind::Base, PartKind::Changes] {
        let lost = part(&repository, kind).await;
        repository.store().remove(&[lost]).await.unwrap();
    }
    let mut follower = store.open().await.follow();
    match follower.next().await {
        FollowEvent::Unavailable(StoreError::Damaged { version: 3, parts }) => {
            assert!(parts.contains("base/"), "{parts}");
        }
        other => panic!("{other:?}"),
    }
    publish(&repository, &versions[2]).await.unwrap();
    let healed = next_version(&mut follower).await;
    assert_eq!(healed.catalogue, versions[2]);
}

pub(crate) async fn parts_of_a_later_head_are_not_taken_for_those_of_a_new_version(
    store: &Fixture,
) {
    let (repository, _) = three_versions(store).await;
    let saved = store.save_the_head().await;
    for edition in [4, 5] {
        publish(&repository, &catalogue(37, edition)).await.unwrap();
    }
    // As in a dump whose head is older than its parts.
    store.put_the_head_back(saved).await;
    for edition in [6, 7] {
        let published = publish(&repository, &catalogue(37, edition)).await;
        let loaded = store.load().await.unwrap();
        assert_eq!(loaded.header, published.unwrap().unwrap().header);
        assert_eq!(loaded.catalogue, catalogue(37, edition));
    }
    assert_eq!(repository.verify().await.unwrap().defects, []);
}
