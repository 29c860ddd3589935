use std::sync::Arc;

use common::models::{
    Catalogue, Change, Changes, Counts, Finding, Kind, KindStats, MissingItem, Outcome,
    PhaseTimings, Problem, QuarantinedRecord, Run, changed_fields,
};
use common::repository::{LeaseGuard, RETENTION, Repository, Row, Store, Table};

use crate::faulty_store::FaultyStore;
use crate::fixture::{self, Fixture, catalogue, movie, person, publish_in, with, without};

pub(crate) async fn any_kept_version_can_be_rebuilt(store: &Fixture) {
    let mut states = Vec::new();
    for edition in 1..8 {
        states.push(without(&catalogue(12, edition / 2), edition as usize));
        store.publish(states.last().unwrap()).await;
    }
    let repository = store.open().await;
    let current = repository.load().await.unwrap().unwrap();
    for (version, state) in (1..).zip(&states) {
        let rebuilt = repository.rewind(&current, version).await.unwrap().unwrap();
        assert_eq!(rebuilt.version(), version);
        assert_eq!(&rebuilt.catalogue, state);
    }
    assert!(repository.rewind(&current, 99).await.unwrap().is_none());
}

pub(crate) async fn a_version_is_not_rebuilt_from_an_earlier_one(store: &Fixture) {
    let earlier = store.publish(&catalogue(3, 1)).await;
    let current = store.publish(&catalogue(3, 2)).await;
    let repository = store.open().await;
    assert!(repository.rewind(&earlier, 2).await.unwrap().is_none());
    let rebuilt = repository.rewind(&current, 2).await.unwrap().unwrap();
    assert_eq!(rebuilt.catalogue, catalogue(3, 2));
}

pub(crate) async fn a_version_is_not_rebuilt_by_a_head_that_lags(store: &Fixture) {
    store.publish(&catalogue(3, 1)).await;
    store.publish(&catalogue(3, 2)).await;
    let lagging = FaultyStore::lagging(store.open().await.store().clone());
    lagging.show_old_head(lagging.head().await.unwrap());
    let current = store.publish(&catalogue(3, 3)).await;
    let repository = Repository::with_store(lagging.clone());
    assert!(repository.rewind(&current, 1).await.unwrap().is_none());
    lagging.show_old_head(None);
    let rebuilt = repository.rewind(&current, 1).await.unwrap().unwrap();
    assert_eq!(rebuilt.catalogue, catalogue(3, 1));
}

pub(crate) async fn the_changes_of_a_version_tell_before_and_after(store: &Fixture) {
    store.publish(&catalogue(3, 1)).await;
    let wanted = with(&without(&catalogue(3, 1), 2), movie(0, 2));
    store.publish(&wanted).await;
    let repository = store.open().await;
    let changes = repository.changes(2).await.unwrap().unwrap();
    assert_eq!(
        Counts::of(&changes),
        Counts {
            added: 0,
            updated: 1,
            removed: 1
        }
    );
    let updated = changes
        .iter()
        .find(|change| change.after.is_some())
        .unwrap();
    let fields = changed_fields(
        updated.before.as_ref().unwrap(),
        updated.after.as_ref().unwrap(),
    );
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].before, "Movie 0, edition 1");
    assert_eq!(fields[0].after, "Movie 0, edition 2");
    assert!(repository.changes(3).await.unwrap().is_none());
}

pub(crate) async fn a_rollback_is_a_new_version_with_a_pin(store: &Fixture) {
    store.publish(&catalogue(3, 1)).await;
    let state = store.publish(&catalogue(3, 2)).await;
    let repository = store.open().await;
    let wanted = repository.rewind(&state, 1).await.unwrap().unwrap();
    let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
    let delta = state.catalogue.changes_to(&wanted.catalogue);
    let note = Some("rollback to version 1, $literal".to_owned());
    lease
        .publish(Some(&state), &delta, note.clone(), Some(3))
        .await
        .unwrap();
    assert_eq!(lease.head().pin, Some(3));
    lease.release(None).await.unwrap();
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.version(), 3);
    assert_eq!(loaded.header.note, note);
    assert_eq!(loaded.catalogue, catalogue(3, 1));
}

