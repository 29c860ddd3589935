//! The run that is held for review, and its changes.

use common::models::{ChangeType, HeldChange, Run};

use super::findings::NamedItem;
use crate::state::Site;
use crate::wording::singular;

/// A longer list is folded.
const MAX_UNFOLDED: usize = 10;

pub(super) struct HeldView {
    pub(super) run: Run,
    /// Whether the next sync publishes the changes.
    pub(super) is_approved: bool,
    /// The listed changes by type, removals first.
    pub(super) groups: Vec<HeldGroup>,
    /// Number of listed changes.
    pub(super) listed: usize,
    /// Number of changes that are not listed.
    pub(super) more: u64,
}

pub(super) struct HeldGroup {
    pub(super) change: ChangeType,
    /// Each with its kind.
    pub(super) items: Vec<(NamedItem, &'static str)>,
}

impl HeldView {
    pub(super) fn of(site: &Site) -> Option<Self> {
        let run = site.sync_status.held.clone()?;
        let listed = run.held_changes.len();
        let groups = ChangeType::ALL.into_iter().map(|change| {
            let changes = run.held_changes.iter();
            let changes = changes.filter(|held| held.change == change);
            HeldGroup {
                change,
                items: changes.map(|held| named(site, held)).collect(),
            }
        });
        Some(Self {
            is_approved: site.status.is_approved,
            groups: groups.filter(|group| !group.items.is_empty()).collect(),
            listed,
            more: run.changes().total().saturating_sub(listed as u64),
            run,
        })
    }

    pub(super) fn is_folded(&self) -> bool {
        self.listed > MAX_UNFOLDED
    }

    /// The environment variables that set the limits of the broken rules.
    pub(super) fn variables(&self) -> Vec<String> {
        let rules = self.run.rules.iter();
        rules
            .map(|rule| format!("PYFLIX_{}", rule.to_uppercase()))
            .collect()
    }
}

/// A changed item by its published name, and its kind.
fn named(site: &Site, held: &HeldChange) -> (NamedItem, &'static str) {
    let item = NamedItem::of(&site.snapshot.catalogue, held.kind, &held.id);
    let item = match item.path {
        Some(_) => item,
        None => NamedItem {
            name: held.name.clone(),
            path: None,
        },
    };
    (item, singular(held.kind))
}
