//! The versions that are kept, with what each changed, in memory: no request waits for the store.

use std::sync::Arc;

use common::models::Change;
use common::repository::{Header, Snapshot};
use imbl::Vector;

/// The kept versions up to the current one. A clone shares everything.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Oldest first, without a gap.
    versions: Vector<Arc<Version>>,
}

/// A published version.
#[derive(Debug)]
pub struct Version {
    /// What the head says of it.
    pub header: Header,
    /// What it changed; `None` if that is not in memory: it is the first one of its store, or too
    /// much changed since.
    pub changes: Option<Vec<Change>>,
}

impl History {
    /// Begins with a version whose changes are not known.
    pub fn from(snapshot: &Snapshot) -> Self {
        Self::default().with(snapshot, None)
    }

    /// Goes on with the next version.
    #[must_use]
    pub fn with(mut self, snapshot: &Snapshot, changes: Option<Vec<Change>>) -> Self {
        self.versions.push_back(Arc::new(Version {
            header: snapshot.header.clone(),
            changes,
        }));
        self
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
}
