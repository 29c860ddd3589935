use std::fmt;

use common::clock::Clock;
use common::metrics::{Metrics, Scrape};
use common::models::{Kind, Outcome, SyncState};
use jiff::Timestamp;

use crate::events::Events;
use crate::state::{CurrentSite, Site};

/// Shows the catalogue that is served, its state and the open event streams.
pub(crate) fn register_site(metrics: &Metrics, current: CurrentSite, events: Events, clock: Clock) {
    metrics.on_scrape(move |scrape| {
        let streams = events.open_streams();
        scrape.gauge("event_streams", "Open event streams", streams as f64)?;
        let site = current.peek();
        let site = site.as_deref();
        let help = "Whether the database has been read, so that pages can be served";
        scrape.gauge("ready", help, f64::from(site.is_some()))?;
        let state = site.map_or(SyncState::DatabaseUnavailable, Site::state);
        let states = SyncState::ALL.map(|one| ([("state", one.name())], f64::from(one == state)));
        let help =
            "1 for the state of the catalogue, the most severe of the conditions, 0 for the others";
        scrape.gauges("state", help, states)?;
        let conditions = SyncState::ALL.into_iter();
        let conditions = conditions.filter(|one| *one != SyncState::UpToDate);
        let conditions = conditions.map(|one| {
            let holds = match site {
                Some(site) => site.status.conditions.holds(one),
                None => one == state,
            };
            ([("condition", one.name())], f64::from(holds))
        });
        let help = "1 for each condition that holds, 0 for the others";
        scrape.gauges("condition", help, conditions)?;
        match site {
            Some(site) => write(scrape, site, clock.now()),
            None => Ok(()),
        }
    });
}

fn write(scrape: &mut Scrape<'_, '_>, site: &Site, now: Timestamp) -> fmt::Result {
    let age = |at: Timestamp| now.duration_since(at).as_secs_f64();
    let help = "Version of the catalogue; 0 is the built-in one";
    scrape.gauge("catalogue_version", help, site.version() as f64)?;
    let published = (!site.is_built_in()).then_some(site.snapshot.header.at);
    let help = "Time since the version was published";
    scrape.gauge("catalogue_age_seconds", help, published.map(age))?;
    let catalogue = &site.snapshot.catalogue;
    let items = Kind::ALL.map(|kind| ([("kind", kind.singular())], catalogue.count(kind) as f64));
    scrape.gauges("catalogue_items", "Items by kind", items)?;
    let help = "Parts of the version that cannot be read";
    let damage = site.snapshot.damage.len();
    scrape.gauge("catalogue_damaged_parts", help, damage as f64)?;
    let mut runs = site.sync_status.runs.iter();
    let last = runs.find(|run| run.outcome != Outcome::Failed);
    let help = "Time since the last sync that read the source, by any syncer";
    let last = last.map(|run| age(run.ended));
    scrape.gauge("catalogue_last_sync_age_seconds", help, last)?;
    let help = "Time between syncs: the interval of the syncer, if the ledger has it";
    let interval = site.status.interval.as_secs_f64();
    scrape.gauge("catalogue_sync_interval_seconds", help, interval)?;
    let help = "Size of all cached responses";
    scrape.gauge("response_cache_bytes", help, site.cache.bytes() as f64)
}
