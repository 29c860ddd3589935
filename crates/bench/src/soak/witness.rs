use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use testkit::http::{Answer, try_get};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::{DEADLINE, the_round_of};

/// Between two looks: a catalogue of thousands is much to read.
const PAUSE: Duration = Duration::from_millis(200);

/// Asks a running web app for all films, again and again: each answer must be of one version and
/// of one round, and none may be of an earlier one than the answer before.
pub(super) struct Witness {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Result<Testimony>>,
}

/// What it saw last, and how many answers there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Testimony {
    pub(super) answers: u64,
    version: u64,
    pub(super) round: u32,
}

impl Witness {
    /// Begins once the web app has something to show.
    pub(super) async fn of(url: &str, films: u32) -> Result<Self> {
        let url = format!("{url}/ghibli/films");
        let begun = Instant::now();
        let mut last = loop {
            let answer = try_get(&url).await?;
            if answer.status == 200 {
                break Testimony::default().after(&answer, films)?;
            }
            ensure!(begun.elapsed() < DEADLINE, "the web app is never ready");
            tokio::time::sleep(PAUSE).await;
        };
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            loop {
                let is_the_last = stopped.load(Ordering::Relaxed);
                last = last.after(&try_get(&url).await?, films)?;
                if is_the_last {
                    return Ok(last);
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Ok(Self { stop, task })
    }

    /// Whether it has seen what it must never see; [`Self::end`] says what.
    pub(super) fn objects(&self) -> bool {
        self.task.is_finished()
    }

    /// Looks once more and tells what it saw.
    pub(super) async fn end(self) -> Result<Testimony> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

impl Testimony {
    fn after(self, answer: &Answer, films: u32) -> Result<Self> {
        ensure!(answer.status == 200, "the web app says {}", answer.status);
        let version = answer
            .header("x-catalogue-version")
            .context("no version")?
            .parse()?;
        let body = answer.json();
        let list = body.as_array().context("no list")?;
        ensure!(list.len() == films as usize, "{} films", list.len());
        let titles = list.iter().map(|film| film["title"].as_str());
        let round = the_round_of(titles.map(Option::unwrap_or_default))
            .with_context(|| format!("version {version} on the page"))?;
        let now = Self {
            answers: self.answers + 1,
            version,
            round,
        };
        ensure!(
            version >= self.version && round >= self.round,
            "the page went back: {now:?} after {self:?}"
        );
        ensure!(
            (version == self.version) == (round == self.round) || self.answers == 0,
            "one version is two rounds, or two are one: {now:?} after {self:?}"
        );
        Ok(now)
    }
}
