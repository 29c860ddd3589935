//! History: the changes of a version, and earlier states.

use super::load::{self, Snapshot};
use crate::models::Change;
use crate::repository::head::Header;
use crate::repository::open::Repository;
use crate::repository::store::Result;

impl Repository {
    /// The headers of the kept versions, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn versions(&self) -> Result<Vec<Header>> {
        let reading = self.store.head().await?;
        Ok(reading.map(|reading| reading.head.log).unwrap_or_default())
    }

    /// The changes of a version; `None` if it is not kept. The first version of a store has none.
    ///
    /// # Errors
    /// When the store fails, or a part of the changes cannot be read.
    pub async fn changes(&self, version: u64) -> Result<Option<Vec<Change>>> {
        let versions = self.versions().await?;
        let Some(header) = versions.iter().find(|header| header.version == version) else {
            return Ok(None);
        };
        self.changes_of(header).await
    }

    /// The changes of the version with this header, as [`Self::changes`].
    ///
    /// # Errors
    /// When the store fails, or a part of the changes cannot be read.
    pub async fn changes_of(&self, header: &Header) -> Result<Option<Vec<Change>>> {
        load::complete_changes(&*self.store, header).await
    }

    /// The state at an earlier version, rewound from `current`; `None` if one of the two is not kept,
    /// as far as the head shows now.
    ///
    /// # Errors
    /// When the store fails, or later changes cannot be read.
    pub async fn rewind(&self, current: &Snapshot, version: u64) -> Result<Option<Snapshot>> {
        let versions = self.versions().await?;
        let Some(header) = versions.iter().find(|header| header.version == version) else {
            return Ok(None);
        };
        // A head older than `current` does not have all later changes.
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

/// The headers of the versions after one, up to another, newest first.
pub(in crate::repository) fn between(
    log: &[Header],
    after: u64,
    up_to: u64,
) -> impl Iterator<Item = &Header> {
    let newest_first = log.iter().rev();
    newest_first.filter(move |header| (after + 1..=up_to).contains(&header.version))
}
