use serde::Deserialize;
use serde_json::{Value, json};

/// The names of the source's collections, in its own words.
pub const COLLECTIONS: [&str; 5] = ["films", "people", "locations", "species", "vehicles"];

/// The host in the links of the records, which is not the one that answers.
const HOST: &str = "https://ghibliapi.example";

/// The five collections, each record as the source writes it.
#[derive(Clone, Debug, Default, Deserialize)]
#[expect(missing_docs, reason = "each field is the collection of its name")]
pub struct Catalogue {
    pub films: Vec<Value>,
    pub people: Vec<Value>,
    pub locations: Vec<Value>,
    pub species: Vec<Value>,
    pub vehicles: Vec<Value>,
}

impl Catalogue {
    /// A small invented catalogue: four films, none of them among the real ones, with nine people
    /// (six of them human), three locations, three species and two vehicles, fully joined.
    pub fn invented() -> Self {
        serde_json::from_str(include_str!("catalogue.json")).expect("the invented data is valid")
    }

    /// The records of a collection.
    ///
    /// # Panics
    ///
    /// If the source has no such collection.
    pub fn collection(&self, name: &str) -> &Vec<Value> {
        match name {
            "films" => &self.films,
            "people" => &self.people,
            "locations" => &self.locations,
            "species" => &self.species,
            "vehicles" => &self.vehicles,
            _ => panic!("the source has no collection {name}: it has {COLLECTIONS:?}"),
        }
    }

    /// As [`Self::collection`], to change.
    pub fn collection_mut(&mut self, name: &str) -> &mut Vec<Value> {
        match name {
            "films" => &mut self.films,
            "people" => &mut self.people,
            "locations" => &mut self.locations,
            "species" => &mut self.species,
            "vehicles" => &mut self.vehicles,
            _ => panic!("the source has no collection {name}: it has {COLLECTIONS:?}"),
        }
    }

    /// The film with this id.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn film_mut(&mut self, id: &str) -> &mut Value {
        self.films
            .iter_mut()
            .find(|film| film["id"] == id)
            .unwrap_or_else(|| panic!("the source has no film {id}"))
    }

    /// The titles of the films, in the order of the source.
    pub fn titles(&self) -> Vec<String> {
        let titles = self.films.iter().filter_map(|film| film["title"].as_str());
        titles.map(str::to_owned).collect()
    }
}

/// One more valid film, without relations; the same number gives the same film.
pub fn film(number: u32) -> Value {
    let id = format!("f11a0000-0000-4000-8000-{number:012}");
    json!({
        "id": id,
        "title": format!("Reel {number}"),
        "original_title": format!("第{number}巻"),
        "original_title_romanised": format!("Dai {number} kan"),
        "image": format!("https://images.example/reel-{number}.jpg"),
        "movie_banner": format!("https://images.example/reel-{number}-banner.jpg"),
        "description": format!("The reel that was filed under number {number}."),
        "director": "Midori Asakura",
        "producer": "Ren Kuwabara",
        "release_date": (1950 + number % 70).to_string(),
        "running_time": (60 + number % 90).to_string(),
        "rt_score": (number % 101).to_string(),
        "people": [format!("{HOST}/people/")],
        "species": [format!("{HOST}/species/")],
        "locations": [format!("{HOST}/locations/")],
        "vehicles": [format!("{HOST}/vehicles/")],
        "url": format!("{HOST}/films/{id}"),
    })
}
