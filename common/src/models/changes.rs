use std::sync::Arc;

use super::packed::{PackedItem, decode_id};
use super::{Change, ChangeType, Counts, Id, Item, Kind};

/// The changes of a version to be published, packed like the items of a catalogue and shared with it.
/// A first version has all its items as changes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The item before and after.
    changes: Arc<Vec<(Option<PackedItem>, Option<PackedItem>)>>,
    bytes: u64,
}

impl Changes {
    pub(super) fn push(&mut self, before: Option<PackedItem>, after: Option<PackedItem>) {
        let bytes = after.as_ref().map_or(0, |after| after.bytes().len());
        self.bytes += bytes as u64;
        Arc::make_mut(&mut self.changes).push((before, after));
    }

    /// Size of the changed items in bytes, packed.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Number of changes.
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Counts the changes.
    pub fn counts(&self) -> Counts {
        self.counts_where(|_| true)
    }

    /// Counts the changes of a kind.
    pub fn counts_of(&self, kind: Kind) -> Counts {
        self.counts_where(|other| other == kind)
    }

    fn counts_where(&self, counts_kind: impl Fn(Kind) -> bool) -> Counts {
        let mut counts = Counts::default();
        for (before, after) in self.packed() {
            let kind = after.or(before).map(PackedItem::kind);
            if kind.is_some_and(&counts_kind) {
                counts.count(before.is_some(), after.is_some());
            }
        }
        counts
    }

    /// The items of a kind that are updated, before and after.
    pub fn updated(&self, kind: Kind) -> impl Iterator<Item = (Item, Item)> {
        let both = self
            .packed()
            .filter_map(|(before, after)| before.zip(after));
        let of_kind = both.filter(move |(before, _)| before.kind() == kind);
        of_kind.filter_map(|(before, after)| before.unpack().zip(after.unpack()))
    }

    /// The items that are added.
    pub fn added(&self) -> impl Iterator<Item = (Kind, Id)> {
        let added = self.packed().filter(|(before, _)| before.is_none());
        added.filter_map(|(_, after)| Some((after?.kind(), decode_id(after?.encoded_id()))))
    }

    /// The ids of the items that are removed.
    pub fn removed(&self) -> impl Iterator<Item = Id> {
        let removed = self.packed().filter(|(_, after)| after.is_none());
        removed.filter_map(|(before, _)| Some(decode_id(before?.encoded_id())))
    }

    /// The additions among them.
    #[must_use]
    pub(crate) fn additions(&self) -> Self {
        let mut additions = Self::default();
        let added = self.packed().filter(|(before, _)| before.is_none());
        for after in added.filter_map(|(_, after)| after) {
            additions.push(None, Some(after.clone()));
        }
        additions
    }

    /// Their part in the digest of a catalogue.
    pub(crate) fn digest(&self) -> u128 {
        self.packed().fold(0, |sum: u128, (before, after)| {
            let [before, after] = [before, after].map(|item| item.map_or(0, PackedItem::digest));
            sum.wrapping_sub(before).wrapping_add(after)
        })
    }

    /// Iterates over the changes, unpacked.
    pub fn iter(&self) -> impl Iterator<Item = Change> {
        self.packed()
            .filter_map(|(before, after)| change(before, after))
    }

    /// The changes of one type, unpacked.
    pub fn of_type(&self, wanted: ChangeType) -> impl Iterator<Item = Change> {
        self.packed()
            .filter(move |(before, after)| {
                ChangeType::of(before.is_some(), after.is_some()) == wanted
            })
            .filter_map(|(before, after)| change(before, after))
    }

    /// As [`Changes::iter`], by value.
    pub(crate) fn into_each(self) -> impl Iterator<Item = Change> + Send {
        (0..self.len()).filter_map(move |at| {
            let (before, after) = self.changes.get(at)?;
            change(before.as_ref(), after.as_ref())
        })
    }

    pub(super) fn packed(
        &self,
    ) -> impl Iterator<Item = (Option<&PackedItem>, Option<&PackedItem>)> {
        let changes = self.changes.iter();
        changes.map(|(before, after)| (before.as_ref(), after.as_ref()))
    }
}

fn change(before: Option<&PackedItem>, after: Option<&PackedItem>) -> Option<Change> {
    let item = |packed: Option<&PackedItem>| packed?.unpack().map(Arc::new);
    Change::of(item(before), item(after))
}

impl FromIterator<Change> for Changes {
    fn from_iter<I: IntoIterator<Item = Change>>(all: I) -> Self {
        let mut changes = Self::default();
        for change in all {
            let [before, after] = [change.before, change.after];
            changes.push(
                before.as_deref().map(PackedItem::of),
                after.as_deref().map(PackedItem::of),
            );
        }
        changes
    }
}
