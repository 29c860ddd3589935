//! The encoding of facts, after id, rank and slug.

use super::code::{Reader, Writer};
use crate::models::{Age, Credits, Facts, Kind, Link, Location, Movie, Person, Species, Vehicle};

pub(super) fn write(to: &mut Writer, facts: &Facts) {
    // All fields by name, so that a new one is a compile error here.
    match facts {
        Facts::Movie(Movie {
            title,
            original_title,
            original_title_romanised,
            description,
            director,
            producer,
            release_year,
            running_time_minutes,
            score_percent,
            poster_url,
            banner_url,
            people,
            locations,
            species,
            vehicles,
        }) => {
            to.text(title);
            for text in [
                original_title,
                original_title_romanised,
                description,
                director,
                producer,
                poster_url,
                banner_url,
            ] {
                to.text_or_none(text.as_deref());
            }
            to.number_or_none(release_year.map(u32::from));
            to.number_or_none(running_time_minutes.map(u32::from));
            to.number_or_none(score_percent.map(u32::from));
            for ids in [people, locations, species, vehicles] {
                to.ids(ids);
            }
        }
        Facts::Person(Person {
            name,
            gender,
            age,
            eye_color,
            hair_color,
            species,
        }) => {
            to.text(name);
            for text in [gender, eye_color, hair_color] {
                to.text_or_none(text.as_deref());
            }
            let (years, words) = match age {
                Some(Age::Years(years)) => (Some(*years), None),
                Some(Age::Words(words)) => (None, Some(words.as_str())),
                None => (None, None),
            };
            to.number_or_none(years);
            to.text_or_none(words);
            to.ids(species.as_slice());
        }
        Facts::Location(Location {
            name,
            climate,
            terrain,
            surface_water_percent,
            residents,
        }) => {
            to.text(name);
            to.text_or_none(climate.as_deref());
            to.text_or_none(terrain.as_deref());
            to.number_or_none(surface_water_percent.map(u32::from));
            to.ids(residents);
        }
        Facts::Species(Species {
            name,
            classification,
            eye_colors,
            hair_colors,
        }) => {
            to.text(name);
            to.text_or_none(classification.as_deref());
            to.texts(eye_colors);
            to.texts(hair_colors);
        }
        Facts::Vehicle(Vehicle {
            name,
            description,
            vehicle_class,
            length_feet,
            pilot,
        }) => {
            to.text(name);
            to.text_or_none(description.as_deref());
            to.text_or_none(vehicle_class.as_deref());
            to.float_or_none(*length_feet);
            to.ids(pilot.as_slice());
        }
    }
}

/// The fields in the order in which [`write`] has them.
pub(super) fn read(from: &mut Reader<'_>, kind: Kind) -> Facts {
    match kind {
        Kind::Movie => {
            let title = from.text().to_owned();
            let mut text = || from.text_or_none().map(str::to_owned);
            let (original_title, original_title_romanised) = (text(), text());
            let (description, director, producer) = (text(), text(), text());
            let (poster_url, banner_url) = (text(), text());
            let mut number = || from.number_or_none();
            let (year, minutes, percent) = (number(), number(), number());
            Facts::Movie(Movie {
                title,
                original_title,
                original_title_romanised,
                description,
                director,
                producer,
                release_year: year.and_then(|year| year.try_into().ok()),
                running_time_minutes: minutes.and_then(|minutes| minutes.try_into().ok()),
                score_percent: percent.and_then(|percent| percent.try_into().ok()),
                poster_url,
                banner_url,
                people: from.ids(),
                locations: from.ids(),
                species: from.ids(),
                vehicles: from.ids(),
            })
        }
        Kind::Person => {
            let name = from.text().to_owned();
            let mut text = || from.text_or_none().map(str::to_owned);
            let (gender, eye_color, hair_color) = (text(), text(), text());
            let years = from.number_or_none().map(Age::Years);
            let words = from
                .text_or_none()
                .map(|words| Age::Words(words.to_owned()));
            Facts::Person(Person {
                name,
                gender,
                age: years.or(words),
                eye_color,
                hair_color,
                species: from.ids().pop(),
            })
        }
        Kind::Location => Facts::Location(Location {
            name: from.text().to_owned(),
            climate: from.text_or_none().map(str::to_owned),
            terrain: from.text_or_none().map(str::to_owned),
            surface_water_percent: from
                .number_or_none()
                .and_then(|water| water.try_into().ok()),
            residents: from.ids(),
        }),
        Kind::Species => Facts::Species(Species {
            name: from.text().to_owned(),
            classification: from.text_or_none().map(str::to_owned),
            eye_colors: from.texts(),
            hair_colors: from.texts(),
        }),
        Kind::Vehicle => Facts::Vehicle(Vehicle {
            name: from.text().to_owned(),
            description: from.text_or_none().map(str::to_owned),
            vehicle_class: from.text_or_none().map(str::to_owned),
            length_feet: from.float_or_none(),
            pilot: from.ids().pop(),
        }),
    }
}

/// The credits of a movie, without decoding the rest.
pub(super) fn credits<'a>(from: &mut Reader<'a>) -> Credits<'a> {
    let title = from.text();
    let (original_title, original_title_romanised) = (from.text_or_none(), from.text_or_none());
    // The description; then poster and banner, year and minutes.
    from.skip_text_or_none();
    let (director, producer) = (from.text_or_none(), from.text_or_none());
    from.skip_text_or_none();
    from.skip_text_or_none();
    from.number_or_none();
    from.number_or_none();
    let percent = from.number_or_none();
    Credits {
        title,
        original_title,
        original_title_romanised,
        director,
        producer,
        score_percent: percent.and_then(|percent| percent.try_into().ok()),
    }
}

/// The links of an item, after skipping all other facts.
pub(super) fn links<'a>(from: &mut Reader<'a>, kind: Kind) -> Vec<(Link, &'a [u8])> {
    let (texts, numbers) = match kind {
        Kind::Movie => (7, 3),
        Kind::Person => (3, 1),
        Kind::Location => (2, 1),
        Kind::Species => (1, 0),
        Kind::Vehicle => (2, 0),
    };
    from.text();
    for _ in 0..texts {
        from.text_or_none();
    }
    for _ in 0..numbers {
        from.number_or_none();
    }
    match kind {
        Kind::Person => _ = from.text_or_none(),
        Kind::Species => {
            from.skip_texts();
            from.skip_texts();
        }
        Kind::Vehicle => _ = from.float_or_none(),
        _ => {}
    }
    let mut links = Vec::new();
    for link in Link::ALL.into_iter().filter(|link| link.from() == kind) {
        let count = match link.is_single() {
            true => from.count_up_to_one(),
            false => from.count(),
        };
        links.extend((0..count).map(|_| (link, from.encoded_id())));
    }
    links
}
