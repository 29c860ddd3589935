//! Changes on a page.

use common::models::{Catalogue, Change, Kind};

use super::text_diff::{DiffKind, DiffPart, text_diff};
use crate::wording::{self, Names, Values};

/// Changes per page.
pub(super) const PER_PAGE: usize = 100;
/// Values of a list that are shown at most.
const MAX_LISTED: usize = 100;
/// Of two texts with more characters, only the words that differ are marked.
const LONG_TEXT: usize = 60;

/// The changes of one kind that are on this page.
pub(super) struct ChangeGroup {
    pub(super) kind: Kind,
    /// How many there are on all pages.
    pub(super) total: usize,
    pub(super) changes: Vec<ChangeView>,
}

/// A change of one item.
pub(super) struct ChangeView {
    pub(super) name: String,
    /// The item's page, if it is still there.
    pub(super) href: Option<String>,
    /// Added, updated or removed.
    pub(super) what: &'static str,
    pub(super) fields: Vec<FieldView>,
}

pub(super) struct FieldView {
    pub(super) label: String,
    pub(super) diff: FieldDiff,
}

pub(super) enum FieldDiff {
    Added(String),
    Removed(String),
    Replaced(String, String),
    Text(Vec<DiffPart>),
    /// The removed and the added values.
    List(Vec<String>, Vec<String>),
}

/// The changes of a page, by kind.
pub(super) fn groups(catalogue: &Catalogue, changes: &[Change], page: usize) -> Vec<ChangeGroup> {
    let names = Names::of(catalogue, changes);
    let mut before = (page - 1) * PER_PAGE;
    let mut room = PER_PAGE;
    let mut groups = Vec::new();
    for kind in Kind::ALL {
        let of_kind = || changes.iter().filter(move |change| change.kind == kind);
        let total = of_kind().count();
        let shown: Vec<_> = of_kind()
            .skip(before)
            .take(room)
            .map(|change| ChangeView::of(catalogue, change, &names))
            .collect();
        before = before.saturating_sub(total);
        room -= shown.len();
        if !shown.is_empty() {
            groups.push(ChangeGroup {
                kind,
                total,
                changes: shown,
            });
        }
    }
    groups
}

impl ChangeView {
    fn of(catalogue: &Catalogue, change: &Change, names: &Names<'_>) -> Self {
        let fields = wording::values(change, names).into_iter();
        Self {
            name: name(change).to_owned(),
            href: href(catalogue, change),
            what: what(change),
            fields: fields
                .map(|(label, values)| FieldView {
                    label,
                    diff: FieldDiff::of(values),
                })
                .collect(),
        }
    }
}

/// The item's name as it is, or as it was.
pub(super) fn name(change: &Change) -> &str {
    let item = change.after.as_ref().or(change.before.as_ref());
    item.map_or(&*change.id, |item| item.name())
}

/// What happened to an item, in a word.
pub(super) const fn what(change: &Change) -> &'static str {
    match (&change.before, &change.after) {
        (None, _) => "added",
        (Some(_), Some(_)) => "updated",
        (Some(_), None) => "removed",
    }
}

/// The page of a changed item, if it is still there.
pub(super) fn href(catalogue: &Catalogue, change: &Change) -> Option<String> {
    let item = catalogue.get(change.kind, &change.id)?;
    Some(format!("/{}/{}", change.kind.plural(), item.slug))
}

impl FieldDiff {
    fn of(values: Values) -> Self {
        match values {
            Values::Several(removed, added) => Self::List(shown(removed), shown(added)),
            Values::One(None, after) => Self::Added(after.unwrap_or_default()),
            Values::One(Some(before), None) => Self::Removed(before),
            Values::One(Some(before), Some(after)) => {
                if before.chars().nth(LONG_TEXT).is_some() && after.chars().nth(LONG_TEXT).is_some()
                {
                    Self::Text(text_diff(&before, &after))
                } else {
                    Self::Replaced(before, after)
                }
            }
        }
    }
}

/// The first values of a list, and how many more there are.
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

impl DiffPart {
    pub(super) fn is_removed(&self) -> bool {
        self.kind == DiffKind::Removed
    }

    pub(super) fn is_added(&self) -> bool {
        self.kind == DiffKind::Added
    }
}
