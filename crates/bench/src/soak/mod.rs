//! Syncers killed and stopped at random moments of a run, under readers that never look away.

mod witness;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Repository};
use rand::Rng;
use tempfile::TempDir;
use testkit::process::{Finished, Service, Signal, run_to_end};
use testkit::source::{Catalogue, Source, film};

use self::witness::Witness;
use crate::{StoreKind, fresh};

/// What anything takes on a machine that is busy with other things.
const DEADLINE: Duration = Duration::from_secs(300);
/// After so many kills a run is made in peace, and the view must be right; between them a syncer
/// may be killed while it mends what the one before left behind.
const REPAIR_EVERY: u32 = 3;
/// What a syncer says of a SQLite file whose lock another process holds.
const FILE_HELD: &str = "in use by another process";

/// What happens to a syncer at a random moment of its run.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Blow {
    /// It is killed.
    Kill,
    /// It is stopped, another takes over and publishes, and it goes on.
    Stop,
}

/// Deals blows for so many rounds. In each, every film gets the round's number into its title:
/// the titles that anyone sees must all be of one round, and of no earlier one than before.
pub(crate) async fn soak(blow: Blow, store: StoreKind, films: u32, rounds: u32) -> Result<()> {
    let mut scene = Scene::of(store, films).await?;
    let witness = Witness::of(scene.webapp.url(), films).await?;
    let mut had_published = 0;
    let mut held_the_file = 0;
    for blows in 1..=rounds {
        match blow {
            Blow::Kill => {
                had_published += u32::from(scene.kill().await?);
                if blows % REPAIR_EVERY == 0 || blows == rounds {
                    scene.repair().await?;
                }
            }
            Blow::Stop => {
                let stopped = scene.stop().await?;
                had_published += u32::from(stopped.had_published);
                held_the_file += u32::from(stopped.held_the_file);
            }
        }
        if witness.objects() {
            break;
        }
    }
    scene.until_it_is_shown().await?;
    let testimony = witness.end().await?;
    ensure!(testimony.round == scene.round, "the page is behind");
    tell(&format!(
        "{blow:?}: {rounds} syncers on {store:?} with {films} films: {had_published} had published \
         before{}; the page answered {} times, always one version whole, and the view was right \
         after each run in peace",
        match blow {
            Blow::Kill => String::new(),
            Blow::Stop => format!(", {held_the_file} slept with the file's lock"),
        },
        testimony.answers
    ));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "what it is asked for")]
fn tell(line: &str) {
    println!("{line}");
}

struct Scene {
    url: String,
    source: Source,
    repository: Repository,
    webapp: Service,
    films: u32,
    /// The round that the source is at.
    round: u32,
    /// The last round that a fresh reader saw.
    seen: u32,
    /// How long a run takes in peace.
    whole_run: Duration,
    _folder: TempDir,
}

struct Stopped {
    had_published: bool,
    held_the_file: bool,
}

impl Scene {
    /// Begins with two rounds published in peace, the second to see how long that takes.
    async fn of(store: StoreKind, films: u32) -> Result<Self> {
        let (url, database, folder) = fresh(store).await?;
        let mut catalogue = Catalogue::invented();
        let few = u32::try_from(catalogue.collection("films").len())?;
        let many = (1..=films.saturating_sub(few)).map(film);
        catalogue.collection_mut("films").extend(many);
        let envs = [("PYFLIX_DATABASE_URL", url.as_str())];
        let mut scene = Self {
            source: Source::start_with(catalogue).await,
            repository: Repository::open(&database, Access::Writer, Clock::system()).await?,
            webapp: Service::start_web("webapp", &envs, &[], DEADLINE).await,
            url,
            films,
            round: 0,
            seen: 0,
            whole_run: Duration::ZERO,
            _folder: folder,
        };
        for _ in 0..2 {
            scene.change();
            let begun = Instant::now();
            scene.repair().await?;
            scene.whole_run = begun.elapsed();
        }
        scene.until_it_is_shown().await?;
        Ok(scene)
    }

    /// Makes the next round at the source.
    fn change(&mut self) {
        self.round += 1;
        let title = format!("A film, round {}", self.round);
        self.source.edit(|catalogue| {
            for film in catalogue.collection_mut("films") {
                film["title"] = title.clone().into();
            }
        });
    }

    fn envs(&self) -> [(&str, String); 3] {
        [
            ("PYFLIX_DATABASE_URL", self.url.clone()),
            ("PYFLIX_PROVIDER_URLS", self.source.url()),
            ("PYFLIX_SYNC_INTERVAL", "100ms".into()),
        ]
    }

