use std::time::{Duration, Instant};

use common::clock::Clock;
use common::models::Kind;
use common::repository::{FollowEvent, Follower, Repository, SyncEnd};

use crate::faulty_store::FaultyStore;
use crate::fixture::{self, Fixture, catalogue, movie, next_version, publish_in, with};

const LIMIT: Duration = Duration::from_secs(20);

pub(crate) async fn an_empty_store_is_reported_and_then_its_first_version(store: &Fixture) {
    let mut follower = store.open().await.follow();
    assert!(matches!(follower.next().await, FollowEvent::Empty));
    store.publish(&catalogue(2, 1)).await;
    let first = next_version(&mut follower).await;
    assert_eq!(first.version(), 1);
    assert_eq!(first.catalogue, catalogue(2, 1));
}

pub(crate) async fn a_follower_sees_every_version_in_order(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let mut follower = store.open().await.follow();
    assert_eq!(next_version(&mut follower).await.version(), 1);
    for edition in 2..6 {
        store.publish(&catalogue(2, edition)).await;
    }
    for edition in 2..6 {
        let seen = next_version(&mut follower).await;
        assert_eq!(seen.version(), u64::from(edition));
        assert_eq!(seen.catalogue, catalogue(2, edition));
    }
}

pub(crate) async fn a_follower_whose_version_was_taken_back_reloads(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    store.publish(&catalogue(2, 2)).await;
    let mut follower = store.open().await.follow();
    let known = next_version(&mut follower).await;
    store.change_the_last_headers_note().await;
    let again = next_version(&mut follower).await;
    assert_eq!(again.version(), known.version());
    assert_ne!(again.header, known.header);
}

pub(crate) async fn a_follower_switches_to_a_rebuilt_store(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let mut follower = store.open().await.follow();
    let known = next_version(&mut follower).await;
    store.change_the_lineage().await;
    let again = next_version(&mut follower).await;
    assert_ne!(again.lineage, known.lineage);
}

pub(crate) async fn a_stale_read_of_an_older_head_is_ignored(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let inner = store.open().await.store().clone();
    let old = inner.head().await.unwrap();
    store.publish(&catalogue(2, 2)).await;
    let lagging = FaultyStore::lagging(inner);
    let mut follower = Repository::with_store(lagging.clone()).follow();
    assert_eq!(next_version(&mut follower).await.version(), 2);

    lagging.show_old_head(old);
    let mut reads = lagging.head_reads();
    let start = *reads.borrow();
    tokio::select! {
        version = next_version(&mut follower) => panic!("went to version {}", version.version()),
        // A head that is not ignored is read twice before its event.
        read = reads.wait_for(|reads| *reads >= start + 3) => drop(read.unwrap()),
    }
    lagging.show_old_head(None);
    store.publish(&catalogue(2, 3)).await;
    assert_eq!(next_version(&mut follower).await.version(), 3);
}

pub(crate) async fn an_older_head_that_stays_is_a_restored_backup_and_loaded(store: &Fixture) {
    let first = store.publish(&catalogue(2, 1)).await;
    let backup = store.save_the_head().await;
    store.publish(&catalogue(2, 2)).await;
    let limit = Duration::from_millis(500);
    let follower = store.open().await.follow();
    let mut follower = follower.with_stale_read_limit(limit);
    assert_eq!(next_version(&mut follower).await.version(), 2);

    let restored = Instant::now();
    store.put_the_head_back(backup).await;
    let again = next_version(&mut follower).await;
    assert_eq!(again.header, first.header);
    assert_eq!(again.catalogue, catalogue(2, 1));
    assert!(restored.elapsed() > limit, "{:?}", restored.elapsed());
}

