//! Going back: what a version changed, and the states before the current one.

use super::load::{self, Snapshot};
use crate::models::Change;
use crate::repository::Repository;
use crate::repository::head::Header;
use crate::repository::store::Result;

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
        load::complete_changes(&*self.store, header).await
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
        for later in between(&versions, version, current.version()) {
            let Some(changes) = load::complete_changes(&*self.store, later).await? else {
                return Ok(None);
            };
            catalogue.revert(&changes);
        }
        Ok(Some(Snapshot {
            lineage: current.lineage.clone(),
            header: header.clone(),
            catalogue,
            damage: current.damage.clone(),
        }))
    }
}

/// The versions after one, up to another, newest first.
pub(in crate::repository) fn between(
    log: &[Header],
    after: u64,
    up_to: u64,
) -> impl Iterator<Item = &Header> {
    let newest_first = log.iter().rev();
    newest_first.filter(move |header| (after + 1..=up_to).contains(&header.version))
}
