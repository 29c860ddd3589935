use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use common::models::Change;
use common::repository::{Header, Snapshot};
use imbl::Vector;

/// Maximum number of changes in memory. Of older versions only the header is kept.
pub(super) const MAX_CHANGES: u64 = 100_000;

/// Encodes the event that announces a version, given its lineage, its header and its changes.
pub type EncodeEvent = fn(&Arc<str>, &Header, &[Change]) -> Bytes;

/// The kept versions up to the current one, in memory. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    lineage: Arc<str>,
    /// Oldest first, without a gap.
    versions: Vector<Arc<Version>>,
    is_backfilled: bool,
}

/// A published version.
#[derive(Debug)]
pub struct Version {
    /// Its header in the head.
    pub header: Header,
    /// Its changes; `None` if they are not in memory, because the version is the first one of its
    /// store or newer versions have too many.
    pub changes: Option<Vec<Change>>,
    /// The event that announces it, encoded on first use.
    event: OnceLock<Bytes>,
}

impl Version {
    pub(super) fn new(header: &Header, changes: Option<Vec<Change>>) -> Self {
        Self {
            header: header.clone(),
            changes,
            event: OnceLock::new(),
        }
    }

    fn event(&self, lineage: &Arc<str>, encode: EncodeEvent) -> Option<Bytes> {
        let Some(changes) = &self.changes else {
            return self.event.get().cloned();
        };
        let event = self
            .event
            .get_or_init(|| encode(lineage, &self.header, changes));
        Some(event.clone())
    }

    /// The same version without its changes, but with its event.
    fn without_changes(&self, lineage: &Arc<str>, encode: EncodeEvent) -> Self {
        let slim = Self::new(&self.header, None);
        if let Some(event) = self.event(lineage, encode) {
            slim.event.get_or_init(|| event);
        }
        slim
    }
}

impl History {
    /// Starts with a version whose changes are unknown.
    pub fn from(snapshot: &Snapshot) -> Self {
        Self {
            lineage: snapshot.lineage.clone(),
            versions: Vector::unit(Arc::new(Version::new(&snapshot.header, None))),
            is_backfilled: snapshot.header.first,
        }
    }

    /// The versions read from the store, oldest first.
    pub(super) fn read(lineage: Arc<str>, versions: impl Iterator<Item = Arc<Version>>) -> Self {
        Self {
            lineage,
            versions: versions.collect(),
            is_backfilled: true,
        }
    }

    /// Adds the next version. A version that does not follow the last one starts over.
    #[must_use]
    pub fn with_version(
        mut self,
        snapshot: &Snapshot,
        changes: Option<Vec<Change>>,
        encode: EncodeEvent,
    ) -> Self {
        let follows = self
            .newest()
            .is_some_and(|newest| newest + 1 == snapshot.version());
        if !follows || self.lineage != snapshot.lineage {
            self = Self {
                lineage: snapshot.lineage.clone(),
                ..Self::default()
            };
        }
        let version = Version::new(&snapshot.header, changes);
        self.versions.push_back(Arc::new(version));
        self.with_change_limit(MAX_CHANGES, encode)
    }

    /// Adds the earlier versions that were read from the store, and drops those that it no longer
    /// keeps. Does nothing if `stored` is of another lineage, does not reach this history or
    /// contradicts it.
    #[must_use]
    pub fn with_backfill(self, stored: &Self, encode: EncodeEvent) -> Self {
        let (Some(oldest), Some(newest)) = (stored.oldest(), self.newest()) else {
            return self;
        };
        let reaches = stored.newest().map(|newest| newest + 1) >= self.oldest();
        let differs = self.versions.iter().any(|version| {
            let other = stored.get(version.header.version);
            other.is_some_and(|other| other.header != version.header)
        });
        if self.lineage != stored.lineage || !reaches || differs || oldest > newest {
            return self;
        }
        let versions = (oldest..=newest).filter_map(|number| {
            let [own, other] = [self.get(number), stored.get(number)];
            let with_changes = own.filter(|own| own.changes.is_some());
            with_changes.or(other).or(own).cloned()
        });
        let filled = Self {
            lineage: self.lineage.clone(),
            versions: versions.collect(),
            is_backfilled: self.is_backfilled || stored.is_backfilled,
        };
        filled.with_change_limit(MAX_CHANGES, encode)
    }

    /// Drops the oldest changes until at most `max` are left.
    pub(super) fn with_change_limit(mut self, max: u64, encode: EncodeEvent) -> Self {
        let mut remaining = Some(max);
        for place in (0..self.versions.len()).rev() {
            let Some(version) = self.versions.get(place) else {
                continue;
            };
            let Some(changes) = &version.changes else {
                continue;
            };
            remaining = remaining.and_then(|remaining| remaining.checked_sub(changes.len() as u64));
            if remaining.is_none() {
                let slim = version.without_changes(&self.lineage, encode);
                self.versions.set(place, Arc::new(slim));
            }
        }
        self
    }

    /// Whether both share all versions. [`Vector::ptr_eq`] cannot tell: a short vector stores its
    /// elements inline, so a clone shares nothing else with it.
    pub fn ptr_eq(&self, other: &Self) -> bool {
        self.is_backfilled == other.is_backfilled
            && self.versions.len() == other.versions.len()
            && self
                .versions
                .iter()
                .zip(&other.versions)
                .all(|(own, other)| Arc::ptr_eq(own, other))
    }

    /// Whether the versions from before the start have been read from the store.
    pub fn is_backfilled(&self) -> bool {
        self.is_backfilled
    }

    /// The versions, newest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Arc<Version>> {
        self.versions.iter().rev()
    }

    /// A kept version.
    pub fn get(&self, version: u64) -> Option<&Arc<Version>> {
        let place = usize::try_from(version.checked_sub(self.oldest()?)?).ok()?;
        self.versions.get(place)
    }

    /// The same history without the versions after this one.
    #[must_use]
    pub fn up_to(&self, version: u64) -> Self {
        let versions = self.versions.iter();
        let kept = versions.take_while(|kept| kept.header.version <= version);
        Self {
            lineage: self.lineage.clone(),
            versions: kept.cloned().collect(),
            is_backfilled: self.is_backfilled,
        }
    }

    /// The oldest version whose catalogue follows from the newest one's: the changes of all later
    /// versions are in memory.
    pub fn oldest_rebuildable(&self) -> Option<u64> {
        let mut versions = self.versions();
        let last = versions.find(|version| version.changes.is_none());
        last.map(|version| version.header.version)
            .or_else(|| self.oldest())
    }

    /// The event that announces a version; `None` if it is not in memory.
    pub fn event(&self, version: u64, encode: EncodeEvent) -> Option<Bytes> {
        self.get(version)?.event(&self.lineage, encode)
    }

    fn oldest(&self) -> Option<u64> {
        self.versions.front().map(|version| version.header.version)
    }

    fn newest(&self) -> Option<u64> {
        self.versions.last().map(|version| version.header.version)
    }
}
