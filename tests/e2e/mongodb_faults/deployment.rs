use std::time::Duration;

use e2e::{DEADLINE, Store, get, try_get, wait_until_shows};
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, Collection, Database};
use testkit::eventually;
use testkit::process::Service;
use testkit::source::Source;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(crate) const OUTAGE_NOTICE: &str = "The database has been unavailable since";

/// A source, a syncer and a web app on a store, and a reader that requests the web app in a loop.
/// Each change at the source is a round, whose number is in the title of every film.
pub(crate) struct Deployment {
    pub(crate) store: Store,
    pub(crate) source: Source,
    pub(crate) syncer: Service,
    pub(crate) webapp: Service,
    pub(crate) reader: RoundReader,
    pub(crate) round: u64,
}

impl Deployment {
    /// Publishes the first round.
    pub(crate) async fn over(url: String) -> Self {
        let (store, source) = (Store::at(url), Source::start().await);
        retitle(&source, 1);
        let syncer = store.syncer(&source.url());
        let webapp = store.webapp().await;
        wait_until_round(&webapp, 1).await;
        Self {
            reader: RoundReader::of(webapp.url()),
            store,
            source,
            syncer,
            webapp,
            round: 1,
        }
    }

    /// Starts the next round at the source.
    pub(crate) fn change(&mut self) {
        self.round += 1;
        retitle(&self.source, self.round);
    }

    /// Waits until the page shows the last round without a notice of an outage.
    pub(crate) async fn wait_until_recovered(&self) {
        wait_until_round(&self.webapp, self.round).await;
        eventually(DEADLINE, async || {
            !self.movies().await.contains(OUTAGE_NOTICE)
        })
        .await;
    }

    pub(crate) async fn change_and_wait(&mut self) {
        self.change();
        self.wait_until_recovered().await;
    }

    pub(crate) async fn movies(&self) -> String {
        get(&format!("{}/movies", self.webapp.url())).await.body
    }

    /// Waits for the notice of an outage.
    pub(crate) async fn wait_for_outage_notice(&self) {
        let movies = format!("{}/movies", self.webapp.url());
        wait_until_shows(&movies, OUTAGE_NOTICE).await;
    }

    /// Waits until the web app shows the last round, as a freshly started one does.
    pub(crate) async fn wait_until_loaded(&self) {
        let database = database(&self.store.url).await;
        let stored = async || -> Option<u64> {
            let state: Collection<Document> = database.collection("state");
            let head = state.find_one(doc! { "_id": "head" }).await.unwrap()?;
            Some(number(head.get("version"))).filter(|&version| version > 0)
        };
        let shown = eventually(DEADLINE, async || {
            let shown = api(self.webapp.url()).await?;
            let stored = stored().await;
            if shown.round == self.round && stored == Some(shown.version) {
                Ok(shown)
            } else {
                Err(format!("{shown:?} is shown, {stored:?} stored"))
            }
        })
        .await;
        let fresh = self.store.webapp().await;
        eventually(DEADLINE, async || api(fresh.url()).await.is_ok()).await;
        assert_eq!(api(fresh.url()).await.unwrap(), shown);
    }

    /// Waits until all movies of the view are of the last round.
    pub(crate) async fn wait_until_view_matches(&self, database: &Database) {
        let movies: Collection<Document> = database.collection("movies");
        let title = format!("A film, round {}", self.round);
        eventually(DEADLINE, async || {
            let right = movies.count_documents(doc! { "title": &title }).await;
            let all = movies.count_documents(doc! {}).await;
            right.unwrap() == 4 && all.unwrap() == 4
        })
        .await;
    }

    /// Stops the reader, and checks that the store has every version that was shown or logged.
    pub(crate) async fn check_nothing_lost(self) {
        let shown = api(self.webapp.url()).await.unwrap();
        self.reader.end().await;
        let head = head(&database(&self.store.url).await).await;
        let stored = number(head.get("version"));
        assert_eq!(shown.version, stored);
        let output = self.syncer.output();
        let published = output.lines().filter_map(|line| {
            let (_, rest) = line.split_once("published version ")?;
            rest.split(':').next()?.parse::<u64>().ok()
        });
        let logged = head.get_array("log").unwrap();
        for version in published {
            let is_it =
                |header: &&Bson| number(header.as_document().unwrap().get("version")) == version;
            assert!(logged.iter().any(|header| is_it(&header)), "{version}");
        }
    }
}

/// A response of the API.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ApiPage {
    pub(crate) version: u64,
    pub(crate) round: u64,
}

/// Requests the API in a loop. A status other than 200, an older round than before, and two rounds
/// in one response fail the test.
pub(crate) struct RoundReader {
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<usize>,
}

impl RoundReader {
    pub(crate) fn of(url: &str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            let (mut last, mut looks) = (None::<ApiPage>, 0);
            while !*stopped.borrow() {
                let shown = api(&url).await.unwrap();
                if let Some(last) = last {
                    assert!(shown.round >= last.round, "{last:?}, then {shown:?}");
                }
                (last, looks) = (Some(shown), looks + 1);
                let pause = Duration::from_millis(20);
                let _ = tokio::time::timeout(pause, stopped.changed()).await;
            }
            looks
        });
        Self { stop, task }
    }

    pub(crate) async fn end(self) {
        self.stop.send(true).unwrap();
        assert!(self.task.await.unwrap() > 0);
    }
}

pub(crate) async fn api(url: &str) -> Result<ApiPage, String> {
    let response = try_get(&format!("{url}/api/v1/movies")).await;
    let response = response.map_err(|error| error.to_string())?;
    if response.status != 200 {
        return Err(format!("{}: {}", response.status, response.body));
    }
    let page = response.json();
    let titles = page["items"].as_array().unwrap().iter();
    let rounds = titles.map(|movie| movie["title"].as_str().unwrap_or_default().to_owned());
    let mut rounds: Vec<_> = rounds.collect();
    rounds.dedup();
    let [title] = rounds.as_slice() else {
        return Err(format!("a page of several rounds: {rounds:?}"));
    };
    Ok(ApiPage {
        version: page["version"].as_u64().unwrap(),
        round: title.rsplit(' ').next().unwrap().parse().unwrap_or(0),
    })
}

pub(crate) fn retitle(source: &Source, round: u64) {
    source.edit(|catalogue| {
        for film in catalogue.collection_mut("films") {
            film["title"] = format!("A film, round {round}").into();
        }
    });
}

pub(crate) async fn wait_until_round(webapp: &Service, round: u64) {
    eventually(DEADLINE, async || match api(webapp.url()).await {
        Ok(shown) if shown.round == round => Ok(()),
        other => Err(format!("{other:?}, not yet round {round}")),
    })
    .await;
}

pub(crate) async fn database(url: &str) -> Database {
    let client = Client::with_uri_str(url).await.unwrap();
    client.default_database().unwrap()
}

pub(crate) async fn head(database: &Database) -> Document {
    let state: Collection<Document> = database.collection("state");
    let head = state.find_one(doc! { "_id": "head" }).await.unwrap();
    head.unwrap()
}

pub(crate) fn number(value: Option<&Bson>) -> u64 {
    match value {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap(),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap(),
        other => unreachable!("no number: {other:?}"),
    }
}
