//! An invented catalogue of any size, and a source that serves it.
//!
//! Every record follows from the seed, its kind and its number alone, so that nothing is held in
//! memory and two runs compare. For each two movies there is a person (in six movies), for each
//! ten a location, for each fifty a vehicle; two people of three are human.

mod source;
mod words;

use serde_json::{Value, json};

pub(crate) use self::source::GeneratedSource;
use self::words::{
    CLASSES, CLIMATES, COLORS, CYRILLIC, FAMILY, FIRST, GIVEN, JAPANESE, SECOND, TERRAINS,
};

const HOST: &str = "https://ghibliapi.example";
/// How far apart, in people, the people of a movie are.
const CASTS: [u64; 3] = [0, 7919, 104_729];

/// A catalogue that is known by its size and seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Generated {
    pub(crate) movies: u64,
    pub(crate) seed: u64,
    /// Number of movies with a changed title, from the first on.
    pub(crate) retitled: u64,
}

impl Generated {
    fn people(&self) -> u64 {
        (self.movies / 2).max(1)
    }

    fn locations(&self) -> u64 {
        self.movies.div_ceil(10)
    }

    fn species(&self) -> u64 {
        7 + self.movies / 10_000
    }

    fn vehicles(&self) -> u64 {
        self.movies.div_ceil(50)
    }

    pub(crate) fn count(&self, collection: &str) -> u64 {
        match collection {
            "films" => self.movies,
            "people" => self.people(),
            "locations" => self.locations(),
            "species" => self.species(),
            "vehicles" => self.vehicles(),
            _ => 0,
        }
    }

    /// A record as the source writes it.
    pub(crate) fn record(&self, collection: &str, number: u64) -> Value {
        match collection {
            "films" => self.film(number),
            "people" => self.person(number),
            "locations" => self.location(number),
            "species" => self.one_species(number),
            _ => self.vehicle(number),
        }
    }

    /// An evenly spread number that follows from the seed, a purpose and a number.
    fn draw(&self, purpose: u64, number: u64) -> u64 {
        let mut mixed = self
            .seed
            .wrapping_add(purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15))
            .wrapping_add(number.wrapping_mul(0xd1b5_4a32_d192_ed03));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn pick<T: Copy>(&self, of: &[T], purpose: u64, number: u64) -> T {
        of[usize::try_from(self.draw(purpose, number) % of.len() as u64).unwrap_or(0)]
    }

    fn name(&self, purpose: u64, number: u64) -> String {
        let given = self.pick(&GIVEN, purpose, number);
        format!("{given} {}", self.pick(&FAMILY, purpose + 1, number))
    }

    pub(crate) fn title(&self, number: u64) -> String {
        let first = self.pick(&FIRST, 1, number);
        let second = self.pick(&SECOND, 2, number);
        let third = self.pick(&SECOND, 3, number);
        let mut title = match self.draw(4, number) % 3 {
            0 => format!("The {first} {second}"),
            1 => format!("The {second} of the {first} {third}"),
            _ => format!("{first} {second} and the {third}"),
        };
        if number < self.retitled {
            title.push_str(", restored");
        }
        title
    }

    fn film(&self, number: u64) -> Value {
        let id = id("films", number);
        let (one, two) = (
            self.pick(&JAPANESE, 5, number),
            self.pick(&JAPANESE, 6, number),
        );
        let (original, romanised) = match self.draw(7, number) % 8 {
            0 => {
                let word = self.pick(&CYRILLIC, 8, number);
                (format!("{word} {number}"), format!("{word} {number}"))
            }
            _ => (
                format!("{}の{}", one.0, two.0),
                format!("{} no {}", one.1, two.1),
            ),
        };
        let pair = number / 2 % self.people();
        let cast = CASTS.map(|apart| link("people", (pair + apart) % self.people()));
        let vehicles = match number % 50 {
            0..3 => link("vehicles", number / 50),
            _ => format!("{HOST}/vehicles/"),
        };
        let hero = self.name(20, pair);
        let place = self.pick(&SECOND, 9, number).to_lowercase();
        // So many directors that each has some hundred movies.
        let director = self.name(30, self.draw(10, number) % (self.movies / 200 + 5));
        let producer = self.name(40, self.draw(11, number) % (self.movies / 400 + 5));
        json!({
            "id": id,
            "title": self.title(number),
            "original_title": original,
            "original_title_romanised": romanised,
            "image": format!("https://images.example/{number}.jpg"),
            "movie_banner": format!("https://images.example/{number}-banner.jpg"),
            "description": format!(
                "{hero} comes to a {place} that nobody has seen for years. What waits there was \
                 never lost, and the way back is longer than the way in.",
            ),
            "director": director,
            "producer": producer,
            "release_date": (1930 + self.draw(12, number) % 95).to_string(),
            "running_time": (60 + self.draw(13, number) % 120).to_string(),
            "rt_score": (20 + self.draw(14, number) % 81).to_string(),
            "people": cast,
            "species": [link("species", 0)],
            "locations": [link("locations", number / 10)],
            "vehicles": [vehicles],
            "url": link("films", number),
        })
    }

