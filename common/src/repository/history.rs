//! Going back: what a version changed, and the states before the current one.

use super::Repository;
use super::content::Content;
use super::head::Header;
use super::load::{self, Snapshot};
use super::store::{Result, StoreError};
use super::turn::{Turn, run_blocking};
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
        for later in between(&versions, version, current.version()) {
            let Some(changes) = load::whole_changes(&*self.store, later).await? else {
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

impl Turn {
    /// The state at an earlier version, walked back from the head's, to be published again; `None`
    /// if that version is not kept.
    ///
    /// # Errors
    /// When the store fails; [`StoreError::Damaged`] if the state at the head cannot be read
    /// wholly; [`StoreError::Unreadable`], naming the part, if the way back cannot, or if it leads
    /// to other items than were published.
    pub async fn rewind(&self, current: &Snapshot, version: u64) -> Result<Option<Snapshot>> {
        self.whole(Some(current))?;
        let Some(header) = self
            .head()
            .log
            .iter()
            .find(|header| header.version == version)
        else {
            return Ok(None);
        };
        let mut catalogue = current.catalogue.clone();
        for later in between(&self.head().log, version, current.version()) {
            let (changes, damage) = load::readable_changes(&*self.store, later).await?;
            if let Some(damage) = damage.into_iter().next() {
                return Err(StoreError::Unreadable {
                    name: damage.name,
                    reason: format!(
                        "{}; without it version {version} cannot be restored",
                        damage.reason
                    ),
                });
            }
            catalogue.revert(&changes);
        }
        let catalogue = run_blocking({
            let published = header.content.clone();
            move || {
                let is_right = published.is_none_or(|content| content == Content::of(&catalogue));
                is_right.then_some(catalogue)
            }
        });
        let catalogue = catalogue.await?.ok_or_else(|| StoreError::Unreadable {
            name: format!("version {version}"),
            reason: "undoing the later changes does not give the items that it had".into(),
        })?;
        Ok(Some(Snapshot {
            lineage: current.lineage.clone(),
            header: header.clone(),
            catalogue,
            damage: Vec::new(),
        }))
    }
}

/// The versions after one, up to another, newest first.
fn between(log: &[Header], after: u64, up_to: u64) -> impl Iterator<Item = &Header> {
    let newest_first = log.iter().rev();
    newest_first.filter(move |header| (after + 1..=up_to).contains(&header.version))
}
