use std::time::Duration;

use common::models::Kind;
use common::repository::{
    Commit, HeadPatch, Header, LeaseDenied, PartKind, PartName, Repository, Store, StoreError,
};

use crate::faulty_store::FaultyStore;
use crate::fixture::{self, Fixture, catalogue, publish_in, with, without};

const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn what_is_published_is_what_a_reader_loads(store: &Fixture) {
    assert!(store.load().await.is_none());
    let mut wanted = catalogue(25, 1);
    for edition in 1..5 {
        wanted = without(
            &with(&wanted, fixture::movie(3, edition)),
            20 + edition as usize,
        );
        let published = store.publish(&wanted).await;
        let loaded = store.load().await.unwrap();
        assert_eq!(published.version(), u64::from(edition));
        assert_eq!(loaded.header, published.header);
        assert_eq!(loaded.lineage, published.lineage);
        assert_eq!(loaded.catalogue, wanted);
        assert!(loaded.damage.is_empty());
    }
}

pub(crate) async fn an_empty_delta_makes_no_version_and_writes_nothing(store: &Fixture) {
    let repository = store.open().await;
    store.publish(&catalogue(3, 1)).await;
    let before = repository.head().await.unwrap().unwrap();
    let parts = repository.store().parts().await.unwrap();
    assert!(
        fixture::publish(&repository, &catalogue(3, 1))
            .await
            .unwrap()
            .is_none()
    );
    let mut after = repository.head().await.unwrap().unwrap();
    assert_eq!(repository.store().parts().await.unwrap(), parts);
    after.fence = before.fence;
    after.last_sync.clone_from(&before.last_sync);
    assert_eq!(
        after, before,
        "only the fence and the time of the last run may differ"
    );
}

pub(crate) async fn only_one_syncer_has_the_lease(store: &Fixture) {
    let (one, two) = (store.open().await, store.open().await);
    let lease = one.try_acquire(None).await.unwrap().unwrap();
    let denied = two.try_acquire(None).await.unwrap().unwrap_err();
    assert!(matches!(denied, LeaseDenied::Taken { .. }), "{denied:?}");
    lease.release(None).await.unwrap();
    let lease = two.try_acquire(None).await.unwrap().unwrap();
    assert!(
        !lease.head().dirty,
        "a lease that was let go leaves the view right"
    );
}

pub(crate) async fn a_lease_is_renewed_as_long_as_its_guard_lives(store: &Fixture) {
    let (one, two) = (store.open().await, store.open().await);
    let lease = one.try_acquire(None).await.unwrap().unwrap();
    let now = one.store().head().await.unwrap().unwrap().now;
    let soon = now + Duration::from_secs(4);
    store.end_the_lease_at(soon).await;
    testkit::eventually(LIMIT, async || {
        let head = one.head().await.unwrap().unwrap();
        head.lease.is_some_and(|lease| lease.expires > soon)
    })
    .await;
    let denied = two.try_acquire(None).await.unwrap().unwrap_err();
    assert!(matches!(denied, LeaseDenied::Taken { .. }), "{denied:?}");
    lease.release(None).await.unwrap();
    assert!(two.try_acquire(None).await.unwrap().is_ok());
}

pub(crate) async fn a_commit_of_another_version_than_the_next_is_refused(store: &Fixture) {
    store.publish(&catalogue(1, 1)).await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let head = lease.head();
    for version in [head.version, head.version + 2] {
        let commit = Commit {
            fence: head.fence,
            header: Header {
                version,
                ..head.header().unwrap().clone()
            },
            keep_from: 0,
            base: None,
            pin: None,
        };
        let refused = repository.store().commit(&commit).await;
        assert!(matches!(refused, Err(StoreError::LeaseLost)), "{refused:?}");
    }
    assert_eq!(store.load().await.unwrap().version(), 1);
}

pub(crate) async fn a_lease_given_before_the_clock_was_set_back_is_over(store: &Fixture) {
    let (one, two) = (store.open().await, store.open().await);
    let _turn = one.try_acquire(None).await.unwrap().unwrap();
    let now = one.store().head().await.unwrap().unwrap().now;
    store
        .end_the_lease_at(now + Duration::from_secs(3600))
        .await;
    assert!(two.try_acquire(None).await.unwrap().is_ok());
}

pub(crate) async fn a_run_recorded_before_the_clock_was_set_back_delays_nobody(store: &Fixture) {
    let hour = Some(Duration::from_secs(3600));
    store.publish(&catalogue(1, 1)).await;
    store.let_the_last_run_have_ended_in_a_year().await;
    assert!(store.open().await.try_acquire(hour).await.unwrap().is_ok());
}

pub(crate) async fn a_syncer_skips_a_run_when_another_ran_within_the_interval(store: &Fixture) {
    let hour = Some(Duration::from_secs(3600));
    store.publish(&catalogue(1, 1)).await;
    let other = store.open().await;
    let denied = other.try_acquire(hour).await.unwrap().unwrap_err();
    assert!(matches!(denied, LeaseDenied::TooSoon { .. }), "{denied:?}");
    assert!(
        other
            .try_acquire(Some(Duration::ZERO))
            .await
            .unwrap()
            .is_ok()
    );
}