pub(crate) async fn old_versions_go_beyond_the_retention_and_the_rest_still_loads(store: &Fixture) {
    let repository = store.open().await;
    // So many movies that one change a version never makes a new base by its share.
    let mut state = store.publish(&catalogue(2_700, 1)).await;
    let last = RETENTION + 6;
    while state.version() < last {
        let edition = u32::try_from(state.version()).unwrap() + 1;
        let mut lease = repository.try_acquire(None).await.unwrap().unwrap();
        let before = state.catalogue.get(Kind::Movie, "movie-0");
        let after = Arc::new(movie(0, edition));
        let delta: Changes = Change::of(before, Some(after)).into_iter().collect();
        let published = lease.publish(Some(&state), &delta, None, None).await;
        state = published.unwrap().unwrap();
        lease.release(None).await.unwrap();
    }
    let versions = repository.versions().await.unwrap();
    assert_eq!(versions.len() as u64, RETENTION);
    assert_eq!(versions[0].version, last - RETENTION + 1);
    let loaded = store.load().await.unwrap();
    assert_eq!(loaded.catalogue, state.catalogue);
    let oldest = repository
        .rewind(&loaded, versions[0].version)
        .await
        .unwrap();
    let oldest = oldest.unwrap().catalogue;
    let title = oldest
        .get(Kind::Movie, "movie-0")
        .unwrap()
        .name()
        .to_owned();
    assert_eq!(title, format!("Movie 0, edition {}", versions[0].version));
}

pub(crate) async fn the_ledger_lists_runs_newest_first(store: &Fixture) {
    let repository = store.open().await;
    let mut written = Vec::new();
    for outcome in [Outcome::Published, Outcome::Unchanged, Outcome::Failed] {
        let lease = repository.try_acquire(None).await.unwrap().unwrap();
        let run = run(&lease, outcome);
        lease.record(&run).await.unwrap();
        written.insert(0, run);
        lease.release(None).await.unwrap();
    }
    assert_eq!(repository.runs(10).await.unwrap(), written);
    assert_eq!(repository.runs(2).await.unwrap(), written[..2]);
}

pub(crate) fn run(lease: &LeaseGuard, outcome: Outcome) -> Run {
    let stats = KindStats {
        seen: 22,
        added: 1,
        updated: 2,
        removed: 3,
        missing: 4,
        quarantined: 5,
    };
    Run {
        number: lease.head().fence,
        started: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        ended: "2026-01-02T03:04:06Z".parse().unwrap(),
        outcome,
        repeat_count: 1,
        phases: PhaseTimings {
            fetch_microseconds: 250_000,
            ..PhaseTimings::default()
        },
        version: 3,
        kinds: [(Kind::Movie, stats)].into(),
        bytes: 98_765,
        provider: Some("http://example.org".into()),
        rules: Vec::new(),
        reason: (outcome == Outcome::Failed).then(|| "it said \"no\"".into()),
        causes: vec!["a".into(), "b".into()],
        fingerprint: None,
        held_changes: Vec::new(),
        findings: 40,
        damage: vec!["base/00000000000000000001/000000".into()],
        notes: vec!["a note".into()],
        settings: None,
    }
}

pub(crate) async fn runs_that_end_alike_and_publish_nothing_share_a_row(store: &Fixture) {
    let repository = store.open().await;
    for (outcome, times) in [
        (Outcome::Published, 1),
        (Outcome::Unchanged, 3),
        (Outcome::Published, 2),
        (Outcome::Unchanged, 2),
    ] {
        for _ in 0..times {
            let lease = repository.try_acquire(None).await.unwrap().unwrap();
            lease.record(&run(&lease, outcome)).await.unwrap();
            lease.release(None).await.unwrap();
        }
    }
    let rows = repository.runs(10).await.unwrap();
    let rows: Vec<_> = rows
        .iter()
        .map(|run| (run.number, run.outcome.word(), run.repeat_count))
        .collect();
    assert_eq!(
        rows,
        [
            (7, "unchanged", 2),
            (6, "published", 1),
            (5, "published", 1),
            (2, "unchanged", 3),
            (1, "published", 1)
        ]
    );
}

pub(crate) async fn the_ledger_keeps_the_newest_rows(store: &Fixture) {
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    let row = |number: u32| Row {
        key: format!("{number:020}"),
        fields: serde_json::Map::new(),
    };
    let fence = lease.head().fence;
    let ledger = repository.store();
    ledger
        .write_rows(fence, Table::Runs, (0..25).map(row).collect(), Vec::new())
        .await
        .unwrap();
    ledger.trim(Table::Runs, 10).await.unwrap();
    let left = ledger.rows(Table::Runs, None).await.unwrap();
    assert_eq!(left, (15..25).map(row).collect::<Vec<_>>());
    ledger.trim(Table::Runs, 10).await.unwrap();
    assert_eq!(ledger.rows(Table::Runs, None).await.unwrap().len(), 10);
}

