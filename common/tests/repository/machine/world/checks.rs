//! Invariants of a store.

use std::collections::HashSet;

use common::models::{Id, Kind};
use common::repository::{
    HeadPatch, HeadReading, PartKind, PartName, Repository, StoreError, ViewDocument,
};

use super::super::model::{Check, View, ensure, shown, view_of};

use super::World;

impl World {
    /// Checks the observations of a publisher since its last call.
    pub(super) async fn check_notes(&mut self, publisher: usize) -> Check {
        let notebook = self.publishers[publisher].notes.clone();
        let Some((fence, _)) = notebook.open().begun.clone() else {
            return Ok(());
        };
        let holds = self.model.holds(fence);
        if let Some((at, listed)) = self.publishers[publisher].listed.take()
            && holds
        {
            self.check_sweep(fence, at, &listed).await?;
        }
        let mut notes = notebook.open();
        if let Some(state) = notes.state.take() {
            self.published.check_snapshot(&state, "a publisher")?;
            ensure!(
                !holds || self.model.log.last() == Some(&state.header),
                "at version {} a publisher works from {:?}",
                self.model.version,
                state.header
            );
        }
        if let Some(rewound) = notes.rewound.take() {
            self.published.check_snapshot(&rewound, "a rollback")?;
        }
        if let Some(published) = notes.published.take() {
            self.published.check_snapshot(&published, "its publisher")?;
            ensure!(
                self.model.log.last() == Some(&published.header),
                "the version that a publisher knows of is not there: {:?}",
                published.header
            );
        }
        if std::mem::take(&mut notes.nothing) {
            self.published.nothing(&self.model.lineage, fence)?;
        }
        if let Some(patch) = notes.patched.take() {
            ensure!(
                match &patch {
                    HeadPatch::Pin(pin) => *pin == self.model.pin,
                    HeadPatch::Approval(approval) => *approval == self.model.approval,
                    other => panic!("no run of the machine makes {other:?}"),
                },
                "the patch that an operator knows of is not there: {patch:?}"
            );
        }
        Ok(())
    }

    /// A new reader sees the head, and every kept version can be rebuilt from it.
    pub(super) async fn read_history(&self) -> Check {
        let broken = |error: StoreError| format!("looking back: {error}");
        let repository = Repository::with_store(self.store.clone());
        let current = repository.load().await.map_err(broken)?;
        ensure!(
            current.as_ref().map(|current| &current.header) == self.model.log.last(),
            "at version {} a new reader sees {current:?}",
            self.model.version
        );
        let Some(current) = current else {
            return Ok(());
        };
        self.published.check_snapshot(&current, "a new reader")?;
        for header in &self.model.log {
            let rebuilt = repository.rewind(&current, header.version).await;
            if !self.damaged_parts.is_empty() && !matches!(&rebuilt, Ok(Some(_))) {
                continue;
            }
            let Some(rebuilt) = rebuilt.map_err(broken)? else {
                return Err(format!("version {} cannot be rebuilt", header.version));
            };
            ensure!(rebuilt.header == *header, "rebuilt {:?}", rebuilt.header);
            self.published.check_snapshot(&rebuilt, "a rewind")?;
        }
        Ok(())
    }

    pub(super) async fn head(&self) -> Check<HeadReading> {
        let reading = self.store.head().await;
        let reading = reading.map_err(|error| format!("the head: {error}"))?;
        reading.ok_or_else(|| "there is no head".into())
    }

    pub(super) async fn check_head(&mut self) -> Check {
        let reading = self.head().await?;
        if self.model.lineage.is_empty() {
            self.model.lineage.clone_from(&reading.head.lineage);
        }
        self.model.agrees(&reading.head)?;
        self.heads.push(reading);
        Ok(())
    }

    pub(super) async fn parts(&self) -> Check<HashSet<PartName>> {
        let parts = self.store.parts().await;
        let parts = parts.map_err(|error| format!("the parts: {error}"))?;
        Ok(parts.into_iter().collect())
    }

    /// Checks that every part named by the head exists.
    pub(super) async fn check_parts(&self) -> Check {
        let parts = self.parts().await?;
        let mut named = self.model.named();
        match named.find(|name| !parts.contains(name) && !self.damaged_parts.contains(name)) {
            Some(lost) => Err(format!("{lost} is named and gone")),
            None => Ok(()),
        }
    }

    /// Checks that a run removed the parts that no head named when it began.
    pub(super) async fn check_sweep(&self, fence: u64, at: u64, listed: &[PartName]) -> Check {
        // While a part is lost, older bases stay for readers and for the repair.
        let is_lost = self.model.named().any(|part| !listed.contains(&part));
        let dead = |part: &PartName| {
            part.fence < fence
                && !self.model.names(part)
                && !(is_lost && part.kind == PartKind::Base)
                && listed.contains(part)
                // It may have been put again by a write that was under way.
                && self.put.get(part).is_none_or(|put| *put < at)
        };
        match self.parts().await?.into_iter().find(dead) {
            Some(part) => Err(format!("{part} is dead and was not swept")),
            None => Ok(()),
        }
    }

    pub(super) async fn shown(&self) -> Check<View> {
        let mut view = View::new();
        for kind in Kind::ALL {
            let page = self.store.read_view(kind, None, 1_000).await;
            let page = page.map_err(|error| format!("the view: {error}"))?;
            view.extend(page.iter().map(shown));
        }
        Ok(view)
    }

    pub(super) async fn absent(&self, documents: &[ViewDocument]) -> Check<Vec<(Kind, Id)>> {
        let view = self.shown().await?;
        let names = documents
            .iter()
            .map(|document| (document.kind, document.id.clone()));
        Ok(names.filter(|name| !view.contains_key(name)).collect())
    }

    /// The view is the catalogue at the head, save for items that a paused publisher brought back.
    pub(super) async fn check_view(&self) -> Check {
        let Some(content) = self.content() else {
            return Ok(());
        };
        let (view, expected) = (self.shown().await?, view_of(&content));
        for (name, line) in &expected {
            ensure!(
                view.get(name) == Some(line),
                "the view shows {name:?} as {:?}, not as {line:?}",
                view.get(name)
            );
        }
        let gone =
            |name: &&(Kind, Id)| !expected.contains_key(*name) && !self.returned.contains(*name);
        match view.keys().find(gone) {
            Some(name) => Err(format!("the view shows {name:?}, which is gone")),
            None => Ok(()),
        }
    }
}
