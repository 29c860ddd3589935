//! Publishing under the lease, from acquiring it to releasing it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::repository::head::{
    Head, HeadPatch, Header, LeaseDenied, Release, SyncEnd, first_fence,
};
use crate::repository::open::Repository;
use crate::repository::part_name::{PartKind, PartName};
use crate::repository::parts::Damage;
use crate::repository::pending_rows;
use crate::repository::read::load::{self, Advance, Snapshot};
use crate::repository::store::{LEASE_DURATION, Result, Store, StoreError};
use crate::repository::view;

/// How often the lease is renewed.
const RENEW_INTERVAL: Duration = Duration::from_secs(2);
/// How long a command waits for the lease.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
const RETRY_INTERVAL: Duration = Duration::from_millis(250);

/// Why the lease could not be acquired.
#[derive(Debug, thiserror::Error)]
pub enum AcquireError {
    /// Another syncer kept the lease all the time.
    #[error("another syncer ({holder}) is still running after {} s; try again later", ACQUIRE_TIMEOUT.as_secs())]
    Busy {
        /// The process that has it.
        holder: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The right to publish: the lease, renewed until it is released or dropped.
#[derive(Debug)]
pub struct LeaseGuard {
    pub(in crate::repository) store: Arc<dyn Store>,
    pub(super) head: Head,
    /// When it was acquired, by the store's clock.
    pub(in crate::repository) acquired: Timestamp,
    pub(super) is_view_current: bool,
    /// The parts that loading needs and that are lost or damaged.
    pub(super) damage: Vec<Damage>,
    /// All damage found under this lease, repaired or not.
    pub(super) damage_found: Vec<Damage>,
    /// The newest version whose changes are lost; 0 if none are.
    pub(super) lost_changes: u64,
    /// The note of the version that repaired them.
    pub(super) repair_note: Option<String>,
    pub(super) retention: u64,
    pub(super) items_per_part: usize,
    renewal: JoinHandle<()>,
}

impl Drop for LeaseGuard {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Repository {
    /// Acquires the lease if it is free and no sync ended within `interval`, removes the parts that
    /// a dead publisher left, and notes lost parts.
    ///
    /// # Errors
    /// When the store fails; the outer result. The inner one says why the lease was denied.
    pub async fn try_acquire(
        &self,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<LeaseGuard, LeaseDenied>> {
        let reading = match self.store.acquire(&self.holder, interval).await? {
            Ok(reading) => reading,
            Err(denied) => return Ok(Err(denied)),
        };
        let mut lease = LeaseGuard {
            renewal: tokio::spawn(renew(self.store.clone(), reading.head.fence)),
            store: self.store.clone(),
            acquired: reading.now,
            is_view_current: !reading.head.dirty,
            damage: Vec::new(),
            damage_found: Vec::new(),
            lost_changes: 0,
            repair_note: None,
            retention: self.retention,
            items_per_part: self.items_per_part,
            head: reading.head,
        };
        lease.sweep_parts().await?;
        lease.write_pending_rows().await?;
        // Events of a publisher that died before it recorded them.
        lease.record_events(None).await?;
        Ok(Ok(lease))
    }

    /// Acquires the lease, waiting for its holder to release it. `waiting` is called once, with the
    /// holder.
    ///
    /// # Errors
    /// After 30 s, or when the store fails.
    pub async fn acquire(
        &self,
        waiting: impl FnOnce(&str) + Send,
    ) -> std::result::Result<LeaseGuard, AcquireError> {
        let limit = Instant::now() + ACQUIRE_TIMEOUT;
        let mut waiting = Some(waiting);
        loop {
            let (holder, remaining) = match self.try_acquire(None).await? {
                Ok(lease) => return Ok(lease),
                Err(LeaseDenied::Taken { holder, remaining }) => (holder, remaining),
                Err(LeaseDenied::TooSoon { remaining }) => (String::new(), remaining),
            };
            if Instant::now() >= limit {
                return Err(AcquireError::Busy { holder });
            }
            if let Some(waiting) = waiting.take() {
                waiting(&holder);
            }
            tokio::time::sleep(remaining.clamp(Duration::from_millis(10), RETRY_INTERVAL)).await;
        }
    }
}

impl LeaseGuard {
    /// Releases the lease without its guard, for a run that is given up.
    pub fn handle(&self) -> LeaseHandle {
        LeaseHandle {
            store: self.store.clone(),
            fence: self.head.fence,
        }
    }

    /// The head when the lease was acquired; after a publication, the head with it.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Whether the view may be out of date, or parts of the state are lost.
    pub const fn needs_repair(&self) -> bool {
        !self.damage.is_empty() || !self.is_view_current
    }

    /// Makes [`Self::repair_view`] compare the whole view, which may have been changed by hand.
    pub const fn doubt_view(&mut self) {
        self.is_view_current = false;
    }

    /// The state at the head, by steps from a known one if possible; `None` while the store holds no
    /// version. Unreadable parts are noted as damage.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn state(&mut self, known: Option<&Snapshot>) -> Result<Option<Snapshot>> {
        if let Some(known) = known
            && let Advance::Steps(steps) = load::advance(&*self.store, known, &self.head).await?
        {
            let last = steps.into_iter().last();
            return Ok(Some(
                last.map_or_else(|| known.clone(), |step| step.snapshot),
            ));
        }
        // Not the head as read now: a server that lags may show an older one.
        let loaded = load::load_at(&*self.store, &self.head).await?;
        for damage in loaded.iter().flat_map(|state| &state.damage) {
            self.note_damage(damage.clone());
        }
        match loaded {
            Some(state) if !state.damage.is_empty() => self.recover(state).await.map(Some),
            loaded => Ok(loaded),
        }
    }

    /// Repairs the view if it may be out of date, but never from a damaged state.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn repair_view(&mut self, state: Option<&Snapshot>) -> Result<()> {
        let whole = state.filter(|state| state.damage.is_empty());
        let Some(state) = whole.filter(|_| !self.is_view_current) else {
            return Ok(());
        };
        let repaired = self.audit_view(state).await?;
        if repaired > 0 {
            tracing::info!(
                documents = repaired,
                "repaired the readable collections that an earlier run left out of date"
            );
        }
        Ok(())
    }

    /// Compares the whole view with a version and repairs it. Returns the number of repaired documents.
    pub(in crate::repository) async fn audit_view(&mut self, state: &Snapshot) -> Result<u64> {
        let repaired = view::audit(&*self.store, state).await?;
        self.is_view_current = true;
        Ok(repaired)
    }

    /// Changes the head without a new version.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn patch_head(&self, patch: &HeadPatch) -> Result<()> {
        self.store.patch_head(self.head.fence, patch).await
    }

    /// Releases the lease; `sync` says how the sync ended, if this was one.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails; the lease then expires.
    pub async fn release(self, sync: Option<SyncEnd>) -> Result<()> {
        self.record_events(sync).await?;
        // A late renewal must not revive the released lease.
        self.renewal.abort();
        let release = Release {
            is_view_current: self.is_view_current,
            sync,
        };
        self.store.release(self.head.fence, release).await
    }

    /// Raises the fence, and the lease with it.
    pub(in crate::repository) async fn raise_fence(&mut self, fence: u64) -> Result<()> {
        self.renewal.abort();
        self.patch_head(&HeadPatch::RaiseFence(fence)).await?;
        self.head.fence = fence;
        self.renewal = tokio::spawn(renew(self.store.clone(), fence));
        Ok(())
    }

    /// Replaces the head by a restored one. The view is then out of date.
    pub(in crate::repository) async fn restore_head(&mut self, head: Head) -> Result<()> {
        let patch = HeadPatch::Restore(Box::new(head));
        self.patch_head(&patch).await?;
        self.head.patch_head(self.head.fence, &patch);
        self.is_view_current = false;
        self.damage.clear();
        Ok(())
    }

    /// Writes the rows of a restored backup to their tables, if that is not done yet.
    pub(in crate::repository) async fn write_pending_rows(&mut self) -> Result<()> {
        let Some(pending) = self.head.pending_rows else {
            return Ok(());
        };
        pending_rows::write(&*self.store, self.head.fence, pending).await?;
        self.patch_head(&HeadPatch::RowsWritten).await?;
        self.head.pending_rows = None;
        Ok(())
    }

    /// Removes the parts of earlier publishers that no header and no base names, and notes missing
    /// parts that loading needs. While any is missing, older bases stay: readers can load them.
    pub(in crate::repository) async fn sweep_parts(&mut self) -> Result<()> {
        let mut stale = self.store.parts().await?;
        // Parts of a later head that a restored dump has replaced. Their names must not be used again.
        let later = stale.iter().map(|part| part.fence);
        let beyond = first_fence(later.filter(|&fence| fence >= self.head.fence));
        if beyond > self.head.fence {
            self.raise_fence(beyond).await?;
        }
        let named = |part: &PartName| match part.kind {
            PartKind::Changes => self
                .head
                .log
                .iter()
                .any(|header| header.fence == part.fence),
            PartKind::Base => self.head.base.is_some_and(|base| base.fence == part.fence),
            PartKind::Rows => self
                .head
                .pending_rows
                .is_some_and(|rows| rows.fence == part.fence),
        };
        let there: HashSet<_> = stale.iter().copied().collect();
        stale.retain(|part| part.fence < self.head.fence && !named(part));
        let mut headers = self.head.log.iter().rev();
        let is_lost = |header: &&Header| header.part_names().any(|part| !there.contains(&part));
        self.lost_changes = headers.find(is_lost).map_or(0, |header| header.version);
        let mut lost: Vec<_> = load::parts_to_load(&self.head).collect();
        lost.retain(|part| !there.contains(part));
        if !lost.is_empty() {
            stale.retain(|part| part.kind != PartKind::Base);
        }
        for lost in lost {
            self.note_damage(load::missing_part(lost));
        }
        if !stale.is_empty() {
            tracing::debug!(parts = stale.len(), "removing parts that no version uses");
            self.store.remove(&stale).await?;
        }
        Ok(())
    }
}

/// Releases a lease without its guard.
#[derive(Clone, Debug)]
pub struct LeaseHandle {
    store: Arc<dyn Store>,
    fence: u64,
}

impl LeaseHandle {
    /// Releases the lease. The view counts as out of date if anything was published.
    pub async fn release(self) {
        if let Err(error) = self.store.release(self.fence, Release::default()).await {
            tracing::debug!(%error, "the lease was not released and will expire");
        }
    }
}

/// Renews a lease until it is lost, which the commit notices by its fence.
async fn renew(store: Arc<dyn Store>, fence: u64) {
    loop {
        tokio::time::sleep(RENEW_INTERVAL).await;
        match store.renew(fence).await {
            Ok(()) => {}
            Err(StoreError::LeaseLost) => {
                tracing::warn!(fence, "another syncer has taken over the lease");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot renew the lease; it expires after {} s", LEASE_DURATION.as_secs())
            }
        }
    }
}
