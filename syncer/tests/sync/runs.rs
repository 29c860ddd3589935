//! Syncs with an embedded store: unchanged sources, quarantine, pins, approvals and the ledger.

use std::time::Duration;

use common::models::{Kind, Outcome, Run};

use serde_json::json;
use syncer::commands::RepositoryCommand;
use testkit::source::{Fault, film};

use crate::scene::{Scene, Store};

async fn scene() -> Scene {
    Scene::new(Store::sqlite()).await
}

#[tokio::test]
async fn a_source_that_always_says_304_is_trusted_for_an_hour() {
    let mut scene = scene().await;
    scene.source.send_one_etag_for_all();
    assert_eq!(scene.sync().await.outcome, Outcome::Published);
    scene.source.add_film(film(7));
    for _ in 0..3 {
        scene.wait(Duration::from_mins(19));
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
    scene.wait(Duration::from_mins(4));
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Published, "{run:?}");
}

#[tokio::test]
async fn a_new_process_skips_an_unchanged_source() {
    let mut scene = scene().await;
    let first = scene.sync().await;
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Unchanged);
    assert_eq!(
        run.phases.compare_microseconds, 0,
        "nothing was read or compared"
    );
    assert_eq!(run.bytes, first.bytes, "all of it was sent");
    assert_eq!(run.kinds[&Kind::Movie].seen, 4);
    assert_eq!(run.findings, first.findings);

    scene.source.add_film(film(7));
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Published);
    assert_eq!(run.kinds[&Kind::Movie].added, 1);
}

#[tokio::test]
async fn a_missing_item_that_returns_is_no_longer_missing_for_a_new_process() {
    let mut scene = scene().await;
    let first = scene.sync().await;
    let films = scene.source.catalogue().collection("films").to_vec();
    scene.source.edit(|catalogue| catalogue.films.truncate(3));
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(
        (run.outcome, run.kinds[&Kind::Movie].missing),
        (Outcome::Unchanged, 1)
    );
    assert_eq!(
        run.findings, first.findings,
        "missing items are joined like the others"
    );
    scene.source.set("films", films);
    scene.restart().await;
    assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    let missing = scene.repository().missing().await.unwrap();
    assert_eq!(missing, [], "it is back");
}

