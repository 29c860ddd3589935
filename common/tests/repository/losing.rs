use common::repository::{Amendment, Snapshot};

use crate::fixture::{self, Fixture, catalogue, movie, next_version, with};

/// Two versions, of which the second has parts of its own; the state at it.
async fn two_versions(store: &Fixture) -> Snapshot {
    store.publish(&catalogue(37, 1)).await;
    store.publish(&with(&catalogue(37, 1), movie(0, 2))).await
}

pub(crate) async fn lost_parts_are_put_anew_by_whoever_knows_the_state(store: &Fixture) {
    let state = two_versions(store).await;
    for role in ["changes", "base"] {
        store.lose_the_parts(role).await;
        let before = store.load().await.unwrap();
        assert!(!before.damage.is_empty(), "{role}");
        let mut follower = store.open().await.follow();
        assert_eq!(next_version(&mut follower).await.damage, before.damage);

        let repository = store.open().await;
        let mut turn = repository.begin(None).await.unwrap().unwrap();
        let known = turn.state(Some(&state)).await.unwrap();
        let mended = turn.mend_parts(known.as_ref()).await.unwrap().unwrap();
        assert_eq!(mended.version(), before.version() + 1);
        assert!(turn.mend_parts(Some(&mended)).await.unwrap().is_none());
        turn.end(None).await.unwrap();

        let after = next_version(&mut follower).await;
        for after in [&store.load().await.unwrap(), &*after] {
            assert_eq!(after.catalogue, state.catalogue);
            assert!(after.damage.is_empty(), "{role}: {:?}", after.damage);
        }
    }
}

pub(crate) async fn lost_parts_are_put_anew_from_the_source_by_whoever_does_not(store: &Fixture) {
    let state = two_versions(store).await;
    for role in ["changes", "base"] {
        store.lose_the_parts(role).await;
        let repository = store.open().await;
        fixture::publish(&repository, &state.catalogue)
            .await
            .unwrap();
        let after = store.load().await.unwrap();
        assert_eq!(after.catalogue, state.catalogue);
        assert!(after.damage.is_empty(), "{role}: {:?}", after.damage);
    }
    let none = fixture::publish(&store.open().await, &state.catalogue).await;
    assert!(none.unwrap().is_none(), "nothing is left to be mended");
}

pub(crate) async fn lost_parts_of_a_pinned_version_are_put_anew_and_it_stays_pinned(
    store: &Fixture,
) {
    let state = two_versions(store).await;
    let repository = store.open().await;
    let turn = repository.begin(None).await.unwrap().unwrap();
    let pin = Amendment {
        pin: Some(Some(2)),
        ..Amendment::default()
    };
    turn.amend(&pin).await.unwrap();
    turn.end(None).await.unwrap();
    store.lose_the_parts("base").await;
    let mut turn = repository.begin(None).await.unwrap().unwrap();
    turn.mend_parts(Some(&state)).await.unwrap().unwrap();
    assert_eq!(turn.head().pin, Some(3));
    turn.end(None).await.unwrap();
    assert_eq!(store.load().await.unwrap().catalogue, state.catalogue);
}
