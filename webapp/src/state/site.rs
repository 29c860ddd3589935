use std::ops::Deref;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use catalogue_index::{History, Version};
use common::models::{Item, Kind, SyncState};
use common::repository::Snapshot;
use http_content::ResponseCache;
use jiff::Timestamp;
use tokio::sync::watch;

use super::indexes::Indexes;
use super::lookup::find;
use super::site_status::{Freshness, SiteStatus};
use super::sync_status::SyncStatus;
use super::version_cache::VersionCache;
use crate::http::AppError;
use crate::wording::removed_item;

/// The state that responses are made from.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    /// The catalogue; version 0 is the built-in one.
    pub(crate) snapshot: Arc<Snapshot>,
    /// Lists, search and the drop-in API's queries over the catalogue.
    pub(crate) indexes: Indexes,
    /// The kept versions.
    pub(crate) history: History,
    /// Whether the catalogue is fresh.
    pub(crate) freshness: Freshness,
    /// The conditions that hold.
    pub(crate) status: SiteStatus,
    /// Recent runs, missing items, quarantine and findings.
    pub(crate) sync_status: Arc<SyncStatus>,
    /// Days since 1970-01-01, in UTC. The home page depends on it.
    pub(crate) today: i64,
    /// The responses made so far.
    pub(crate) cache: Arc<ResponseCache>,
    /// Sites of earlier versions.
    pub(crate) earlier_sites: Arc<VersionCache<Site>>,
    /// Whether a request named this version. Then it does not change and has no sync status.
    pub(crate) is_as_of: bool,
}

/// The current site, shared by all handlers; none until the store has been read.
#[derive(Clone, Debug, Default)]
pub(crate) struct CurrentSite(Arc<SharedSite>);

#[derive(Debug, Default)]
struct SharedSite {
    site: ArcSwapOption<Site>,
    /// Since when the store cannot be read, while there is no site.
    unavailable_since: ArcSwapOption<Timestamp>,
    swapped: watch::Sender<()>,
}

impl CurrentSite {
    /// Starts with a site.
    pub(crate) fn new(site: Site) -> Self {
        let current = Self::default();
        current.replace(site);
        current
    }

    /// The current site.
    ///
    /// # Errors
    /// [`AppError::NotReady`] until the store has been read.
    pub(crate) fn load(&self) -> Result<Arc<Site>, AppError> {
        let not_ready = || {
            let since = self.0.unavailable_since.load();
            AppError::NotReady(since.as_deref().copied())
        };
        self.0.site.load_full().ok_or_else(not_ready)
    }

    /// Sets since when the store cannot be read, for [`AppError::NotReady`].
    pub(crate) fn set_unavailable(&self, since: Timestamp) {
        self.0.unavailable_since.store(Some(Arc::new(since)));
    }

    /// Borrows the current site, without incrementing its reference count. Do not hold it across
    /// an `await`.
    pub(crate) fn peek(&self) -> impl Deref<Target = Option<Arc<Site>>> {
        self.0.site.load()
    }

    /// Waits until the store has been read.
    pub(crate) async fn loaded(&self) {
        let mut swapped = self.swapped();
        while self.peek().is_none() {
            // The sender is in `self`.
            let _ = swapped.changed().await;
        }
    }

    /// Signals every replacement of the site.
    pub(crate) fn swapped(&self) -> watch::Receiver<()> {
        self.0.swapped.subscribe()
    }

    /// Replaces the site and returns the previous one.
    pub(crate) fn replace(&self, site: Site) -> Option<Arc<Site>> {
        let previous = self.0.site.swap(Some(Arc::new(site)));
        self.0.swapped.send_replace(());
        previous
    }
}

impl Site {
    /// The built-in catalogue, as served while the store holds no version.
    #[cfg(test)]
    pub(crate) fn built_in() -> Self {
        let snapshot = common::seed::snapshot();
        let indexes = Indexes::new(&snapshot.catalogue);
        Self {
            freshness: Freshness::Waiting,
            ..Self::of(snapshot, indexes, History::default())
        }
    }

    /// A fresh site without a sync status.
    #[cfg(test)]
    pub(crate) fn of(snapshot: Snapshot, indexes: Indexes, history: History) -> Self {
        Self {
            snapshot: Arc::new(snapshot),
            indexes,
            history,
            freshness: Freshness::Fresh,
            status: SiteStatus::default(),
            sync_status: Arc::default(),
            today: 0,
            cache: Arc::default(),
            earlier_sites: Arc::default(),
            is_as_of: false,
        }
    }

    /// The catalogue's version; 0 is the built-in one.
    pub(crate) fn version(&self) -> u64 {
        self.snapshot.version()
    }

    /// The most severe state.
    pub(crate) fn state(&self) -> SyncState {
        self.status.conditions.state()
    }

    /// Since when the most severe state has lasted, if that is known.
    pub(crate) fn since(&self) -> Option<Timestamp> {
        match self.state() {
            SyncState::Held => self.sync_status.held.as_ref().map(|run| run.started),
            SyncState::Pinned => None,
            _ => self.freshness.since(),
        }
    }

    /// The digest of the notices on pages, for events and pages.
    pub(crate) fn notices(&self) -> String {
        format!("{:016x}", self.status.notices)
    }

    /// The item with this slug or, failing that, this id.
    ///
    /// # Errors
    /// [`AppError::Removed`] if an available version removed it, else [`AppError::NotFound`].
    pub(crate) fn find(&self, kind: Kind, slug_or_id: &str) -> Result<Arc<Item>, AppError> {
        let catalogue = &self.snapshot.catalogue;
        if let Some(item) = find(catalogue, kind, slug_or_id) {
            return Ok(item);
        }
        let removed = removed_item(&self.history, catalogue, kind, slug_or_id);
        Err(removed.map_or(AppError::NotFound, |item| AppError::Removed(Box::new(item))))
    }

    /// The available version with this number, as written in a path.
    ///
    /// # Errors
    /// [`AppError::VersionNotFound`] with the available versions.
    pub(crate) fn find_version(&self, number: &str) -> Result<&Arc<Version>, AppError> {
        let version = number
            .parse()
            .ok()
            .and_then(|number| self.history.get(number));
        version.ok_or_else(|| {
            let number = |version: &Arc<Version>| version.header.version;
            let mut versions = self.history.versions().map(number);
            let newest = versions.next();
            let oldest = versions.next_back().or(newest);
            AppError::VersionNotFound(oldest.zip(newest))
        })
    }

    /// Whether this is the built-in catalogue and no published version.
    pub(crate) fn is_built_in(&self) -> bool {
        self.version() == 0
    }
}
