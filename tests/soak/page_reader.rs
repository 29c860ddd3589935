use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use testkit::eventually;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use e2e::{DEADLINE, Response, try_get};

/// Between two requests: a list of thousands of films is much to parse.
const PAUSE: Duration = Duration::from_millis(200);

/// Requests all films in a loop. Each response must hold one version and one round, and neither
/// may be older than in the response before.
pub(super) struct PageReader {
    stop: Arc<AtomicBool>,
    task: JoinHandle<LastPage>,
}

/// The last response, and how many there were.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LastPage {
    pub(super) responses: u64,
    version: u64,
    pub(super) round: u32,
}

impl PageReader {
    /// Starts once the web app serves the catalogue.
    pub(super) async fn start(url: &str, films: u32) -> Self {
        let url = format!("{url}/ghibli/films");
        let first = eventually(DEADLINE, async || {
            let response = try_get(&url).await.ok()?;
            (response.status == 200).then_some(response)
        });
        let mut last = LastPage::default().followed_by(&first.await, films);
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            loop {
                let is_last = stopped.load(Ordering::Relaxed);
                last = last.followed_by(&try_get(&url).await.unwrap(), films);
                if is_last {
                    return last;
                }
                sleep(PAUSE).await;
            }
        });
        Self { stop, task }
    }

    /// Whether a response broke the rule; [`Self::stop`] then panics with the reason.
    pub(super) fn has_failed(&self) -> bool {
        self.task.is_finished()
    }

    /// Reads once more, and returns that.
    pub(super) async fn stop(self) -> LastPage {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

impl LastPage {
    fn followed_by(self, response: &Response, films: u32) -> Self {
        assert_eq!(response.status, 200);
        let body = response.json();
        let list = body.as_array().unwrap();
        assert_eq!(list.len(), films as usize);
        let titles = list.iter().map(|film| film["title"].as_str().unwrap());
        let now = Self {
            responses: self.responses + 1,
            version: response
                .header("x-catalogue-version")
                .unwrap()
                .parse()
                .unwrap(),
            round: round_of(titles),
        };
        assert!(
            now.version >= self.version && now.round >= self.round,
            "the page went back: {now:?} after {self:?}"
        );
        assert!(
            (now.version == self.version) == (now.round == self.round) || self.responses == 0,
            "one version has two rounds, or one round two versions: {now:?} after {self:?}"
        );
        now
    }
}

/// The round that all these titles are of.
pub(super) fn round_of(titles: impl Iterator<Item = impl AsRef<str>>) -> u32 {
    let mut rounds = titles.map(|title| {
        let (_, round) = title.as_ref().rsplit_once(' ').unwrap();
        round.parse().unwrap()
    });
    let first = rounds.next().unwrap();
    rounds.for_each(|round: u32| assert_eq!(round, first, "two rounds are mixed"));
    first
}