pub(crate) async fn a_publisher_paused_beyond_its_lease_publishes_nothing(store: &Fixture) {
    let first = store.publish(&catalogue(3, 1)).await;
    let mut paused = store.open().await.try_acquire(None).await.unwrap().unwrap();
    store.expire_the_lease().await;
    let second = store.publish(&catalogue(3, 2)).await;

    let delta = first.catalogue.changes_to(&catalogue(3, 9));
    let late = paused.publish(Some(&first), &delta, None, None).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    let late = paused
        .patch_head(&HeadPatch {
            pin: Some(Some(1)),
            approval: None,
        })
        .await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    assert!(matches!(
        paused.release(None).await,
        Err(StoreError::LeaseLost)
    ));

    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.header, second.header);
    assert_eq!(loaded.catalogue, catalogue(3, 2));
}

pub(crate) async fn a_publisher_works_from_the_head_of_its_lease_even_if_the_store_lags(
    store: &Fixture,
) {
    let first = store.publish(&catalogue(37, 1)).await;
    let lagging = FaultyStore::lagging(store.open().await.store().clone());
    lagging.show_old_head(lagging.head().await.unwrap());
    let second = with(&first.catalogue, fixture::movie(0, 2));
    store.publish(&second).await;

    let third = with(&first.catalogue, fixture::movie(1, 3));
    let publisher = Repository::with_store(lagging);
    let published = fixture::publish(&publisher, &third).await.unwrap().unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.header, published.header);
    assert_eq!(loaded.catalogue, third);
}

pub(crate) async fn late_view_writes_of_a_paused_publisher_lose(store: &Fixture) {
    let repository = store.open().await;
    store.publish(&catalogue(2, 1)).await;
    let mut paused = repository.try_acquire(None).await.unwrap().unwrap();
    let state = paused.state(None).await.unwrap().unwrap();
    let delta = state.catalogue.changes_to(&catalogue(2, 2));
    let published = paused
        .publish(Some(&state), &delta, None, None)
        .await
        .unwrap()
        .unwrap();
    store.expire_the_lease().await;
    store.publish(&catalogue(2, 3)).await;
    paused.update_view(&published, &delta).await.unwrap();
    let shown = repository
        .store()
        .read_view(Kind::Movie, None, 10)
        .await
        .unwrap();
    for document in shown {
        let title = document.fields.unwrap()["title"]
            .as_str()
            .unwrap()
            .to_owned();
        assert!(title.ends_with("edition 3"), "{title}");
    }
}

pub(crate) async fn a_pin_set_by_another_stops_the_run_that_began_before_it(store: &Fixture) {
    let state = store.publish(&catalogue(3, 1)).await;
    let mut run = store.open().await.try_acquire(None).await.unwrap().unwrap();
    store.expire_the_lease().await;
    let operator = store.open().await.try_acquire(None).await.unwrap().unwrap();
    let pin = HeadPatch {
        pin: Some(Some(1)),
        approval: None,
    };
    operator.patch_head(&pin).await.unwrap();
    operator.release(None).await.unwrap();
    let delta = state.catalogue.changes_to(&catalogue(3, 2));
    let late = run.publish(Some(&state), &delta, None, None).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    let head = store.open().await.head().await.unwrap().unwrap();
    assert_eq!((head.version, head.pin), (1, Some(1)));
}

pub(crate) async fn changes_beyond_a_tenth_of_the_items_make_a_new_base(store: &Fixture) {
    let repository = store.open().await;
    let base = async || repository.head().await.unwrap().unwrap().base.unwrap();
    let first = store.publish(&catalogue(37, 1)).await;
    let mut wanted = first.catalogue;
    for number in 0..4 {
        wanted = with(&wanted, fixture::movie(number, 2));
        store.publish(&wanted).await;
        assert_eq!(base().await.version, 1);
    }
    wanted = with(&wanted, fixture::movie(4, 2));
    store.publish(&wanted).await;
    assert_eq!(base().await.version, 6);
    assert_eq!(store.load().await.unwrap().catalogue, wanted);
}

pub(crate) async fn parts_that_no_version_names_are_swept_and_named_ones_stay(store: &Fixture) {
    let repository = store.open().await;
    store.publish(&catalogue(3, 1)).await;
    store.publish(&catalogue(3, 2)).await;
    let named = repository.store().parts().await.unwrap();
    let dead = repository.try_acquire(None).await.unwrap().unwrap();
    for kind in [PartKind::Base, PartKind::Changes] {
        let name = PartName {
            kind,
            fence: dead.head().fence,
            index: 0,
        };
        repository.store().put(name, vec![1, 2, 3]).await.unwrap();
    }
    let dead_fence = dead.head().fence;
    drop(dead);
    store.expire_the_lease().await;
    fixture::publish(&repository, &catalogue(3, 2))
        .await
        .unwrap();
    let left = repository.store().parts().await.unwrap();
    assert!(left.iter().all(|part| part.fence != dead_fence), "{left:?}");
    // The base of version 1 is no base any more: version 2 changed everything.
    let base = repository.head().await.unwrap().unwrap().base.unwrap();
    let still_named = |part: &&PartName| part.kind == PartKind::Changes || part.fence == base.fence;
    assert_eq!(
        left.iter().collect::<Vec<_>>(),
        named.iter().filter(still_named).collect::<Vec<_>>()
    );
    assert_eq!(store.load().await.unwrap().catalogue, catalogue(3, 2));
}

pub(crate) async fn a_part_is_written_once(store: &Fixture) {
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let name = PartName {
        kind: PartKind::Changes,
        fence: lease.head().fence,
        index: 7,
    };
    assert_eq!(repository.store().get(name).await.unwrap(), None);
    repository.store().put(name, vec![1]).await.unwrap();
    repository.store().put(name, vec![2]).await.unwrap();
    assert_eq!(repository.store().get(name).await.unwrap(), Some(vec![1]));
    assert!(publish_in(lease, &catalogue(1, 1)).await.unwrap().is_some());
}
