use common::models::Catalogue;
use common::repository::{Repository, StoreError};

use crate::fixture::{self, Fixture, catalogue, person, with, without};
use crate::stores::{Stop, Tampered};

/// More writes than any of these runs makes.
const ENOUGH: u32 = 60;

pub(crate) async fn a_publisher_that_dies_before_any_write_leaves_a_whole_version(store: &Fixture) {
    stop_at_every_write(store, Stop::Before).await;
}

pub(crate) async fn a_publisher_that_loses_any_answer_leaves_a_whole_version(store: &Fixture) {
    stop_at_every_write(store, Stop::AnswerLost).await;
}

async fn stop_at_every_write(store: &Fixture, stop: Stop) {
    let mut published = Catalogue::default();
    for (edition, writes) in (1..).zip(0..ENOUGH) {
        // Updates, an addition, a removal, and a new base each time.
        let wanted = with(
            &catalogue(4, edition),
            person("new", &format!("New {edition}"), None),
        );
        let wanted = if edition % 2 == 0 {
            without(&wanted, 0)
        } else {
            wanted
        };
        let before = store
            .load()
            .await
            .map(|state| state.version())
            .unwrap_or_default();

        let tampered = Tampered::stopping(writes, stop, store.open().await.store().clone());
        let end = fixture::publish(&Repository::over(tampered), &wanted).await;

        let seen = store.load().await;
        let version = seen
            .as_ref()
            .map(|state| state.version())
            .unwrap_or_default();
        let seen = seen.map(|state| state.catalogue).unwrap_or_default();
        if version == before {
            assert_eq!(
                seen, published,
                "{stop:?} {writes}: the version before, whole"
            );
        } else {
            assert_eq!(version, before + 1, "{stop:?} {writes}");
            assert_eq!(seen, wanted, "{stop:?} {writes}: the version after, whole");
        }
        if end.is_ok() {
            assert!(writes > 8, "a run of {writes} writes was never stopped");
            return;
        }
        assert!(matches!(end, Err(StoreError::Unavailable(_))), "{end:?}");

        // The next run finds whatever is left to do, and repairs the view.
        store.let_the_lease_pass().await;
        let repository = store.open().await;
        let repaired = fixture::publish(&repository, &wanted).await.unwrap();
        assert_eq!(repaired.is_none(), version != before, "{stop:?} {writes}");
        assert_eq!(store.load().await.unwrap().catalogue, wanted);
        crate::history::assert_the_view_shows(&repository, &wanted).await;
        published = wanted;
    }
    panic!("a run of more than {ENOUGH} writes");
}
