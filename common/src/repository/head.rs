use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::content::ContentDigest;
use super::part_name::{PartKind, PartName};
use crate::models::Counts;

/// This release, as the head names it.
pub(super) const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// A lease that expires later than this dates from before the clock was set back, and has expired.
pub(super) const MAX_LEASE_AHEAD: Duration = Duration::from_secs(60);

/// Gap between the highest fence found in the parts and ledger of a lost head and the first fence
/// of its replacement; more than the runs that left neither.
pub(super) const FENCE_GAP: u64 = 1_000_000;
/// Ledger rows searched for fences; some may have been inserted by hand.
pub(super) const FENCE_TRACES: u32 = 100;

/// The fence of a new head, beyond those in the names of parts and the keys of the ledger that an
/// earlier head left.
pub(super) fn first_fence(traces: impl Iterator<Item = u64>) -> u64 {
    // A name inserted by hand may have any fence.
    let plausible = traces.filter(|&fence| fence <= u32::MAX.into());
    plausible.max().map_or(0, |fence| fence + FENCE_GAP)
}

/// The only record that decides what is published and who may publish.
///
/// Its changes are pure functions here. A store applies each in one atomic step, by its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Random and created with the store, to tell a rebuilt store from the old one.
    pub lineage: String,
    /// The last published version; 0 for none.
    pub version: u64,
    /// Rises with every lease; only its holder can commit.
    pub fence: u64,
    /// The current lease.
    pub lease: Option<Lease>,
    /// The last sync that ended.
    pub last_sync: Option<LastSync>,
    /// The headers of the versions still kept, oldest first.
    pub log: Vec<Header>,
    /// The base that loading starts from.
    pub base: Option<Base>,
    /// The pinned version; nothing is published while it is set.
    pub pin: Option<u64>,
    /// The fingerprint of the held delta that is approved.
    pub approval: Option<String>,
    /// Whether the view may be out of date.
    pub dirty: bool,
    /// The release that took the last lease.
    #[serde(default)]
    pub release: String,
    /// The rows that a restored backup has for the tables, until they are there.
    #[serde(default)]
    pub pending_rows: Option<PendingRows>,
    /// The fence of the lease that last changed the pictures of posters; 0 for none.
    #[serde(default)]
    pub posters: u64,
}

/// The right to publish.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The process that has it.
    pub holder: String,
    /// When it expires unless renewed, by the store's clock.
    pub expires: Timestamp,
}

/// The end of the last sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastSync {
    /// When it ended, by the store's clock.
    pub at: Timestamp,
    /// When syncs began to fail, if this one failed.
    pub failing_since: Option<Timestamp>,
}

/// A published version. The whole header is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Its number, from 1 on.
    pub version: u64,
    /// The fence of the lease that published it; part of the names of its parts.
    pub fence: u64,
    /// When it was committed, by the store's clock.
    pub at: Timestamp,
    /// Number of parts of its changes.
    pub parts: u32,
    /// Numbers of changes.
    pub changes: Counts,
    /// Why it was published, unless by a plain sync.
    pub note: Option<String>,
    /// Whether it is the first version of its store, which has a base and no changes.
    pub first: bool,
    /// Whether it repairs a damaged version. Its changes do not lead to it from every reader's
    /// state, so readers load it.
    pub reset: bool,
    /// The digest of its items.
    pub content: ContentDigest,
}

/// A whole catalogue in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The version whose state it is.
    pub version: u64,
    /// The fence of the lease that wrote it; part of the names of its parts.
    pub fence: u64,
    /// Number of its parts.
    pub parts: u32,
}

/// Rows of a restored backup in parts. They are in effect as soon as the head names them; the lease
/// that finds them writes them to their tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingRows {
    /// The fence in the names of their parts.
    pub fence: u64,
    /// Number of their parts.
    pub parts: u32,
}

impl PendingRows {
    /// Their parts.
    pub fn part_names(self) -> impl Iterator<Item = PartName> {
        part_names(PartKind::Rows, self.fence, self.parts)
    }
}