pub(crate) async fn a_load_that_goes_back_is_ignored(store: &Fixture) {
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    store.publish(&catalogue(37, 1)).await;
    let inner = store.open().await.store().clone();
    let old = inner.head().await.unwrap().unwrap();
    store.publish(&wanted).await;
    let lagging = FaultyStore::lagging(inner);
    let mut follower = Repository::with_store(lagging.clone()).follow();
    assert_eq!(next_version(&mut follower).await.version(), 2);

    // It has to load, and what it loads from is older than what it has.
    store.change_the_last_headers_note().await;
    lagging.show_old_head_after_the_next(old);
    let mut reads = lagging.head_reads();
    let start = *reads.borrow();
    tokio::select! {
        version = next_version(&mut follower) => panic!("went to version {}", version.version()),
        read = reads.wait_for(|reads| *reads >= start + 4) => drop(read.unwrap()),
    }
    lagging.show_old_head(None);
    let again = next_version(&mut follower).await;
    assert_eq!((again.version(), &again.catalogue), (2, &wanted));
}

pub(crate) async fn a_follower_identifies_a_version_by_its_fence(store: &Fixture) {
    // Two versions that were committed at the same time, as far as this clock tells.
    let clock = Clock::from_fn(|| jiff::Timestamp::constant(1_700_000_000, 0));
    let (one, two) = (
        store.open_at(clock.clone()).await,
        store.open_at(clock).await,
    );
    fixture::publish(&one, &catalogue(2, 1)).await.unwrap();
    let lease = one.try_acquire(None).await.unwrap().unwrap();
    let before = store.save_the_head().await;
    publish_in(lease, &catalogue(2, 2)).await.unwrap();
    let mut follower = store.open().await.follow();
    let taken_back = next_version(&mut follower).await;

    store.put_the_head_back(before).await;
    store.expire_the_lease().await;
    fixture::publish(&two, &catalogue(2, 3)).await.unwrap();
    let again = next_version(&mut follower).await;
    assert_eq!(again.version(), taken_back.version());
    assert_eq!(again.catalogue, catalogue(2, 3));
}

pub(crate) async fn a_follower_polls_even_if_every_wait_is_cancelled(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let lagging = FaultyStore::lagging(store.open().await.store().clone());
    let mut follower = Repository::with_store(lagging.clone()).follow();
    next_version(&mut follower).await;
    let reads = lagging.head_reads();
    let start = *reads.borrow();
    let looked = async {
        while *reads.borrow() < start + 2 {
            let moment = Duration::from_millis(100);
            tokio::time::timeout(moment, follower.next()).await.ok();
        }
    };
    tokio::time::timeout(LIMIT, looked)
        .await
        .expect("it to read the head");
}

pub(crate) async fn a_part_that_cannot_be_read_is_named_and_the_rest_is_served(store: &Fixture) {
    store.publish(&catalogue(37, 1)).await;
    let wanted = with(&catalogue(37, 1), movie(0, 2));
    store.publish(&wanted).await;
    store.damage_the_parts("changes").await;
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.version(), 2);
    assert_eq!(loaded.damage.len(), 1);
    assert!(
        loaded.damage[0].name.starts_with("changes/"),
        "{:?}",
        loaded.damage
    );
    assert_eq!(loaded.catalogue.count(Kind::Movie), 37);
    // The next run publishes what the readers miss.
    store.publish(&wanted).await;
    assert_eq!(store.load().await.unwrap().catalogue, wanted);
}

pub(crate) async fn a_failing_sync_shows_in_the_head_status_until_one_succeeds(store: &Fixture) {
    let repository = store.open().await;
    store.publish(&catalogue(2, 1)).await;
    let mut follower = store.open().await.follow();
    let run = async |end| {
        let lease = repository.try_acquire(None).await.unwrap().unwrap();
        lease.release(Some(end)).await.unwrap();
        repository.head().await.unwrap().unwrap().last_sync.unwrap()
    };
    let first = run(SyncEnd::Failed).await;
    assert_eq!(first.failing_since, Some(first.at));
    let second = run(SyncEnd::Failed).await;
    assert_eq!(second.failing_since, Some(first.at));
    failing(&mut follower, true).await;
    run(SyncEnd::Responded).await;
    failing(&mut follower, false).await;
}

async fn failing(follower: &mut Follower, expected: bool) {
    let followed = async {
        loop {
            if let FollowEvent::HeadStatus(status) = follower.next().await
                && status.failing_since().is_some() == expected
            {
                return;
            }
        }
    };
    tokio::time::timeout(LIMIT, followed)
        .await
        .expect("a status with the end of the outage");
}
