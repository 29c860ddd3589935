mod build;

use std::ops::Bound;
use std::sync::Arc;

use imbl::{OrdSet, Vector};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::packed::{Packed, written_id};
use super::table::Table;
use super::{Change, Changes, Credits, Facts, Id, Item, Kind};

/// An item's number: dense, its own while it is there, and later another's.
pub type Number = u32;

/// A relation between two items, held by the first and readable from both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Link {
    /// A movie has a person in it.
    MoviePerson,
    /// A movie plays at a location.
    MovieLocation,
    /// A movie shows a species.
    MovieSpecies,
    /// A movie shows a vehicle.
    MovieVehicle,
    /// A person is of a species.
    PersonSpecies,
    /// A location has a person as resident.
    LocationResident,
    /// A vehicle has a person as pilot.
    VehiclePilot,
}

impl Link {
    /// All of them, those of a kind in the order in which an item has them.
    pub(crate) const ALL: [Self; 7] = [
        Self::MoviePerson,
        Self::MovieLocation,
        Self::MovieSpecies,
        Self::MovieVehicle,
        Self::PersonSpecies,
        Self::LocationResident,
        Self::VehiclePilot,
    ];

    /// The kind of item that it points to.
    pub const fn to(self) -> Kind {
        self.ends().1
    }

    /// The kind that holds it.
    pub(crate) const fn from(self) -> Kind {
        self.ends().0
    }

    /// The kind that holds it, and the kind that it points to.
    const fn ends(self) -> (Kind, Kind) {
        match self {
            Self::MoviePerson => (Kind::Movie, Kind::Person),
            Self::MovieLocation => (Kind::Movie, Kind::Location),
            Self::MovieSpecies => (Kind::Movie, Kind::Species),
            Self::MovieVehicle => (Kind::Movie, Kind::Vehicle),
            Self::PersonSpecies => (Kind::Person, Kind::Species),
            Self::LocationResident => (Kind::Location, Kind::Person),
            Self::VehiclePilot => (Kind::Vehicle, Kind::Person),
        }
    }
}

/// All items at one version, by id, by slug, in the source's order, and by relation.
///
/// A clone shares everything with its original until one of them changes, so that a delta costs
/// by its own size whatever the size of the catalogue. Items are held packed, and unpacked when
/// they are asked for, which takes a microsecond; numbers and names cost less.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// By number; a name only where others name what is not there.
    items: Vector<Option<Packed>>,
    free: Vector<Number>,
    lookups: [KindLookup; 5],
    /// By relation: what is named, and what names it.
    links: [OrdSet<(Number, Number)>; Link::ALL.len()],
}

#[derive(Clone, Debug, Default)]
struct KindLookup {
    /// Of names only, too.
    ids: Table,
    slugs: Table,
    in_order: OrdSet<(i64, Number)>,
}

impl Catalogue {
    /// Puts an item in, in place of the one with its id.
    pub fn insert(&mut self, item: &Item) {
        self.insert_packed(Packed::of(item));
    }

    fn insert_packed(&mut self, packed: Packed) {
        let number = self.number_of(packed.kind(), packed.written_id());
        self.take_out(number);
        let lookup = &mut self.lookups[packed.kind() as usize];
        lookup.slugs.insert(packed.slug().as_bytes(), number);
        lookup.in_order.insert((packed.rank(), number));
        self.items.set(number as usize, Some(packed.clone()));
        for (link, id) in packed.links() {
            self.link(link, id, number);
        }
    }

    fn link(&mut self, link: Link, to: &[u8], from: Number) {
        let to = self.number_of(link.to(), to);
        self.links[link as usize].insert((to, from));
    }

    /// Takes an item out; one that is not there is no error.
    pub fn remove(&mut self, kind: Kind, id: &str) {
        self.remove_written(kind, &written_id(id));
    }

    fn remove_written(&mut self, kind: Kind, id: &[u8]) {
        if let Some(number) = self.number_there(kind, id) {
            self.take_out(number);
            let name = Packed::name_only(kind, id);
            self.items.set(number as usize, Some(name));
            self.forget(number);
        }
    }

    /// The number of an id, which it gets where it has none.
    fn number_of(&mut self, kind: Kind, id: &[u8]) -> Number {
        if let Some(number) = self.known(kind, id) {
            return number;
        }
        let packed = Some(Packed::name_only(kind, id));
        let number = match self.free.pop_back() {
            Some(number) => {
                self.items.set(number as usize, packed);
                number
            }
            None => {
                self.items.push_back(packed);
                // There are never more items than fit into memory.
                Number::try_from(self.items.len() - 1).unwrap_or(Number::MAX)
            }
        };
        self.lookups[kind as usize].ids.insert(id, number);
        number
    }

