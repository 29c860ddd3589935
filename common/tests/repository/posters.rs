//! Posters and their pictures, which do not belong to a version.

use common::repository::{
    FollowEvent, Picture, Poster, PosterChanges, Replacement, Repository, Row, StoreError, Table,
};

use crate::backup::{back_up, restore};
use crate::faulty_store::{FaultyStore, Stop};
use crate::fixture::{Fixture, catalogue};

/// More writes than it takes to save a poster.
const MAX_WRITES: u32 = 40;

fn url(number: u32) -> String {
    format!("https://pictures.example/{number}.jpg")
}

/// A poster with two pictures of this edition.
fn poster(number: u32, edition: u8) -> PosterChanges {
    let contents = [200_u32, 400].map(|width| {
        let content = vec![edition; usize::try_from(width).unwrap()];
        (Picture::new(&content, width, width * 3 / 2), content)
    });
    PosterChanges {
        posters: vec![Poster {
            url: url(number),
            pictures: contents
                .each_ref()
                .map(|(picture, _)| picture.clone())
                .into(),
            etag: Some(format!("\"{edition}\"")),
            ..Poster::default()
        }],
        pictures: contents
            .map(|(picture, content)| (picture.key, content))
            .into(),
        removed: Vec::new(),
    }
}

async fn save(repository: &Repository, changes: PosterChanges) -> Result<(), StoreError> {
    let lease = repository.try_acquire(None).await?.unwrap();
    lease.save_posters(changes).await?;
    lease.release(None).await
}

/// Every picture that a poster names is there and intact. Returns the posters' ETags.
async fn assert_whole(repository: &Repository) -> Vec<String> {
    let posters = repository.posters().await.unwrap();
    for picture in posters.iter().flat_map(|poster| &poster.pictures) {
        let content = repository.picture(&picture.key).await.unwrap();
        assert_eq!(
            content.map(|content| content.len() as u64),
            Some(picture.bytes)
        );
    }
    posters
        .into_iter()
        .filter_map(|poster| poster.etag)
        .collect()
}

pub(crate) async fn a_poster_is_read_with_its_pictures_and_readers_hear_of_it(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let repository = store.open().await;
    let mut follower = store.open().await.follow();
    let before = next_posters(&mut follower, 0).await;

    save(&repository, poster(1, 1)).await.unwrap();

    let changes = poster(1, 1);
    assert_eq!(repository.posters().await.unwrap(), changes.posters);
    for (key, content) in changes.pictures {
        assert_eq!(repository.picture(&key).await.unwrap(), Some(content));
    }
    assert_eq!(repository.picture("unknown-1").await.unwrap(), None);
    assert!(next_posters(&mut follower, before + 1).await > before);
    assert_eq!(store.load().await.unwrap().version(), 1, "no new version");
}

/// The first revision of posters that a follower sees, from this one on.
async fn next_posters(follower: &mut common::repository::Follower, least: u64) -> u64 {
    let next = async {
        loop {
            if let FollowEvent::HeadStatus(status) = follower.next().await
                && status.posters >= least
            {
                return status.posters;
            }
        }
    };
    let next = tokio::time::timeout(std::time::Duration::from_secs(20), next).await;
    next.expect("a status within 20 s")
}

pub(crate) async fn a_picture_that_no_poster_names_is_removed(store: &Fixture) {
    let repository = store.open().await;
    save(&repository, poster(1, 1)).await.unwrap();
    save(&repository, poster(2, 2)).await.unwrap();
    assert_eq!(repository.picture_keys().await.unwrap().len(), 4);
    // Two posters with the same content share their pictures.
    save(&repository, poster(3, 2)).await.unwrap();
    assert_eq!(repository.picture_keys().await.unwrap().len(), 4);
    save(&repository, poster(1, 3)).await.unwrap();
    assert_eq!(repository.picture_keys().await.unwrap().len(), 4);
    assert_eq!(assert_whole(&repository).await, ["\"3\"", "\"2\"", "\"2\""]);
    let remove = |numbers: &[u32]| PosterChanges {
        removed: numbers.iter().copied().map(url).collect(),
        ..PosterChanges::default()
    };
    save(&repository, remove(&[2])).await.unwrap();
    assert_eq!(repository.picture_keys().await.unwrap().len(), 4);
    save(&repository, remove(&[1, 3])).await.unwrap();
    assert_eq!(repository.picture_keys().await.unwrap().len(), 0);
    assert_eq!(repository.posters().await.unwrap(), []);
}

pub(crate) async fn a_poster_that_only_failed_changes_no_picture(store: &Fixture) {
    let repository = store.open().await;
    save(&repository, poster(1, 1)).await.unwrap();
    let revision = repository.head().await.unwrap().unwrap().posters;
    let failed = Poster {
        failures: 1,
        problem: Some("responded with 404 Not Found".into()),
        ..poster(1, 1).posters.remove(0)
    };
    let changes = PosterChanges {
        posters: vec![failed.clone()],
        ..PosterChanges::default()
    };
    save(&repository, changes).await.unwrap();
    assert_eq!(repository.posters().await.unwrap(), [failed]);
    assert_eq!(assert_whole(&repository).await, ["\"1\""]);
    assert_eq!(repository.head().await.unwrap().unwrap().posters, revision);
}

