//! Faults of the store itself: a crash that takes back a write, a rebuilt store, damaged parts.

use super::World;
use crate::fixture::{self, PartDamage};
use crate::machine::model::{Check, Model};
use crate::machine::publisher::Publisher;
use crate::machine::reader::Reader;

impl World {
    pub(super) async fn revert_commit(&mut self) -> Check {
        let Some((saved, model)) = self.unconfirmed.take() else {
            return Ok(());
        };
        self.fixture.put_the_head_back(saved).await;
        self.model = model;
        self.heads.pop();
        let head = self.head().await?;
        self.model.agrees(&head.head)
    }

    pub(super) async fn rebuild(&mut self) -> Check {
        // What a reader read of the old store must not meet what it reads of the new one.
        if !self.readers.iter().all(Reader::begins) {
            return Ok(());
        }
        for publisher in &mut self.publishers {
            *publisher = Publisher::new(self.store.clone(), self.retention);
        }
        self.fixture.wipe().await;
        self.damaged_parts.clear();
        self.model = Model::default();
        self.delayed_writes.clear();
        self.heads.clear();
        self.unconfirmed = None;
        self.put.clear();
        self.returned.clear();
        Ok(())
    }

    /// A part that the head names is lost, or corrupted, at rest.
    pub(super) async fn damage_part(&mut self, at: usize, damage: PartDamage) -> Check {
        let parts = self.parts().await?;
        let there = self.model.named().filter(|part| parts.contains(part));
        let there: Vec<_> = there.collect();
        if !there.is_empty() {
            let part = there[at % there.len()];
            let repository = common::repository::Repository::with_store(self.store.clone());
            fixture::damage_part(&repository, part, damage).await;
            self.damaged_parts.insert(part);
            self.published.has_damaged_parts = true;
        }
        Ok(())
    }
}
