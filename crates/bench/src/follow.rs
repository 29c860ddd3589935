use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use common::clock::Clock;
use common::config::Database;
use common::models::{Catalogue, Change, Changes, Facts, Item, Kind};
use common::repository::{Access, Repository};
use common::seed;
use testkit::http::try_get;
use testkit::process::Service;

use crate::report::report;
use crate::setup::{StoreKind, fresh_store};

const DEADLINE: Duration = Duration::from_secs(20);

pub(crate) async fn measure(store: StoreKind, rounds: u32) -> Result<()> {
    let (url, database, _folder) = fresh_store(store).await?;
    let measured = follow(&url, &database, rounds).await;
    report(&format!("commit to served, {store:?}"), "ms", measured?);
    Ok(())
}

async fn follow(url: &str, database: &Database, rounds: u32) -> Result<Vec<f64>> {
    let repository = Repository::open(database, Access::Writer, Clock::system()).await?;
    let envs = [("PYFLIX_DATABASE_URL", url)];
    let webapp = Service::start_web("webapp", &envs, &[], DEADLINE).await;
    let page = format!("{}/movies/ponyo", webapp.url());
    let seed: Catalogue = seed::items()?.into_iter().collect();
    let mut changes: Changes = seed
        .all()
        .filter_map(|item| Change::of(None, Some(item)))
        .collect();
    let mut state = None;
    let mut milliseconds = Vec::new();
    for round in 0..=rounds {
        let mut lease = match repository.try_acquire(None).await? {
            Ok(lease) => lease,
            Err(refusal) => bail!("no lease: {refusal}"),
        };
        let published = lease.publish(state.as_ref(), &changes, None, None).await?;
        let committed = Instant::now();
        let published = published.context("nothing was published")?;
        let version = published.version().to_string();
        let served = async || {
            let response = try_get(&page).await.ok()?;
            (response.header("x-catalogue-version") == Some(&version)).then_some(())
        };
        while served().await.is_none() {
            if committed.elapsed() > DEADLINE {
                bail!("version {version} was not served within {DEADLINE:?}");
            }
        }
        // The first version is loaded, not followed.
        if round > 0 {
            milliseconds.push(committed.elapsed().as_secs_f64() * 1000.0);
        }
        lease.update_view(&published, &changes).await?;
        lease.release(None).await?;
        let ponyo = published.catalogue.find(Kind::Movie, "ponyo");
        let ponyo = ponyo.context("no such movie")?;
        changes = [retitled(ponyo, round)?].into_iter().collect();
        state = Some(published);
    }
    Ok(milliseconds)
}

/// A change of the title of a movie.
pub(crate) fn retitled(before: Arc<Item>, round: u32) -> Result<Change> {
    let mut after = Item::clone(&before);
    if let Facts::Movie(movie) = &mut after.facts {
        movie.title = format!("Edition {round}");
    }
    Change::of(Some(before), Some(Arc::new(after))).context("no change")
}
