//! What is told of an item: its facts one by one, and the items that it is linked with.

use std::sync::Arc;

use catalogue_index::{Field, Filter, Sort};
use common::models::{
    Catalogue, Facts, Id, Item, Kind, Link, Location, Movie, Person, Species, Vehicle,
};

use crate::pages::tile::{self, Tile};
use crate::pages::view::narrowed;
use crate::state::Site;

/// The most linked items of a kind that a page shows.
const SHOWN: usize = 60;

/// A fact with its name.
pub(super) struct Fact {
    pub(super) label: &'static str,
    pub(super) words: Vec<Word>,
}

/// A value, and where more of it is.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) address: Option<String>,
}

/// Linked items under a heading.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    pub(super) groups: Vec<Group>,
    /// What is said if there are none.
    pub(super) none: Option<&'static str>,
    /// Where all are, if there are more: what to say and the address.
    pub(super) more: Option<(String, String)>,
}

/// Some of them that have something in common.
pub(super) struct Group {
    /// What they have in common.
    pub(super) name: Option<Word>,
    pub(super) tiles: Vec<Tile>,
}

/// The facts that are known.
pub(super) fn facts(catalogue: &Catalogue, item: &Item) -> Vec<Fact> {
    let facts = match &item.facts {
        Facts::Movie(movie) => of_movie(catalogue, movie),
        Facts::Person(person) => of_person(catalogue, person),
        Facts::Location(location) => of_location(location),
        Facts::Species(species) => of_species(species),
        Facts::Vehicle(vehicle) => of_vehicle(catalogue, vehicle),
    };
    facts
        .into_iter()
        .filter(|fact| !fact.words.is_empty())
        .collect()
}

fn of_movie(catalogue: &Catalogue, movie: &Movie) -> Vec<Fact> {
    let names = |label, name, names: &Option<String>| {
        let names = names.iter().flat_map(|names| names.split(','));
        let names = names.map(str::trim).filter(|name| !name.is_empty());
        Fact {
            label,
            words: names
                .map(|one| Word::narrowing(Kind::Movie, name, one))
                .collect(),
        }
    };
    vec![
        names("Director", "director", &movie.director),
        names("Producer", "producer", &movie.producer),
        plain("Running time", movie.running_time_minutes.map(running_time)),
        plain(
            "Critics’ score (Rotten Tomatoes)",
            movie.score_percent.map(|score| format!("{score}%")),
        ),
        linked(catalogue, "Species", Kind::Species, &movie.species),
    ]
}

fn of_person(catalogue: &Catalogue, person: &Person) -> Vec<Fact> {
    let of_people =
        |label, name, value: &Option<String>| of_list(Kind::Person, label, name, value.as_slice());
    vec![
        linked(catalogue, "Species", Kind::Species, &person.species),
        of_people("Gender", "gender", &person.gender),
        plain("Age", person.age.as_ref().map(ToString::to_string)),
        of_people("Eye colour", "eye_color", &person.eye_color),
        of_people("Hair colour", "hair_color", &person.hair_color),
    ]
}

fn of_location(location: &Location) -> Vec<Fact> {
    let of_places = |label, name, value: &Option<String>| {
        of_list(Kind::Location, label, name, value.as_slice())
    };
    vec![
        of_places("Climate", "climate", &location.climate),
        of_places("Terrain", "terrain", &location.terrain),
        plain(
            "Surface water",
            location
                .surface_water_percent
                .map(|water| format!("{water}%")),
        ),
    ]
}

fn of_species(species: &Species) -> Vec<Fact> {
    vec![
        of_list(
            Kind::Species,
            "Classification",
            "classification",
            species.classification.as_slice(),
        ),
        of_list(
            Kind::Person,
            "Eye colours",
            "eye_color",
            &species.eye_colors,
        ),
        of_list(
            Kind::Person,
            "Hair colours",
            "hair_color",
            &species.hair_colors,
        ),
    ]
}

fn of_vehicle(catalogue: &Catalogue, vehicle: &Vehicle) -> Vec<Fact> {
    vec![
        of_list(
            Kind::Vehicle,
            "Type",
            "vehicle_class",
            vehicle.vehicle_class.as_slice(),
        ),
        plain("Length", vehicle.length_feet.map(length)),
        linked(catalogue, "Pilot", Kind::Person, &vehicle.pilot),
    ]
}

/// Such as “2 h 4 min”.
fn running_time(minutes: u16) -> String {
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

fn length(feet: f64) -> String {
    format!("{} ft ({} m)", grouped(feet), grouped(feet * 0.3048))
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
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
    let words = text.into_iter().map(|text| Word {
        text,
        address: None,
    });
    Fact {
        label,
        words: words.collect(),
    }
}

/// Values that a list can be narrowed down by.
fn of_list(kind: Kind, label: &'static str, name: &str, values: &[String]) -> Fact {
    let words = values.iter();
    Fact {
        label,
        words: words
            .map(|value| Word::narrowing(kind, name, value))
            .collect(),
    }
}

/// Items that are worth naming, each with its page.
fn linked<'a>(
    catalogue: &'a Catalogue,
    label: &'static str,
    kind: Kind,
    ids: impl IntoIterator<Item = &'a Id>,
) -> Fact {
    let items = catalogue.resolve(kind, ids).into_iter();
    let words = items.map(|item| Word {
        text: item.name().to_owned(),
        address: Some(tile::address(&item)),
    });
    Fact {
        label,
        words: words.collect(),
    }
}

impl Word {
    fn narrowing(kind: Kind, name: &str, value: &str) -> Self {
        Self {
            text: value.to_owned(),
            address: Some(narrowed(kind, name, value)),
        }
    }
}