pub(crate) async fn late_rows_of_a_paused_publisher_lose(store: &Fixture) {
    let paused = store.open().await.try_acquire(None).await.unwrap().unwrap();
    let missing = |missed_syncs| MissingItem {
        kind: Kind::Movie,
        id: "m".into(),
        since: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        missed_syncs,
    };
    paused.save_missing(&[missing(1)]).await.unwrap();
    store.expire_the_lease().await;
    let repository = store.open().await;
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease.save_missing(&[missing(2)]).await.unwrap();
    // The error depends on the store; the missing effect does not.
    paused.save_missing(&[missing(9)]).await.ok();
    assert_eq!(repository.missing().await.unwrap(), [missing(2)]);
    paused.save_missing(&[]).await.ok();
    assert_eq!(repository.missing().await.unwrap(), [missing(2)]);
}

pub(crate) async fn findings_and_quarantine_are_those_of_the_last_run(store: &Fixture) {
    let repository = store.open().await;
    let finding = |id: &str| Finding {
        kind: Kind::Location,
        id: id.into(),
        field: "residents".into(),
        problem: Problem::NotALink,
        value: "???".into(),
    };
    let bad = QuarantinedRecord {
        kind: Kind::Movie,
        id: Some("m".into()),
        index: 4,
        reason: "title: an object".into(),
        raw: "{\"title\":{}}".into(),
    };
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease
        .save_findings(&[finding("a"), finding("b")])
        .await
        .unwrap();
    lease
        .save_findings(&[finding("b"), finding("c")])
        .await
        .unwrap();
    assert_eq!(
        repository.findings().await.unwrap(),
        [finding("b"), finding("c")]
    );
    lease
        .save_quarantine(std::slice::from_ref(&bad))
        .await
        .unwrap();
    assert_eq!(repository.quarantine().await.unwrap(), [bad]);
    lease.save_quarantine(&[]).await.unwrap();
    assert_eq!(repository.quarantine().await.unwrap(), []);
}

pub(crate) async fn the_view_shows_every_version_and_removes_what_is_gone(store: &Fixture) {
    let repository = store.open().await;
    let mut wanted = catalogue(4, 1);
    for edition in 1..4 {
        wanted = with(&without(&wanted, edition as usize), movie(0, edition));
        store.publish(&wanted).await;
        assert_the_view_shows(&repository, &wanted).await;
    }
    let movies = repository
        .store()
        .read_view(Kind::Movie, None, 1)
        .await
        .unwrap();
    let fields = movies[0].fields.clone().unwrap();
    assert_eq!(fields["people"], serde_json::json!([{ "name": "Ann" }]));
    assert_eq!(
        fields["other_people"],
        serde_json::json!([{ "name": "Cat" }])
    );
}

pub(crate) async fn a_renamed_person_is_renamed_in_the_view_of_its_movies(store: &Fixture) {
    let repository = store.open().await;
    store.publish(&catalogue(2, 1)).await;
    let wanted = with(&catalogue(2, 1), person("ann", "Anna", None));
    store.publish(&wanted).await;
    let movies = repository
        .store()
        .read_view(Kind::Movie, None, 10)
        .await
        .unwrap();
    for movie in movies {
        let others = &movie.fields.unwrap()["other_people"];
        assert_eq!(others[0]["name"], "Anna");
    }
}

pub(crate) async fn a_view_left_behind_is_repaired_by_the_next_run(store: &Fixture) {
    let repository = store.open().await;
    let state = store.publish(&catalogue(3, 1)).await;
    let mut dying = repository.try_acquire(None).await.unwrap().unwrap();
    let wanted = without(&catalogue(3, 2), 0);
    let delta = state.catalogue.changes_to(&wanted);
    dying
        .publish(Some(&state), &delta, None, None)
        .await
        .unwrap();
    drop(dying);
    store.expire_the_lease().await;
    let lease = store.open().await.try_acquire(None).await.unwrap().unwrap();
    assert!(lease.head().dirty);
    assert!(publish_in(lease, &wanted).await.unwrap().is_none());
    assert_the_view_shows(&repository, &wanted).await;
    assert!(!repository.head().await.unwrap().unwrap().dirty);
    fixture::publish(&repository, &wanted).await.unwrap();
}

/// The view holds the names of exactly these items.
pub(crate) async fn assert_the_view_shows(repository: &Repository, wanted: &Catalogue) {
    for kind in Kind::ALL {
        let shown = repository
            .store()
            .read_view(kind, None, 1_000)
            .await
            .unwrap();
        let shown: Vec<_> = shown
            .iter()
            .map(|document| {
                let fields = document.fields.as_ref().unwrap();
                let name = fields.get("title").or(fields.get("name")).unwrap();
                (document.id.clone(), name.as_str().unwrap().to_owned())
            })
            .collect();
        let mut expected: Vec<_> = wanted
            .iter(kind)
            .map(|item| (item.id.clone(), item.name().to_owned()))
            .collect();
        expected.sort();
        assert_eq!(shown, expected);
    }
}
