//! Syncs against a source, by a clock of the test's own.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::clock::Clock;
use common::config::{Database, FuseLimits};
use common::models::{Kind, Outcome, Run};
use common::repository::{Access, HeadPatch, Repository};
use ghibli_api::{Client, ClientConfig, Timeouts};
use serde_json::json;
use syncer::plan::Patience;
use syncer::sync::Syncer;
use testkit::source::{Fault, Source, film};
use tokio_util::sync::CancellationToken;

/// A syncer whose clock goes when it is told.
struct Scene {
    source: Source,
    syncer: Syncer,
    seconds: Arc<AtomicU64>,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (source, seconds) = (Source::start().await, Arc::new(AtomicU64::new(0)));
        let syncer = syncer(&folder, &source, &seconds).await;
        Self {
            source,
            syncer,
            seconds,
            folder,
        }
    }

    fn wait(&self, duration: Duration) {
        self.seconds.fetch_add(duration.as_secs(), Ordering::SeqCst);
    }

    /// Goes on with another process.
    async fn restart(&mut self) {
        self.syncer = syncer(&self.folder, &self.source, &self.seconds).await;
    }

    async fn pin(&self, version: Option<u64>) {
        self.amend(HeadPatch {
            pin: Some(version),
            ..HeadPatch::default()
        })
        .await;
    }

    async fn approve(&self, run: &Run) {
        self.amend(HeadPatch {
            approval: Some(run.fingerprint.clone()),
            ..HeadPatch::default()
        })
        .await;
    }

    async fn amend(&self, amendment: HeadPatch) {
        let lease = self
            .syncer
            .repository()
            .try_acquire(None)
            .await
            .unwrap()
            .unwrap();
        lease.patch_head(&amendment).await.unwrap();
        lease.release(None).await.unwrap();
    }

    async fn sync(&mut self) -> Run {
        let lease = self
            .syncer
            .repository()
            .try_acquire(None)
            .await
            .unwrap()
            .unwrap();
        let shutdown = CancellationToken::new();
        self.syncer.sync_once(lease, &|_| {}, &shutdown).await.run
    }
}

async fn syncer(folder: &tempfile::TempDir, source: &Source, seconds: &Arc<AtomicU64>) -> Syncer {
    let database = Database::Sqlite(folder.path().join("pyflix.db"));
    let seconds = seconds.clone();
    let clock = Clock::from_fn(move || {
        let since = Duration::from_secs(seconds.load(Ordering::SeqCst));
        jiff::Timestamp::constant(1_700_000_000, 0) + since
    });
    let repository = Repository::open(&database, Access::Writer, clock.clone()).await;
    let client = Client::new(ClientConfig {
        providers: vec![source.url().parse().unwrap()],
        max_bytes: 1 << 20,
        user_agent: "a test".into(),
        timeouts: Timeouts::default(),
    });
    let patience = Patience {
        fuse: FuseLimits::default(),
        missed_syncs: 3,
    };
    Syncer::new(repository.unwrap(), client.unwrap(), clock, patience)
}

