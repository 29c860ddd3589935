use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use common::clock::Clock;
use common::models::Kind;
use common::repository::{Access, Repository};
use rand::Rng;
use testkit::process::{Service, run_to_end};
use testkit::source::Source;

use crate::{StoreKind, fresh};

const DEADLINE: Duration = Duration::from_secs(30);
/// A run of this small catalogue ends well within this time after the source was asked.
const LATEST_KILL_MILLISECONDS: u64 = 80;

/// Each round every film gets the round's number into its title, a syncer is killed while it
/// publishes that, and the titles that a fresh reader sees must all be of one round, and of no
/// earlier one than before.
pub(crate) async fn kill(store: StoreKind, rounds: u32) -> Result<()> {
    let (url, database, _folder) = fresh(store).await?;
    let source = Source::start().await;
    let provider = source.url();
    let envs = [
        ("PYFLIX_DATABASE_URL", url.as_str()),
        ("PYFLIX_PROVIDER_URLS", provider.as_str()),
        ("PYFLIX_SYNC_INTERVAL", "100ms"),
    ];
    let repository = Repository::open(&database, Access::Writer, Clock::system()).await?;
    let mut seen = 0;
    let mut published = 0;
    for round in 1..=rounds {
        retitle(&source, round);
        let asked = source.requests("films");
        let syncer = Service::start("syncer", &envs, &[]);
        source.wait_for_requests("films", asked + 1, DEADLINE).await;
        let pause = rand::rng().random_range(0..LATEST_KILL_MILLISECONDS);
        tokio::time::sleep(Duration::from_millis(pause)).await;
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
        round_seen(&repository).await? == rounds,
        "the last round is missing"
    );
    for document in repository.store().shown(Kind::Movie, None, 100).await? {
        let fields = document.fields.context("a document without fields")?;
        let title = fields.get("title").and_then(|title| title.as_str());
        ensure!(
            round_of(title.unwrap_or_default())? == rounds,
            "the view is behind"
        );
    }
    tell(store, rounds, published);
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
        .movies()
        .map(|(_, movie)| round_of(&movie.title));
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
fn tell(store: StoreKind, rounds: u32, published: u32) {
    println!(
        "{rounds} syncers killed on {store:?}: {published} had published before, none left half a version"
    );
}
