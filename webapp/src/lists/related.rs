//! Relations between items, from either side.

use common::models::{Facts, Id, Item, Kind, Link, Number};
use roaring::RoaringBitmap;

use catalogue_index::{ListIndex, Sort};

/// The items of one kind that an item is related to.
pub(crate) enum RelatedNumbers {
    /// Those that the item itself refers to, in its order.
    Referenced(Vec<Number>),
    /// Those that refer to the item.
    Referring(Kind, RoaringBitmap),
}

impl RelatedNumbers {
    pub(crate) fn of(item: &Item, to: Kind, index: &ListIndex) -> Self {
        let number = |id: &Id| index.number(to, id);
        let many = |ids: &[Id]| Self::Referenced(ids.iter().filter_map(number).collect());
        let one = |id: &Option<Id>| Self::Referenced(id.iter().filter_map(number).collect());
        let referring = |link| Self::Referring(to, index.linking(link, &item.id));
        match (&item.facts, to) {
            (Facts::Movie(movie), Kind::Person) => many(&movie.people),
            (Facts::Movie(movie), Kind::Location) => many(&movie.locations),
            (Facts::Movie(movie), Kind::Species) => many(&movie.species),
            (Facts::Movie(movie), Kind::Vehicle) => many(&movie.vehicles),
            (Facts::Person(person), Kind::Species) => one(&person.species),
            (Facts::Person(_), Kind::Movie) => referring(Link::MoviePerson),
            (Facts::Person(_), Kind::Location) => referring(Link::LocationResident),
            (Facts::Person(_), Kind::Vehicle) => referring(Link::VehiclePilot),
            (Facts::Location(location), Kind::Person) => many(&location.residents),
            (Facts::Location(_), Kind::Movie) => referring(Link::MovieLocation),
            (Facts::Species(_), Kind::Person) => referring(Link::PersonSpecies),
            (Facts::Species(_), Kind::Movie) => referring(Link::MovieSpecies),
            (Facts::Vehicle(vehicle), Kind::Person) => one(&vehicle.pilot),
            (Facts::Vehicle(_), Kind::Movie) => referring(Link::MovieVehicle),
            _ => Self::Referenced(Vec::new()),
        }
    }

    /// The first of them.
    pub(crate) fn first(self, index: &ListIndex, limit: usize) -> Vec<Number> {
        match self {
            Self::Referenced(mut numbers) => {
                numbers.truncate(limit);
                numbers
            }
            Self::Referring(kind, numbers) => {
                index.page_numbers(kind, &numbers, (Sort::Source, false), (0, limit))
            }
        }
    }

    /// All of them, in no order.
    pub(crate) fn all(self) -> RoaringBitmap {
        match self {
            Self::Referenced(numbers) => numbers.into_iter().collect(),
            Self::Referring(_, numbers) => numbers,
        }
    }
}