    fn species_of(&self, person: u64) -> u64 {
        match person % 3 {
            0 => 1 + person % (self.species() - 1),
            _ => 0,
        }
    }

    fn person(&self, number: u64) -> Value {
        let people = self.people();
        let films: Vec<_> = CASTS
            .iter()
            .map(|apart| (number + people - apart % people) % people)
            .flat_map(|pair| [2 * pair, 2 * pair + 1])
            .filter(|film| *film < self.movies)
            .map(|film| link("films", film))
            .collect();
        json!({
            "id": id("people", number),
            "name": self.name(20, number),
            "gender": if number.is_multiple_of(2) { "Female" } else { "Male" },
            "age": (1 + self.draw(21, number) % 90).to_string(),
            "eye_color": self.pick(&COLORS, 22, number),
            "hair_color": self.pick(&COLORS, 23, number),
            "films": films,
            "species": link("species", self.species_of(number)),
            "url": link("people", number),
        })
    }

    fn location(&self, number: u64) -> Value {
        let films = 10 * number..(10 * number + 10).min(self.movies);
        let residents = 5 * number..(5 * number + 5).min(self.people());
        json!({
            "id": id("locations", number),
            "name": format!("{} {}", self.pick(&FIRST, 51, number), self.pick(&SECOND, 52, number)),
            "climate": self.pick(&CLIMATES, 53, number),
            "terrain": self.pick(&TERRAINS, 54, number),
            "surface_water": (self.draw(55, number) % 101).to_string(),
            "residents": residents.map(|person| link("people", person)).collect::<Vec<_>>(),
            "films": films.map(|film| link("films", film)).collect::<Vec<_>>(),
            "url": link("locations", number),
        })
    }

    fn one_species(&self, number: u64) -> Value {
        let people: Vec<_> = match number {
            0 => vec![format!("{HOST}/people/")],
            _ => (0..self.people())
                .step_by(3)
                .filter(|person| self.species_of(*person) == number)
                .map(|person| link("people", person))
                .collect(),
        };
        let name = match number {
            0 => "Human".to_owned(),
            _ => format!("{} Folk {number}", self.pick(&FIRST, 61, number)),
        };
        json!({
            "id": id("species", number),
            "name": name,
            "classification": if number == 0 { "Mammal" } else { "Spirit" },
            "eye_colors": "Black, Brown, Blue",
            "hair_colors": "Black, Grey",
            "url": link("species", number),
            "people": people,
            "films": [format!("{HOST}/films/")],
        })
    }

    fn vehicle(&self, number: u64) -> Value {
        let films = (50 * number..50 * number + 3).filter(|film| *film < self.movies);
        json!({
            "id": id("vehicles", number),
            "name": format!("{} {}", self.pick(&FIRST, 71, number), self.pick(&SECOND, 72, number)),
            "description": "A machine that has been mended more often than it was built.",
            "vehicle_class": self.pick(&CLASSES, 73, number),
            "length": (5 + self.draw(74, number) % 400).to_string(),
            "pilot": link("people", number % self.people()),
            "films": films.map(|film| link("films", film)).collect::<Vec<_>>(),
            "url": link("vehicles", number),
        })
    }
}

fn id(collection: &str, number: u64) -> String {
    let first = collection.as_bytes()[0];
    format!("{first:02x}000000-0000-4000-8000-{number:012x}")
}

fn link(collection: &str, number: u64) -> String {
    format!("{HOST}/{collection}/{}", id(collection, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_listed_on_both_sides() {
        let catalogue = Generated {
            movies: 500,
            seed: 1,
            retitled: 0,
        };
        for film in 0..catalogue.movies {
            let record = catalogue.film(film);
            for person in 0..catalogue.people() {
                let there = holds(&record["people"], &link("people", person));
                let back = holds(&catalogue.person(person)["films"], &link("films", film));
                assert_eq!(there, back, "film {film}, person {person}");
            }
        }
    }

    fn holds(links: &Value, link: &str) -> bool {
        links.as_array().unwrap().iter().any(|other| other == link)
    }
}
