//! A catalogue of any size from its source to its pages, with the real programs.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use common::clock::Clock;
use serde_json::Value;
use testkit::http::{get, try_get};
use testkit::process::Service;

use crate::generate::Generated;
use crate::processes::resident_kibibytes;
use crate::report::report;
use crate::setup::{DEADLINE, Setup, StoreKind, wait_until_indexed};

/// Changed movies of a small delta.
const DELTA: u64 = 100;

/// Syncs a catalogue for the first time, unchanged, and with a small delta; and sends `rounds`
/// different requests of each kind.
#[expect(clippy::print_stdout, reason = "the result of the command")]
pub(crate) async fn measure(store: StoreKind, movies: u64, rounds: u32) -> Result<()> {
    let setup = Setup::new(store, movies, "1s").await?;
    println!("{movies} movies, {store:?}");
    timed("first sync", setup.sync()).await?;
    timed("unchanged syncer once", setup.sync()).await?;

    let started = Instant::now();
    let webapp = setup.start_webapp().await;
    println!("start to ready: {:.2} s", started.elapsed().as_secs_f64());
    println!(
        "memory of the web app: {:.0} MiB",
        resident_kibibytes(webapp.pid())? / 1024.0
    );

    wait_until_indexed(&webapp).await;
    println!(
        "start to all fields indexed: {:.1} s",
        started.elapsed().as_secs_f64()
    );

    for (what, request) in REQUESTS {
        let address = |round| request(setup.generated, round);
        report(what, "ms", requests(&webapp, rounds, address).await?);
    }
    println!(
        "memory of the web app: {:.0} MiB",
        resident_kibibytes(webapp.pid())? / 1024.0
    );

    let syncer = Service::start("syncer", &setup.envs(), &[]);
    let unchanged = |runs: &Value| {
        let runs = runs.as_array()?.iter();
        let mut unchanged = runs.filter(|run| run["outcome"] == "unchanged");
        unchanged
            .find(|run| run["repeat_count"].as_u64() > Some(3))
            .cloned()
    };
    let run = testkit::eventually(DEADLINE, async || {
        let history = setup.history().await.ok()?;
        unchanged(&history["runs"])
    })
    .await;
    println!("unchanged sync of the loop: {}", run["phases"]);

    setup.source.retitle(DELTA);
    let health = format!("{}/healthz", webapp.url());
    let movies_page = format!("{}/movies", webapp.url());
    let served = testkit::eventually(DEADLINE, async || {
        try_get(&health).await.ok()?;
        let response = try_get(&movies_page).await.ok()?;
        (response.header("x-catalogue-version") == Some("2")).then(|| Clock::system().now())
    })
    .await;
    let history = setup.history().await?;
    let versions = history["versions"].as_array().context("no versions")?;
    let second = versions.iter().find(|version| version["version"] == 2);
    let at = second.and_then(|version| version["at"].as_str());
    let at: jiff::Timestamp = at.context("no second version")?.parse()?;
    println!(
        "a version of {DELTA} changes, commit to served: {:.0} ms",
        served.duration_since(at).as_secs_f64() * 1000.0
    );
    drop(syncer);

    let address = |round| {
        let page = 1 + page(setup.generated, round);
        format!("/movies?sort=title&page={page}&version=1")
    };
    let first = requests(&webapp, 1, address).await?;
    report("the first page as of the version before", "ms", first);
    let others = requests(&webapp, rounds, address).await?;
    report("/movies as of the version before, sorted", "ms", others);
    println!(
        "memory of the web app: {:.0} MiB",
        resident_kibibytes(webapp.pid())? / 1024.0
    );
    Ok(())
}

/// The milliseconds of requests, one after the other.
async fn requests(
    webapp: &Service,
    rounds: u32,
    address: impl Fn(u64) -> String,
) -> Result<Vec<f64>> {
    let mut milliseconds = Vec::new();
    for round in 0..u64::from(rounds) {
        let url = format!("{}{}", webapp.url(), address(round));
        let started = Instant::now();
        let response = get(&url).await;
        milliseconds.push(started.elapsed().as_secs_f64() * 1000.0);
        ensure!(response.status == 200, "{url}: {}", response.status);
    }
    Ok(milliseconds)
}

