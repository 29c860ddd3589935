//! A MongoDB that dies, freezes, refuses, loses and lies, under the real web app and syncer.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::time::{Duration, Instant};

use e2e::{DEADLINE, Store, get, try_get, until_it_says};
use mongodb::bson::{Binary, Bson, Document, doc, spec::BinarySubtype};
use mongodb::{Client, Collection, Database};
use testkit::eventually;
use testkit::mongo::{Mongo, MongoOptions, MongoSet, fresh_database};
use testkit::process::{Service, Signal};
use testkit::proxy::{Network, Proxy};
use testkit::source::Source;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the fault matrix gives the pages to say that the database is away.
const NOTICE: Duration = Duration::from_secs(5);
/// What it gives memory to be what the database holds.
const CONVERGENCE: Duration = Duration::from_secs(10);
/// How long a primary is frozen.
const FROZEN: Duration = Duration::from_secs(40);

const AWAY: &str = "The database has been away since";

/// A source, a syncer and a web app over a store, and a reader that never looks away. Each change
/// at the source is a round: it names every film by its number.
struct Scene {
    store: Store,
    source: Source,
    syncer: Service,
    webapp: Service,
    reader: Reader,
    round: u64,
}

impl Scene {
    /// Begins with the first round published.
    async fn over(url: String) -> Self {
        let (store, source) = (Store::at(url), Source::start().await);
        retitle(&source, 1);
        let syncer = store.syncer(&source.url());
        let webapp = store.webapp().await;
        until_round(&webapp, 1).await;
        Self {
            reader: Reader::of(webapp.url()),
            store,
            source,
            syncer,
            webapp,
            round: 1,
        }
    }

    /// Makes the next round at the source.
    fn change(&mut self) {
        self.round += 1;
        retitle(&self.source, self.round);
    }

    /// Waits until the page shows the last round, and nothing of a database that is away.
    async fn well(&self) {
        until_round(&self.webapp, self.round).await;
        eventually(DEADLINE, async || !self.movies().await.contains(AWAY)).await;
    }

    async fn changes_and_is_well(&mut self) {
        self.change();
        self.well().await;
    }

    async fn movies(&self) -> String {
        get(&format!("{}/movies", self.webapp.url())).await.body
    }

    /// Waits for the notice on the page, no longer than the fault matrix allows.
    async fn says_that_it_is_away(&self, since: Instant) {
        let movies = format!("{}/movies", self.webapp.url());
        until_it_says(&movies, AWAY).await;
        assert!(since.elapsed() < NOTICE, "{:?}", since.elapsed());
    }

    /// Waits until the running web app shows what one sees that begins now, which is the last
    /// round, no longer than the fault matrix allows.
    async fn memory_is_what_the_database_holds(&self, since: Instant) {
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
        assert!(since.elapsed() < CONVERGENCE, "{:?}", since.elapsed());
    }

    /// Waits until all movies of the view are of the last round.
    async fn the_view_is_right(&self, database: &Database) {
        let movies: Collection<Document> = database.collection("movies");
        let title = format!("A film, round {}", self.round);
        eventually(DEADLINE, async || {
            let right = movies.count_documents(doc! { "title": &title }).await;
            let all = movies.count_documents(doc! {}).await;
            right.unwrap() == 4 && all.unwrap() == 4
        })
        .await;
    }

    /// Ends the reader; what the page shows and what the syncer said it published is in the store.
    async fn all_is_kept(self) {
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

/// What a page of the API shows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shown {
    version: u64,
    round: u64,
}

/// Asks all the time; an answer that is not 200, a round that goes back and a page with two rounds
/// on it fail the test.
struct Reader {
    stop: watch::Sender<bool>,
    task: JoinHandle<usize>,
}

impl Reader {
    fn of(url: &str) -> Self {
        let (stop, mut stopped) = watch::channel(false);
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            let (mut last, mut looks) = (None::<Shown>, 0);
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

    async fn end(self) {
        self.stop.send(true).unwrap();
        assert!(self.task.await.unwrap() > 0);
    }
}

async fn api(url: &str) -> Result<Shown, String> {
    let answer = try_get(&format!("{url}/api/v1/movies")).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("{}: {}", answer.status, answer.body));
    }
    let page = answer.json();
    let titles = page["items"].as_array().unwrap().iter();
    let rounds = titles.map(|movie| movie["title"].as_str().unwrap_or_default().to_owned());
    let mut rounds: Vec<_> = rounds.collect();
    rounds.dedup();
    let [title] = rounds.as_slice() else {
        return Err(format!("a page of several rounds: {rounds:?}"));
    };
    Ok(Shown {
        version: page["version"].as_u64().unwrap(),
        round: title.rsplit(' ').next().unwrap().parse().unwrap_or(0),
    })
}

