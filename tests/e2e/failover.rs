//! Two syncers on one store: one takes over when the other is killed or paused.

use std::time::Duration;

use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Head, Release, Repository};
use e2e::{DEADLINE, Store, get, wait_until_shows};
use testkit::process::{Service, Signal};
use testkit::source::{Catalogue, Fault, Source, film};

/// From a kill to the other's publication: a lease of 6 s and the sync interval.
const TAKEOVER_LIMIT: Duration = Duration::from_secs(10);

/// Enough for a run to be paused between two writes.
const FILMS: u32 = 2_500;
/// Attempts to pause a syncer in time.
const ATTEMPTS: u32 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_other_syncer_publishes_within_ten_seconds_over_sqlite() {
    other_syncer_publishes(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_the_other_syncer_publishes_within_ten_seconds_over_mongodb() {
    other_syncer_publishes(Store::mongodb().await).await;
}

async fn other_syncer_publishes(store: Store) {
    let (source, movies, _webapp) = published(&store).await;
    let first = start_stalled_run(&store, &source).await;
    let second = store.syncer(&source.url());
    rename(&source, "The Lantern Boat");
    source.behave();
    first.signal(Signal::KILL);
    testkit::eventually(TAKEOVER_LIMIT, async || {
        let response = get(&movies).await;
        let found = response.body.contains("The Lantern Boat");
        found.then_some(()).ok_or(response.body)
    })
    .await;
    assert!(!second.output().contains("ERROR"), "{}", second.output());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_paused_before_its_commit_publishes_nothing_after_another_run_over_sqlite() {
    late_commit_is_ignored(&FailoverSetup::over(Store::sqlite()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_paused_before_its_commit_publishes_nothing_after_another_run_over_mongodb() {
    late_commit_is_ignored(&FailoverSetup::over(Store::mongodb().await).await).await;
}

async fn late_commit_is_ignored(setup: &FailoverSetup) {
    // The other run publishes, or only takes the lease.
    for publishes in [true, false] {
        let (paused, before) = setup.pause_at(PausePoint::BeforeCommit).await;
        setup.retitle("Of the other");
        let current = before.to_string();
        let args = if publishes {
            vec!["once"]
        } else {
            vec!["pin", current.as_str()]
        };
        let end = setup.store.command(&setup.source.url(), &args).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        let published = setup.head().await.version;
        assert_eq!(published, before + u64::from(publishes));

        setup.resume_and_wait(&paused).await;
        assert_eq!(setup.head().await.version, published);
        drop(paused);
        setup.assert_all_have_title("Of the other").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_paused_before_its_view_writes_harms_no_later_version_over_sqlite() {
    late_view_writes_are_ignored(&FailoverSetup::over(Store::sqlite()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syncer_paused_before_its_view_writes_harms_no_later_version_over_mongodb() {
    late_view_writes_are_ignored(&FailoverSetup::over(Store::mongodb().await).await).await;
}

async fn late_view_writes_are_ignored(setup: &FailoverSetup) {
    let (paused, before) = setup.pause_at(PausePoint::BeforeView).await;
    setup.retitle("Of the other");
    let end = setup.store.command(&setup.source.url(), &["once"]).await;
    assert_eq!(end.code, Some(0), "{end:?}");
    setup.resume_and_wait(&paused).await;
    assert_eq!(setup.head().await.version, before + 2);
    setup.assert_all_have_title("Of the other").await;
}

/// A source of many films, a store that holds them, and a web app.
struct FailoverSetup {
    store: Store,
    source: Source,
    repository: Repository,
    webapp: Service,
}

/// A step of a run.
#[derive(Clone, Copy, PartialEq)]
enum PausePoint {
    /// After the first part is written.
    BeforeCommit,
    /// After the commit, before the view is complete.
    BeforeView,
}

impl FailoverSetup {
    async fn over(store: Store) -> Self {
        let mut catalogue = Catalogue::invented();
        catalogue.films.extend((1..=FILMS).map(film));
        let source = Source::start_with(catalogue).await;
        let repository = Repository::open(&store.database(), Access::Writer, Clock::system()).await;
        let setup = Self {
            repository: repository.unwrap(),
            webapp: store.webapp().await,
            store,
            source,
        };
        setup.retitle("The first");
        let end = setup.store.command(&setup.source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        setup
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

    /// A syncer paused at a point of its run with its lease expired, and the version before.
    async fn pause_at(&self, moment: PausePoint) -> (Service, u64) {
        for attempt in 1..=ATTEMPTS {
            self.retitle(&format!("Paused, attempt {attempt}"));
            let before = self.head().await;
            let paused = self.store.syncer(&self.source.url());
            let is_past = async || self.head().await.version > before.version;
            testkit::eventually(2 * DEADLINE, async || {
                self.has_reached(moment, &before).await || is_past().await
            })
            .await;
            paused.signal(Signal::STOP);
            // Instead of six seconds; it fails if the syncer is paused inside a transaction.
            let fence = self.head().await.fence;
            let store = self.repository.store();
            let is_over = store.release(fence, Release::default()).await.is_ok();
            if is_over && self.has_reached(moment, &before).await {
                return (paused, before.version);
            }
        }
        unreachable!("stopped too late {ATTEMPTS} times");
    }

    async fn has_reached(&self, moment: PausePoint, before: &Head) -> bool {
        let (store, head) = (self.repository.store(), self.head().await);
        let is_published = head.version > before.version;
        match moment {
            PausePoint::BeforeCommit => {
                let parts = store.parts().await.unwrap();
                !is_published && parts.iter().any(|part| part.fence > before.fence)
            }
            PausePoint::BeforeView => {
                let movies = store.read_view(Kind::Movie, None, 2 * FILMS).await.unwrap();
                is_published && movies.iter().any(|movie| movie.version <= before.version)
            }
        }
    }

    /// Resumes a syncer and waits until the interrupted run has ended.
    async fn resume_and_wait(&self, paused: &Service) {
        let output = paused.output();
        assert!(
            !output.contains("lease") && !output.contains("taken over"),
            "{output}"
        );
        paused.signal(Signal::CONT);
        let refused = |line: &str| line.contains("this run publishes nothing");
        paused.wait_for_line(refused, DEADLINE).await;
    }

    /// All movies of the store, the view and the page have this title.
    async fn assert_all_have_title(&self, title: &str) {
        let state = self.repository.load().await.unwrap().unwrap();
        let mut movies = state.catalogue.iter(Kind::Movie);
        assert!(movies.all(|movie| movie.name() == title));
        let store = self.repository.store();
        let view = store.read_view(Kind::Movie, None, 2 * FILMS).await.unwrap();
        assert_eq!(view.len(), state.catalogue.count(Kind::Movie));
        for movie in view {
            assert_eq!(movie.fields.unwrap()["title"], title);
        }
        let page = wait_until_shows(&format!("{}/movies", self.webapp.url()), title).await;
        let version = state.version().to_string();
        assert_eq!(page.header("x-catalogue-version"), Some(version.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_fetch_once_per_interval_over_sqlite() {
    two_syncers_fetch_once(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncers_fetch_once_per_interval_over_mongodb() {
    two_syncers_fetch_once(Store::mongodb().await).await;
}

async fn two_syncers_fetch_once(store: Store) {
    let source = Source::start().await;
    let url = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_PROVIDER_URLS", &url),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
        ("PYFLIX_LOG", "syncer=debug"),
    ];
    let both = [(); 2].map(|()| Service::start("syncer", &envs, &[]));
    let logs = |text| move |line: &str| line.contains(text);
    let skips = "skipping this sync: too soon after the last sync";
    let published = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(logs("published version 1"), DEADLINE)));
    let skipped = both
        .each_ref()
        .map(|syncer| Box::pin(syncer.wait_for_line(logs(skips), DEADLINE)));
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
    wait_until_shows(&movies, "The Lantern Ferry").await;
    (source, movies, webapp)
}

/// A syncer that holds the lease and waits for a stalled source.
async fn start_stalled_run(store: &Store, source: &Source) -> Service {
    source.misbehave("films", Fault::Stall);
    let requests = source.requests("films");
    let syncer = store.syncer(&source.url());
    source
        .wait_for_requests("films", requests + 1, DEADLINE)
        .await;
    syncer
}

fn rename(source: &Source, title: &str) {
    source.edit(|catalogue| catalogue.films[0]["title"] = title.into());
}