#[tokio::test]
async fn a_source_that_says_304_for_ever_is_believed_for_an_hour() {
    let mut scene = Scene::new().await;
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
async fn another_process_neither_loads_nor_reads_what_is_published_already() {
    let mut scene = Scene::new().await;
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
async fn what_another_process_left_undone_is_done_though_the_source_is_back_at_the_same() {
    let mut scene = Scene::new().await;
    let first = scene.sync().await;
    let films = scene.source.catalogue().collection("films").to_vec();
    scene.source.edit(|catalogue| catalogue.films.truncate(3));
    scene.restart().await;
    let run = scene.sync().await;
    assert_eq!(
        (run.outcome, run.kinds[&Kind::Movie].missing),
        (Outcome::Unchanged, 1)
    );
    assert_eq!(run.findings, first.findings, "it is joined as before");
    scene.source.set("films", films);
    scene.restart().await;
    assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    let missing = scene.syncer.repository().missing().await.unwrap();
    assert_eq!(missing, [], "it is there again");
}

#[tokio::test]
async fn what_a_pin_holds_back_is_published_once_it_is_gone_though_the_source_stays_the_same() {
    let mut scene = Scene::new().await;
    scene.sync().await;
    scene.pin(Some(1)).await;
    scene.source.add_film(film(7));
    for _ in 0..2 {
        scene.restart().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
    scene.pin(None).await;
    assert_eq!(scene.sync().await.outcome, Outcome::Published);
}

#[tokio::test]
async fn what_was_spoiled_or_lost_in_the_store_is_put_right_by_another_process() {
    for spoiled in [true, false] {
        let mut scene = Scene::new().await;
        scene.sync().await;
        let repository = scene.syncer.repository().clone();
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
        let mended = repository.load().await.unwrap().unwrap();
        assert!(mended.damage.is_empty(), "{:?}", mended.damage);
        assert_eq!(mended.catalogue, whole.catalogue);
        scene.restart().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
}

#[tokio::test]
async fn a_record_is_set_aside_with_the_start_of_its_text_until_it_is_mended() {
    let mut scene = Scene::new().await;
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
    // What is wrong at the source is told while it is pinned, too.
    for pin in [None, Some(1)] {
        scene.pin(pin).await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
        let set_aside = scene.syncer.repository().quarantine().await.unwrap();
        assert_eq!(set_aside.len(), 1, "{pin:?}");
        assert!(set_aside[0].reason.contains("found an object"));
        assert_eq!(set_aside[0].raw.len(), 4096);
        scene.source.edit(|catalogue| *catalogue = good.clone());
        assert_eq!(scene.sync().await.quarantined(), 0);
        assert_eq!(scene.syncer.repository().quarantine().await.unwrap(), []);
        scene.source.edit(|catalogue| {
            catalogue.collection_mut("films")[0]["title"] = json!({ "en": "An object" });
            catalogue.collection_mut("films")[0]["description"] = "x".repeat(10_000).into();
        });
    }
}

#[tokio::test]
async fn an_approval_lets_through_what_was_held_once_and_nothing_else_that_changes_nothing() {
    let mut scene = Scene::new().await;
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
    scene.approve(&held).await;
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
async fn what_is_held_is_found_however_many_failures_follow() {
    let mut scene = Scene::new().await;
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
    let repository = scene.syncer.repository();
    let last = repository.runs(20).await.unwrap();
    assert!(last.iter().all(|run| run.outcome == Outcome::Failed));
    assert_eq!(repository.held_run().await.unwrap(), Some(held));
}

#[tokio::test]
async fn failures_that_differ_in_the_seconds_left_share_a_row() {
    let mut scene = Scene::new().await;
    scene.source.misbehave("films", Fault::Status(404));
    let failed = scene.sync().await;
    for seconds in [37, 9] {
        let lease = scene.syncer.repository().try_acquire(None).await;
        let lease = lease.unwrap().unwrap();
        let run = Run {
            number: lease.head().fence,
            reason: Some(format!("skipped: Retry-After has {seconds} s left")),
            ..failed.clone()
        };
        lease.record(&run).await.unwrap();
        lease.release(None).await.unwrap();
    }
    let runs = scene.syncer.repository().runs(20).await.unwrap();
    let times: Vec<_> = runs.iter().map(|run| run.repeat_count).collect();
    assert_eq!(times, [2, 1]);
    assert!(runs[0].reason.as_ref().unwrap().ends_with("has 9 s left"));
}

#[tokio::test]
async fn a_record_without_an_id_stands_for_one_missing_item_and_not_for_more() {
    let mut scene = Scene::new().await;
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
        let told = run.kinds[&Kind::Movie].missing;
        assert_eq!(told, if missing == 1 { 0 } else { 5 });
    }
}
