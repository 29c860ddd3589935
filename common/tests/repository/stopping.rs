use common::models::{Catalogue, Finding, Kind, MissingItem, Outcome, Problem, QuarantinedRecord};
use common::repository::{Repository, Snapshot, StoreError, SyncEnd};

use crate::faulty_store::{FaultyStore, Stop};
use crate::fixture::{Fixture, catalogue, person, with, without};
use crate::history::{assert_the_view_shows, run};

/// More writes than any of these runs makes.
const MAX_WRITES: u32 = 60;

pub(crate) async fn a_publisher_that_dies_before_any_write_leaves_a_whole_version(store: &Fixture) {
    stop_at_every_write(store, Stop::Before).await;
}

pub(crate) async fn a_publisher_that_loses_any_response_leaves_a_whole_version(store: &Fixture) {
    stop_at_every_write(store, Stop::ResponseLost).await;
}

async fn stop_at_every_write(store: &Fixture, stop: Stop) {
    let mut published = Catalogue::default();
    for (edition, writes) in (1..).zip(0..MAX_WRITES) {
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

        let tampered = FaultyStore::stopping(writes, stop, store.open().await.store().clone());
        let end = sync(&Repository::with_store(tampered), &wanted, edition).await;

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
            assert!(writes > 16, "a run of {writes} writes was never stopped");
            return;
        }
        assert!(matches!(end, Err(StoreError::Unavailable(_))), "{end:?}");

        // The next run finds whatever is left to do, and repairs the view.
        store.expire_the_lease().await;
        let repository = store.open().await;
        let repaired = sync(&repository, &wanted, edition).await.unwrap();
        assert_eq!(repaired.is_none(), version != before, "{stop:?} {writes}");
        assert_eq!(store.load().await.unwrap().catalogue, wanted);
        assert_the_view_shows(&repository, &wanted).await;
        assert_tables_hold(&repository, edition).await;
        published = wanted;
    }
    panic!("a run of more than {MAX_WRITES} writes");
}

/// One whole run with all that a syncer writes, in its order.
pub(crate) async fn sync(
    repository: &Repository,
    wanted: &Catalogue,
    edition: u32,
) -> Result<Option<Snapshot>, StoreError> {
    let mut lease = repository.try_acquire(None).await?.unwrap();
    let state = lease.state(None).await?;
    lease.repair_view(state.as_ref()).await?;
    lease.save_unchanged_marker(None::<&u32>).await?;
    lease.save_findings(&[finding(edition)]).await?;
    lease.save_quarantine(&[quarantined(edition)]).await?;
    let published = state.as_ref().map(|state| state.catalogue.clone());
    let changes = published.unwrap_or_default().changes_to(wanted);
    let snapshot = lease.publish(state.as_ref(), &changes, None, None).await?;
    lease.save_missing(&[missing(edition)]).await?;
    if let Some(snapshot) = &snapshot {
        lease.update_view(snapshot, &changes).await?;
    }
    lease.save_unchanged_marker(Some(&edition)).await?;
    lease.record(&run(&lease, Outcome::Published)).await?;
    lease.release(Some(SyncEnd::Responded)).await?;
    Ok(snapshot)
}

/// Checks that every table holds this edition and the ledger has every run.
async fn assert_tables_hold(repository: &Repository, edition: u32) {
    let (findings, bad) = (repository.findings().await, repository.quarantine().await);
    assert_eq!(findings.unwrap(), [finding(edition)]);
    assert_eq!(bad.unwrap(), [quarantined(edition)]);
    assert_eq!(repository.missing().await.unwrap(), [missing(edition)]);
    let runs = repository.runs(1_000).await.unwrap();
    assert!(runs.is_sorted_by(|newer, older| newer.number > older.number));
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    assert_eq!(
        lease.unchanged_marker::<u32>().await.unwrap(),
        Some(edition)
    );
    assert!(runs.len() >= edition as usize && runs[0].number + 1 == lease.head().fence);
    lease.release(None).await.unwrap();
}

fn finding(edition: u32) -> Finding {
    Finding {
        kind: Kind::Location,
        id: "a".into(),
        field: "residents".into(),
        problem: Problem::NotALink,
        value: format!("edition {edition}"),
    }
}

fn quarantined(edition: u32) -> QuarantinedRecord {
    QuarantinedRecord {
        kind: Kind::Movie,
        id: Some(format!("edition-{edition}").into()),
        index: 4,
        reason: "title: an object".into(),
        raw: "{\"title\":{}}".into(),
    }
}

fn missing(edition: u32) -> MissingItem {
    MissingItem {
        kind: Kind::Movie,
        id: "m".into(),
        since: jiff::Timestamp::UNIX_EPOCH,
        missed_syncs: edition,
    }
}
