//! Changes as they stand on a page.

use common::models::{Catalogue, Change, Kind};

use super::text_diff::{self, Fate, Piece};
use crate::wording::{self, Names, Values};

/// So many changes stand on one page.
pub(super) const PER_PAGE: usize = 100;
/// So many values of a list stand on a page.
const MOST_LISTED: usize = 100;
/// A text with more characters is told by the words that differ.
const LONG: usize = 60;

/// The changes of one kind, or those of them that stand on this page.
pub(super) struct Group {
    pub(super) kind: Kind,
    /// How many there are on all pages.
    pub(super) total: usize,
    pub(super) changes: Vec<View>,
}

/// A change of one item.
pub(super) struct View {
    pub(super) name: String,
    /// The item's page, if it is still there.
    pub(super) href: Option<String>,
    /// Added, updated or removed.
    pub(super) what: &'static str,
    pub(super) fields: Vec<FieldView>,
}

pub(super) struct FieldView {
    pub(super) label: String,
    pub(super) form: Form,
}

/// How a field's change is told.
pub(super) enum Form {
    Came(String),
    Went(String),
    Swapped(String, String),
    Text(Vec<Piece>),
    List(Vec<String>, Vec<String>),
}

/// The changes of a page, by kind.
pub(super) fn groups(catalogue: &Catalogue, changes: &[Change], page: usize) -> Vec<Group> {
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
            .map(|change| View::of(catalogue, change, &names))
            .collect();
        before = before.saturating_sub(total);
        room -= shown.len();
        if !shown.is_empty() {
            groups.push(Group {
                kind,
                total,
                changes: shown,
            });
        }
    }
    groups
}

impl View {
    fn of(catalogue: &Catalogue, change: &Change, names: &Names<'_>) -> Self {
        let fields = wording::values(change, names).into_iter();
        Self {
            name: name(change).to_owned(),
            href: href(catalogue, change),
            what: what(change),
            fields: fields
                .map(|(label, values)| FieldView {
                    label,
                    form: Form::of(values),
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

impl Form {
    fn of(values: Values) -> Self {
        match values {
            Values::Several(went, came) => Self::List(shown(went), shown(came)),
            Values::One(None, after) => Self::Came(after.unwrap_or_default()),
            Values::One(Some(before), None) => Self::Went(before),
            Values::One(Some(before), Some(after)) => {
                if before.chars().nth(LONG).is_some() && after.chars().nth(LONG).is_some() {
                    Self::Text(text_diff::compare(&before, &after))
                } else {
                    Self::Swapped(before, after)
                }
            }
        }
    }
}

/// The first values of a list, and how many more there are.
fn shown(mut values: Vec<String>) -> Vec<String> {
    if let Some(more) = values
        .len()
        .checked_sub(MOST_LISTED)
        .filter(|more| *more > 0)
    {
        values.truncate(MOST_LISTED);
        values.push(format!("{more} more"));
    }
    values
}

impl Piece {
    pub(super) fn went(&self) -> bool {
        self.fate == Fate::Went
    }

    pub(super) fn came(&self) -> bool {
        self.fate == Fate::Came
    }
}
