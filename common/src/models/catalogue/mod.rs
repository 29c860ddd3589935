mod build;
mod update;

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdSet, Vector};
use serde_json::value::RawValue;

use super::hash_table::HashTable;
use super::packed::{PackedItem, encoded_id};
use super::{Credits, Facts, Id, Item, Kind, Link, Number};

/// All items at one version, by id, by slug, in the source's order, and by relation.
///
/// Persistent: a clone shares everything with its original, so the cost of a delta depends on its own
/// size only. Items are stored packed; unpacking one takes a microsecond, numbers and names less.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By number; with placeholders for linked items that do not exist.
    items: Vector<Option<PackedItem>>,
    /// Numbers that can be reused.
    free: Vector<Number>,
    lookups: [KindLookup; 5],
    /// By relation: pairs of the linked and the linking item.
    links: [OrdSet<(Number, Number)>; Link::ALL.len()],
}

#[derive(Clone, Debug, Default)]
struct KindLookup {
    /// With those of placeholders.
    ids: HashTable,
    slugs: HashTable,
    in_order: OrdSet<(i64, Number)>,
}

impl Catalogue {
    /// The number of an item.
    pub fn number(&self, kind: Kind, id: &str) -> Option<Number> {
        self.number_of_present(kind, &encoded_id(id))
    }

    fn number_of_present(&self, kind: Kind, id: &[u8]) -> Option<Number> {
        let number = self.number_of_id(kind, id);
        number.filter(|number| self.present(*number).is_some())
    }

    /// The number of an encoded id, of an item or a placeholder.
    fn number_of_id(&self, kind: Kind, id: &[u8]) -> Option<Number> {
        let of_id = |packed: &PackedItem| packed.encoded_id() == id;
        let is = |number| self.packed(number).is_some_and(of_id);
        self.lookups[kind as usize].ids.find(id, is)
    }

    fn packed(&self, number: Number) -> Option<&PackedItem> {
        self.items.get(number as usize)?.as_ref()
    }

    fn present(&self, number: Number) -> Option<&PackedItem> {
        self.packed(number).filter(|packed| packed.is_present())
    }

    /// The packed item with this id.
    pub(super) fn packed_by_id(&self, kind: Kind, id: &str) -> Option<&PackedItem> {
        self.present(self.number(kind, id)?)
    }

    /// The item with a number.
    pub fn item(&self, number: Number) -> Option<Arc<Item>> {
        self.present(number).and_then(unpack)
    }

    /// The source's record of an item.
    pub fn source(&self, number: Number) -> Option<Box<RawValue>> {
        self.present(number).map(PackedItem::source)
    }

    /// The same as text, without validation.
    pub fn source_text(&self, number: Number) -> Option<String> {
        self.present(number).and_then(PackedItem::source_text)
    }

    /// The packed bytes of an item, the same for equal items.
    pub fn bytes(&self, number: Number) -> Option<&[u8]> {
        self.present(number).map(PackedItem::bytes)
    }

