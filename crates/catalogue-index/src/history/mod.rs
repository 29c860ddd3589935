//! The versions that are kept, with what each changed, in memory: no request waits for the store.

pub(crate) mod net;
pub(crate) mod past;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use common::models::Change;
use common::repository::{Header, Snapshot};
use imbl::Vector;

/// How many changes are held in memory; of versions further back only the header is.
const MOST_CHANGES: u64 = 100_000;

/// Encodes the event that announces a version, given its lineage, its header and its changes.
pub type EncodeEvent = fn(&Arc<str>, &Header, &[Change]) -> Bytes;

/// The kept versions up to the current one. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    lineage: Arc<str>,
    /// Oldest first, without a gap.
    versions: Vector<Arc<Version>>,
    settled: bool,
}

/// A published version.
#[derive(Debug)]
pub struct Version {
    /// What the head says of it.
    pub header: Header,
    /// What it changed; `None` if that is not in memory: it is the first one of its store, or too
    /// much changed since.
    pub changes: Option<Vec<Change>>,
    /// The event that tells of it, encoded when it is first sent.
    event: OnceLock<Bytes>,
}

impl Version {
    fn new(header: &Header, changes: Option<Vec<Change>>) -> Self {
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

    /// The same without its changes; what is to be sent of it stays.
    fn without_changes(&self, lineage: &Arc<str>, encode: EncodeEvent) -> Self {
        let slim = Self::new(&self.header, None);
        if let Some(event) = self.event(lineage, encode) {
            slim.event.get_or_init(|| event);
        }
        slim
    }
}

impl History {
    /// Begins with a version whose changes are not known.
    pub fn from(snapshot: &Snapshot) -> Self {
        Self {
            lineage: snapshot.lineage.clone(),
            versions: Vector::unit(Arc::new(Version::new(&snapshot.header, None))),
            settled: snapshot.header.first,
        }
    }

    /// Goes on with the next version; one that does not follow on the last begins anew.
    #[must_use]
    pub fn with(
        mut self,
        snapshot: &Snapshot,
        changes: Option<Vec<Change>>,
        encode: EncodeEvent,
    ) -> Self {
        let last = self.versions.last().map(|last| last.header.version);
        let follows = last.is_some_and(|last| last + 1 == snapshot.version());
        if !follows || self.lineage != snapshot.lineage {
            self = Self {
                lineage: snapshot.lineage.clone(),
                ..Self::default()
            };
        }
        let version = Version::new(&snapshot.header, changes);
        self.versions.push_back(Arc::new(version));
        self.within(MOST_CHANGES, encode)
    }

    /// Takes what was read of the versions before, as far as it is of the same ones, and lets go
    /// of those that the store keeps no more.
    #[must_use]
    pub fn after(self, past: &Self, encode: EncodeEvent) -> Self {
        let (Some(oldest), Some(newest)) = (past.number(Vector::front), self.number(Vector::last))
        else {
            return self;
        };
        let reaches = past.number(Vector::last).map(|last| last + 1) >= self.number(Vector::front);
        let differs = self.versions.iter().any(|version| {
            let other = past.get(version.header.version);
            other.is_some_and(|other| other.header != version.header)
        });
        if self.lineage != past.lineage || !reaches || differs || oldest > newest {
            return self;
        }
        let versions = (oldest..=newest).filter_map(|number| {
            let known = [self.get(number), past.get(number)];
            let mut known = known.into_iter().flatten();
            let first = known.next()?;
            let fuller = known.find(|_| first.changes.is_none());
            Some(fuller.unwrap_or(first).clone())
        });
        let filled = Self {
            lineage: self.lineage.clone(),
            versions: versions.collect(),
            settled: self.settled || past.settled,
        };
        filled.within(MOST_CHANGES, encode)
    }

    /// Lets go of the changes that are the furthest back, until at most so many are held.
    fn within(mut self, most: u64, encode: EncodeEvent) -> Self {
        let mut room = Some(most);
        for place in (0..self.versions.len()).rev() {
            let Some(version) = self.versions.get(place) else {
                continue;
            };
            let Some(changes) = &version.changes else {
                continue;
            };
            room = room.and_then(|room| room.checked_sub(changes.len() as u64));
            if room.is_none() {
                let slim = version.without_changes(&self.lineage, encode);
                self.versions.set(place, Arc::new(slim));
            }
        }
        self
    }

    /// Whether both hold the same versions in memory. [`Vector::ptr_eq`] cannot tell: a short
    /// vector stores its elements inline, so that a clone shares nothing else with it.
    pub fn is(&self, other: &Self) -> bool {
        self.settled == other.settled
            && self.versions.len() == other.versions.len()
            && self
                .versions
                .iter()
                .zip(&other.versions)
                .all(|(own, other)| Arc::ptr_eq(own, other))
    }

    /// The lineage that the versions are of; empty while there is none.
    pub fn lineage(&self) -> &Arc<str> {
        &self.lineage
    }

    /// Whether the versions from before the start have been read from the store.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// Newest first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Arc<Version>> {
        self.versions.iter().rev()
    }

    /// A version that is kept.
    pub fn get(&self, version: u64) -> Option<&Arc<Version>> {
        let first = self.versions.front()?.header.version;
        let place = usize::try_from(version.checked_sub(first)?).ok()?;
        self.versions.get(place)
    }

    /// The versions after this one up to the current one, oldest first, each with its changes;
    /// `None` if one of them is not in memory or this one is ahead.
    pub fn since(&self, version: u64) -> Option<Vec<&Arc<Version>>> {
        let current = self.number(Vector::last)?;
        if version > current {
            return None;
        }
        let later = (version + 1..=current).map(|number| {
            let later = self.get(number);
            later.filter(|later| later.changes.is_some())
        });
        later.collect()
    }

    /// The event that tells of a version; `None` if it is not in memory.
    pub fn event(&self, version: u64, encode: EncodeEvent) -> Option<Bytes> {
        self.get(version)?.event(&self.lineage, encode)
    }

    fn number(&self, end: impl Fn(&Vector<Arc<Version>>) -> Option<&Arc<Version>>) -> Option<u64> {
        end(&self.versions).map(|version| version.header.version)
    }
}
