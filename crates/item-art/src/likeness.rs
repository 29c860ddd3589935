//! The appearance of a person or a species, read from its record.

use common::models::{Age, Catalogue, Facts, Item, Kind, Link, Person, Species};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::canvas::Sketch;
use crate::color::Color;
use crate::{heads, sketches};

/// The subject of a portrait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Being {
    Human(Gender, AgeGroup),
    Cat,
    Deer,
    Wolf,
    Dragon,
    RoundSpirit,
    Wisp,
    Robot,
    Pig,
    Bird,
    Tanuki,
    Fish,
    Turtle,
    /// A being of a species without a silhouette of its own.
    Creature,
    /// Nothing is known: a monogram.
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gender {
    Female,
    Male,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AgeGroup {
    Child,
    Teen,
    Adult,
    Elder,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Likeness {
    pub(crate) being: Being,
    /// The colour of the hair, the fur or the mane.
    pub(crate) hair: Option<Color>,
    pub(crate) is_bald: bool,
    pub(crate) beard: Option<Color>,
    pub(crate) eyes: Option<Color>,
    /// Whether it flies an aircraft.
    pub(crate) has_goggles: bool,
    pub(crate) is_royal: bool,
    /// Decides the hairstyle among those of the gender and the age.
    pub(crate) style: u64,
}

/// Words in the name or the classification of a species.
const SPECIES_WORDS: [(&str, Being); 28] = [
    ("cat", Being::Cat),
    ("kitten", Being::Cat),
    ("deer", Being::Deer),
    ("elk", Being::Deer),
    ("stag", Being::Deer),
    ("dragon", Being::Dragon),
    ("totoro", Being::RoundSpirit),
    ("wolf", Being::Wolf),
    ("dog", Being::Wolf),
    ("fox", Being::Wolf),
    ("god", Being::Wolf),
    ("spirit", Being::Wisp),
    ("ghost", Being::Wisp),
    ("demon", Being::Wisp),
    ("fire", Being::Wisp),
    ("robot", Being::Robot),
    ("automaton", Being::Robot),
    ("machine", Being::Robot),
    ("pig", Being::Pig),
    ("boar", Being::Pig),
    ("bird", Being::Bird),
    ("crow", Being::Bird),
    ("heron", Being::Bird),
    ("owl", Being::Bird),
    ("raccoon", Being::Tanuki),
    ("tanuki", Being::Tanuki),
    ("fish", Being::Fish),
    ("turtle", Being::Turtle),
];

impl Likeness {
    pub(crate) fn of_person(catalogue: &Catalogue, item: &Item, person: &Person) -> Self {
        let species_item = person
            .species
            .as_ref()
            .and_then(|id| catalogue.get(Kind::Species, id));
        let species = species_item.as_ref().and_then(|item| match &item.facts {
            Facts::Species(species) => Some(species),
            _ => None,
        });
        let hair = person.hair_color.as_deref().unwrap_or_default();
        let hair = hair.to_lowercase();
        let is_bald = words(&hair).any(|word| matches!(word, "none" | "bald"));
        let beard = hair.split_once("beard").map(|(before, after)| {
            let color = Color::from_word(after).or_else(|| Color::from_word(before));
            color.unwrap_or(GREY)
        });
        let being = being(catalogue, item, person, species);
        let is_human = matches!(being, Being::Human(..));
        let of_species = |colors: fn(&Species) -> &[String]| {
            let species = species.filter(|_| !is_human)?;
            colors(species)
                .iter()
                .find_map(|word| Color::from_word(word))
        };
        Self {
            being,
            hair: Color::from_word(&hair)
                .filter(|_| !is_bald)
                .or_else(|| of_species(|species| &species.hair_colors)),
            is_bald,
            beard,
            eyes: Color::from_word(person.eye_color.as_deref().unwrap_or_default())
                .or_else(|| of_species(|species| &species.eye_colors)),
            style: xxh3_64_with_seed(item.id.as_bytes(), STYLE_SEED),
            has_goggles: flies(catalogue, item),
            is_royal: words(&person.name.to_lowercase())
                .any(|word| matches!(word, "king" | "queen" | "prince" | "princess")),
        }
    }

    pub(crate) fn of_species(species: &Species) -> Self {
        let first = |colors: &[String]| colors.iter().find_map(|word| Color::from_word(word));
        let being = match species.name.eq_ignore_ascii_case("human") {
            true => Being::Human(Gender::Unknown, AgeGroup::Adult),
            false => being_of_species(species),
        };
        Self {
            being,
            hair: first(&species.hair_colors),
            is_bald: false,
            beard: None,
            eyes: first(&species.eye_colors),
            style: 0,
            has_goggles: false,
            is_royal: false,
        }
    }
}

/// Chosen so that the best-known characters have hairstyles close to those in the movies.
const STYLE_SEED: u64 = 180_602;
const GREY: Color = Color(0x9a_a0a2);

impl Being {
    /// Its sketch and the size of that; `None` for a human or a monogram.
    pub(crate) fn sketch(self) -> Option<(Sketch, f64)> {
        Some(match self {
            Self::Cat => (heads::CAT, 1.0),
            Self::Deer => (heads::DEER, 1.0),
            Self::Wolf => (heads::WOLF, 1.0),
            Self::Dragon => (heads::DRAGON, 1.0),
            Self::RoundSpirit => (heads::ROUND_SPIRIT, 1.0),
            Self::Wisp => (heads::WISP, 0.95),
            Self::Robot => (heads::ROBOT, 1.0),
            Self::Pig => (heads::PIG, 1.0),
            Self::Bird => (heads::BIRD, 1.0),
            Self::Tanuki => (sketches::TANUKI, 1.0),
            Self::Fish => (sketches::FISH, 0.8),
            Self::Turtle => (sketches::TURTLE, 0.8),
            Self::Creature => (heads::CREATURE, 1.0),
            Self::Human(..) | Self::Unknown => return None,
        })
    }
}

fn being(catalogue: &Catalogue, item: &Item, person: &Person, species: Option<&Species>) -> Being {
    let gender = gender(person.gender.as_deref());
    let age_group = age_group(person.age.as_ref());
    if catalogue.is_human(item) {
        return Being::Human(gender, age_group.unwrap_or(AgeGroup::Adult));
    }
    if let Some(species) = species {
        return being_of_species(species);
    }
    if let Some(being) = being_named_in(&person.name) {
        return being;
    }
    let is_known = gender != Gender::Unknown
        || age_group.is_some()
        || person.hair_color.is_some()
        || person.eye_color.is_some();
    match is_known {
        true => Being::Human(gender, age_group.unwrap_or(AgeGroup::Adult)),
        false => Being::Unknown,
    }
}

fn being_of_species(species: &Species) -> Being {
    let class = species.classification.as_deref().unwrap_or_default();
    being_named_in(&species.name)
        .or_else(|| being_named_in(class))
        .unwrap_or(Being::Creature)
}

fn being_named_in(text: &str) -> Option<Being> {
    let text = text.to_lowercase();
    let mut known = words(&text).filter_map(|word| {
        let known = SPECIES_WORDS.iter().find(|(known, _)| *known == word)?;
        Some(known.1)
    });
    known.next()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
}

fn gender(word: Option<&str>) -> Gender {
    match word.unwrap_or_default().trim().to_lowercase().as_str() {
        "female" | "girl" | "woman" => Gender::Female,
        "male" | "boy" | "man" => Gender::Male,
        _ => Gender::Unknown,
    }
}

fn age_group(age: Option<&Age>) -> Option<AgeGroup> {
    match age? {
        Age::Years(years) => Some(age_group_of_years(*years)),
        Age::Words(text) => {
            let text = text.to_lowercase();
            if let Some(years) = words(&text).find_map(|word| word.parse().ok()) {
                let more = if text.contains("over") { 5 } else { 0 };
                return Some(age_group_of_years(u32::saturating_add(years, more)));
            }
            let stages = [
                ("teen", AgeGroup::Teen),
                ("child", AgeGroup::Child),
                ("baby", AgeGroup::Child),
                ("elder", AgeGroup::Elder),
                ("old", AgeGroup::Elder),
                ("middle", AgeGroup::Adult),
                ("adult", AgeGroup::Adult),
                ("young", AgeGroup::Adult),
            ];
            let stage = stages.iter().find(|(word, _)| text.contains(word));
            stage.map(|(_, age_group)| *age_group)
        }
    }
}

const fn age_group_of_years(years: u32) -> AgeGroup {
    match years {
        0..=12 => AgeGroup::Child,
        13..=19 => AgeGroup::Teen,
        20..=54 => AgeGroup::Adult,
        _ => AgeGroup::Elder,
    }
}

/// Whether a person is the pilot of an aircraft.
fn flies(catalogue: &Catalogue, person: &Item) -> bool {
    let vehicles = catalogue.linking_numbers(Link::VehiclePilot, &person.id);
    catalogue.items(vehicles.take(4)).any(|item| {
        let Facts::Vehicle(vehicle) = &item.facts else {
            return false;
        };
        let class = vehicle.vehicle_class.as_deref().unwrap_or_default();
        let class = class.to_lowercase();
        ["plane", "aircraft", "glider"]
            .iter()
            .any(|word| class.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use common::seed;

    use super::*;

    const FEMALE: Gender = Gender::Female;
    const MALE: Gender = Gender::Male;

    #[test]
    fn the_known_characters_look_as_their_records_say() {
        let expected = [
            (
                "Chihiro Ogino",
                Being::Human(FEMALE, AgeGroup::Child),
                "brown",
                "black",
            ),
            (
                "Kiki",
                Being::Human(FEMALE, AgeGroup::Teen),
                "brown",
                "black",
            ),
            ("Pazu", Being::Human(MALE, AgeGroup::Teen), "brown", "black"),
            (
                "Sosuke",
                Being::Human(MALE, AgeGroup::Child),
                "brown",
                "brown",
            ),
            (
                "Mei Kusakabe",
                Being::Human(FEMALE, AgeGroup::Child),
                "light brown",
                "brown",
            ),
            (
                "Captain Dola",
                Being::Human(FEMALE, AgeGroup::Elder),
                "peach",
                "black",
            ),
            (
                "Uncle Pom",
                Being::Human(MALE, AgeGroup::Elder),
                "white",
                "black",
            ),
            (
                "Granny",
                Being::Human(FEMALE, AgeGroup::Elder),
                "grey",
                "black",
            ),
            (
                "Hii-sama",
                Being::Human(FEMALE, AgeGroup::Elder),
                "white",
                "brown",
            ),
            (
                "Ashitaka",
                Being::Human(MALE, AgeGroup::Teen),
                "brown",
                "brown",
            ),
            (
                "Eboshi",
                Being::Human(FEMALE, AgeGroup::Adult),
                "black",
                "hazel",
            ),
            (
                "Porco Rosso",
                Being::Human(MALE, AgeGroup::Adult),
                "brown",
                "black",
            ),
            (
                "Henri",
                Being::Human(MALE, AgeGroup::Adult),
                "reddish brown",
                "dark brown",
            ),
            (
                "Tombo",
                Being::Human(MALE, AgeGroup::Teen),
                "dirty blond",
                "black",
            ),
            ("Haku", Being::Dragon, "green", "green"),
            ("Totoro", Being::RoundSpirit, "grey", "grey"),
            ("Chu Totoro", Being::RoundSpirit, "blue", "black"),
            ("Jiji", Being::Cat, "black", "black"),
            ("Cat King", Being::Cat, "grey", "emerald"),
            ("Yakul", Being::Deer, "brown", "grey"),
            ("Shishigami", Being::Deer, "light orange", "red"),
            ("Moro", Being::Wolf, "white", "brown"),
        ];
        for (name, being, hair, eyes) in expected {
            let likeness = likeness(name);
            let colors = (likeness.being, likeness.hair, likeness.eyes);
            let expected = (being, Color::from_word(hair), Color::from_word(eyes));
            assert_eq!(colors, expected, "{name}");
        }
    }

    #[test]
    fn the_bald_have_no_hair_and_keep_their_beards() {
        for name in ["General Mouro", "Motro", "Gonza"] {
            let likeness = likeness(name);
            assert!(likeness.is_bald && likeness.hair.is_none(), "{name}");
        }
        assert_eq!(likeness("Gonza").beard, Color::from_word("brown"));
        assert_eq!(likeness("Motro").beard, None);
    }

    #[test]
    fn a_species_word_in_the_name_replaces_a_missing_species() {
        assert_eq!(likeness("Laputian Robot").being, Being::Robot);
    }

    #[test]
    fn pilots_of_aircraft_have_goggles() {
        assert!(likeness("Porco Rosso").has_goggles);
        assert!(!likeness("Sosuke").has_goggles, "he has a boat");
    }

    #[test]
    fn a_person_with_only_a_name_has_no_face() {
        let person = Person {
            name: "Kin".into(),
            ..Person::default()
        };
        let catalogue = Catalogue::default();
        let item = seed::snapshot()
            .catalogue
            .iter(Kind::Person)
            .next()
            .unwrap();
        let likeness = Likeness::of_person(&catalogue, &item, &person);
        assert_eq!(likeness.being, Being::Unknown);
    }

    fn likeness(name: &str) -> Likeness {
        let catalogue = seed::snapshot().catalogue;
        let item = catalogue
            .iter(Kind::Person)
            .find(|item| item.name() == name);
        let item = item.unwrap();
        match &item.facts {
            Facts::Person(person) => Likeness::of_person(&catalogue, &item, person),
            _ => unreachable!(),
        }
    }
}