    /// The item with this id.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Arc<Item>> {
        self.item(self.number(kind, id)?)
    }

    /// The name of the item with this id.
    pub fn name(&self, kind: Kind, id: &str) -> Option<&str> {
        Some(self.present(self.number(kind, id)?)?.name())
    }

    /// The name of the item with a number.
    pub fn name_at(&self, number: Number) -> Option<&str> {
        self.present(number).map(PackedItem::name)
    }

    /// The rank of the item with a number.
    pub fn rank_at(&self, number: Number) -> Option<i64> {
        self.present(number).map(PackedItem::rank)
    }

    /// The credits of a movie, without unpacking the rest.
    pub fn credits(&self, movie: Number) -> Option<Credits<'_>> {
        self.present(movie)?.credits()
    }

    /// All edges of a relation as (linked, linking). A linked item may be missing.
    pub fn edges(&self, link: Link) -> impl Iterator<Item = (Number, Number)> {
        self.links[link as usize].iter().copied()
    }

    /// An upper bound of the numbers.
    pub fn end(&self) -> usize {
        self.items.len()
    }

    /// The item with this slug or, failing that, this id.
    pub fn find(&self, kind: Kind, slug_or_id: &str) -> Option<Arc<Item>> {
        let of_slug = self.number_of_slug(kind, slug_or_id);
        self.item(of_slug.or_else(|| self.number(kind, slug_or_id))?)
    }

    fn number_of_slug(&self, kind: Kind, slug: &str) -> Option<Number> {
        let is = |number| self.present(number).is_some_and(|item| item.slug() == slug);
        self.lookups[kind as usize].slugs.find(slug.as_bytes(), is)
    }

    /// Whether a slug is taken within its kind.
    pub fn has_slug(&self, kind: Kind, slug: &str) -> bool {
        self.number_of_slug(kind, slug).is_some()
    }

    /// The numbers of a kind's items in the source's order.
    pub fn numbers(&self, kind: Kind) -> impl DoubleEndedIterator<Item = Number> {
        let in_order = self.lookups[kind as usize].in_order.iter();
        in_order.map(|(_, number)| *number)
    }

    /// The items of a kind in the source's order.
    pub fn iter(&self, kind: Kind) -> impl DoubleEndedIterator<Item = Arc<Item>> {
        self.numbers(kind).filter_map(|number| self.item(number))
    }

    /// The items before and after this one in the source's order.
    pub fn neighbours(&self, item: &Item) -> (Option<Arc<Item>>, Option<Arc<Item>>) {
        let Some(number) = self.number(item.kind(), &item.id) else {
            return (None, None);
        };
        let in_order = &self.lookups[item.kind() as usize].in_order;
        let sort_key = (item.rank, number);
        let before = in_order.range(..sort_key).next_back();
        let after = in_order
            .range((Bound::Excluded(sort_key), Bound::Unbounded))
            .next();
        let item = |sort_key: Option<&(i64, Number)>| self.item(sort_key?.1);
        (item(before), item(after))
    }

    /// Every item of every kind.
    pub fn all(&self) -> impl Iterator<Item = Arc<Item>> {
        Kind::ALL.into_iter().flat_map(|kind| self.iter(kind))
    }

    /// Every packed item of every kind.
    pub(crate) fn all_packed(&self) -> impl Iterator<Item = &PackedItem> {
        let numbers = Kind::ALL.into_iter().flat_map(|kind| self.numbers(kind));
        numbers.filter_map(|number| self.present(number))
    }

    /// The sum of the items' digests, which does not depend on ranks.
    pub(crate) fn digest(&self) -> u128 {
        let digests = self.all_packed().map(PackedItem::digest);
        digests.fold(0, u128::wrapping_add)
    }

    /// Number of items of a kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.lookups[kind as usize].in_order.len()
    }

    /// Number of items.
    pub fn len(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn linking_numbers_of(&self, link: Link, to: Number) -> impl Iterator<Item = Number> {
        let range = self.links[link as usize].range((to, 0)..=(to, Number::MAX));
        range.map(|(_, from)| *from)
    }

    /// The numbers of the items that link to this one, in no order.
    pub fn linking_numbers(&self, link: Link, to: &str) -> impl Iterator<Item = Number> {
        let to = self.number_of_id(link.to(), &encoded_id(to)).into_iter();
        to.flat_map(move |to| self.linking_numbers_of(link, to))
    }

    /// The numbers of the items that link to this one (the movies of a person), in the source's
    /// order.
    pub fn linking_in_order(&self, link: Link, to: &str) -> Vec<Number> {
        let mut numbers: Vec<_> = self.linking_numbers(link, to).collect();
        numbers.sort_by_cached_key(|number| self.present(*number).map(PackedItem::rank));
        numbers
    }

    /// The items with these numbers.
    pub fn items(
        &self,
        numbers: impl IntoIterator<Item = Number>,
    ) -> impl Iterator<Item = Arc<Item>> {
        let numbers = numbers.into_iter();
        numbers.filter_map(|number| self.item(number))
    }

    /// The links of an item with encoded ids, as for [`super::decode_id`].
    pub fn links(&self, number: Number) -> Vec<(Link, &[u8])> {
        self.present(number)
            .map(PackedItem::links)
            .unwrap_or_default()
    }

    /// The items with these ids; missing ones are skipped.
    pub fn resolve<'a>(&self, kind: Kind, ids: impl IntoIterator<Item = &'a Id>) -> Vec<Arc<Item>> {
        ids.into_iter()
            .filter_map(|id| self.get(kind, id))
            .collect()
    }

    /// Whether a person is of the species named Human.
    pub fn is_human(&self, person: &Item) -> bool {
        let Facts::Person(person) = &person.facts else {
            return false;
        };
        let species = person.species.as_ref();
        species
            .and_then(|id| self.name(Kind::Species, id))
            .is_some_and(|species| species.eq_ignore_ascii_case("human"))
    }
}

fn unpack(packed: &PackedItem) -> Option<Arc<Item>> {
    packed.unpack().map(Arc::new)
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.all_packed().eq(other.all_packed())
    }
}

#[cfg(test)]
mod tests;
