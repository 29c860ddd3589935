//! Changes of items, prepared for the templates.

use std::collections::HashSet;

use common::models::{Catalogue, Change, Kind, changed_fields};
use serde_json::Value;

use super::text_diff::{self, DiffSegment, SegmentKind};
use crate::wording::{FieldValues, ItemNames, field_values};

/// Changed items on one page.
pub(super) const PER_PAGE: usize = 100;
/// Changes that are searched for added and removed items.
const MAX_CONSIDERED_CHANGES: usize = 10_000;
/// Values shown of a list.
const MAX_LISTED: usize = 100;
/// Texts with more characters are shown as a word diff.
const MAX_UNDIFFED_CHARACTERS: usize = 60;

/// The changed items of one kind on this page.
pub(super) struct KindChanges {
    pub(super) kind: Kind,
    /// On all pages.
    pub(super) total: usize,
    pub(super) changes: Vec<ItemChangeView>,
    /// Updates that follow from items that were added or removed.
    pub(super) consequences: Vec<ItemChangeView>,
}

/// The change of one item.
pub(super) struct ItemChangeView {
    pub(super) name: String,
    /// The path of the item's page, if the item still exists.
    pub(super) href: Option<String>,
    /// Added, updated or removed.
    pub(super) what: &'static str,
    pub(super) fields: Vec<FieldChangeRow>,
}

pub(super) struct FieldChangeRow {
    pub(super) label: String,
    pub(super) change: FieldChangeView,
}

/// How the change of a field is shown.
pub(super) enum FieldChangeView {
    Added(String),
    Removed(String),
    /// Old and new value.
    Replaced(String, String),
    /// The word diff of a long text.
    Text(Vec<DiffSegment>),
    /// Removed and added values.
    List(Vec<String>, Vec<String>),
}

/// The changes of a page (from 1), by kind.
pub(super) fn by_kind(catalogue: &Catalogue, changes: &[Change], page: usize) -> Vec<KindChanges> {
    let names = ItemNames::of(catalogue, changes);
    let added_or_removed: HashSet<_> = changes
        .iter()
        .take(MAX_CONSIDERED_CHANGES)
        .filter(|change| change.before.is_none() || change.after.is_none())
        .map(|change| &*change.id)
        .collect();
    let mut skipped = (page - 1) * PER_PAGE;
    let mut remaining = PER_PAGE;
    let mut groups = Vec::new();
    for kind in Kind::ALL {
        let of_kind = || changes.iter().filter(move |change| change.kind == kind);
        let total = of_kind().count();
        let shown: Vec<_> = of_kind().skip(skipped).take(remaining).collect();
        skipped = skipped.saturating_sub(total);
        remaining -= shown.len();
        if !shown.is_empty() {
            let is_own = |change: &&Change| !is_consequence(change, &added_or_removed);
            let (own, consequences): (Vec<_>, Vec<_>) = shown.into_iter().partition(is_own);
            let views = |changes: Vec<&Change>| {
                let changes = changes.into_iter();
                let views = changes.map(|change| ItemChangeView::of(catalogue, change, &names));
                views.collect()
            };
            groups.push(KindChanges {
                kind,
                total,
                changes: views(own),
                consequences: views(consequences),
            });
        }
    }
    groups
}

/// Whether an update only adds or removes links to items that were added or removed.
fn is_consequence(change: &Change, added_or_removed: &HashSet<&str>) -> bool {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return false;
    };
    let follows = |value: &Value| {
        let id = value.as_str();
        value.is_null() || id.is_some_and(|id| added_or_removed.contains(id))
    };
    let fields = changed_fields(before, after);
    let mut fields_follow =
        fields.iter().map(
            |field| match (field.before.as_array(), field.after.as_array()) {
                (Some(before), Some(after)) => {
                    let lost = before.iter().filter(|value| !after.contains(value));
                    let gained = after.iter().filter(|value| !before.contains(value));
                    before.len() != after.len() && lost.chain(gained).all(follows)
                }
                _ => follows(&field.before) && follows(&field.after),
            },
        );
    !added_or_removed.is_empty() && !fields.is_empty() && fields_follow.all(|follows| follows)
}

impl ItemChangeView {
    fn of(catalogue: &Catalogue, change: &Change, names: &ItemNames<'_>) -> Self {
        let fields = field_values(change, names).into_iter();
        Self {
            name: name(change).to_owned(),
            href: href(catalogue, change),
            what: what(change),
            fields: fields
                .map(|(label, values)| FieldChangeRow {
                    label,
                    change: FieldChangeView::of(values),
                })
                .collect(),
        }
    }
}

/// The item's current name, or its last one.
pub(super) fn name(change: &Change) -> &str {
    let item = change.after.as_ref().or(change.before.as_ref());
    item.map_or(&*change.id, |item| item.name())
}

/// Added, updated or removed.
pub(super) const fn what(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "added",
        (Some(_), Some(_)) => "updated",
        (Some(_), None) => "removed",
    }
}

/// The path of a changed item's page, if the item still exists.
pub(super) fn href(catalogue: &Catalogue, change: &Change) -> Option<String> {
    let item = catalogue.get(change.kind, &change.id)?;
    Some(format!("/{}/{}", change.kind.plural(), item.slug))
}

impl FieldChangeView {
    fn of(values: FieldValues) -> Self {
        match values {
            FieldValues::List { removed, added } => Self::List(shown(removed), shown(added)),
            FieldValues::Single {
                before: None,
                after,
            } => Self::Added(after.unwrap_or_default()),
            FieldValues::Single {
                before: Some(before),
                after: None,
            } => Self::Removed(before),
            FieldValues::Single {
                before: Some(before),
                after: Some(after),
            } => {
                if before.chars().nth(MAX_UNDIFFED_CHARACTERS).is_some()
                    && after.chars().nth(MAX_UNDIFFED_CHARACTERS).is_some()
                {
                    Self::Text(text_diff::diff(&before, &after))
                } else {
                    Self::Replaced(before, after)
                }
            }
        }
    }
}

/// The first values of a list, with the number of the others.
fn shown(mut values: Vec<String>) -> Vec<String> {
    if let Some(more) = values
        .len()
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        values.truncate(MAX_LISTED);
        values.push(format!("{more} more"));
    }
    values
}

impl DiffSegment {
    pub(super) fn is_removed(&self) -> bool {
        self.kind == SegmentKind::Removed
    }

    pub(super) fn is_added(&self) -> bool {
        self.kind == SegmentKind::Added
    }

    pub(super) fn words(&self) -> &str {
        self.text.trim_end()
    }

    /// The whitespace after the words, which is not marked.
    pub(super) fn space(&self) -> &str {
        &self.text[self.words().len()..]
    }
}