type ScaleRequest = fn(Generated, u64) -> String;

const REQUESTS: [(&str, ScaleRequest); 16] = [
    ("/movies, a page of the list", |all, n| {
        format!("/movies?page={}", 1 + page(all, n))
    }),
    ("/movies, sorted", |all, n| {
        let sort = ["title", "-year", "score", "-running_time"][(n % 4) as usize];
        format!("/movies?sort={sort}&page={}", 1 + page(all, n))
    }),
    ("/movies, filtered by years and sorted", |_, n| {
        let from = 1930 + n % 90;
        format!(
            "/movies?year_min={from}&year_max={}&sort=title&page={}",
            from + 5,
            1 + n / 90
        )
    }),
    ("/movies of a director", |all, n| {
        let film = all.record("films", n * 37 % all.movies);
        let director = film["director"]
            .as_str()
            .unwrap_or_default()
            .replace(' ', "+");
        format!("/movies?director={director}&sort=-score")
    }),
    ("/api/v1/movies, filtered and sorted", |all, n| {
        format!(
            "/api/v1/movies?sort=-score&per_page=100&page={}",
            1 + page(all, n)
        )
    }),
    ("/ghibli/films with limit and fields", |_, n| {
        format!("/ghibli/films?limit=250&fields=id,title,f{n}")
    }),
    ("/ghibli/films, a page", |all, n| {
        format!("/ghibli/films?_page={}&_limit=100", 1 + page(all, n))
    }),
    ("/ghibli/films of a director", |all, n| {
        let film = all.record("films", n * 37 % all.movies);
        let director = film["director"].as_str().unwrap_or_default();
        format!(
            "/ghibli/films?director={}&_limit=100",
            director.replace(' ', "+")
        )
    }),
    ("/ghibli/films with a title", |all, n| {
        let title = all.title(n * 104_729 % all.movies);
        format!("/ghibli/films?title={}", title.replace(' ', "+"))
    }),
    ("/ghibli/films, sorted", |all, n| {
        let sort = ["release_date", "rt_score", "running_time", "director"][(n % 4) as usize];
        let page = 1 + page(all, n);
        format!("/ghibli/films?_sort={sort}&_order=DESC&_page={page}&_limit=100")
    }),
    ("/ghibli/films, in the order of titles", |all, n| {
        let order = ["ASC", "DESC"][(n % 2) as usize];
        let page = 1 + page(all, n);
        format!("/ghibli/films?_sort=title&_order={order}&_page={page}&_limit=100")
    }),
    ("/ghibli/films with a pattern for titles", |all, n| {
        let title = all.title(n * 7919 % all.movies);
        format!("/ghibli/films?title_like=^{}&_limit=100", longest(&title))
    }),
    ("/ghibli/films with a text anywhere", |all, n| {
        let title = all.title(n * 104_729 % all.movies);
        format!("/ghibli/films?q={}&_limit=100&_start={n}", longest(&title))
    }),
    ("/ghibli/people, filtered", |all, n| {
        let gender = ["Female", "Male"][(n % 2) as usize];
        let page = 1 + page(all, n) / 8;
        format!("/ghibli/people?gender={gender}&_page={page}&_limit=100")
    }),
    ("/search, two words of a title", |all, n| {
        let title = all.title(n * 7919 % all.movies);
        let words: Vec<_> = title
            .split(' ')
            .filter(|word| word.len() > 3)
            .take(2)
            .collect();
        format!("/search?q={}", words.join("+"))
    }),
    ("/search, a word with a typing error", |all, n| {
        let title = all.title(n * 104_729 % all.movies);
        let word = longest(&title);
        format!("/search?q={}x{}", &word[..3], &word[4..])
    }),
];

fn longest(title: &str) -> &str {
    let words = title.split(' ');
    words.max_by_key(|word| word.len()).unwrap_or_default()
}

/// A pseudo-random page.
fn page(all: Generated, n: u64) -> u64 {
    n * 7919 % all.movies.div_ceil(100)
}

#[expect(clippy::print_stdout, reason = "the result of the command")]
async fn timed(what: &str, work: impl Future<Output = Result<()>>) -> Result<()> {
    let started = Instant::now();
    work.await?;
    println!("{what}: {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}