/// The commit of a version.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The fence, which must still be that of the head.
    pub fence: u64,
    /// The new header. Its version must be the next one; the store sets its `at`.
    pub header: Header,
    /// The oldest version whose header stays in the log.
    pub keep_from: u64,
    /// The new base, if one was written.
    pub base: Option<Base>,
    /// The pin from this version on.
    pub pin: Option<u64>,
}

/// A change of the head without a new version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadPatch {
    /// Sets or removes the pin.
    Pin(Option<u64>),
    /// Sets or removes the approval.
    Approval(Option<String>),
    /// Raises the fence, and the lease with it. No lease ever has the fences in between, so parts
    /// can be named by them.
    RaiseFence(u64),
    /// Replaces all but fence and lease: a backup is restored.
    Restore(Box<Head>),
    /// The pending rows are in their tables.
    RowsWritten,
    /// The lease of this fence has changed the pictures of posters.
    Posters(u64),
}

/// The release of a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Release {
    /// Whether the view is known to be up to date.
    pub is_view_current: bool,
    /// How the sync ended, if this was one.
    pub sync: Option<SyncEnd>,
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncEnd {
    /// The source responded, whatever the fuse decided.
    Responded,
    /// It failed.
    Failed,
}

/// Why the lease was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseDenied {
    /// Another process has it.
    Taken {
        /// The process that has it.
        holder: String,
        /// How long it lasts unless renewed.
        remaining: Duration,
    },
    /// The last sync ended less than an interval ago.
    TooSoon {
        /// How long to wait.
        remaining: Duration,
    },
}

impl fmt::Display for LeaseDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken { holder, .. } => write!(f, "another syncer ({holder}) is running"),
            Self::TooSoon { remaining } => {
                write!(
                    f,
                    "too soon after the last sync; the next is due in {remaining:.1?}"
                )
            }
        }
    }
}

impl Head {
    /// The head of a new store.
    pub fn new(lineage: String) -> Self {
        Self {
            lineage,
            version: 0,
            fence: 0,
            lease: None,
            last_sync: None,
            log: Vec::new(),
            base: None,
            pin: None,
            approval: None,
            dirty: false,
            release: RELEASE.to_owned(),
            pending_rows: None,
            posters: 0,
        }
    }

    /// The parts that the head names: the base, pending rows, and the changes of each version, oldest
    /// first.
    pub fn parts(&self) -> impl Iterator<Item = PartName> {
        let base = self.base.into_iter().flat_map(Base::part_names);
        let rows = self.pending_rows.into_iter();
        let rows = rows.flat_map(PendingRows::part_names);
        let changes = self.log.iter().flat_map(Header::part_names);
        base.chain(rows).chain(changes)
    }

    /// The first contradiction within the head, in words.
    pub(super) fn contradiction(&self) -> Option<String> {
        let Some(last) = self.log.last() else {
            return (self.version > 0).then(|| format!("it lacks version {}", self.version));
        };
        if last.version != self.version {
            return Some(format!(
                "its version is {}, but its last header is of version {}",
                self.version, last.version
            ));
        }
        let mut pairs = self.log.windows(2);
        if pairs.any(|pair| pair[0].version.checked_add(1) != Some(pair[1].version)) {
            return Some("its headers are not in order".to_owned());
        }
        let Some(base) = self.base else {
            return Some("it has no base".to_owned());
        };
        let oldest = self.log.first().map_or(0, |header| header.version);
        let has_all_changes =
            oldest <= base.version.saturating_add(1) && base.version <= self.version;
        (!has_all_changes).then(|| {
            format!(
                "its base is of version {}, and its headers begin with version {oldest}",
                base.version
            )
        })
    }

    /// The header of the last published version.
    pub fn header(&self) -> Option<&Header> {
        self.log.last()
    }

