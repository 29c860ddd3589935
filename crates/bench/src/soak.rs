use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Repository};
use rand::Rng;
use testkit::process::{Service, run_to_end};
use testkit::source::{Catalogue, Source, film};

use crate::{StoreKind, fresh};

const DEADLINE: Duration = Duration::from_secs(30);
/// After the first round, published in peace to see how long that takes, each round every film gets the round's number into its title, a syncer is killed while it
/// publishes that, and the titles that a fresh reader sees must all be of one round, and of no
/// earlier one than before.
pub(crate) async fn kill(store: StoreKind, films: u32, rounds: u32) -> Result<()> {
    let (url, database, _folder) = fresh(store).await?;
    let mut catalogue = Catalogue::invented();
    let few = u32::try_from(catalogue.collection("films").len())?;
    let many = (1..=films.saturating_sub(few)).map(film);
    catalogue.collection_mut("films").extend(many);
    let source = Source::start_with(catalogue).await;
    let provider = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", url.as_str()),
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "100ms"),
    ];
    let repository = Repository::open(&database, Access::Writer, Clock::system()).await?;
    retitle(&source, 1);
    let begun = Instant::now();
    let first = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
    ensure!(
        first.code == Some(0),
        "the first sync failed: {}",
        first.stderr
    );
    let whole_run = begun.elapsed();
    let mut seen = round_seen(&repository).await?;
    let mut published = 0;
    for round in 2..=rounds + 1 {
        retitle(&source, round);
        let asked = source.requests("films");
        let syncer = Service::start("syncer", &envs, &[]);
        source.wait_for_requests("films", asked + 1, DEADLINE).await;
        let pause = whole_run.mul_f64(rand::rng().random_range(0.0..1.2));
        tokio::time::sleep(pause).await;
        drop(syncer);
        let now = round_seen(&repository).await?;
        ensure!(now >= seen, "round {round}: went back from {seen} to {now}");
        ensure!(now <= round, "round {round}: saw {now}, which is to come");
        published += u32::from(now > seen);
        seen = now;
    }
    let end = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
    ensure!(end.code == Some(0), "the last sync failed: {}", end.stderr);
    ensure!(
        round_seen(&repository).await? == rounds + 1,
        "the last round is missing"
    );
    for document in repository.store().shown(Kind::Movie, None, films).await? {
        let fields = document.fields.context("a document without fields")?;
        let title = fields.get("title").and_then(|title| title.as_str());
        ensure!(
            round_of(title.unwrap_or_default())? == rounds + 1,
            "the view is behind"
        );
    }
    tell(store, films, rounds, published);
    Ok(())
}

fn retitle(source: &Source, round: u32) {
    source.edit(|catalogue| {
        for film in catalogue.collection_mut("films") {
            film["title"] = format!("A film, round {round}").into();
        }
    });
}

/// The round whose titles a fresh reader sees; 0 while nothing is published.
async fn round_seen(repository: &Repository) -> Result<u32> {
    let Some(state) = repository.load().await? else {
        return Ok(0);
    };
    ensure!(state.damage.is_empty(), "damage: {:?}", state.damage);
    let mut rounds = state
        .catalogue
        .iter(Kind::Movie)
        .map(|movie| round_of(movie.name()));
    let first = rounds.next().context("no movie at all")??;
    for other in rounds {
        let other = other?;
        if other != first {
            bail!(
                "version {} mixes rounds {first} and {other}",
                state.version()
            );
        }
    }
    Ok(first)
}

fn round_of(title: &str) -> Result<u32> {
    let (_, round) = title.rsplit_once(' ').context("a title without a round")?;
    Ok(round.parse()?)
}

#[expect(clippy::print_stdout, reason = "what it is asked for")]
fn tell(store: StoreKind, films: u32, rounds: u32, published: u32) {
    println!(
        "{rounds} syncers killed on {store:?} with {films} films: {published} had published before, none left half a version"
    );
}
