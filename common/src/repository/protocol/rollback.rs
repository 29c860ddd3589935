//! Rewinding to the state of a rollback, verified by its digest.

use super::lease::LeaseGuard;
use crate::repository::blocking::run_blocking;
use crate::repository::content::ContentDigest;
use crate::repository::read::load::{self, Snapshot};
use crate::repository::read::rewind::between;
use crate::repository::store::{Result, StoreError};

impl LeaseGuard {
    /// The state at an earlier version, rewound from the head's, to be published again; `None` if
    /// that version is not kept.
    ///
    /// # Errors
    /// When the store fails; [`StoreError::Damaged`] if the state at the head is
    /// damaged; [`StoreError::Unreadable`], naming the part, if later changes are damaged, or if
    /// undoing them does not give the published items.
    pub async fn rewind(&self, current: &Snapshot, version: u64) -> Result<Option<Snapshot>> {
        self.require_no_damage(Some(current))?;
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
                let is_same = published == ContentDigest::of(&catalogue);
                is_same.then_some(catalogue)
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
