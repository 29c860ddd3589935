//! An item's facts and its related items.

use std::sync::Arc;

use catalogue_index::{Field, Filter, Role, Sort};
use common::models::{
    Catalogue, Facts, Id, Item, Kind, Link, Location, Movie, Person, Species, Vehicle,
};

use crate::pages::filmmaker_link::credits;
use crate::pages::lists::filtered_by;
use crate::pages::tile::{self, Tile};
use crate::state::Site;
use crate::wording::hours_and_minutes;

/// Related items shown under one heading, where there can be very many.
const MAX_RELATED: usize = 60;

/// A labelled fact with its values.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) values: Vec<FactValue>,
}

pub(super) struct FactValue {
    pub(super) text: String,
    /// The path of the item or the filtered list that the value links to.
    pub(super) path: Option<String>,
    /// Where the value comes from, if not from the item's own record.
    pub(super) note: Option<&'static str>,
}

/// Related items under a heading.
pub(super) struct RelatedItems {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) tiles: Vec<Tile>,
    /// The synopsis beside the tile of the only movie.
    pub(super) synopsis: Option<String>,
    /// The text if there are none; without one, the heading is left out.
    pub(super) empty_text: Option<&'static str>,
    /// Text and path of the link to the whole list, if not all are shown.
    pub(super) more: Option<(String, String)>,
}

/// The known facts.
pub(super) fn facts(site: &Site, item: &Item) -> Vec<Fact> {
    let catalogue = &site.snapshot.catalogue;
    let facts = match &item.facts {
        Facts::Movie(movie) => movie_facts(site, &item.id, movie),
        Facts::Person(person) => person_facts(catalogue, person),
        Facts::Location(location) => location_facts(location),
        Facts::Species(species) => species_facts(species),
        Facts::Vehicle(vehicle) => vehicle_facts(catalogue, vehicle),
    };
    facts
        .into_iter()
        .filter(|fact| !fact.values.is_empty())
        .collect()
}

fn movie_facts(site: &Site, id: &Id, movie: &Movie) -> Vec<Fact> {
    let catalogue = &site.snapshot.catalogue;
    let names = |label, role, field: &Option<String>| {
        let credits = credits(site, role, field.as_deref()).into_iter();
        Fact {
            label,
            values: credits
                .map(|(text, path)| FactValue {
                    text,
                    path: Some(path),
                    note: None,
                })
                .collect(),
        }
    };
    vec![
        names("Director", Role::Director, &movie.director),
        names("Producer", Role::Producer, &movie.producer),
        plain(
            "Running time",
            movie.running_time_minutes.map(hours_and_minutes),
        ),
        plain(
            "Critics’ score (Rotten Tomatoes)",
            movie.score_percent.map(|score| format!("{score}%")),
        ),
        Fact {
            label: "Species",
            values: catalogue
                .resolve(Kind::Species, &movie.species)
                .into_iter()
                .map(|species| FactValue {
                    note: (site.sync_status.is_only_in_species(id, &species.id))
                        .then_some("according to the species record"),
                    ..FactValue::item_link(&species)
                })
                .collect(),
        },
    ]
}

fn person_facts(catalogue: &Catalogue, person: &Person) -> Vec<Fact> {
    let filterable = |label, name, value: &Option<String>| {
        filterable(Kind::Person, label, name, value.as_slice())
    };
    vec![
        linked(catalogue, "Species", Kind::Species, &person.species),
        filterable("Gender", "gender", &person.gender),
        plain("Age", person.age.as_ref().map(ToString::to_string)),
        filterable("Eye colour", "eye_color", &person.eye_color),
        filterable("Hair colour", "hair_color", &person.hair_color),
    ]
}

fn location_facts(location: &Location) -> Vec<Fact> {
    let filterable = |label, name, value: &Option<String>| {
        filterable(Kind::Location, label, name, value.as_slice())
    };
    vec![
        filterable("Climate", "climate", &location.climate),
        filterable("Terrain", "terrain", &location.terrain),
        plain(
            "Surface water",
            location
                .surface_water_percent
                .map(|water| format!("{water}%")),
        ),
    ]
}

fn species_facts(species: &Species) -> Vec<Fact> {
    vec![
        filterable(
            Kind::Species,
            "Classification",
            "classification",
            species.classification.as_slice(),
        ),
        filterable(
            Kind::Person,
            "Eye colours",
            "eye_color",
            &species.eye_colors,
        ),
        filterable(
            Kind::Person,
            "Hair colours",
            "hair_color",
            &species.hair_colors,
        ),
    ]
}

fn vehicle_facts(catalogue: &Catalogue, vehicle: &Vehicle) -> Vec<Fact> {
    vec![
        filterable(
            Kind::Vehicle,
            "Type",
            "vehicle_class",
            vehicle.vehicle_class.as_slice(),
        ),
        plain("Length", vehicle.length_feet.map(length)),
        linked(catalogue, "Pilot", Kind::Person, &vehicle.pilot),
    ]
}

fn length(feet: f64) -> String {
    format!(
        "{} ft ({} m)",
        with_commas(feet),
        with_commas(feet * 0.3048)
    )
}

/// A rounded number with commas between thousands.
fn with_commas(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut grouped = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn plain(label: &'static str, text: Option<String>) -> Fact {
    let values = text.into_iter().map(|text| FactValue {
        text,
        path: None,
        note: None,
    });
    Fact {
        label,
        values: values.collect(),
    }
}

/// Values that link to a list filtered by them.
fn filterable(kind: Kind, label: &'static str, name: &str, values: &[String]) -> Fact {
    let values = values.iter();
    Fact {
        label,
        values: values
            .map(|value| FactValue::filter_link(kind, name, value))
            .collect(),
    }
}

/// Items that link to their pages.
fn linked<'a>(
    catalogue: &'a Catalogue,
    label: &'static str,
    kind: Kind,
    ids: impl IntoIterator<Item = &'a Id>,
) -> Fact {
    let items = catalogue.resolve(kind, ids).into_iter();
    let values = items.map(|item| FactValue::item_link(&item));
    Fact {
        label,
        values: values.collect(),
    }
}

