//! Syncers killed, or paused and resumed, at random moments of a run, while a reader requests the
//! web app in a loop.
//!
//! In each round every film gets the round's number into its title. All titles that a reader sees
//! must be of one round, and never of an earlier one than before.

use std::time::{Duration, Instant};

use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Repository};
use testkit::eventually;
use testkit::process::{Service, Signal};
use testkit::source::{Catalogue, Source, film};

use crate::page_reader::{PageReader, round_of};
use crate::setting;
use e2e::{DEADLINE, Store, try_get};

/// Kills between two undisturbed runs, after which the view must be right; a syncer may be killed
/// while it repairs what an earlier one left behind.
const KILLS_PER_REPAIR: u32 = 3;
/// How a syncer reports a SQLite file whose lock another process holds.
const FILE_LOCKED: &str = "in use by another process";

#[tokio::test(flavor = "multi_thread")]
async fn killed_syncers_never_show_half_a_version_over_sqlite() {
    kill_syncers(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_syncers_never_show_half_a_version_over_mongodb() {
    kill_syncers(Store::mongodb().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_syncers_never_show_half_a_version_over_sqlite() {
    pause_syncers(Store::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_syncers_never_show_half_a_version_over_mongodb() {
    pause_syncers(Store::mongodb().await).await;
}

async fn kill_syncers(store: Store) {
    let mut soak = Soak::start(store).await;
    let reader = PageReader::start(soak.webapp.url(), soak.films).await;
    let rounds = rounds();
    let mut had_published = 0;
    for kill in 1..=rounds {
        drop(soak.start_run_and_wait().await);
        had_published += u32::from(soak.read().await);
        if kill % KILLS_PER_REPAIR == 0 || kill == rounds {
            soak.run_undisturbed().await;
        }
        if reader.has_failed() {
            break;
        }
    }
    let pages = soak.finish(reader).await;
    println!("{rounds} kills, {had_published} after the commit; {pages} pages");
}

async fn pause_syncers(store: Store) {
    let mut soak = Soak::start(store).await;
    let reader = PageReader::start(soak.webapp.url(), soak.films).await;
    let rounds = rounds();
    let (mut had_published, mut held_the_lock) = (0, 0);
    for _ in 0..rounds {
        let paused = soak.pause_and_resume().await;
        had_published += u32::from(paused.had_published);
        held_the_lock += u32::from(paused.held_the_lock);
        if reader.has_failed() {
            break;
        }
    }
    let pages = soak.finish(reader).await;
    println!(
        "{rounds} pauses, {had_published} after the commit, {held_the_lock} with the file's lock; \
         {pages} pages"
    );
}

fn rounds() -> u32 {
    setting("SOAK_ROUNDS", 100)
}

struct Soak {
    store: Store,
    source: Source,
    repository: Repository,
    webapp: Service,
    films: u32,
    /// The round at the source.
    round: u32,
    /// The last round that a fresh reader saw.
    last_read: u32,
    /// Duration of an undisturbed run.
    run_time: Duration,
}

struct Paused {
    had_published: bool,
    held_the_lock: bool,
}

impl Soak {
    /// Publishes two rounds undisturbed, the second to measure how long that takes.
    async fn start(store: Store) -> Self {
        let films: u32 = setting("SOAK_FILMS", 4);
        let mut catalogue = Catalogue::invented();
        let few = u32::try_from(catalogue.films.len()).unwrap();
        let many = (1..=films.saturating_sub(few)).map(film);
        catalogue.films.extend(many);
        let database = store.database();
        let opened = Repository::open(&database, Access::Writer, Clock::system());
        let mut soak = Self {
            source: Source::start_with(catalogue).await,
            repository: opened.await.unwrap(),
            webapp: store.webapp().await,
            store,
            films,
            round: 0,
            last_read: 0,
            run_time: Duration::ZERO,
        };
        for _ in 0..2 {
            soak.next_round();
            let started = Instant::now();
            soak.run_undisturbed().await;
            soak.run_time = started.elapsed();
        }
        soak.wait_until_shown().await;
        soak
    }

    fn next_round(&mut self) {
        self.round += 1;
        let title = format!("A film, round {}", self.round);
        self.source.edit(|catalogue| {
            for film in &mut catalogue.films {
                film["title"] = title.as_str().into();
            }
        });
    }

    /// A syncer at a random moment of the run that publishes the next round.
    async fn start_run_and_wait(&mut self) -> Service {
        self.next_round();
        let requests = self.source.requests("films");
        let syncer = self.store.syncer(&self.source.url());
        let fetch = self
            .source
            .wait_for_requests("films", requests + 1, DEADLINE);
        fetch.await;
        // Up to twice an undisturbed run: repairs take longer.
        tokio::time::sleep(self.run_time.mul_f64(rand::random_range(0.0..2.0))).await;
        syncer
    }

    /// Pauses a syncer while another publishes a later round.
    async fn pause_and_resume(&mut self) -> Paused {
        let paused = self.start_run_and_wait().await;
        paused.signal(Signal::STOP);
        let had_published = self.read().await;
        self.next_round();
        let url = self.source.url();
        let mut other = self.store.command(&url, &["once"]).await;
        // Paused inside a transaction, it locks out all writers.
        let held_the_lock = other.code == Some(1) && other.stderr.contains(FILE_LOCKED);
        let requests = self.source.requests("films");
        paused.signal(Signal::CONT);
        if held_the_lock {
            other = self.store.command(&url, &["once"]).await;
        }
        assert_eq!(other.code, Some(0), "{other:?}");
        // Its next run starts after the interrupted one has ended, late writes included.
        let fetch = self
            .source
            .wait_for_requests("films", requests + 1, DEADLINE);
        fetch.await;
        paused.signal(Signal::TERM);
        let end = paused.wait_exit(DEADLINE).await;
        assert!(end.success(), "{end}: {}", paused.output());
        self.run_undisturbed().await;
        Paused {
            had_published,
            held_the_lock,
        }
    }

    /// Runs a sync to its end; then catalogue and view must be at the source's round.
    async fn run_undisturbed(&mut self) {
        let end = self.store.command(&self.source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
        self.read().await;
        assert_eq!(self.last_read, self.round);
        let store = self.repository.store();
        let view = store
            .read_view(Kind::Movie, None, self.films + 1)
            .await
            .unwrap();
        assert_eq!(view.len(), self.films as usize);
        let titles = view.iter().map(|document| {
            let fields = document.fields.as_ref().unwrap();
            fields["title"].as_str().unwrap()
        });
        assert_eq!(round_of(titles), self.round, "the view");
    }

    /// Loads the catalogue; returns whether it is at the source's round.
    async fn read(&mut self) -> bool {
        let Some(state) = self.repository.load().await.unwrap() else {
            return false;
        };
        assert!(state.damage.is_empty(), "damage: {:?}", state.damage);
        let movies = state.catalogue.iter(Kind::Movie);
        let now = round_of(movies.map(|movie| movie.name().to_owned()));
        assert!(
            (self.last_read..=self.round).contains(&now),
            "round {now} after {}, with the source at {}",
            self.last_read,
            self.round
        );
        self.last_read = now;
        now == self.round
    }

    /// Waits until the web app shows the version of the store.
    async fn wait_until_shown(&self) {
        let state = self.repository.load().await.unwrap();
        let stored = state.map_or(0, |state| state.version()).to_string();
        let page = format!("{}/ghibli/species", self.webapp.url());
        eventually(DEADLINE, async || {
            let response = try_get(&page).await.unwrap();
            response.header("x-catalogue-version") == Some(&stored)
        })
        .await;
    }

    /// Checks that the web app ends at the source's round; returns the number of pages read.
    async fn finish(self, reader: PageReader) -> u64 {
        if !reader.has_failed() {
            self.wait_until_shown().await;
        }
        let last = reader.stop().await;
        assert_eq!(last.round, self.round);
        last.responses
    }
}
