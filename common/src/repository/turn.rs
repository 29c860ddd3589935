//! Publishing: a turn with the lease, from acquiring it to letting it go.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, future, stream};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::content::Content;
use super::head::{Amendment, Base, Commit, Head, Header, Refusal, Release, SyncEnd};
use super::load::{self, Advance, Snapshot};
use super::parts::{Damage, Packs};
use super::store::{LEASE, PartName, Result, Role, Store, StoreError};
use super::{Repository, parts, view};
use crate::models::{Catalogue, Changes};

/// How many versions keep their headers, and so their history, unless configured.
pub const RETENTION: u64 = 256;

const RENEW_EVERY: Duration = Duration::from_secs(2);
/// How long a command waits for the lease.
const PATIENCE: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_millis(250);
/// How many parts are being put at once.
const AT_ONCE: usize = 2;

/// Why no turn was begun.
#[derive(Debug, thiserror::Error)]
pub enum BeginError {
    /// Another syncer kept the lease all the time.
    #[error("another syncer ({holder}) is still running after {} s; try again later", PATIENCE.as_secs())]
    Busy {
        /// The process that has it.
        holder: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The lease, kept alive until it is let go or dropped.
#[derive(Debug)]
pub struct Turn {
    pub(super) store: Arc<dyn Store>,
    head: Head,
    pub(super) view_is_right: bool,
    /// The parts that loading needs and that are lost or damaged.
    pub(super) damage: Vec<Damage>,
    /// The same, with those that were repaired since.
    pub(super) found: Vec<Damage>,
    /// The note of the version that repaired them.
    pub(super) repaired: Option<String>,
    retention: u64,
    items_per_part: usize,
    renewal: JoinHandle<()>,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Repository {
    /// Takes the lease if it can be had now and no sync ended within `interval`, removes the parts
    /// that a dead publisher left, and notes whether any are lost.
    ///
    /// # Errors
    /// When the store fails; the outer result. The inner one says why there is no turn.
    pub async fn begin(
        &self,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<Turn, Refusal>> {
        let reading = match self.store.acquire(&self.holder, interval).await? {
            Ok(reading) => reading,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut turn = Turn {
            renewal: tokio::spawn(renew(self.store.clone(), reading.head.fence)),
            store: self.store.clone(),
            view_is_right: !reading.head.dirty,
            damage: Vec::new(),
            found: Vec::new(),
            repaired: None,
            retention: self.retention,
            items_per_part: self.items_per_part,
            head: reading.head,
        };
        turn.look_over_parts().await?;
        Ok(Ok(turn))
    }

    /// Takes the lease, waiting for another to let it go; `waiting` is told once.
    ///
    /// # Errors
    /// When it cannot be had within 30 s, or the store fails.
    pub async fn begin_waiting(
        &self,
        waiting: impl FnOnce(&str) + Send,
    ) -> std::result::Result<Turn, BeginError> {
        let limit = Instant::now() + PATIENCE;
        let mut waiting = Some(waiting);
        loop {
            let (holder, remaining) = match self.begin(None).await? {
                Ok(turn) => return Ok(turn),
                Err(Refusal::Held { holder, remaining }) => (holder, remaining),
                Err(Refusal::TooSoon { remaining }) => (String::new(), remaining),
            };
            if Instant::now() >= limit {
                return Err(BeginError::Busy { holder });
            }
            if let Some(waiting) = waiting.take() {
                waiting(&holder);
            }
            tokio::time::sleep(remaining.clamp(Duration::from_millis(10), RETRY)).await;
        }
    }
}

impl Turn {
    /// A way to let the lease go without the turn, for when its work is given up.
    pub fn lease(&self) -> LeaseHandle {
        LeaseHandle {
            store: self.store.clone(),
            fence: self.head.fence,
        }
    }

    /// The head at which the turn began; after a publication, the head with it.
    pub const fn head(&self) -> &Head {
        &self.head
    }

    /// Whether a dead publisher left the view behind, or parts of the state are lost.
    pub const fn needs_mending(&self) -> bool {
        !self.damage.is_empty() || !self.view_is_right
    }

    /// The state at the head, from a known one where that is near; `None` while the store holds
    /// no version. What of it cannot be read is taken down as damage.
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
        // Not at the head that can be read now: on a server that lags, that may be an older one.
        let loaded = load::load_at(&*self.store, &self.head).await?;
        for damage in loaded.iter().flat_map(|state| &state.damage) {
            self.note_damage(damage.clone());
        }
        match loaded {
            Some(state) if !state.damage.is_empty() => self.recover(state).await.map(Some),
            loaded => Ok(loaded),
        }
    }

    /// Repairs the view if an earlier publisher may have left it behind, but never by a damaged
    /// state.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn mend_view(&mut self, state: Option<&Snapshot>) -> Result<()> {
        let whole = state.filter(|state| state.damage.is_empty());
        let Some(state) = whole.filter(|_| !self.view_is_right) else {
            return Ok(());
        };
        let repaired = view::audit(&*self.store, state).await?;
        if repaired > 0 {
            tracing::info!(
                documents = repaired,
                "repaired the readable collections that an earlier run left out of date"
            );
        }
        self.view_is_right = true;
        Ok(())
    }

    /// Publishes changes to `state` (`None`: nothing is published yet) as the next version, and
    /// nothing if there are none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if the state cannot be read wholly: it must be repaired first.
    /// [`StoreError::LeaseLost`] if another has taken over; after any other error nobody knows
    /// whether it was published, and the turn is over.
    pub async fn publish(
        &mut self,
        state: Option<&Snapshot>,
        changes: &Changes,
        note: Option<String>,
        pin: Option<u64>,
    ) -> Result<Option<Snapshot>> {
        self.whole(state)?;
        if changes.is_empty() {
            return Ok(None);
        }
        let published = self.put_version(state, changes, note, pin, Contents::default());
        published.await.map(Some)
    }

    pub(super) async fn put_version(
        &mut self,
        state: Option<&Snapshot>,
        changes: &Changes,
        note: Option<String>,
        pin: Option<u64>,
        contents: Contents,
    ) -> Result<Snapshot> {
        let (version, fence) = (self.head.version + 1, self.head.fence);
        let before = state.map(|state| state.catalogue.clone());
        let is_whole = state.is_none_or(|state| state.damage.is_empty());
        let content = state.and_then(|state| state.header.content.clone());
        let (catalogue, content) = run_blocking({
            let changes = changes.clone();
            move || {
                let mut catalogue = before.unwrap_or_default();
                catalogue.apply_packed(&changes);
                let before = content.as_ref().filter(|_| is_whole);
                let content = Content::after(before, &changes, &catalogue);
                (catalogue, content)
            }
        })
        .await?;
        let first = self.head.version == 0;
        let parts = if first {
            0
        } else {
            let packs = parts::pack(changes, self.items_per_part);
            self.put(Role::Changes, packs).await?
        };
        let base = if first || contents.is_repair || self.base_is_far(changes, &catalogue) {
            let packs = parts::pack_items(&catalogue, self.items_per_part);
            Some(Base {
                version,
                fence,
                parts: self.put(Role::Base, packs).await?,
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
                reset: contents.reset,
                content: Some(content),
            },
            keep_from: (loads_from + 1)
                .min(version.saturating_sub(self.retention - 1))
                .max(contents.keep_from),
            base,
            pin,
        };
        self.head = self.store.commit(&commit).await?;
        self.view_is_right = false;
        if contents.is_repair {
            tracing::warn!(version, "{}", note.as_deref().unwrap_or_default());
            self.damage.clear();
            self.repaired = note;
        }
        let header = self.head.header().cloned().ok_or(StoreError::LeaseLost)?;
        Ok(Snapshot {
            lineage: self.head.lineage.as_str().into(),
            header,
            catalogue,
            damage: Vec::new(),
        })
    }

    /// Brings the view to the version just published.
    ///
    /// # Errors
    /// When the store fails; the next run repairs the view.
    pub async fn show(&mut self, published: &Snapshot, changes: &Changes) -> Result<()> {
        if self.head.log.len() == 1 || published.header.reset {
            // The first version of a store replaces whatever stands in the view, and a repair what
            // it could not read.
            view::audit(&*self.store, published).await?;
        } else {
            view::show(&*self.store, published, changes).await?;
        }
        self.view_is_right = true;
        Ok(())
    }

    /// Changes the pin or the approval.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn amend(&self, amendment: &Amendment) -> Result<()> {
        self.store.amend(self.head.fence, amendment).await
    }

    /// Lets the lease go; `sync` says how the sync ended, if it was one.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails; the lease then ends by itself.
    pub async fn end(self, sync: Option<SyncEnd>) -> Result<()> {
        // A renewal that is under way must not revive what is let go.
        self.renewal.abort();
        let release = Release {
            view_is_right: self.view_is_right,
            sync,
        };
        self.store.release(self.head.fence, release).await
    }

    /// Packs parts apart from the other tasks and puts them, a few at once.
    async fn put(&self, role: Role, packs: Packs) -> Result<u32> {
        let (store, fence) = (Arc::clone(&self.store), self.head.fence);
        let packs = stream::try_unfold(packs, next_pack).enumerate();
        let puts = packs.map(move |(index, data)| {
            let store = Arc::clone(&store);
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            async move { store.put(PartName { role, fence, index }, data?).await }
        });
        puts.buffer_unordered(AT_ONCE)
            // The compiler loses sight of its being Send otherwise.
            .boxed()
            .try_fold(0, |count, ()| future::ready(Ok(count + 1)))
            .await
    }

    /// Whether the changes since the base exceed a tenth of the items, or its versions all that
    /// the log should hold.
    fn base_is_far(&self, changes: &Changes, catalogue: &Catalogue) -> bool {
        // A turn puts one base at most: the parts of a second would have the names of the first's.
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

    /// Removes the parts of earlier publishers that no header and no base names, and looks for
    /// those that loading needs.
    async fn look_over_parts(&mut self) -> Result<()> {
        let named = |part: &PartName| match part.role {
            Role::Changes => self
                .head
                .log
                .iter()
                .any(|header| header.fence == part.fence),
            Role::Base => self.head.base.is_some_and(|base| base.fence == part.fence),
        };
        let mut stale = self.store.parts().await?;
        let there: HashSet<_> = stale.iter().copied().collect();
        stale.retain(|part| part.fence < self.head.fence && !named(part));
        let needed: Vec<_> = load::parts(&self.head).collect();
        for lost in needed.into_iter().filter(|part| !there.contains(part)) {
            self.note_damage(load::missing(lost));
        }
        if !stale.is_empty() {
            tracing::debug!(parts = stale.len(), "removing parts that no version uses");
            self.store.remove(&stale).await?;
        }
        Ok(())
    }
}

async fn next_pack(mut packs: Packs) -> Result<Option<(Vec<u8>, Packs)>> {
    let next = run_blocking(move || packs.next().map(|pack| (pack, packs))).await?;
    next.map(|(pack, packs)| Ok((pack?, packs))).transpose()
}

/// How a version differs from one that a plain sync publishes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contents {
    /// Whether it takes the place of a version that cannot be read wholly: it has a base.
    pub(super) is_repair: bool,
    /// As in [`Header::reset`].
    pub(super) reset: bool,
    /// The oldest version that may stay in the log.
    pub(super) keep_from: u64,
}

/// Does what takes a while apart from the other tasks.
pub(super) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// The lease of a turn.
#[derive(Clone, Debug)]
pub struct LeaseHandle {
    store: Arc<dyn Store>,
    fence: u64,
}

impl LeaseHandle {
    /// Lets the lease go, as after a run that was given up: the view counts as left behind if
    /// anything was published.
    pub async fn let_go(self) {
        if let Err(error) = self.store.release(self.fence, Release::default()).await {
            tracing::debug!(%error, "the lease was not released and will expire");
        }
    }
}

/// Keeps a lease alive; once it is lost, the commit finds out by its fence.
async fn renew(store: Arc<dyn Store>, fence: u64) {
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        match store.renew(fence).await {
            Ok(()) => {}
            Err(StoreError::LeaseLost) => {
                tracing::warn!(fence, "another syncer has taken over the lease");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "cannot renew the lease; it expires after {} s", LEASE.as_secs())
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { holder, .. } => write!(f, "another syncer ({holder}) is running"),
            Self::TooSoon { remaining } => {
                write!(
                    f,
                    "too soon after the last sync; the next is due in {remaining:.1?}"
                )
            }
        }
    }
}