    /// Why `holder` cannot have the lease now, if so; `interval` is the minimum time since the last
    /// sync.
    pub(super) fn lease_denied(
        &self,
        holder: &str,
        interval: Option<Duration>,
        now: Timestamp,
    ) -> Option<LeaseDenied> {
        if let Some(lease) = &self.lease
            && lease.holder != holder
        {
            let remaining = between(now, lease.expires);
            if !remaining.is_zero() && remaining <= MAX_LEASE_AHEAD {
                return Some(LeaseDenied::Taken {
                    holder: lease.holder.clone(),
                    remaining,
                });
            }
        }
        let (last_sync, interval) = (self.last_sync.as_ref()?, interval?);
        let since = between(last_sync.at, now);
        (last_sync.at <= now && since < interval).then(|| LeaseDenied::TooSoon {
            remaining: interval.saturating_sub(since),
        })
    }

    /// Grants the lease.
    pub(super) fn acquire(&mut self, holder: &str, duration: Duration, now: Timestamp) {
        // A holder that did not release may have left the view half written.
        self.dirty |= self.lease.is_some();
        self.fence += 1;
        RELEASE.clone_into(&mut self.release);
        self.lease = Some(Lease {
            holder: holder.to_owned(),
            expires: after(now, duration),
        });
    }

    /// Extends the lease; false if it has passed to another holder.
    pub(super) fn renew(&mut self, fence: u64, duration: Duration, now: Timestamp) -> bool {
        let mine = self.fence == fence;
        if let Some(lease) = self.lease.as_mut().filter(|_| mine) {
            lease.expires = after(now, duration);
            return true;
        }
        false
    }

    /// Publishes a version; false if the lease has passed to another holder.
    pub(super) fn commit(&mut self, commit: &Commit, now: Timestamp) -> bool {
        if self.fence != commit.fence || self.version + 1 != commit.header.version {
            return false;
        }
        self.version = commit.header.version;
        self.log.retain(|header| header.version >= commit.keep_from);
        self.log.push(Header {
            at: now,
            ..commit.header.clone()
        });
        self.base = commit.base.or(self.base);
        self.pin = commit.pin;
        self.approval = None;
        self.dirty = true;
        true
    }

    /// Applies a patch; false if the lease has passed to another holder.
    pub(super) fn patch_head(&mut self, fence: u64, patch: &HeadPatch) -> bool {
        if self.fence != fence {
            return false;
        }
        match patch {
            HeadPatch::Pin(pin) => self.pin = *pin,
            HeadPatch::Approval(approval) => self.approval.clone_from(approval),
            HeadPatch::RaiseFence(fence) => self.fence = *fence,
            HeadPatch::Restore(head) => {
                *self = Self {
                    fence: self.fence,
                    lease: self.lease.take(),
                    ..(**head).clone()
                }
            }
            HeadPatch::RowsWritten => self.pending_rows = None,
            HeadPatch::Posters(fence) => self.posters = *fence,
        }
        true
    }

    /// Releases the lease; false if it has passed to another holder.
    pub(super) fn release(&mut self, fence: u64, release: Release, now: Timestamp) -> bool {
        if self.fence != fence {
            return false;
        }
        self.lease = None;
        self.dirty &= !release.is_view_current;
        if let Some(end) = release.sync {
            let failing_since = self
                .last_sync
                .as_ref()
                .and_then(|last_sync| last_sync.failing_since);
            self.last_sync = Some(LastSync {
                at: now,
                failing_since: match end {
                    SyncEnd::Responded => None,
                    SyncEnd::Failed => failing_since.or(Some(now)),
                },
            });
        }
        true
    }
}

impl Header {
    /// The parts of its changes.
    pub fn part_names(&self) -> impl Iterator<Item = PartName> + use<> {
        part_names(PartKind::Changes, self.fence, self.parts)
    }
}

impl Base {
    /// Its parts.
    pub fn part_names(self) -> impl Iterator<Item = PartName> {
        part_names(PartKind::Base, self.fence, self.parts)
    }
}

fn part_names(kind: PartKind, fence: u64, parts: u32) -> impl Iterator<Item = PartName> {
    (0..parts).map(move |index| PartName { kind, fence, index })
}

fn after(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_add(duration).unwrap_or(Timestamp::MAX)
}

/// The time from one moment to a later one; zero if it is not later.
pub(super) fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}
