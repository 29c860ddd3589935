//! Repair: the one way to publish over a damaged state.
//!
//! A syncer with the whole state in memory republishes it. Otherwise the syncer reads the source. If
//! the source completes the version, as the digest in its header shows, that version is
//! republished. If not, a new version replaces it: the readable items and those of the source. All
//! other items are reported as lost.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::lease::LeaseGuard;
use super::publish::VersionOptions;
use crate::models::{Catalogue, Changes, Id, Item, Kind};
use crate::repository::blocking::run_blocking;
use crate::repository::content::ContentDigest;
use crate::repository::head::Header;
use crate::repository::part_name::{PartKind, PartName};
use crate::repository::parts::Damage;
use crate::repository::read::load::{self, Snapshot};
use crate::repository::store::{Result, StoreError};
use crate::repository::view;

/// Maximum number of parts, or items, that a message names.
const MAX_NAMES: usize = 5;

/// The origin of a complete state whose stored parts are damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The memory of this process: the ranks are those that readers have.
    Memory,
    /// Reassembled with the source: the ranks may differ from those that readers have.
    Source,
}

/// How a damaged state can be repaired.
#[derive(Debug)]
pub enum Repair {
    /// The version can be republished exactly as it was.
    Restore {
        /// The complete version.
        state: Box<Snapshot>,
        /// The later changes of the source.
        changes: Changes,
    },
    /// Items are lost; a new version must replace it.
    Replace(LostItems),
}

/// Items of a damaged version that are in no readable part and not at the source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostItems {
    /// Their number; a lower bound if the view is out of date.
    pub count: u64,
    /// Number of items of the version.
    pub of: u64,
    /// The first of them as kind and id, if the view is up to date.
    pub names: Vec<String>,
}

impl LeaseGuard {
    /// All damage found under this lease, repaired or not.
    pub fn found_damage(&self) -> &[Damage] {
        &self.damage_found
    }

