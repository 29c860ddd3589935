//! Two syncers over one store: one polls, and the other takes over when that one dies or sleeps.

use std::time::Duration;

use crate::support::{DEADLINE, Store, get, until_it_says};
use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Head, Release, Repository};
use testkit::process::{Service, Signal};
use testkit::source::{Catalogue, Fault, Source, film};

/// How soon the other publishes when one was killed: its lease of 6 s, and the next look.
const TAKEN_OVER: Duration = Duration::from_secs(10);

/// So many that a run takes its time between two writes.
const FILMS: u32 = 2_500;
/// How often a syncer may be stopped too late before the test gives up.
const ATTEMPTS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn when_a_syncer_is_killed_in_a_run_the_other_publishes_within_ten_seconds_over_sqlite() {
    the_other_publishes(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_a_syncer_is_killed_in_a_run_the_other_publishes_within_ten_seconds_over_mongodb() {
    the_other_publishes(Store::mongodb().await).await;
}

async fn the_other_publishes(store: Store) {
    let (source, movies, _webapp) = published(&store).await;
    let first = in_the_middle_of_a_run(&store, &source).await;
    let second = store.syncer(&source.url());
    rename(&source, "The Lantern Boat");
    source.behave();
    first.signal(Signal::KILL);
    testkit::eventually(TAKEN_OVER, async || {
        let answer = get(&movies).await;
        let found = answer.body.contains("The Lantern Boat");
        found.then_some(()).ok_or(answer.body)
    })
    .await;
    assert!(!second.output().contains("ERROR"), "{}", second.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_before_its_commit_publishes_nothing_once_another_has_over_sqlite() {
    a_late_commit_does_nothing(&Scene::over(Store::sqlite()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_before_its_commit_publishes_nothing_once_another_has_over_mongodb() {
    a_late_commit_does_nothing(&Scene::over(Store::mongodb().await).await).await;
}

async fn a_late_commit_does_nothing(scene: &Scene) {
    // Another that published, and one that had the lease and left the version as it was.
    for publishes in [true, false] {
        let (sleeper, before) = scene.asleep(Moment::BeforeItsCommit).await;
        scene.retitle("Of the other");
        let current = before.to_string();
        let args = if publishes {
            vec!["once"]
        } else {
            vec!["pin", current.as_str()]
        };
        let end = scene.store.command(&scene.source.url(), &args).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        let published = scene.head().await.version;
        assert_eq!(published, before + u64::from(publishes));

        scene.wake(&sleeper).await;
        assert_eq!(scene.head().await.version, published);
        drop(sleeper);
        scene.all_show("Of the other").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_before_it_showed_its_version_harms_no_later_one_over_sqlite() {
    late_view_writes_do_nothing(&Scene::over(Store::sqlite()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_that_slept_before_it_showed_its_version_harms_no_later_one_over_mongodb() {
    late_view_writes_do_nothing(&Scene::over(Store::mongodb().await).await).await;
}

async fn late_view_writes_do_nothing(scene: &Scene) {
    let (sleeper, before) = scene.asleep(Moment::BeforeItShowed).await;
    scene.retitle("Of the other");
    let end = scene.store.command(&scene.source.url(), &["once"]).await;
    assert_eq!(end.code, Some(0), "{end:?}");
    scene.wake(&sleeper).await;
    assert_eq!(scene.head().await.version, before + 2);
    scene.all_show("Of the other").await;
}

/// A source of many films, a store that holds them, and a web app.
struct Scene {
    store: Store,
    source: Source,
    repository: Repository,
    webapp: Service,
}

/// Where a run is.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    /// It has put a part, and not committed yet.
    BeforeItsCommit,
    /// It has committed, and not all of the view is right yet.
    BeforeItShowed,
}

impl Scene {
    async fn over(store: Store) -> Self {
        let mut catalogue = Catalogue::invented();
        catalogue.films.extend((1..=FILMS).map(film));
        let source = Source::start_with(catalogue).await;
        let repository = Repository::open(&store.database(), Access::Writer, Clock::system()).await;
        let scene = Self {
            repository: repository.unwrap(),
            webapp: store.webapp().await,
            store,
            source,
        };
        scene.retitle("The first");
        let end = scene.store.command(&scene.source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        scene
    }

    fn retitle(&self, title: &str) {
        self.source.edit(|catalogue| {
            for film in &mut catalogue.films {
                film["title"] = title.into();
            }
        });
    }

    async fn head(&self) -> Head {
        self.repository.store().head().await.unwrap().unwrap().head
    }

    /// A syncer that is stopped at a moment of its run, its lease over, and the version before.
    async fn asleep(&self, moment: Moment) -> (Service, u64) {
        for attempt in 1..=ATTEMPTS {
            self.retitle(&format!("Of the sleeper, attempt {attempt}"));
            let before = self.head().await;
            let sleeper = self.store.syncer(&self.source.url());
            let is_past = async || self.head().await.version > before.version;
            testkit::eventually(2 * DEADLINE, async || {
                self.is_at(moment, &before).await || is_past().await
            })
            .await;
            sleeper.signal(Signal::STOP);
            // As if the lease's six seconds had passed. It fails where one sleeps in a transaction.
            let fence = self.head().await.fence;
            let store = self.repository.store();
            let is_over = store.release(fence, Release::default()).await.is_ok();
            if is_over && self.is_at(moment, &before).await {
                return (sleeper, before.version);
            }
        }
        unreachable!("stopped too late {ATTEMPTS} times");
    }

    async fn is_at(&self, moment: Moment, before: &Head) -> bool {
        let (store, head) = (self.repository.store(), self.head().await);
        let is_published = head.version > before.version;
        match moment {
            Moment::BeforeItsCommit => {
                let parts = store.parts().await.unwrap();
                !is_published && parts.iter().any(|part| part.fence > before.fence)
            }
            Moment::BeforeItShowed => {
                let movies = store.read_view(Kind::Movie, None, 2 * FILMS).await.unwrap();
                is_published && movies.iter().any(|movie| movie.version <= before.version)
            }
        }
    }

    /// Wakes a sleeper and waits until the run that it slept in is over.
    async fn wake(&self, sleeper: &Service) {
        let output = sleeper.output();
        assert!(
            !output.contains("lease") && !output.contains("taken over"),
            "{output}"
        );
        sleeper.signal(Signal::CONT);
        let refused = |line: &str| line.contains("this run publishes nothing");
        sleeper.wait_for_line(refused, DEADLINE).await;
    }

    /// The store, the view and the page show this title and no other.
    async fn all_show(&self, title: &str) {
        let state = self.repository.load().await.unwrap().unwrap();
        let mut movies = state.catalogue.iter(Kind::Movie);
        assert!(movies.all(|movie| movie.name() == title));
        let store = self.repository.store();
        let view = store.read_view(Kind::Movie, None, 2 * FILMS).await.unwrap();
        assert_eq!(view.len(), state.catalogue.count(Kind::Movie));
        for movie in view {
            assert_eq!(movie.fields.unwrap()["title"], title);
        }
        let page = until_it_says(&format!("{}/movies", self.webapp.url()), title).await;
        let version = state.version().to_string();
        assert_eq!(page.header("x-catalogue-version"), Some(version.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_ask_the_source_once_an_interval_over_sqlite() {
    two_ask_once(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_ask_the_source_once_an_interval_over_mongodb() {
    two_ask_once(Store::mongodb().await).await;
}

async fn two_ask_once(store: Store) {
    let source = Source::start().await;
    let url = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &url),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
        ("PYFLIX_LOG", "syncer=debug"),
    ];
    let both = [(); 2].map(|()| Service::start("syncer", &envs, &[]));
    let said = |text| move |line: &str| line.contains(text);
    let skips = "skipping this sync: too soon after the last sync";
    let published = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(said("published version 1"), DEADLINE)));
    let skipped = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(said(skips), DEADLINE)));
    futures::future::select_all(published).await;
    futures::future::select_all(skipped).await;
    assert_eq!(source.requests("films"), 1);
}

/// A store with one version, its source, and the address of its movies.
async fn published(store: &Store) -> (Source, String, Service) {
    let source = Source::start().await;
    assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    let webapp = store.webapp().await;
    let movies = format!("{}/movies", webapp.url());
    until_it_says(&movies, "The Lantern Ferry").await;
    (source, movies, webapp)
}

/// A syncer that has the lease and waits for a source that does not answer.
async fn in_the_middle_of_a_run(store: &Store, source: &Source) -> Service {
    source.misbehave("films", Fault::Stall);
    let asked = source.requests("films");
    let syncer = store.syncer(&source.url());
    source.wait_for_requests("films", asked + 1, DEADLINE).await;
    syncer
}

fn rename(source: &Source, title: &str) {
    source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
}
