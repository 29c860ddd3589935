//! Publishing a version: parts, base, commit and view.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, future, stream};

use super::lease::LeaseGuard;
use crate::models::{Catalogue, Changes};
use crate::repository::blocking::run_blocking;
use crate::repository::content::ContentDigest;
use crate::repository::head::{Base, Commit, Header};
use crate::repository::part_name::{PartKind, PartName};
use crate::repository::parts::{self, PackedParts};
use crate::repository::read::load::Snapshot;
use crate::repository::store::{Result, StoreError};
use crate::repository::view;

/// Concurrent writes of parts.
const CONCURRENT_PUTS: usize = 2;

impl LeaseGuard {
    /// Publishes changes to `state` (`None`: nothing is published yet) as the next version; without
    /// changes, nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the state is damaged: it must be repaired first.
    /// [`StoreError::LeaseLost`] if another syncer has taken over. After any other error it is
    /// unknown whether the version was published, and the run must be given up.
    pub async fn publish(
        &mut self,
        state: Option<&Snapshot>,
        changes: &Changes,
        note: Option<String>,
        pin: Option<u64>,
    ) -> Result<Option<Snapshot>> {
        self.require_no_damage(state)?;
        if changes.is_empty() {
            return Ok(None);
        }
        let published = self.write_version(state, changes, note, pin, VersionOptions::default());
        published.await.map(Some)
    }

    pub(super) async fn write_version(
        &mut self,
        state: Option<&Snapshot>,
        changes: &Changes,
        note: Option<String>,
        pin: Option<u64>,
        options: VersionOptions,
    ) -> Result<Snapshot> {
        let (version, fence) = (self.head.version + 1, self.head.fence);
        let before = state.map(|state| state.catalogue.clone());
        let is_whole = state.is_none_or(|state| state.damage.is_empty());
        let content = state.map(|state| state.header.content.clone());
        let (catalogue, content) = run_blocking({
            let changes = changes.clone();
            move || {
                let mut catalogue = before.unwrap_or_default();
                catalogue.apply_packed(&changes);
                let before = content.as_ref().filter(|_| is_whole);
                let content = ContentDigest::after(before, &changes, &catalogue);
                (catalogue, content)
            }
        })
        .await?;
        let first = self.head.version == 0;
        let parts = if first {
            0
        } else {
            let packs = parts::pack(changes, self.items_per_part);
            self.put_parts(PartKind::Changes, packs).await?
        };
        let base = if first || options.is_repair || self.needs_new_base(changes, &catalogue) {
            let packs = parts::pack_items(&catalogue, self.items_per_part);
            Some(Base {
                version,
                fence,
                parts: self.put_parts(PartKind::Base, packs).await?,
            })
        } else {
            None
        };
        let loads_from = base.or(self.head.base).map_or(version, |base| base.version);
        let commit = Commit {
            fence,
            header: Header {
                version,
                fence,
                // The store sets it.
                at: jiff::Timestamp::UNIX_EPOCH,
                parts,
                changes: changes.counts(),
                note: note.clone(),
                first,
                reset: options.reset,
                content,
            },
            keep_from: (loads_from + 1)
                .min(version.saturating_sub(self.retention - 1))
                .max(options.keep_from),
            base,
            pin,
        };
        if options.is_repair {
            // The damage cannot be found any more once it is repaired.
            self.record_events(None).await?;
        }
        self.head = self.store.commit(&commit).await?;
        self.is_view_current = false;
        if options.is_repair {
            tracing::warn!(version, "{}", note.as_deref().unwrap_or_default());
            self.damage.clear();
            self.repair_note = note;
        }
        let header = self.head.header().cloned().ok_or(StoreError::LeaseLost)?;
        Ok(Snapshot {
            lineage: self.head.lineage.as_str().into(),
            header,
            catalogue,
            damage: Vec::new(),
        })
    }

    /// Updates the view to the version just published.
    ///
    /// # Errors
    /// When the store fails; the next run repairs the view.
    pub async fn update_view(&mut self, published: &Snapshot, changes: &Changes) -> Result<()> {
        if self.head.log.len() == 1 || published.header.reset {
            // The first version of a store, and a repair, replace the whole view.
            view::audit(&*self.store, published).await?;
        } else {
            view::update(&*self.store, published, changes).await?;
        }
        self.is_view_current = true;
        Ok(())
    }

    /// Packs parts on blocking threads and writes them, a few at once.
    async fn put_parts(&self, kind: PartKind, packs: PackedParts) -> Result<u32> {
        let (store, fence) = (Arc::clone(&self.store), self.head.fence);
        let packs = stream::try_unfold(packs, next_pack).enumerate();
        let puts = packs.map(move |(index, data)| {
            let store = Arc::clone(&store);
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            async move { store.put(PartName { kind, fence, index }, data?).await }
        });
        puts.buffer_unordered(CONCURRENT_PUTS)
            // Without the box the compiler cannot prove that it is Send.
            .boxed()
            .try_fold(0, |count, ()| future::ready(Ok(count + 1)))
            .await
    }

    /// Whether the changes since the base exceed a tenth of the items, or the versions since then
    /// the retention.
    fn needs_new_base(&self, changes: &Changes, catalogue: &Catalogue) -> bool {
        // One base per lease: the parts of a second would have the same names.
        if self
            .head
            .base
            .is_some_and(|base| base.fence == self.head.fence)
        {
            return false;
        }
        let base = self.head.base.map_or(0, |base| base.version);
        let since = self.head.log.iter().filter(|header| header.version > base);
        let changed: u64 = since.clone().map(|header| header.changes.total()).sum();
        (changed + changes.len() as u64) * 10 > catalogue.len() as u64
            || since.count() as u64 + 1 >= self.retention
    }
}

async fn next_pack(mut packs: PackedParts) -> Result<Option<(Vec<u8>, PackedParts)>> {
    let next = run_blocking(move || packs.next().map(|pack| (pack, packs))).await?;
    next.map(|(pack, packs)| Ok((pack?, packs))).transpose()
}

/// Options of a version; the defaults are those of a plain sync.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VersionOptions {
    /// Whether it repairs a damaged version: it gets a base.
    pub(super) is_repair: bool,
    /// As in [`Header::reset`].
    pub(super) reset: bool,
    /// The oldest version that may stay in the log.
    pub(super) keep_from: u64,
}