    async fn once(&self) -> Finished {
        let envs = self.envs();
        let envs = envs.each_ref().map(|(name, value)| (*name, value.as_str()));
        run_to_end("syncer", &envs, &["once"], DEADLINE).await
    }

    /// A syncer at a random moment of the run in which it publishes the next round.
    async fn in_the_middle_of_a_run(&mut self) -> Service {
        self.change();
        let asked = self.source.requests("films");
        let envs = self.envs();
        let envs = envs.each_ref().map(|(name, value)| (*name, value.as_str()));
        let syncer = Service::start("syncer", &envs, &[]);
        self.source
            .wait_for_requests("films", asked + 1, DEADLINE)
            .await;
        // Often it is slower than in peace, with what the one before it left to be mended.
        let pause = self.whole_run.mul_f64(rand::rng().random_range(0.0..2.0));
        tokio::time::sleep(pause).await;
        syncer
    }

    /// Kills a syncer; whether it had published.
    async fn kill(&mut self) -> Result<bool> {
        drop(self.in_the_middle_of_a_run().await);
        self.look().await
    }

    /// Stops a syncer, lets another publish a later round, and lets the first go on.
    async fn stop(&mut self) -> Result<Stopped> {
        let sleeper = self.in_the_middle_of_a_run().await;
        sleeper.signal(Signal::STOP);
        let had_published = self.look().await?;
        self.change();
        let mut other = self.once().await;
        // Whoever sleeps inside a transaction keeps the file from all who write.
        let held_the_file = other.code == Some(1) && other.stderr.contains(FILE_HELD);
        let asked = self.source.requests("films");
        sleeper.signal(Signal::CONT);
        if held_the_file {
            other = self.once().await;
        }
        ensure!(other.code == Some(0), "{other:?}");
        // With its next run the one that it slept through is over, late writes and all.
        self.source
            .wait_for_requests("films", asked + 1, DEADLINE)
            .await;
        sleeper.signal(Signal::TERM);
        let end = sleeper.wait_exit(DEADLINE).await;
        ensure!(end.success(), "{end}: {}", sleeper.output());
        self.repair().await?;
        Ok(Stopped {
            had_published,
            held_the_file,
        })
    }

    /// A run in peace, after which all is right.
    async fn repair(&mut self) -> Result<()> {
        let end = self.once().await;
        ensure!(end.code == Some(0), "{end:?}");
        self.look().await?;
        ensure!(self.seen == self.round, "round {} is missing", self.round);
        let store = self.repository.store();
        let view = store.read_view(Kind::Movie, None, self.films + 1).await?;
        let titles = view.iter().map(|document| {
            let fields = document.fields.as_ref()?;
            fields.get("title")?.as_str()
        });
        let shown = the_round_of(titles.map(Option::unwrap_or_default)).context("the view")?;
        ensure!(
            shown == self.round && view.len() == self.films as usize,
            "the view shows {} films of round {shown}, not {}",
            view.len(),
            self.round
        );
        Ok(())
    }

    /// Looks with a fresh reader; whether it sees the round that the source is at.
    async fn look(&mut self) -> Result<bool> {
        let Some(state) = self.repository.load().await? else {
            return Ok(false);
        };
        ensure!(state.damage.is_empty(), "damage: {:?}", state.damage);
        let movies = state.catalogue.iter(Kind::Movie);
        let titles = movies.map(|movie| movie.name().to_owned());
        let now = the_round_of(titles).with_context(|| format!("version {}", state.version()))?;
        ensure!(
            (self.seen..=self.round).contains(&now),
            "saw round {now} after {}, while the source was at {}",
            self.seen,
            self.round
        );
        self.seen = now;
        Ok(now == self.round)
    }

    /// Waits until the web app shows the version of the store.
    async fn until_it_is_shown(&self) -> Result<()> {
        let state = self.repository.load().await?;
        let stored = state.map_or(0, |state| state.version()).to_string();
        let page = format!("{}/ghibli/species", self.webapp.url());
        let begun = Instant::now();
        loop {
            let answer = testkit::http::try_get(&page).await?;
            if answer.header("x-catalogue-version") == Some(&stored) {
                return Ok(());
            }
            ensure!(begun.elapsed() < DEADLINE, "{stored} is never shown");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// The one round that all these titles are of.
fn the_round_of(titles: impl Iterator<Item = impl AsRef<str>>) -> Result<u32> {
    let mut one = None;
    for title in titles {
        let (_, round) = title
            .as_ref()
            .rsplit_once(' ')
            .context("a title without a round")?;
        let round = round.parse()?;
        let first = *one.get_or_insert(round);
        ensure!(round == first, "rounds {first} and {round} are mixed");
    }
    one.context("no movie at all")
}
