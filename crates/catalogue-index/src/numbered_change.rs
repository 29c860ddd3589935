use std::sync::Arc;

use common::models::{Catalogue, Change, Item, Kind, Number};

/// The item behind a number before and after a version.
#[derive(Clone, Debug)]
pub struct NumberedChange {
    /// The number.
    pub number: Number,
    /// The item that had it.
    pub before: Option<Arc<Item>>,
    /// The item that has it.
    pub after: Option<Arc<Item>>,
}

impl NumberedChange {
    /// The kind of the item that has or had the number.
    pub fn kind(&self) -> Option<Kind> {
        let item = self.after.as_ref().or(self.before.as_ref());
        item.map(|item| item.kind())
    }
}

/// A version's changes by number, removals before insertions, since a number can pass from one
/// item to another.
pub(crate) fn by_number(
    changes: &[Change],
    before: &Catalogue,
    after: &Catalogue,
) -> Vec<NumberedChange> {
    let mut numbered = Vec::with_capacity(changes.len());
    for change in changes {
        let [old, new] = [before, after].map(|side| side.number(change.kind, &change.id));
        let item = |catalogue: &Catalogue, number| catalogue.item(number);
        if let Some(old) = old {
            let stays = new == Some(old);
            numbered.push(NumberedChange {
                number: old,
                before: item(before, old),
                after: if stays { item(after, old) } else { None },
            });
        }
        if let Some(new) = new.filter(|new| old != Some(*new)) {
            numbered.push(NumberedChange {
                number: new,
                before: None,
                after: item(after, new),
            });
        }
    }
    numbered.sort_by_key(|change| change.after.is_some());
    numbered
}