    /// Takes an item out of everything but its number.
    fn take_out(&mut self, number: Number) {
        let Some(packed) = self.there(number).cloned() else {
            return;
        };
        let lookup = &mut self.lookups[packed.kind() as usize];
        lookup.slugs.remove(packed.slug().as_bytes(), number);
        lookup.in_order.remove(&(packed.rank(), number));
        for (link, id) in packed.links() {
            if let Some(to) = self.known(link.to(), id) {
                self.links[link as usize].remove(&(to, number));
                self.forget(to);
            }
        }
    }

    /// Frees a number if nothing stands behind it and nothing names it.
    fn forget(&mut self, number: Number) {
        let Some(packed) = self.packed(number).filter(|packed| !packed.is_there()) else {
            return;
        };
        let kind = packed.kind();
        let mut links = Link::ALL.into_iter().filter(|link| link.to() == kind);
        if links.any(|link| self.numbers_linking(link, number).next().is_some()) {
            return;
        }
        let id = packed.written_id().to_owned();
        self.lookups[kind as usize].ids.remove(&id, number);
        self.items.set(number as usize, None);
        self.free.push_back(number);
    }

    /// Goes forward by one version's changes.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.set(change.kind, &change.id, change.after.as_deref());
        }
    }

    /// Goes forward by one version's changes, and shares their items.
    pub fn apply_packed(&mut self, changes: &Changes) {
        if self.items.is_empty() {
            let all = changes.packed().filter_map(|(_, after)| after.cloned());
            *self = all.collect();
            return;
        }
        for (before, after) in changes.packed() {
            match (before, after) {
                (_, Some(after)) => self.insert_packed(after.clone()),
                (Some(before), None) => self.remove_written(before.kind(), before.written_id()),
                (None, None) => {}
            }
        }
    }

    /// Goes back by one version's changes.
    pub fn revert(&mut self, changes: &[Change]) {
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

    /// The changes from this catalogue to another, item by item.
    pub fn changes_to(&self, after: &Self) -> Changes {
        let mut changes = Changes::default();
        for gone in self.all_packed() {
            let there = after.number_there(gone.kind(), gone.written_id());
            if there.is_none() {
                changes.push(Some(gone.clone()), None);
            }
        }
        for there in after.all_packed() {
            let before = self.number_there(there.kind(), there.written_id());
            let before = before.and_then(|number| self.there(number));
            if before != Some(there) {
                changes.push(before.cloned(), Some(there.clone()));
            }
        }
        changes
    }

    /// The number of an item.
    pub fn number(&self, kind: Kind, id: &str) -> Option<Number> {
        self.number_there(kind, &written_id(id))
    }

    fn number_there(&self, kind: Kind, id: &[u8]) -> Option<Number> {
        let number = self.known(kind, id);
        number.filter(|number| self.there(*number).is_some())
    }

    /// The number of an id, as it is written, whether or not its item is there.
    fn known(&self, kind: Kind, id: &[u8]) -> Option<Number> {
        let of_id = |packed: &Packed| packed.written_id() == id;
        let is = |number| self.packed(number).is_some_and(of_id);
        self.lookups[kind as usize].ids.find(id, is)
    }

    fn packed(&self, number: Number) -> Option<&Packed> {
        self.items.get(number as usize)?.as_ref()
    }

    fn there(&self, number: Number) -> Option<&Packed> {
        self.packed(number).filter(|packed| packed.is_there())
    }

    /// The item with this id, as it is held.
    pub(super) fn held(&self, kind: Kind, id: &str) -> Option<&Packed> {
        self.there(self.number(kind, id)?)
    }

    /// The item with a number.
    pub fn item(&self, number: Number) -> Option<Arc<Item>> {
        self.there(number).and_then(unpack)
    }

    /// The source's record of an item.
    pub fn source(&self, number: Number) -> Option<Box<RawValue>> {
        self.there(number).map(Packed::source)
    }

    /// The same as a text, which is not looked at: it was JSON when it was put in.
    pub fn source_text(&self, number: Number) -> Option<String> {
        self.there(number).and_then(Packed::source_text)
    }

    /// An item's bytes as they are held here, the same for equal items: to hash and to weigh.
    pub fn bytes(&self, number: Number) -> Option<&[u8]> {
        self.there(number).map(Packed::bytes)
    }

    /// The item with this id.
    pub fn get(&self, kind: Kind, id: &str) -> Option<Arc<Item>> {
        self.item(self.number(kind, id)?)
    }

    /// The name of the item with this id.
    pub fn name(&self, kind: Kind, id: &str) -> Option<&str> {
        Some(self.there(self.number(kind, id)?)?.name())
    }

    /// The name of the item with a number.
    pub fn name_at(&self, number: Number) -> Option<&str> {
        self.there(number).map(Packed::name)
    }

    /// The rank of the item with a number.
    pub fn rank_at(&self, number: Number) -> Option<i64> {
        self.there(number).map(Packed::rank)
    }

    /// What of a movie people look for, without unpacking the rest.
    pub fn credits(&self, movie: Number) -> Option<Credits<'_>> {
        self.there(movie)?.credits()
    }

    /// A relation whole: what is named, which need not be there, and what names it.
    pub fn edges(&self, link: Link) -> impl Iterator<Item = (Number, Number)> {
        self.links[link as usize].iter().copied()
    }

    /// What is more than every number.
    pub fn end(&self) -> usize {
        self.items.len()
    }

    /// The item with this slug or, failing that, this id.
    pub fn find(&self, kind: Kind, slug_or_id: &str) -> Option<Arc<Item>> {
        let of_slug = self.number_of_slug(kind, slug_or_id);
        self.item(of_slug.or_else(|| self.number(kind, slug_or_id))?)
    }

    fn number_of_slug(&self, kind: Kind, slug: &str) -> Option<Number> {
        let is = |number| self.there(number).is_some_and(|item| item.slug() == slug);
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
        let place = (item.rank, number);
        let before = in_order.range(..place).next_back();
        let after = in_order
            .range((Bound::Excluded(place), Bound::Unbounded))
            .next();
        let item = |place: Option<&(i64, Number)>| self.item(place?.1);
        (item(before), item(after))
    }

    /// Every item of every kind.
    pub fn all(&self) -> impl Iterator<Item = Arc<Item>> {
        Kind::ALL.into_iter().flat_map(|kind| self.iter(kind))
    }

    /// Every item of every kind as it is held here.
    pub(crate) fn all_packed(&self) -> impl Iterator<Item = &Packed> {
        let numbers = Kind::ALL.into_iter().flat_map(|kind| self.numbers(kind));
        numbers.filter_map(|number| self.there(number))
    }

    /// The sum of all items' digests, which tells two catalogues apart that differ in more than
    /// ranks.
    pub(crate) fn digest(&self) -> u128 {
        let digests = self.all_packed().map(Packed::digest);
        digests.fold(0, u128::wrapping_add)
    }

    /// How many items of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.lookups[kind as usize].in_order.len()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether there is no item at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn numbers_linking(&self, link: Link, to: Number) -> impl Iterator<Item = Number> {
        let range = self.links[link as usize].range((to, 0)..=(to, Number::MAX));
        range.map(|(_, from)| *from)
    }

    /// The numbers of the items that hold a relation to this one, in no order.
    pub fn linking_numbers(&self, link: Link, to: &str) -> impl Iterator<Item = Number> {
        let to = self.known(link.to(), &written_id(to)).into_iter();
        to.flat_map(move |to| self.numbers_linking(link, to))
    }

    /// The numbers of the items that hold a relation to this one (the movies of a person), in the
    /// source's order.
    pub fn linking(&self, link: Link, to: &str) -> Vec<Number> {
        let mut numbers: Vec<_> = self.linking_numbers(link, to).collect();
        numbers.sort_by_cached_key(|number| self.there(*number).map(Packed::rank));
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

    /// What an item names, by ids as [`super::read_id`] reads them.
    pub fn links(&self, number: Number) -> Vec<(Link, &[u8])> {
        self.there(number).map(Packed::links).unwrap_or_default()
    }

    /// The items behind a list of ids; one that is not there is left out.
    pub fn resolve<'a>(&self, kind: Kind, ids: impl IntoIterator<Item = &'a Id>) -> Vec<Arc<Item>> {
        ids.into_iter()
            .filter_map(|id| self.get(kind, id))
            .collect()
    }

    /// Whether a person is of the species that is called Human.
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

fn unpack(packed: &Packed) -> Option<Arc<Item>> {
    packed.unpack().map(Arc::new)
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.all_packed().eq(other.all_packed())
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

#[cfg(test)]
mod tests;