fn retitle(source: &Source, round: u64) {
    source.edit(|catalogue| {
        for film in catalogue.collection_mut("films") {
            film["title"] = format!("A film, round {round}").into();
        }
    });
}

async fn until_round(webapp: &Service, round: u64) {
    eventually(DEADLINE, async || match api(webapp.url()).await {
        Ok(shown) if shown.round == round => Ok(()),
        other => Err(format!("{other:?}, not yet round {round}")),
    })
    .await;
}

async fn database(url: &str) -> Database {
    let client = Client::with_uri_str(url).await.unwrap();
    client.default_database().unwrap()
}

async fn head(database: &Database) -> Document {
    let state: Collection<Document> = database.collection("state");
    let head = state.find_one(doc! { "_id": "head" }).await.unwrap();
    head.unwrap()
}

fn number(value: Option<&Bson>) -> u64 {
    match value {
        Some(Bson::Int32(number)) => u64::try_from(*number).unwrap(),
        Some(Bson::Int64(number)) => u64::try_from(*number).unwrap(),
        other => unreachable!("no number: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_are_killed_cost_no_version_and_no_page() {
    let set = MongoSet::start(3).await;
    let mut scene = Scene::over(set.url("movies_db")).await;
    let primary = set.primary().await;
    primary.kill9();
    scene.changes_and_is_well().await;
    primary.restart().await;

    for member in set.members() {
        member.kill9();
    }
    scene.says_that_it_is_away(Instant::now()).await;
    scene.change();
    for member in set.members() {
        member.restart().await;
    }
    scene.well().await;
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_secondary_is_not_noticed_and_a_frozen_primary_is_told_within_5_seconds() {
    let set = MongoSet::start(3).await;
    let mut scene = Scene::over(set.url("movies_db")).await;
    let secondary = set.secondary().await;
    secondary.stop();
    scene.changes_and_is_well().await;
    assert!(!scene.webapp.output().contains("cannot be read"));
    secondary.cont();

    let primary = set.primary().await;
    primary.stop();
    let frozen = Instant::now();
    scene.change();
    scene.says_that_it_is_away(frozen).await;
    // Another member takes over while it is frozen.
    scene.well().await;
    while frozen.elapsed() < FROZEN {
        scene.changes_and_is_well().await;
    }
    primary.cont();
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dropped_is_published_anew_and_every_web_app_goes_over() {
    let mut scene = Scene::over(Mongo::replica_set().await.url(&fresh_database())).await;
    scene.changes_and_is_well().await;
    let database = database(&scene.store.url).await;
    for everything in [false, true] {
        let before = head(&database).await;
        if everything {
            database.drop().await.unwrap();
        } else {
            database
                .collection::<Document>("state")
                .drop()
                .await
                .unwrap();
        }
        scene
            .memory_is_what_the_database_holds(Instant::now())
            .await;
        let after = head(&database).await;
        assert_ne!(after.get("lineage"), before.get("lineage"));
        scene.changes_and_is_well().await;
        scene
            .memory_is_what_the_database_holds(Instant::now())
            .await;
        scene.the_view_is_right(&database).await;
    }
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oplog_that_rolled_over_meanwhile_costs_no_version() {
    let mongo = Mongo::start(MongoOptions::with_a_short_oplog()).await;
    let (store, source) = (Store::at(mongo.url("movies_db")), Source::start().await);
    let publish = async |round| {
        retitle(&source, round);
        assert_eq!(store.command(&source.url(), &["once"]).await.code, Some(0));
    };
    publish(1).await;
    let envs = [
        ("PYFLIX_DATABASE_URL", store.url.as_str()),
        ("PYFLIX_LOG", "info,common=debug"),
    ];
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    until_round(&webapp, 1).await;
    webapp.signal(Signal::STOP);
    publish(2).await;
    mongo.roll_the_oplog_over().await;
    webapp.signal(Signal::CONT);
    until_round(&webapp, 2).await;
    let lost = |line: &str| line.contains("the change stream is lost");
    webapp.wait_for_line(lost, DEADLINE).await;
    publish(3).await;
    until_round(&webapp, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_writes_are_cut_off_refused_or_blocked_is_made_again() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let mut scene = Scene::over(mongo.url("movies_db")).await;
    let cut = doc! { "closeConnection": true };
    let refused = doc! { "errorCode": 8_000 };
    let unconfirmed = doc! { "writeConcernError": { "code": 64, "errmsg": "timed out" } };
    let blocked = doc! { "blockConnection": true, "blockTimeMS": 6_000 };
    let writes = ["findAndModify", "insert", "update"];
    for (how, times) in [(cut, 2), (refused, 2), (unconfirmed, 2), (blocked, 1)] {
        for command in writes {
            let failing = mongo.fail(times, &[command], "pyflix", how.clone()).await;
            scene.change();
            failing.met(times).await;
            scene.well().await;
            failing.end().await;
        }
    }
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_is_slow_resets_or_swallows_everything_is_told_and_survived() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let proxy = Proxy::start(mongo.port()).await;
    let url = format!(
        "mongodb://127.0.0.1:{}/movies_db?directConnection=true",
        proxy.port()
    );
    let mut scene = Scene::over(url).await;
    proxy.set(Network::Slow(Duration::from_millis(100)));
    scene.changes_and_is_well().await;
    for network in [Network::Resetting, Network::Silent] {
        proxy.set(network);
        scene.change();
        scene.says_that_it_is_away(Instant::now()).await;
        proxy.set(Network::Open);
        scene.well().await;
        scene.changes_and_is_well().await;
    }
    // As behind a firewall that has forgotten them: nobody is told that they are dead.
    proxy.forget();
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mongod_that_is_started_last_is_found_by_all_that_wait_for_it() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    mongo.kill9();
    let store = Store::at(mongo.url("movies_db"));
    let source = Source::start().await;
    retitle(&source, 1);
    let (syncer, webapp) = (store.syncer(&source.url()), store.webapp().await);
    for (service, says) in [
        (&syncer, "cannot sync"),
        (&webapp, "the store cannot be read"),
    ] {
        let clear = |line: &str| line.contains(says) && line.contains("check that MongoDB runs");
        service.wait_for_line(clear, DEADLINE).await;
    }
    for path in ["/", "/movies", "/readyz"] {
        let answer = get(&format!("{}{path}", webapp.url())).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.header("retry-after").is_some(), "{path}");
    }
    mongo.restart().await;
    until_round(&webapp, 1).await;
    let ready = get(&format!("{}/readyz", webapp.url())).await;
    assert_eq!(ready.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_set_name_and_a_wrong_password_are_one_clear_line_without_the_password() {
    let url = Mongo::replica_set().await.url(&fresh_database());
    let (set, password) = (
        url.replace("rs0", "other"),
        url.replace("mongodb://", "mongodb://someone:hunter2@"),
    );
    for (url, clear) in [
        (set, "the name of its replica set"),
        (password, "user or password"),
    ] {
        let store = Store::at(url);
        let once = store.command("http://127.0.0.1:9", &["once"]).await;
        assert_eq!(once.code, Some(1), "{once:?}");
        assert_eq!(once.stderr.trim().lines().count(), 1, "{once:?}");
        assert!(once.stderr.contains(clear), "{once:?}");
        let (syncer, webapp) = (store.syncer("http://127.0.0.1:9"), store.webapp().await);
        for service in [&syncer, &webapp] {
            service
                .wait_for_line(|line| line.contains(clear), DEADLINE)
                .await;
            assert!(
                !service.output().contains("hunter2"),
                "{}",
                service.output()
            );
        }
        assert!(!once.stderr.contains("hunter2"), "{once:?}");
        assert_eq!(get(&format!("{}/movies", webapp.url())).await.status, 503);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_were_put_in_by_hand_are_left_out_and_named_and_the_others_served() {
    let mongo = Mongo::start(MongoOptions::default()).await;
    let store = Store::at(mongo.url("movies_db"));
    let source = Source::start().await;
    let once = async || {
        let end = store.command(&source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
    };
    retitle(&source, 1);
    once().await;
    let database = database(&store.url).await;
    for table in [
        "state",
        "parts",
        "runs",
        "quarantine",
        "findings",
        "movies",
        "people",
    ] {
        let strangers = [
            doc! { "_id": 5, "title": ["wrong"] },
            doc! { "_id": "99999999999999999999", "outcome": 5, "data": "text", "kind": {} },
            doc! { "_id": "changes/1", "junk": "x".repeat(15 << 20) },
            doc! { "_id": "base/00000000000000000009/000000" },
        ];
        let table: Collection<Document> = database.collection(table);
        for stranger in strangers {
            // The cache of a small server has not always room for so much at once.
            eventually(DEADLINE, async || table.insert_one(&stranger).await).await;
        }
    }
    let webapp = store.webapp().await;
    until_round(&webapp, 1).await;
    assert!(!webapp.output().contains("cannot be read"));
    retitle(&source, 2);
    once().await;
    until_round(&webapp, 2).await;

    let history = store.command(&source.url(), &["history"]).await;
    assert_eq!(history.code, Some(0), "{history:?}");
    let printed = format!("{}{}", history.stdout, history.stderr);
    let named = |row: &str| {
        let line = |line: &&str| line.contains("cannot be read") && line.contains(row);
        printed.lines().any(|text| line(&text))
    };
    assert!(named("99999999999999999999"), "{printed}");
    assert!(named("changes/1"), "{printed}");
    let findings: Collection<Document> = database.collection("findings");
    let stranger = findings
        .find_one(doc! { "_id": "changes/1" })
        .await
        .unwrap();
    assert_eq!(stranger, None, "the next run has put it right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_was_spoiled_by_hand_is_named_and_the_next_run_mends_what_it_held() {
    let store = Store::at(Mongo::replica_set().await.url(&fresh_database()));
    let source = Source::start().await;
    let once = async || {
        let end = store.command(&source.url(), &["once"]).await;
        assert_eq!(end.code, Some(0), "{end:?}");
    };
    once().await;
    let film = source.catalogue().collection("films")[0]["id"].clone();
    source.rename_film(film.as_str().unwrap(), "The Lantern Boat");
    once().await;
    let database = database(&store.url).await;
    let parts: Collection<Document> = database.collection("parts");
    let bytes = |bytes| Binary {
        subtype: BinarySubtype::Generic,
        bytes,
    };
    for (role, data) in [
        ("changes", Bson::from("text")),
        ("changes", Bson::Null),
        ("base", Bson::Binary(bytes(vec![7; 99]))),
        ("base", Bson::Binary(bytes(vec![0; 1 << 20]))),
    ] {
        let newest = doc! { "_id": { "$regex": format!("^{role}/") } };
        let newest = parts.find_one(newest).sort(doc! { "_id": -1 }).await;
        let name = newest.unwrap().unwrap().get_str("_id").unwrap().to_owned();
        let spoil = doc! { "$set": { "data": data } };
        parts
            .update_one(doc! { "_id": &name }, spoil)
            .await
            .unwrap();

        let reader = store.webapp().await;
        let named = |line: &str| line.contains("cannot be read") && line.contains(&name);
        reader.wait_for_line(named, DEADLINE).await;
        let page = format!("{}/movies", reader.url());
        eventually(DEADLINE, async || get(&page).await.status == 200).await;
        once().await;
        until_it_says(&page, "The Lantern Boat").await;
        let fresh = store.webapp().await;
        let all = until_it_says(&format!("{}/movies", fresh.url()), "The Lantern Boat").await;
        assert_eq!(all.body.matches("<article").count(), 4, "{}", all.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_cannot_be_read_is_told_with_what_to_do_and_that_mends_it() {
    let mut scene = Scene::over(Mongo::replica_set().await.url(&fresh_database())).await;
    let database = database(&scene.store.url).await;
    let state: Collection<Document> = database.collection("state");
    let wrong = doc! { "$set": { "log": "text", "fence": "text" } };
    state.update_one(doc! {}, wrong).await.unwrap();
    scene.says_that_it_is_away(Instant::now()).await;
    let clear = |line: &str| {
        line.contains("state/head cannot be read") && line.contains("or remove this document")
    };
    scene.webapp.wait_for_line(clear, DEADLINE).await;
    scene.syncer.wait_for_line(clear, DEADLINE).await;
    let once = scene.store.command(&scene.source.url(), &["once"]).await;
    assert_eq!(once.code, Some(1), "{once:?}");
    assert!(clear(once.stderr.trim()), "{once:?}");

    state.delete_one(doc! { "_id": "head" }).await.unwrap();
    scene
        .memory_is_what_the_database_holds(Instant::now())
        .await;
    scene.changes_and_is_well().await;
    scene.all_is_kept().await;
}