#[tokio::test]
async fn changes_held_back_by_a_pin_are_published_after_unpin() {
    let mut scene = scene().await;
    scene.sync().await;
    scene
        .command(RepositoryCommand::Pin { version: 1 })
        .await
        .unwrap();
    scene.source.add_film(film(7));
    for _ in 0..2 {
        scene.restart().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
    scene.command(RepositoryCommand::Unpin).await.unwrap();
    assert_eq!(scene.sync().await.outcome, Outcome::Published);
}

#[tokio::test]
async fn a_new_process_repairs_corrupted_and_lost_parts() {
    for spoiled in [true, false] {
        let mut scene = scene().await;
        scene.sync().await;
        let repository = scene.repository().clone();
        let whole = repository.load().await.unwrap().unwrap();
        let parts = repository.store().parts().await.unwrap();
        for part in &parts {
            let mut data = repository.store().get(*part).await.unwrap().unwrap();
            repository.store().remove(&[*part]).await.unwrap();
            if spoiled {
                let middle = data.len() / 2;
                data[middle] ^= 1;
                repository.store().put(*part, data).await.unwrap();
            }
        }
        scene.restart().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Published);
        let repaired = repository.load().await.unwrap().unwrap();
        assert!(repaired.damage.is_empty(), "{:?}", repaired.damage);
        assert_eq!(repaired.catalogue, whole.catalogue);
        scene.restart().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
}

#[tokio::test]
async fn an_unreadable_record_is_quarantined_until_it_is_fixed() {
    let mut scene = scene().await;
    for number in 10..20 {
        scene.source.add_film(film(number));
    }
    scene.sync().await;
    let good = scene.source.catalogue();
    scene.source.edit(|catalogue| {
        let bad = &mut catalogue.collection_mut("films")[0];
        bad["title"] = json!({ "en": "An object" });
        bad["description"] = "x".repeat(10_000).into();
    });
    // Bad records are reported even while a version is pinned.
    for pin in [
        RepositoryCommand::Unpin,
        RepositoryCommand::Pin { version: 1 },
    ] {
        scene.command(pin).await.unwrap();
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
        let quarantine = scene.repository().quarantine().await.unwrap();
        assert_eq!(quarantine.len(), 1);
        assert!(quarantine[0].reason.contains("found an object"));
        assert_eq!(quarantine[0].raw.len(), 4096);
        scene.source.edit(|catalogue| *catalogue = good.clone());
        assert_eq!(scene.sync().await.quarantined(), 0);
        assert_eq!(scene.repository().quarantine().await.unwrap(), []);
        scene.source.edit(|catalogue| {
            catalogue.collection_mut("films")[0]["title"] = json!({ "en": "An object" });
            catalogue.collection_mut("films")[0]["description"] = "x".repeat(10_000).into();
        });
    }
}

#[tokio::test]
async fn a_first_version_without_relations_has_a_note_if_records_have_links() {
    let films = |people: serde_json::Value| vec![json!({"id": 1, "title": "A", "people": people})];
    for (people, has_note) in [
        (json!(["https://elsewhere.example/people/ann-1"]), true),
        (json!(["Ann"]), true),
        (json!(["/people/1"]), false),
        (json!([1, "Ann"]), false),
        (json!([]), false),
        (json!(null), false),
    ] {
        let mut scene = scene().await;
        scene.source.edit(|catalogue| {
            for name in ["films", "people", "locations", "species", "vehicles"] {
                let records = match name {
                    "films" => films(people.clone()),
                    _ => vec![json!({"id": 1, "name": name})],
                };
                *catalogue.collection_mut(name) = records;
            }
        });
        let run = scene.sync().await;
        assert_eq!(run.outcome, Outcome::Published, "{people}");
        assert_eq!(run.notes.len(), usize::from(has_note), "{people}: {run:?}");
        let rows = scene.repository().runs(1).await.unwrap();
        assert_eq!(rows[0].notes, run.notes, "in the ledger");

        scene
            .source
            .add_film(json!({"id": 2, "title": "B", "people": ["Ben"]}));
        let run = scene.sync().await;
        assert_eq!((run.outcome, run.notes.len()), (Outcome::Published, 0));
    }
}

#[tokio::test]
async fn an_approval_applies_once_and_only_to_the_held_changes() {
    let mut scene = scene().await;
    scene.sync().await;
    let films = scene.source.catalogue().films;
    let twice = |number: usize| {
        let mut films = films.clone();
        films.push(films[number].clone());
        films
    };
    scene.source.set("films", twice(0));
    let held = scene.sync().await;
    assert_eq!((held.outcome, held.changes().total()), (Outcome::Held, 0));
    scene.command(RepositoryCommand::Approve).await.unwrap();
    scene.source.set("films", twice(1));
    assert_eq!(scene.sync().await.outcome, Outcome::Held, "another id");
    scene.source.set("films", twice(0));
    assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    scene.source.set("films", films.clone());
    assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    scene.source.set("films", twice(0));
    assert_eq!(scene.sync().await.outcome, Outcome::Held, "it was used");
}

#[tokio::test]
async fn a_held_run_is_found_after_many_failures() {
    let mut scene = scene().await;
    scene.sync().await;
    scene.source.misbehave("films", Fault::Empty);
    let held = scene.sync().await;
    for number in 0..24 {
        scene
            .source
            .misbehave("films", Fault::Status(403 + number % 2));
        let failed = scene.sync().await;
        assert_eq!(failed.outcome, Outcome::Failed);
        assert!(failed.provider.is_some() && failed.causes.len() == 1);
    }
    let repository = scene.repository();
    let last = repository.runs(20).await.unwrap();
    assert!(last.iter().all(|run| run.outcome == Outcome::Failed));
    assert_eq!(repository.held_run().await.unwrap(), Some(held));
}

#[tokio::test]
async fn failures_that_differ_only_in_numbers_share_a_row() {
    let mut scene = scene().await;
    scene.source.misbehave("films", Fault::Status(404));
    let failed = scene.sync().await;
    for seconds in [37, 9] {
        let lease = scene.repository().try_acquire(None).await;
        let lease = lease.unwrap().unwrap();
        let run = Run {
            number: lease.head().fence,
            reason: Some(format!("skipped: Retry-After has {seconds} s left")),
            ..failed.clone()
        };
        lease.record(&run).await.unwrap();
        lease.release(None).await.unwrap();
    }
    let runs = scene.repository().runs(20).await.unwrap();
    let times: Vec<_> = runs.iter().map(|run| run.repeat_count).collect();
    assert_eq!(times, [2, 1]);
    assert!(runs[0].reason.as_ref().unwrap().ends_with("has 9 s left"));
}

#[tokio::test]
async fn a_record_without_an_id_accounts_for_one_missing_item() {
    let mut scene = scene().await;
    for number in 10..28 {
        scene.source.add_film(film(number));
    }
    scene.sync().await;
    let films = scene.source.catalogue().films;
    let without = |missing: usize| {
        let mut films = films[missing..].to_vec();
        films.push(json!(null));
        films
    };
    for (missing, outcome) in [(1, Outcome::Unchanged), (5, Outcome::Held)] {
        scene.source.set("films", without(missing));
        let run = scene.sync().await;
        assert_eq!(run.outcome, outcome, "{run:?}");
        let count = run.kinds[&Kind::Movie].missing;
        assert_eq!(count, if missing == 1 { 0 } else { 5 });
    }
}