pub(crate) async fn late_posters_of_a_paused_syncer_lose(store: &Fixture) {
    let paused = store.open().await.try_acquire(None).await.unwrap().unwrap();
    store.expire_the_lease().await;
    let repository = store.open().await;
    save(&repository, poster(1, 2)).await.unwrap();
    // MongoDB compares fences row by row, and refuses only the last step.
    let late = paused.save_posters(poster(1, 1)).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    assert_eq!(assert_whole(&repository).await, ["\"2\""]);
}

pub(crate) async fn a_syncer_that_stops_at_any_write_leaves_whole_pictures(store: &Fixture) {
    for stop in [Stop::Before, Stop::ResponseLost] {
        for writes in 0..MAX_WRITES {
            let store = store.fresh().await;
            let repository = store.open().await;
            save(&repository, poster(1, 1)).await.unwrap();
            let faulty = FaultyStore::stopping(writes, stop, repository.store().clone());
            let dying = Repository::with_store(faulty);
            let end = save(&dying, poster(1, 2)).await;
            let etags = assert_whole(&repository).await;
            assert!(["\"1\"", "\"2\""].contains(&&*etags[0]), "{etags:?}");
            if end.is_ok() {
                assert!(writes > 4, "a save of {writes} writes was never stopped");
                break;
            }
            store.expire_the_lease().await;
            save(&repository, poster(1, 2)).await.unwrap();
            assert_eq!(assert_whole(&repository).await, ["\"2\""]);
            assert!(
                writes + 1 < MAX_WRITES,
                "a save of more than {MAX_WRITES} writes"
            );
        }
    }
}

pub(crate) async fn a_damaged_picture_counts_as_missing_and_verification_names_it(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let repository = store.open().await;
    save(&repository, poster(1, 1)).await.unwrap();
    assert_eq!(repository.verify().await.unwrap().defects, []);
    let key = poster(1, 1).pictures.remove(0).0;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let other = poster(1, 9).pictures.remove(0).0;
    let row = repository
        .store()
        .row(Table::Pictures, &key)
        .await
        .unwrap()
        .unwrap();
    let moved = Row {
        key: other.clone(),
        ..row
    };
    let fence = lease.head().fence;
    let write = repository
        .store()
        .write_rows(fence, Table::Pictures, vec![moved], Vec::new());
    write.await.unwrap();
    lease.release(None).await.unwrap();
    assert_eq!(repository.picture(&other).await.unwrap(), None);
    let defects = repository.verify().await.unwrap().defects;
    let names: Vec<_> = defects.iter().map(|defect| &*defect.damage.name).collect();
    assert_eq!(names, [format!("pictures/{other}")]);
}

pub(crate) async fn a_backup_has_all_pictures(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let repository = store.open().await;
    save(&repository, poster(1, 1)).await.unwrap();
    save(&repository, poster(2, 2)).await.unwrap();
    let revision = repository.head().await.unwrap().unwrap().posters;
    let backup = back_up(&repository).await.unwrap();
    let other = match store.is_mongodb() {
        true => Fixture::sqlite(),
        false => Fixture::mongodb().await,
    };
    for target in [store.fresh().await, other] {
        let target = target.open().await;
        restore(&target, &backup, Replacement::Refused)
            .await
            .unwrap();
        assert_eq!(
            target.posters().await.unwrap(),
            repository.posters().await.unwrap()
        );
        assert_eq!(assert_whole(&target).await.len(), 2);
        assert_eq!(target.verify().await.unwrap().defects, []);
    }
    // The restore replaces other posters.
    save(&repository, poster(1, 3)).await.unwrap();
    save(&repository, poster(4, 4)).await.unwrap();
    restore(&repository, &backup, Replacement::Allowed)
        .await
        .unwrap();
    assert_eq!(assert_whole(&repository).await, ["\"1\"", "\"2\""]);
    assert!(repository.head().await.unwrap().unwrap().posters > revision);
    save(&repository, poster(2, 5)).await.unwrap();
    assert_eq!(
        repository.picture_keys().await.unwrap().len(),
        4,
        "no other is left"
    );
}

pub(crate) async fn a_store_of_an_earlier_release_gets_posters(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    if let Some(hand) = store.sqlite_by_hand() {
        hand.execute_batch("DROP TABLE posters; DROP TABLE pictures; PRAGMA user_version = 2")
            .unwrap();
    }
    let repository = store.open().await;
    assert_eq!(repository.posters().await.unwrap(), []);
    save(&repository, poster(1, 1)).await.unwrap();
    assert_eq!(assert_whole(&repository).await, ["\"1\""]);
}
