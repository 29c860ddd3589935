//! Syncs against a source, by a clock of the test's own.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::clock::Clock;
use common::config::{Database, FuseLimits};
use common::models::Kind;
use common::repository::{Access, Amendment, Outcome, Repository, Run};
use ghibli_api::{Client, ClientConfig, Timeouts};
use syncer::sync::{Patience, Syncer};
use testkit::source::{Source, film};
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
    async fn start_anew(&mut self) {
        self.syncer = syncer(&self.folder, &self.source, &self.seconds).await;
    }

    async fn pin(&self, version: Option<u64>) {
        let turn = self.syncer.repository().begin(None).await.unwrap().unwrap();
        let amendment = Amendment {
            pin: Some(version),
            ..Amendment::default()
        };
        turn.amend(&amendment).await.unwrap();
        turn.end(None).await.unwrap();
    }

    async fn sync(&mut self) -> Run {
        let turn = self.syncer.repository().begin(None).await.unwrap().unwrap();
        let shutdown = CancellationToken::new();
        self.syncer.sync_once(turn, &|_| {}, &shutdown).await.run
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
        missing_looks: 3,
    };
    Syncer::new(repository.unwrap(), client.unwrap(), clock, patience)
}

#[tokio::test]
async fn a_source_that_says_304_for_ever_is_believed_for_an_hour() {
    let mut scene = Scene::new().await;
    scene.source.name_all_answers_alike();
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
    scene.start_anew().await;
    let run = scene.sync().await;
    assert_eq!(run.outcome, Outcome::Unchanged);
    assert_eq!(run.took.compare, 0, "nothing was read or compared");
    assert_eq!(run.bytes, first.bytes, "all of it was sent");
    assert_eq!(run.kinds[&Kind::Movie].seen, 4);
    assert_eq!(run.findings, first.findings);

    scene.source.add_film(film(7));
    scene.start_anew().await;
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
    scene.start_anew().await;
    let run = scene.sync().await;
    assert_eq!(
        (run.outcome, run.kinds[&Kind::Movie].missing),
        (Outcome::Unchanged, 1)
    );
    assert_eq!(run.findings, first.findings, "it is joined as before");
    scene.source.set("films", films);
    scene.start_anew().await;
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
        scene.start_anew().await;
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
        scene.start_anew().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Published);
        let mended = repository.load().await.unwrap().unwrap();
        assert!(mended.damage.is_empty(), "{:?}", mended.damage);
        assert_eq!(mended.catalogue, whole.catalogue);
        scene.start_anew().await;
        assert_eq!(scene.sync().await.outcome, Outcome::Unchanged);
    }
}
