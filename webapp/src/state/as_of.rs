//! Sites of earlier versions, made on request from the current site and the history.

use std::sync::Arc;

use catalogue_index::Version;
use common::repository::Snapshot;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::site::Site;
use super::site_status::{Freshness, SiteStatus};
use super::sync_status::SyncStatus;
use crate::http::AppError;
use crate::http::blocking::{acquire, run_blocking};

/// Maximum number of slots of all kept sites, and of all sites that requests use. A slot takes about
/// 20 MiB.
const MAX_SLOTS: u32 = 8;
/// Items of a catalogue in one slot: orders of lists are not shared with the current site.
const ITEMS_PER_SLOT: usize = 50_000;
/// Changes back to a version in one slot: changed items are not shared with the current site.
const CHANGES_PER_SLOT: u64 = 5_000;
/// Requests that wait for slots.
const MAX_WAITING: usize = 256;

static SLOTS: Semaphore = Semaphore::const_new(MAX_SLOTS as usize);
static WAITING: Semaphore = Semaphore::const_new(MAX_WAITING);
/// Sites are made one at a time.
static MAKING: Semaphore = Semaphore::const_new(1);

/// Waits for the right to use the site as of a version. Hold it until the response has been made.
///
/// # Errors
/// [`AppError::Busy`] if too many requests wait, or after some seconds.
pub(crate) async fn acquire_slots(
    current: &Site,
    version: u64,
) -> Result<SemaphorePermit<'static>, AppError> {
    let _waiting = WAITING.try_acquire().map_err(|_| AppError::Busy)?;
    acquire(&SLOTS, current.slots_as_of(version)).await
}

/// The site as of a kept version, which may be the current one.
///
/// # Errors
/// [`AppError::VersionNotFound`] with the versions that there are, [`AppError::NotReady`] while
/// earlier versions are being read, [`AppError::Busy`] if many other sites are being made.
pub(crate) async fn as_of(current: Arc<Site>, version: u64) -> Result<Arc<Site>, AppError> {
    if let Some(site) = current.earlier_sites.get(version) {
        return Ok(site);
    }
    current.find_rebuildable(version)?;
    run_blocking(&MAKING, move || {
        // Another request may have made it meanwhile.
        if let Some(site) = current.earlier_sites.get(version) {
            return Ok(site);
        }
        let site = Arc::new(current.rewound(version)?);
        let slots = current.slots_as_of(version);
        let sites = &current.earlier_sites;
        sites.insert(version, slots, Arc::clone(&site), MAX_SLOTS);
        Ok(site)
    })
    .await?
}

fn slots(items: usize, changes: u64) -> u32 {
    let slots = (items.div_ceil(ITEMS_PER_SLOT) as u64).max(changes.div_ceil(CHANGES_PER_SLOT));
    u32::try_from(slots).map_or(MAX_SLOTS, |slots| slots.clamp(1, MAX_SLOTS))
}

impl Site {
    /// Whether [`as_of`] finds a version.
    pub(crate) fn can_rewind(&self, version: u64) -> bool {
        self.find_rebuildable(version).is_ok()
    }

    /// The slots of the site as of a version.
    fn slots_as_of(&self, version: u64) -> u32 {
        let versions = self.history.versions();
        let later = versions.take_while(|later| later.header.version > version);
        let changes = later.map(|later| later.header.changes.total()).sum();
        slots(self.snapshot.catalogue.len(), changes)
    }

    fn find_rebuildable(&self, version: u64) -> Result<&Version, AppError> {
        let oldest = self.history.oldest_rebuildable();
        let found = self.history.get(version);
        match found.filter(|_| oldest.is_some_and(|oldest| oldest <= version)) {
            Some(version) => Ok(version),
            None if version < self.version() && !self.history.is_backfilled() => {
                Err(AppError::NotReady(None))
            }
            None => Err(AppError::VersionNotFound(
                oldest.map(|oldest| (oldest, self.version())),
            )),
        }
    }

    /// This site as of an earlier version: without its sync status, which is not part of a version.
    fn rewound(&self, version: u64) -> Result<Self, AppError> {
        let header = self.find_rebuildable(version)?.header.clone();
        let changes = self.history.diff(self.version(), version);
        let changes = changes.map_err(|error| {
            AppError::Internal(anyhow::anyhow!("cannot rewind to {version}: {error:?}"))
        })?;
        let mut catalogue = self.snapshot.catalogue.clone();
        catalogue.apply(&changes);
        Ok(Self {
            indexes: self.indexes.with_changes(&changes, &catalogue),
            snapshot: Arc::new(Snapshot {
                lineage: self.snapshot.lineage.clone(),
                header,
                catalogue,
                damage: self.snapshot.damage.clone(),
            }),
            history: self.history.up_to(version),
            freshness: Freshness::Fresh,
            status: SiteStatus::default(),
            sync_status: Arc::new(SyncStatus {
                posters: self.sync_status.posters.clone(),
                ..SyncStatus::default()
            }),
            today: self.today,
            cache: Arc::clone(&self.cache),
            earlier_sites: Arc::default(),
            is_as_of: true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_catalogues_and_distant_versions_take_more_slots() {
        for (items, changes, expected) in [
            (0, 0, 1),
            (50_000, 5_000, 1),
            (100_000, 0, 2),
            (22, 30_170, 7),
            (1_000_000, 1, MAX_SLOTS),
            (22, 1_000_000, MAX_SLOTS),
        ] {
            assert_eq!(slots(items, changes), expected, "{items}, {changes}");
        }
    }
}
