//! Going back: what a version changed, and the states before the current one.

use super::Repository;
use super::head::Header;
use super::load::{self, Snapshot};
use super::store::Result;
use crate::models::Change;

impl Repository {
    /// The headers of the versions still kept, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn versions(&self) -> Result<Vec<Header>> {
        let reading = self.store.head().await?;
        Ok(reading.map(|reading| reading.head.log).unwrap_or_default())
    }

    /// What a version changed; `None` if it is not kept. The first version of a store has no
    /// changes of its own: it is a whole catalogue.
    ///
    /// # Errors
    /// When the store fails, or a part of it cannot be read.
    pub async fn changes(&self, version: u64) -> Result<Option<Vec<Change>>> {
        let versions = self.versions().await?;
        let Some(header) = versions.iter().find(|header| header.version == version) else {
            return Ok(None);
        };
        load::whole_changes(&*self.store, header).await
    }

    /// The state at an earlier version, walked back from `current`; `None` if one of the two is not
    /// kept, as far as can be seen now.
    ///
    /// # Errors
    /// When the store fails, or a part on the way back cannot be read.
    pub async fn rewind(&self, current: &Snapshot, version: u64) -> Result<Option<Snapshot>> {
        let versions = self.versions().await?;
        let Some(header) = versions.iter().find(|header| header.version == version) else {
            return Ok(None);
        };
        // A head that is older than `current` does not tell the whole way, and nothing leads back
        // to a later version.
        if !versions.contains(&current.header) || version > current.version() {
            return Ok(None);
        }
        let mut catalogue = current.catalogue.clone();
        for later in versions.iter().rev() {
            if later.version > current.version() || later.version <= version {
                continue;
            }
            let Some(changes) = load::whole_changes(&*self.store, later).await? else {
                return Ok(None);
            };
            catalogue.revert(&changes);
        }
        Ok(Some(Snapshot {
            lineage: current.lineage.clone(),
            header: header.clone(),
            catalogue,
            damage: Vec::new(),
        }))
    }
}
