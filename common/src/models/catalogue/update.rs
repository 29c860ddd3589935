//! Updates of a catalogue: single items, changes of versions, and the assignment of numbers.

use std::sync::Arc;

use super::Catalogue;
use crate::models::packed::{PackedItem, encoded_id};
use crate::models::{Change, Changes, Id, Item, Kind, Link, Number};

impl Catalogue {
    /// Inserts an item, or replaces the one with its id.
    pub fn insert(&mut self, item: &Item) {
        self.insert_packed(PackedItem::of(item));
    }

    pub(super) fn insert_packed(&mut self, packed: PackedItem) {
        let number = self.number_or_new(packed.kind(), packed.encoded_id());
        self.unlink(number);
        let lookup = &mut self.lookups[packed.kind() as usize];
        lookup.slugs.insert(packed.slug().as_bytes(), number);
        lookup.in_order.insert((packed.rank(), number));
        self.items.set(number as usize, Some(packed.clone()));
        for (link, id) in packed.links() {
            self.link(link, id, number);
        }
    }

    pub(super) fn link(&mut self, link: Link, to: &[u8], from: Number) {
        let to = self.number_or_new(link.to(), to);
        self.links[link as usize].insert((to, from));
    }

    /// Removes an item; a missing one is no error.
    pub fn remove(&mut self, kind: Kind, id: &str) {
        self.remove_by_encoded_id(kind, &encoded_id(id));
    }

    fn remove_by_encoded_id(&mut self, kind: Kind, id: &[u8]) {
        if let Some(number) = self.number_of_present(kind, id) {
            self.unlink(number);
            let name = PackedItem::placeholder(kind, id);
            self.items.set(number as usize, Some(name));
            self.release_number(number);
        }
    }

    /// The number of an encoded id, assigned if it has none.
    fn number_or_new(&mut self, kind: Kind, id: &[u8]) -> Number {
        if let Some(number) = self.number_of_id(kind, id) {
            return number;
        }
        let packed = Some(PackedItem::placeholder(kind, id));
        let number = match self.free.pop_back() {
            Some(number) => {
                self.items.set(number as usize, packed);
                number
            }
            None => {
                self.items.push_back(packed);
                // Memory holds fewer items.
                Number::try_from(self.items.len() - 1).unwrap_or(Number::MAX)
            }
        };
        self.lookups[kind as usize].ids.insert(id, number);
        number
    }

    /// Removes an item from all lookups, but keeps its number.
    fn unlink(&mut self, number: Number) {
        let Some(packed) = self.present(number).cloned() else {
            return;
        };
        let lookup = &mut self.lookups[packed.kind() as usize];
        lookup.slugs.remove(packed.slug().as_bytes(), number);
        lookup.in_order.remove(&(packed.rank(), number));
        for (link, id) in packed.links() {
            if let Some(to) = self.number_of_id(link.to(), id) {
                self.links[link as usize].remove(&(to, number));
                self.release_number(to);
            }
        }
    }

    /// Frees the number of a placeholder that nothing links to.
    fn release_number(&mut self, number: Number) {
        let Some(packed) = self.packed(number).filter(|packed| !packed.is_present()) else {
            return;
        };
        let kind = packed.kind();
        let mut links = Link::ALL.into_iter().filter(|link| link.to() == kind);
        if links.any(|link| self.linking_numbers_of(link, number).next().is_some()) {
            return;
        }
        let id = packed.encoded_id().to_owned();
        self.lookups[kind as usize].ids.remove(&id, number);
        self.items.set(number as usize, None);
        self.free.push_back(number);
    }

    /// Applies the changes of a version.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.set(change.kind, &change.id, change.after.as_deref());
        }
    }

    /// Applies the changes of a version, and shares their items.
    pub fn apply_packed(&mut self, changes: &Changes) {
        if self.items.is_empty() {
            let all = changes.packed().filter_map(|(_, after)| after.cloned());
            *self = all.collect();
            return;
        }
        for (before, after) in changes.packed() {
            match (before, after) {
                (_, Some(after)) => self.insert_packed(after.clone()),
                (Some(before), None) => {
                    self.remove_by_encoded_id(before.kind(), before.encoded_id())
                }
                (None, None) => {}
            }
        }
    }

    /// Reverts the changes of a version.
    pub(crate) fn revert(&mut self, changes: &[Change]) {
        for change in changes {
            self.set(change.kind, &change.id, change.before.as_deref());
        }
    }

    fn set(&mut self, kind: Kind, id: &str, item: Option<&Item>) {
        match item {
            Some(item) => self.insert(item),
            None => self.remove(kind, id),
        }
    }

    /// The changes from this catalogue to another.
    pub fn changes_to(&self, after: &Self) -> Changes {
        let mut changes = Changes::default();
        for item in self.all_packed() {
            let number = after.number_of_present(item.kind(), item.encoded_id());
            if number.is_none() {
                changes.push(Some(item.clone()), None);
            }
        }
        for item in after.all_packed() {
            let before = self.number_of_present(item.kind(), item.encoded_id());
            let before = before.and_then(|number| self.present(number));
            if before != Some(item) {
                changes.push(before.cloned(), Some(item.clone()));
            }
        }
        changes
    }
}

impl Changes {
    /// Adds the change of an item of `before`, or an addition if it is not there.
    pub fn add(&mut self, before: &Catalogue, kind: Kind, id: &Id, after: Option<&Item>) {
        self.push(
            before.packed_by_id(kind, id).cloned(),
            after.map(PackedItem::of),
        );
    }
}

impl FromIterator<Arc<Item>> for Catalogue {
    fn from_iter<I: IntoIterator<Item = Arc<Item>>>(items: I) -> Self {
        let mut catalogue = Self::default();
        for item in items {
            catalogue.insert(&item);
        }
        catalogue
    }
}
