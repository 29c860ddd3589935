use std::ops::Bound;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use serde::{Deserialize, Serialize};

use super::{Change, Facts, Id, Item, Kind, Movie};

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
    /// The kind of item that it points to.
    pub const fn to(self) -> Kind {
        self.ends().1
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
/// by its own size whatever the size of the catalogue.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    shelves: [Shelf; 5],
    links: OrdSet<(Link, Id, Id)>,
}

#[derive(Clone, Debug, Default)]
struct Shelf {
    by_id: HashMap<Id, Arc<Item>>,
    by_slug: HashMap<Arc<str>, Id>,
    in_order: OrdMap<(i64, Id), Arc<Item>>,
}

impl Catalogue {
    /// Puts an item in, in place of the one with its id.
    pub fn insert(&mut self, item: Arc<Item>) {
        self.remove(item.kind(), &item.id);
        for (link, to) in item.links() {
            self.links.insert((link, to.clone(), item.id.clone()));
        }
        let shelf = &mut self.shelves[item.kind() as usize];
        shelf.by_slug.insert(item.slug.clone(), item.id.clone());
        shelf
            .in_order
            .insert((item.rank, item.id.clone()), item.clone());
        shelf.by_id.insert(item.id.clone(), item);
    }

    /// Takes an item out; one that is not there is no error.
    pub fn remove(&mut self, kind: Kind, id: &str) {
        let shelf = &mut self.shelves[kind as usize];
        let Some(item) = shelf.by_id.remove(id) else {
            return;
        };
        if shelf.by_slug.get(&item.slug) == Some(&item.id) {
            shelf.by_slug.remove(&item.slug);
        }
        shelf.in_order.remove(&(item.rank, item.id.clone()));
        for (link, to) in item.links() {
            self.links.remove(&(link, to.clone(), item.id.clone()));
        }
    }

    /// Goes forward by one version's changes.
    pub fn apply(&mut self, changes: &[Change]) {
        for change in changes {
            self.set(change.kind, &change.id, change.after.as_ref());
        }
    }

    /// Goes back by one version's changes.
    pub fn revert(&mut self, changes: &[Change]) {
        for change in changes {
            self.set(change.kind, &change.id, change.before.as_ref());
        }
    }

    /// The changes from this catalogue to another, item by item.
    pub fn changes_to(&self, after: &Self) -> Vec<Change> {
        let gone = self
            .all()
            .filter(|item| after.get(item.kind(), &item.id).is_none())
            .filter_map(|item| Change::of(Some(item), None));
        let there = after.all().filter_map(|item| {
            let before = self.get(item.kind(), &item.id);
            (before != Some(item)).then(|| Change::of(before, Some(item)))?
        });
        gone.chain(there).collect()
    }

    fn set(&mut self, kind: Kind, id: &str, item: Option<&Arc<Item>>) {
        match item {
            Some(item) => self.insert(item.clone()),
            None => self.remove(kind, id),
        }
    }

    /// The item with this id.
    pub fn get(&self, kind: Kind, id: &str) -> Option<&Arc<Item>> {
        self.shelves[kind as usize].by_id.get(id)
    }

    /// The item with this slug or, failing that, this id.
    pub fn find(&self, kind: Kind, slug_or_id: &str) -> Option<&Arc<Item>> {
        let shelf = &self.shelves[kind as usize];
        let id = shelf.by_slug.get(slug_or_id);
        shelf.by_id.get(id.map_or(slug_or_id, |id| id))
    }

    /// Whether a slug is taken within its kind.
    pub fn has_slug(&self, kind: Kind, slug: &str) -> bool {
        self.shelves[kind as usize].by_slug.contains_key(slug)
    }

    /// The items of a kind in the source's order.
    pub fn iter(&self, kind: Kind) -> impl DoubleEndedIterator<Item = &Arc<Item>> {
        self.shelves[kind as usize]
            .in_order
            .iter()
            .map(|(_, item)| item)
    }

    /// The items before and after this one in the source's order.
    pub fn neighbours(&self, item: &Item) -> (Option<&Arc<Item>>, Option<&Arc<Item>>) {
        let in_order = &self.shelves[item.kind() as usize].in_order;
        let place = (item.rank, item.id.clone());
        let before = in_order.range(..place.clone()).next_back();
        let after = in_order
            .range((Bound::Excluded(place), Bound::Unbounded))
            .next();
        (before.map(|(_, item)| item), after.map(|(_, item)| item))
    }

    /// Every item of every kind.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Item>> {
        Kind::ALL.into_iter().flat_map(|kind| self.iter(kind))
    }

    /// The movies in the source's order.
    pub fn movies(&self) -> impl DoubleEndedIterator<Item = (&Arc<Item>, &Movie)> {
        self.iter(Kind::Movie).filter_map(|item| match &item.facts {
            Facts::Movie(movie) => Some((item, movie)),
            _ => None,
        })
    }

    /// How many items of a kind there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.shelves[kind as usize].by_id.len()
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        Kind::ALL.into_iter().map(|kind| self.count(kind)).sum()
    }

    /// Whether there is no item at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items that hold a relation to this one (the movies of a person), in the source's order.
    pub fn linking(&self, link: Link, to: &Id) -> Vec<&Arc<Item>> {
        let nothing: Id = Id::from("");
        let mut items: Vec<_> = self
            .links
            .range((link, to.clone(), nothing)..)
            .take_while(|(other, id, _)| *other == link && id == to)
            .filter_map(|(_, _, from)| self.get(link.ends().0, from))
            .collect();
        items.sort_by_key(|item| item.rank);
        items
    }

    /// The items behind a list of ids; one that is not there is left out.
    pub fn resolve<'a>(
        &'a self,
        kind: Kind,
        ids: impl IntoIterator<Item = &'a Id>,
    ) -> Vec<&'a Arc<Item>> {
        ids.into_iter()
            .filter_map(|id| self.get(kind, id))
            .collect()
    }

    /// Whether a person is of the species that is called Human.
    pub fn is_human(&self, person: &Item) -> bool {
        let Facts::Person(person) = &person.facts else {
            return false;
        };
        person
            .species
            .as_ref()
            .and_then(|id| self.get(Kind::Species, id))
            .is_some_and(|species| species.name().eq_ignore_ascii_case("human"))
    }
}

impl PartialEq for Catalogue {
    fn eq(&self, other: &Self) -> bool {
        Kind::ALL.into_iter().all(|kind| {
            self.count(kind) == other.count(kind) && self.iter(kind).eq(other.iter(kind))
        })
    }
}

impl FromIterator<Arc<Item>> for Catalogue {
    fn from_iter<I: IntoIterator<Item = Arc<Item>>>(items: I) -> Self {
        let mut catalogue = Self::default();
        for item in items {
            catalogue.insert(item);
        }
        catalogue
    }
}
