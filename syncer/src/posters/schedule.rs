//! The posters to fetch next, and the unused ones to remove.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use common::models::{Catalogue, Facts, Kind};
use common::repository::{Poster, PosterChanges, Repository, Result, Snapshot};
use jiff::Timestamp;
use url::Url;

use super::BATCH_POSTERS;
use super::client::PosterClient;

/// Maximum number of posters. Those of further movies are not fetched.
const MAX_POSTERS: usize = 10_000;
/// Larger catalogues have no posters: a syncer would need the memory to load them.
const MAX_ITEMS: u64 = 100_000;
/// Longer URLs are not fetched.
const MAX_URL_BYTES: usize = 1_024;
/// Maximum wait until the posters are checked again.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// The wait after an error of the store.
const MIN_WAIT: Duration = Duration::from_secs(1);

/// The posters of a version.
#[derive(Default)]
pub(super) struct PosterSchedule {
    /// The lineage and version that the URLs are of.
    version: Option<(String, u64)>,
    posters: BTreeMap<String, Poster>,
}

impl PosterSchedule {
    /// Reads the URLs of a new version. `known` may be its state. Returns the changes to save: which
    /// posters are used and which are no longer.
    pub(super) async fn update(
        &mut self,
        repository: &Repository,
        client: &PosterClient,
        known: Option<&Snapshot>,
    ) -> Result<PosterChanges> {
        let mut changes = PosterChanges::default();
        let Some(head) = repository.head().await?.filter(|head| head.version > 0) else {
            return Ok(changes);
        };
        let version = (head.lineage.clone(), head.version);
        if self.version.as_ref() == Some(&version) {
            return Ok(changes);
        }
        if head
            .header()
            .is_some_and(|header| header.content.items > MAX_ITEMS)
        {
            tracing::warn!("posters are not fetched: there are more than {MAX_ITEMS} items");
            self.posters.clear();
            self.version = Some(version);
            return Ok(changes);
        }
        let is_current =
            |state: &&Snapshot| state.version() == head.version && *state.lineage == *head.lineage;
        let catalogue = match known.filter(is_current) {
            Some(state) => state.catalogue.clone(),
            None => match repository.load().await? {
                Some(state) => state.catalogue,
                None => return Ok(changes),
            },
        };
        let Ok(urls) = tokio::task::spawn_blocking(move || poster_urls(&catalogue)).await else {
            return Ok(changes);
        };
        let stored = repository.posters().await?;
        let keys = repository.picture_keys().await?;
        let oldest = head.log.first().map_or(0, |header| header.version);
        self.posters.clear();
        for poster in stored {
            let mut now = poster.clone();
            now.unused_since = match urls.contains(&poster.url) {
                true => None,
                false => poster.unused_since.or(Some(head.version)),
            };
            if now.unused_since.is_some_and(|since| since <= oldest) {
                changes.removed.push(now.url);
                continue;
            }
            let mut pictures = now.pictures.iter();
            if pictures.any(|picture| !keys.contains(&picture.key)) {
                // A condition would be answered with 304.
                (now.etag, now.last_modified) = (None, None);
                now.next_fetch = Timestamp::UNIX_EPOCH;
            }
            if now != poster {
                changes.posters.push(now.clone());
            }
            self.posters.insert(now.url.clone(), now);
        }
        for url in urls {
            if self.posters.len() >= MAX_POSTERS {
                tracing::warn!("only the posters of {MAX_POSTERS} movies are fetched");
                break;
            }
            if is_allowed(client, &url) {
                let poster = || Poster {
                    url: url.clone(),
                    ..Poster::default()
                };
                self.posters.entry(url.clone()).or_insert_with(poster);
            }
        }
        self.version = Some(version);
        Ok(changes)
    }

    /// The posters to fetch now, as other syncers left them.
    pub(super) async fn next_due(
        &mut self,
        repository: &Repository,
        client: &PosterClient,
        now: Timestamp,
    ) -> Result<Vec<Poster>> {
        if !self.is_due(client, now) {
            return Ok(Vec::new());
        }
        for stored in repository.posters().await? {
            if let Some(poster) = self.posters.get_mut(&stored.url) {
                *poster = stored;
            }
        }
        Ok(self.due(client, now).take(BATCH_POSTERS).cloned().collect())
    }

    /// Whether posters are to be fetched now.
    pub(super) fn is_due(&self, client: &PosterClient, now: Timestamp) -> bool {
        self.due(client, now).next().is_some()
    }

    /// The wait until the posters are checked again.
    pub(super) fn wait(&self, client: &PosterClient, now: Timestamp) -> Duration {
        let next = self.fetched(client).map(|poster| poster.next_fetch).min();
        let wait = next.map_or(MAX_WAIT, |next| {
            Duration::try_from(next.duration_since(now)).unwrap_or_default()
        });
        wait.clamp(MIN_WAIT, MAX_WAIT)
    }

    /// Takes over saved changes.
    pub(super) fn saved(&mut self, changes: PosterChanges) {
        for poster in changes.posters {
            if let Some(known) = self.posters.get_mut(&poster.url) {
                *known = poster;
            }
        }
    }

    fn due(&self, client: &PosterClient, now: Timestamp) -> impl Iterator<Item = &Poster> {
        self.fetched(client)
            .filter(move |poster| poster.next_fetch <= now)
    }

    /// The posters that are in use and may be fetched.
    fn fetched(&self, client: &PosterClient) -> impl Iterator<Item = &Poster> {
        let posters = self.posters.values();
        posters.filter(|poster| poster.unused_since.is_none() && is_allowed(client, &poster.url))
    }
}

fn is_allowed(client: &PosterClient, url: &str) -> bool {
    url.len() <= MAX_URL_BYTES && Url::parse(url).is_ok_and(|url| client.check(&url).is_ok())
}

/// The URLs of all movies' posters.
fn poster_urls(catalogue: &Catalogue) -> HashSet<String> {
    let movies = catalogue.iter(Kind::Movie);
    let urls = movies.filter_map(|item| match &item.facts {
        Facts::Movie(movie) => movie.poster_url.clone(),
        _ => None,
    });
    urls.collect()
}