/// The items that an item is linked with, from either side.
pub(super) fn sections(site: &Site, item: &Arc<Item>) -> Vec<Section> {
    let catalogue = &site.snapshot.catalogue;
    let tiles = |items: Vec<Arc<Item>>| Tile::all(catalogue, items);
    let linking = |link| {
        let items = catalogue.items(catalogue.linking(link, &item.id));
        Tile::all(catalogue, items)
    };
    let movies = |link, name| movies_with(site, item, link, name);
    let sections = match &item.facts {
        Facts::Movie(movie) => vec![
            people_by_species(catalogue, movie),
            section(
                "places",
                "Places",
                tiles(catalogue.resolve(Kind::Location, &movie.locations)),
            ),
            section(
                "vehicles",
                "Vehicles",
                tiles(catalogue.resolve(Kind::Vehicle, &movie.vehicles)),
            ),
        ],
        Facts::Person(_) => vec![
            movies(Link::MoviePerson, "person"),
            section("places", "Lives in", linking(Link::LocationResident)),
            section("vehicles", "Pilots", linking(Link::VehiclePilot)),
        ],
        Facts::Location(location) => vec![
            movies(Link::MovieLocation, "location"),
            section(
                "people",
                "Residents",
                tiles(catalogue.resolve(Kind::Person, &location.residents)),
            ),
        ],
        Facts::Species(_) => vec![
            with_species(site, item, Kind::Person),
            with_species(site, item, Kind::Movie),
        ],
        Facts::Vehicle(vehicle) => vec![
            movies(Link::MovieVehicle, "vehicle"),
            section(
                "people",
                "Pilot",
                tiles(catalogue.resolve(Kind::Person, &vehicle.pilot)),
            ),
        ],
    };
    let sections = sections.into_iter();
    sections
        .filter(|section| !section.groups.is_empty() || section.none.is_some())
        .collect()
}

fn section(id: &'static str, heading: &'static str, tiles: Vec<Tile>) -> Section {
    let group = (!tiles.is_empty()).then_some(Group { name: None, tiles });
    Section {
        id,
        heading,
        groups: group.into_iter().collect(),
        none: None,
        more: None,
    }
}

/// The movies that an item is in: the first of them, and where the rest is.
fn movies_with(site: &Site, item: &Item, link: Link, name: &str) -> Section {
    let movies = site.indexes.lists.linking(link, &item.id);
    let count = usize::try_from(movies.len()).unwrap_or(usize::MAX);
    let order = (Sort::Source, false);
    let shown = site
        .indexes
        .lists
        .page(Kind::Movie, &movies, order, (0, SHOWN));
    let tiles = Tile::all(&site.snapshot.catalogue, shown);
    Section {
        none: Some("Not linked to any movie."),
        more: more(count, tiles.len(), || {
            narrowed(Kind::Movie, name, &item.slug)
        }),
        ..section("movies", "Movies", tiles)
    }
}

fn more(count: usize, shown: usize, address: impl FnOnce() -> String) -> Option<(String, String)> {
    (count > shown).then(|| (format!("Show all {count}"), address()))
}

fn people_by_species(catalogue: &Catalogue, movie: &Movie) -> Section {
    let mut groups: Vec<(Option<Arc<Item>>, Vec<Tile>)> = Vec::new();
    for person in catalogue.resolve(Kind::Person, &movie.people) {
        let species = match &person.facts {
            Facts::Person(facts) => facts.species.as_ref(),
            _ => None,
        };
        let species = species.and_then(|id| catalogue.get(Kind::Species, id));
        let tile = Tile::of(catalogue, person.clone()).without_note();
        match groups.iter_mut().find(|(of, _)| *of == species) {
            Some((_, tiles)) => tiles.push(tile),
            None => groups.push((species, vec![tile])),
        }
    }
    let groups = groups.into_iter().map(|(species, tiles)| Group {
        name: Some(match species {
            Some(species) => Word {
                text: species.name().to_owned(),
                address: Some(tile::address(&species)),
            },
            None => Word {
                text: "Species unknown".into(),
                address: None,
            },
        }),
        tiles,
    });
    Section {
        groups: groups.collect(),
        none: Some("No characters listed."),
        ..section("people", "Characters", Vec::new())
    }
}

/// The people and the movies of a species. There may be very many: the first of them, and where
/// the rest is.
fn with_species(site: &Site, species: &Item, kind: Kind) -> Section {
    let of_species = [Filter::Is(Field::Species, species.id.to_string())];
    let found = site.indexes.lists.find(kind, &of_species);
    let first = site
        .indexes
        .lists
        .page(kind, &found, (Sort::Source, false), (0, SHOWN));
    let tiles = Tile::all(&site.snapshot.catalogue, first).into_iter();
    let tiles: Vec<_> = if kind == Kind::Person {
        tiles.map(Tile::without_note).collect()
    } else {
        tiles.collect()
    };
    let count = usize::try_from(found.len()).unwrap_or(usize::MAX);
    let (id, heading, none) = match kind {
        Kind::Person => (
            "people",
            "Characters",
            "No characters of this species listed.",
        ),
        _ => ("movies", "Movies", "Not linked to any movie."),
    };
    Section {
        none: Some(none),
        more: more(count, tiles.len(), || {
            narrowed(kind, "species", &species.slug)
        }),
        ..section(id, heading, tiles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_time_is_told_in_hours_and_minutes() {
        assert_eq!(running_time(124), "2 h 4 min");
        assert_eq!(running_time(120), "2 h");
        assert_eq!(running_time(45), "45 min");
    }

    #[test]
    fn a_length_is_told_in_both_measures() {
        assert_eq!(length(1000.0), "1,000 ft (305 m)");
        assert_eq!(length(21.0), "21 ft (6 m)");
        assert_eq!(grouped(1_234_567.0), "1,234,567");
    }
}