impl FactValue {
    fn item_link(item: &Item) -> Self {
        Self {
            text: item.name().to_owned(),
            path: Some(tile::address(item)),
            note: None,
        }
    }

    fn filter_link(kind: Kind, name: &str, value: &str) -> Self {
        Self {
            text: value.to_owned(),
            path: Some(filtered_by(kind, name, value)),
            note: None,
        }
    }
}

/// The items that an item links to or is linked from.
pub(super) fn related_items(site: &Site, item: &Arc<Item>) -> Vec<RelatedItems> {
    let catalogue = &site.snapshot.catalogue;
    let tiles = |items: Vec<Arc<Item>>| Tile::all(site, items);
    let linking = |link| {
        let items = catalogue.items(catalogue.linking_in_order(link, &item.id));
        Tile::all(site, items)
    };
    let movies = |link, name| movies_of(site, item, link, name);
    let lists = match &item.facts {
        Facts::Movie(movie) => vec![
            RelatedItems {
                empty_text: Some("No characters listed."),
                ..related(
                    "people",
                    "Characters",
                    tiles(catalogue.resolve(Kind::Person, &movie.people)),
                )
            },
            related(
                "places",
                "Places",
                tiles(catalogue.resolve(Kind::Location, &movie.locations)),
            ),
            related(
                "vehicles",
                "Vehicles",
                tiles(catalogue.resolve(Kind::Vehicle, &movie.vehicles)),
            ),
        ],
        Facts::Person(_) => vec![
            movies(Link::MoviePerson, "person"),
            related("places", "Lives in", linking(Link::LocationResident)),
            related("vehicles", "Pilots", linking(Link::VehiclePilot)),
        ],
        Facts::Location(location) => vec![
            movies(Link::MovieLocation, "location"),
            related(
                "people",
                "Residents",
                tiles(catalogue.resolve(Kind::Person, &location.residents)),
            ),
        ],
        Facts::Species(_) => vec![
            of_one_species(site, item, Kind::Person),
            of_one_species(site, item, Kind::Movie),
        ],
        Facts::Vehicle(vehicle) => vec![
            movies(Link::MovieVehicle, "vehicle"),
            related(
                "people",
                "Pilot",
                tiles(catalogue.resolve(Kind::Person, &vehicle.pilot)),
            ),
        ],
    };
    let lists = lists.into_iter();
    lists
        .filter(|list| !list.tiles.is_empty() || list.empty_text.is_some())
        .collect()
}

fn related(id: &'static str, heading: &'static str, tiles: Vec<Tile>) -> RelatedItems {
    RelatedItems {
        id,
        heading,
        tiles,
        synopsis: None,
        empty_text: None,
        more: None,
    }
}

/// The movies of an item: the first ones, and a link to all.
fn movies_of(site: &Site, item: &Item, link: Link, name: &str) -> RelatedItems {
    let movies = site.indexes.lists.linking(link, &item.id);
    let count = usize::try_from(movies.len()).unwrap_or(usize::MAX);
    let order = (Sort::Source, false);
    let shown = site
        .indexes
        .lists
        .page(Kind::Movie, &movies, order, (0, MAX_RELATED));
    let tiles = Tile::all(site, shown);
    let synopsis = match tiles.as_slice() {
        [Tile { item, .. }] => match &item.facts {
            Facts::Movie(movie) => movie.description.clone(),
            _ => None,
        },
        _ => None,
    };
    RelatedItems {
        synopsis,
        empty_text: Some("Not linked to any movie."),
        more: more_link(Kind::Movie, count, tiles.len(), || {
            filtered_by(Kind::Movie, name, &item.slug)
        }),
        ..related("movies", "Movies", tiles)
    }
}

fn more_link(
    kind: Kind,
    count: usize,
    shown: usize,
    path: impl FnOnce() -> String,
) -> Option<(String, String)> {
    let text = || format!("Show all {count} {}", tile::plural(kind));
    (count > shown).then(|| (text(), path()))
}

/// The people or the movies of a species: the first ones, and a link to all.
fn of_one_species(site: &Site, species: &Item, kind: Kind) -> RelatedItems {
    let of_species = [Filter::Is(Field::Species, species.id.to_string())];
    let found = site.indexes.lists.find(kind, &of_species);
    let first = site
        .indexes
        .lists
        .page(kind, &found, (Sort::Source, false), (0, MAX_RELATED));
    let tiles = Tile::all(site, first).into_iter();
    let tiles: Vec<_> = if kind == Kind::Person {
        tiles.map(Tile::without_note).collect()
    } else {
        tiles.collect()
    };
    let count = usize::try_from(found.len()).unwrap_or(usize::MAX);
    let (id, heading, empty_text) = match kind {
        Kind::Person => (
            "people",
            "Characters",
            "No characters of this species listed.",
        ),
        _ => ("movies", "Movies", "Not linked to any movie."),
    };
    RelatedItems {
        empty_text: Some(empty_text),
        more: more_link(kind, count, tiles.len(), || {
            filtered_by(kind, "species", &species.slug)
        }),
        ..related(id, heading, tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_in_feet_and_metres() {
        assert_eq!(length(1000.0), "1,000 ft (305 m)");
        assert_eq!(length(21.0), "21 ft (6 m)");
        assert_eq!(with_commas(1_234_567.0), "1,234,567");
    }
}