    /// Whether there is damage that is not repaired.
    pub const fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }

    /// The note of the version that this lease published as a repair.
    pub fn repair_note(&self) -> Option<&str> {
        self.repair_note.as_deref()
    }

    /// Verifies every part of the state, before it is published from or pinned.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] if any is damaged, or when the store fails.
    pub async fn require_undamaged(&mut self) -> Result<()> {
        self.verify().await?;
        self.require_no_damage(None)
    }

    /// An error if the state at the head is damaged.
    pub(super) fn require_no_damage(&self, state: Option<&Snapshot>) -> Result<()> {
        let unread = state.map_or(&[][..], |state| &state.damage);
        let unread = unread.iter().filter(|damage| !self.damage.contains(damage));
        let damage: Vec<_> = self.damage.iter().chain(unread).collect();
        if damage.is_empty() {
            return Ok(());
        }
        Err(StoreError::Damaged {
            version: self.head().version,
            parts: join_first(damage.iter().map(ToString::to_string)),
        })
    }

    /// Notes and logs a lost or damaged part.
    pub(super) fn note_damage(&mut self, damage: Damage) {
        if self
            .damage_found
            .iter()
            .any(|known| known.name == damage.name)
        {
            return;
        }
        tracing::error!(
            part = damage.name,
            reason = damage.reason,
            "lost or damaged in the database; the version will be repaired before anything else is published"
        );
        self.damage_found.push(damage.clone());
        self.damage.push(damage);
    }

    /// Republishes a complete state with a new base if stored parts of it are damaged. A pin moves to
    /// the new version.
    ///
    /// # Errors
    /// As for [`LeaseGuard::publish`].
    pub async fn restore(&mut self, state: &Snapshot, origin: Origin) -> Result<Option<Snapshot>> {
        if !self.is_damaged() || !state.damage.is_empty() {
            return Ok(None);
        }
        let note = format!(
            "repaired: parts of version {} could not be read ({}); republished in full",
            self.head().version,
            self.damaged_parts()
        );
        let pin = self.head().pin.map(|_| self.head().version + 1);
        let options = VersionOptions {
            is_repair: true,
            reset: origin == Origin::Source,
            keep_from: self.first_rebuildable(),
        };
        let nothing = Changes::default();
        let restored = self.write_version(Some(state), &nothing, Some(note), pin, options);
        restored.await.map(Some)
    }

    /// Decides how a damaged state can be repaired, given the changes from the source.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn plan_repair(&self, damaged: &Snapshot, changes: &Changes) -> Result<Repair> {
        let (state, changes) = (damaged.clone(), changes.clone());
        let (completed, readable, wanted, added) = run_blocking(move || {
            let mut wanted = state.catalogue.clone();
            wanted.apply_packed(&changes);
            let added = changes.additions();
            let mut with_added = state.catalogue.clone();
            with_added.apply_packed(&added);
            let completed = complete(&state.header, [with_added, wanted.clone()]);
            let completed = completed.map(|catalogue| {
                let changes = catalogue.changes_to(&wanted);
                let state = Box::new(Snapshot {
                    catalogue,
                    damage: Vec::new(),
                    ..state.clone()
                });
                Repair::Restore { state, changes }
            });
            (completed, state.catalogue, wanted, added.len() as u64)
        })
        .await?;
        match completed {
            Some(restore) => Ok(restore),
            None => {
                let lost = self.lost_items(&damaged.header, &readable, &wanted, added);
                Ok(Repair::Replace(lost.await?))
            }
        }
    }

    /// Publishes the readable items of a damaged state with these changes as a new version, which
    /// every reader loads. Its history starts there, because earlier versions cannot be rebuilt.
    ///
    /// # Errors
    /// As for [`LeaseGuard::publish`]; [`StoreError::Damaged`] while a version is pinned.
    pub async fn replace(
        &mut self,
        damaged: &Snapshot,
        changes: &Changes,
        lost: &LostItems,
    ) -> Result<Snapshot> {
        if self.head().pin.is_some() {
            self.require_no_damage(Some(damaged))?;
        }
        let note = format!(
            "repaired: parts of version {} could not be read ({}); {lost}",
            self.head().version,
            self.damaged_parts()
        );
        if lost.count > 0 {
            tracing::error!(items = lost.count, "{note}");
        }
        let options = VersionOptions {
            is_repair: true,
            reset: true,
            keep_from: self.head().version + 1,
        };
        self.write_version(Some(damaged), changes, Some(note), None, options)
            .await
    }

    /// Recovers items of a lost base from older changes: a base has an item as the last change before
    /// it left the item. Others come from the last whole version, unless they were removed since. The
    /// damage is gone if that completes the state.
    pub(super) async fn recover(&self, mut damaged: Snapshot) -> Result<Snapshot> {
        let base = self.head().base.map_or(0, |base| base.version);
        let mut lost: HashMap<(Kind, Id), Option<Arc<Item>>> = HashMap::new();
        for header in &self.head().log {
            let (changes, _) = load::readable_changes(&*self.store, header).await?;
            for change in changes {
                let is_read = damaged.catalogue.number(change.kind, &change.id).is_some();
                let key = (change.kind, change.id);
                if header.version > base {
                    lost.remove(&key);
                } else if !is_read {
                    lost.insert(key, change.after);
                }
            }
        }
        let whole = load::load_last_whole(&*self.store, self.head()).await?;
        let mut removed = HashSet::new();
        for header in &self.head().log {
            if whole
                .as_ref()
                .is_some_and(|whole| header.version > whole.version())
            {
                let (changes, _) = load::readable_changes(&*self.store, header).await?;
                let removals = changes.into_iter().filter(|change| change.after.is_none());
                removed.extend(removals.map(|change| (change.kind, change.id)));
            }
        }
        let published = damaged.header.content.clone();
        run_blocking(move || {
            for item in lost.values().flatten() {
                damaged.catalogue.insert(item);
            }
            for item in whole.iter().flat_map(|whole| whole.catalogue.all()) {
                let is_read = damaged.catalogue.number(item.kind(), &item.id).is_some();
                if !is_read && !removed.contains(&(item.kind(), item.id.clone())) {
                    damaged.catalogue.insert(&item);
                }
            }
            if published == ContentDigest::of(&damaged.catalogue) {
                damaged.damage.clear();
            }
            damaged
        })
        .await
    }

    fn damaged_parts(&self) -> String {
        join_first(self.damage.iter().map(|damage| damage.name.clone()))
    }

    /// The oldest version since which all changes are readable, as far as is known.
    fn first_rebuildable(&self) -> u64 {
        let parts = self.damage.iter().filter_map(Damage::part);
        let changes = parts.filter(|part| part.kind == PartKind::Changes);
        let versions = changes.filter_map(|part| {
            let mut log = self.head().log.iter();
            log.find(|header| header.fence == part.fence && header.parts > part.index)
        });
        let unreadable = versions.map(|header| header.version);
        match unreadable.fold(self.lost_changes, u64::max) {
            0 => 0,
            version => version + 1,
        }
    }

    /// The items that only the view has. If the view is out of date: their number, by the header.
    async fn lost_items(
        &self,
        header: &Header,
        readable: &Catalogue,
        wanted: &Catalogue,
        added: u64,
    ) -> Result<LostItems> {
        let there = readable.len() as u64 + added;
        let of = header.content.items;
        if !self.is_view_current {
            return Ok(LostItems {
                count: of.saturating_sub(there),
                of,
                names: Vec::new(),
            });
        }
        let (count, names) =
            view::items_missing_from(&*self.store, &[readable, wanted], MAX_NAMES).await?;
        Ok(LostItems { count, of, names })
    }
}

impl Damage {
    /// The damaged part, or the part of the damaged entry.
    pub(in crate::repository) fn part(&self) -> Option<PartName> {
        PartName::parse(self.name.split(' ').next()?)
    }
}

impl std::fmt::Display for LostItems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.count {
            0 => return f.write_str("no items are lost"),
            1 => f.write_str("1 item is lost")?,
            count => write!(f, "{count} items are lost")?,
        }
        if !self.names.is_empty() {
            let more = self.count > self.names.len() as u64;
            let more = if more { ", …" } else { "" };
            write!(f, ": {}{more}", self.names.join(", "))?;
        }
        Ok(())
    }
}

/// The first candidate that has exactly the items of a version.
fn complete<const N: usize>(header: &Header, candidates: [Catalogue; N]) -> Option<Catalogue> {
    let content = &header.content;
    let same_count = |catalogue: &Catalogue| catalogue.len() as u64 == content.items;
    let mut candidates = candidates.into_iter();
    candidates.find(|catalogue| same_count(catalogue) && ContentDigest::of(catalogue) == *content)
}

/// Joins the first few names.
fn join_first(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<_> = names.collect();
    let more = names.len().saturating_sub(MAX_NAMES);
    names.truncate(MAX_NAMES);
    let names = names.join(", ");
    if more > 0 {
        format!("{names} and {more} more")
    } else {
        names
    }
}
