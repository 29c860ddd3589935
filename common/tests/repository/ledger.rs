//! What web apps read in the ledger, and the size of the database.

use common::models::{ChangeType, HeldChange, Kind, Outcome, Run, RunSettings};
use common::repository::{LeaseGuard, Repository};
use jiff::{SignedDuration, Timestamp};

use crate::fixture::{Fixture, catalogue};
use crate::history;

async fn record(repository: &Repository, run: impl Fn(&LeaseGuard) -> Run) {
    let lease = repository.try_acquire(None).await.unwrap().unwrap();
    lease.record(&run(&lease)).await.unwrap();
    lease.release(None).await.unwrap();
}

pub(crate) async fn only_the_last_held_run_lists_its_changes(store: &Fixture) {
    let repository = store.open().await;
    let change = |id: &str| HeldChange {
        change: ChangeType::Removed,
        kind: Kind::Movie,
        id: id.into(),
        name: format!("Movie {id}"),
    };
    let held = |id: &'static str| {
        move |lease: &LeaseGuard| Run {
            fingerprint: Some(id.into()),
            held_changes: vec![change(id)],
            ..history::run(lease, Outcome::Held)
        }
    };
    let failed = |lease: &LeaseGuard| history::run(lease, Outcome::Failed);
    let lists = async || -> Vec<usize> {
        let runs = repository.runs(10).await.unwrap();
        runs.iter().map(|run| run.held_changes.len()).collect()
    };
    record(&repository, held("a")).await;
    record(&repository, held("a")).await;
    record(&repository, failed).await;
    assert_eq!(lists().await, [0, 1], "a failure does not end a held run");
    record(&repository, held("b")).await;
    assert_eq!(lists().await, [1, 0, 0]);
    let held_run = repository.held_run().await.unwrap().unwrap();
    assert_eq!(held_run.held_changes, [change("b")]);
    let unchanged = |lease: &LeaseGuard| history::run(lease, Outcome::Unchanged);
    record(&repository, unchanged).await;
    assert_eq!(lists().await, [0, 0, 0, 0]);
}

pub(crate) async fn a_held_list_ends_with_its_run_after_any_number_of_failures(store: &Fixture) {
    let repository = store.open().await;
    let held = |lease: &LeaseGuard| Run {
        fingerprint: Some("a".into()),
        held_changes: vec![HeldChange {
            change: ChangeType::Removed,
            kind: Kind::Movie,
            id: "a".into(),
            name: "A movie".into(),
        }],
        ..history::run(lease, Outcome::Held)
    };
    record(&repository, held).await;
    // Each has a row of its own.
    for reason in 'a'..='y' {
        let failed = |lease: &LeaseGuard| Run {
            reason: Some(reason.into()),
            ..history::run(lease, Outcome::Failed)
        };
        record(&repository, failed).await;
    }
    let lists = async || {
        let runs = repository.runs(100).await.unwrap();
        let listing = runs.iter().filter(|run| !run.held_changes.is_empty());
        (runs.len(), listing.count())
    };
    assert_eq!(lists().await, (26, 1));
    let unchanged = |lease: &LeaseGuard| history::run(lease, Outcome::Unchanged);
    record(&repository, unchanged).await;
    assert_eq!(lists().await, (27, 0));
}

pub(crate) async fn runs_share_no_row_across_a_time_without_syncs(store: &Fixture) {
    let repository = store.open().await;
    let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    // With an interval of 15 s a sync is overdue after 90 s.
    for seconds in [0, 20, 110, 201, 220] {
        let at = start + SignedDuration::from_secs(seconds);
        let run = |lease: &LeaseGuard| Run {
            started: at,
            ended: at,
            settings: Some(RunSettings {
                interval_milliseconds: 15_000,
                retention: 256,
                unreadable_percent: 20,
            }),
            ..history::run(lease, Outcome::Unchanged)
        };
        record(&repository, run).await;
    }
    let runs = repository.runs(10).await.unwrap();
    let counts: Vec<_> = runs.iter().map(|run| run.repeat_count).collect();
    assert_eq!(counts, [2, 3]);
}

pub(crate) async fn the_database_has_a_size(store: &Fixture) {
    store.publish(&catalogue(2, 1)).await;
    let repository = store.open().await;
    assert!(repository.size().await.unwrap() > 0);
}
