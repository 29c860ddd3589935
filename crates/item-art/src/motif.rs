//! The motif of a movie: the main subject of its drawing. Words of its titles decide,
//! then its species, vehicles and places, then its synopsis.

use common::models::{Catalogue, Facts, Item, Kind, Movie};

use crate::canvas::Sketch;
use crate::ground::Ground;
use crate::seeded_rng::SeededRng;
use crate::sketches;

/// In the order of preference among equals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Motif {
    RoundSpirit,
    Turtle,
    Tanuki,
    Fireflies,
    WalkingCastle,
    SkyCastle,
    Broom,
    Bathhouse,
    Airship,
    Dragon,
    Hat,
    Stag,
    Wolf,
    Fish,
    Seaplane,
    Boat,
    Book,
    Cat,
    Bamboo,
    Mansion,
    Poppies,
    Borrower,
    Glider,
    Safflowers,
    Family,
    Lighthouse,
    Tree,
    House,
}

/// How a motif is drawn.
pub(crate) struct Scene {
    pub(crate) sketch: Sketch,
    /// `None`: the terrain of its places.
    pub(crate) ground: Option<Ground>,
    /// Whether it is in the air or in the water, and not on the ground.
    pub(crate) is_afloat: bool,
    /// Indexes into [`crate::color::PALETTES`], the best first: one more than a movie can have
    /// neighbours.
    pub(crate) palettes: [usize; 5],
}

/// The weight of a word in a title.
const TITLE_WEIGHT: u32 = 8;
/// In a species or a vehicle.
const ITEM_WEIGHT: u32 = 3;
/// In a place.
const PLACE_WEIGHT: u32 = 2;
/// In the synopsis.
const SYNOPSIS_WEIGHT: u32 = 1;
/// Items of a kind that count.
const MAX_ITEMS: usize = 8;
/// Words of a text that count.
const MAX_WORDS: usize = 200;

/// Sorted, for a binary search. A plural in `s` counts too.
const WORDS: [(&str, Motif); 71] = [
    ("aeroplane", Motif::Glider),
    ("aircraft", Motif::Seaplane),
    ("airplane", Motif::Seaplane),
    ("airship", Motif::Airship),
    ("aviator", Motif::Glider),
    ("bamboo", Motif::Bamboo),
    ("bathhouse", Motif::Bathhouse),
    ("boat", Motif::Boat),
    ("book", Motif::Book),
    ("borrow", Motif::Borrower),
    ("borrowed", Motif::Borrower),
    ("borrower", Motif::Borrower),
    ("broom", Motif::Broom),
    ("camphor", Motif::Tree),
    ("castle", Motif::SkyCastle),
    ("cat", Motif::Cat),
    ("coast", Motif::Lighthouse),
    ("countryside", Motif::Safflowers),
    ("courier", Motif::Broom),
    ("deer", Motif::Stag),
    ("delivery", Motif::Broom),
    ("dragon", Motif::Dragon),
    ("elk", Motif::Stag),
    ("farmer", Motif::Safflowers),
    ("ferry", Motif::Boat),
    ("fields", Motif::Safflowers),
    ("fireflies", Motif::Fireflies),
    ("firefly", Motif::Fireflies),
    ("fish", Motif::Fish),
    ("flower", Motif::Poppies),
    ("forest", Motif::Tree),
    ("glider", Motif::Glider),
    ("god", Motif::Wolf),
    ("goldfish", Motif::Fish),
    ("harbor", Motif::Lighthouse),
    ("harbour", Motif::Lighthouse),
    ("harvest", Motif::Safflowers),
    ("house", Motif::House),
    ("kitten", Motif::Cat),
    ("library", Motif::Book),
    ("lighthouse", Motif::Lighthouse),
    ("mansion", Motif::Mansion),
    ("marsh", Motif::Mansion),
    ("moving", Motif::WalkingCastle),
    ("neighbor", Motif::Family),
    ("neighbour", Motif::Family),
    ("novel", Motif::Book),
    ("ocean", Motif::Fish),
    ("orchard", Motif::Tree),
    ("plane", Motif::Seaplane),
    ("poppies", Motif::Poppies),
    ("poppy", Motif::Poppies),
    ("raccoon", Motif::Tanuki),
    ("rural", Motif::Safflowers),
    ("safflower", Motif::Safflowers),
    ("seaplane", Motif::Seaplane),
    ("ship", Motif::Boat),
    ("stag", Motif::Stag),
    ("stories", Motif::Book),
    ("story", Motif::Book),
    ("tanuki", Motif::Tanuki),
    ("tortoise", Motif::Turtle),
    ("totoro", Motif::RoundSpirit),
    ("tree", Motif::Tree),
    ("turtle", Motif::Turtle),
    ("wind", Motif::Glider),
    ("witch", Motif::Hat),
    ("wolf", Motif::Wolf),
    ("wolves", Motif::Wolf),
    ("woods", Motif::Tree),
    ("writing", Motif::Book),
];

/// Parts of Japanese titles, which have no spaces between words.
const JAPANESE: [(&str, Motif); 19] = [
    ("トトロ", Motif::RoundSpirit),
    ("亀", Motif::Turtle),
    ("タートル", Motif::Turtle),
    ("狸", Motif::Tanuki),
    ("火垂", Motif::Fireflies),
    ("蛍", Motif::Fireflies),
    ("動く城", Motif::WalkingCastle),
    ("天空", Motif::SkyCastle),
    ("宅急便", Motif::Broom),
    ("魔女", Motif::Hat),
    ("竜", Motif::Dragon),
    ("ドラゴン", Motif::Dragon),
    ("鹿", Motif::Stag),
    ("魚", Motif::Fish),
    ("猫", Motif::Cat),
    ("竹", Motif::Bamboo),
    ("コクリコ", Motif::Poppies),
    ("借りぐらし", Motif::Borrower),
    ("風", Motif::Glider),
];

/// The motif of a movie, and another one from its species or vehicles.
pub(crate) fn of(catalogue: &Catalogue, id: u64, movie: &Movie) -> (Motif, Option<Motif>) {
    let mut scores = Scores::default();
    scores.add_words([&*movie.title], TITLE_WEIGHT);
    let original = movie.original_title.as_deref().unwrap_or_default();
    for (part, motif) in JAPANESE {
        if original.contains(part) {
            scores.add(motif, TITLE_WEIGHT);
        }
    }
    for (kind, ids, weight) in [
        (Kind::Species, &movie.species, ITEM_WEIGHT),
        (Kind::Vehicle, &movie.vehicles, ITEM_WEIGHT),
        (Kind::Location, &movie.locations, PLACE_WEIGHT),
    ] {
        let items = catalogue.resolve(kind, ids.iter().take(MAX_ITEMS));
        scores.add_words(items.iter().flat_map(|item| described(item)), weight);
    }
    scores.add_words(movie.description.as_deref(), SYNOPSIS_WEIGHT);
    let main = scores.best(|_| true).map(|(motif, _)| motif);
    let companion = scores.best(|motif| Some(motif) != main && motif.is_companion());
    let fallback = [Motif::Tree, Motif::House, Motif::Lighthouse, Motif::Boat];
    (
        main.unwrap_or_else(|| *SeededRng::new(id).pick(&fallback)),
        companion
            .filter(|(_, score)| *score >= ITEM_WEIGHT)
            .map(|(motif, _)| motif),
    )
}

/// The texts that describe the appearance of an item.
fn described(item: &Item) -> Vec<&str> {
    match &item.facts {
        Facts::Species(species) => vec![&species.name],
        Facts::Vehicle(vehicle) => vehicle.vehicle_class.as_deref().into_iter().collect(),
        Facts::Location(location) => {
            let terrain = location.terrain.as_deref().into_iter();
            terrain.chain([&*location.name]).collect()
        }
        Facts::Movie(_) | Facts::Person(_) => Vec::new(),
    }
}

#[derive(Default)]
struct Scores(Vec<(Motif, u32)>);

impl Scores {
    /// Counts each word once.
    fn add_words<'a>(&mut self, texts: impl IntoIterator<Item = &'a str>, weight: u32) {
        let mut seen: Vec<&str> = Vec::new();
        let texts = texts.into_iter();
        let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
        for word in words.filter(|word| word.len() > 2).take(MAX_WORDS) {
            let word = word.to_lowercase();
            let found = find(&word).or_else(|| find(word.strip_suffix('s')?));
            if let Some((word, motif)) = found
                && !seen.contains(word)
            {
                seen.push(word);
                self.add(*motif, weight);
            }
        }
    }

    fn add(&mut self, motif: Motif, weight: u32) {
        match self.0.iter_mut().find(|(known, _)| *known == motif) {
            Some((_, score)) => *score += weight,
            None => self.0.push((motif, weight)),
        }
    }

    fn best(&self, is_wanted: impl Fn(Motif) -> bool) -> Option<(Motif, u32)> {
        let wanted = self.0.iter().filter(|(motif, _)| is_wanted(*motif));
        wanted
            .max_by_key(|(motif, score)| (*score, std::cmp::Reverse(*motif)))
            .copied()
    }
}

fn find(word: &str) -> Option<&'static (&'static str, Motif)> {
    let place = WORDS.binary_search_by_key(&word, |(known, _)| known).ok()?;
    WORDS.get(place)
}

impl Motif {
    /// Whether it can be drawn small beside another one.
    fn is_companion(self) -> bool {
        matches!(
            self,
            Self::Dragon | Self::Wolf | Self::Airship | Self::Boat | Self::Cat | Self::Stag
        )
    }

    pub(crate) fn scene(self) -> Scene {
        let scene = |sketch, ground, is_afloat, palettes| Scene {
            sketch,
            ground,
            is_afloat,
            palettes,
        };
        let on = |sketch, ground, palettes| scene(sketch, Some(ground), false, palettes);
        let over = |sketch, ground, palettes| scene(sketch, Some(ground), true, palettes);
        match self {
            Self::RoundSpirit => on(sketches::ROUND_SPIRIT, Ground::Forest, [13, 5, 8, 0, 1]),
            Self::Turtle => over(sketches::TURTLE, Ground::Underwater, [1, 0, 7, 8, 11]),
            Self::Tanuki => on(sketches::TANUKI, Ground::Hills, [4, 10, 12, 9, 3]),
            Self::Fireflies => on(sketches::CHILDREN, Ground::Grass, [3, 8, 12, 10, 2]),
            Self::WalkingCastle => on(sketches::WALKING_CASTLE, Ground::Peaks, [11, 0, 4, 1, 13]),
            Self::SkyCastle => over(sketches::SKY_CASTLE, Ground::Clouds, [1, 0, 7, 11, 6]),
            Self::Broom => over(sketches::BROOM, Ground::SeaTown, [6, 1, 0, 2, 7]),
            Self::Hat => on(sketches::HAT, Ground::Town, [12, 8, 10, 3, 14]),
            Self::Bathhouse => on(sketches::BATHHOUSE, Ground::River, [10, 2, 14, 3, 12]),
            Self::Dragon => over(sketches::DRAGON, Ground::Sea, [14, 4, 2, 5, 12]),
            Self::Stag => on(sketches::STAG, Ground::Forest, [8, 5, 13, 0, 3]),
            Self::Wolf => on(sketches::WOLF, Ground::Forest, [8, 13, 5, 3, 11]),
            Self::Fish => over(sketches::FISH, Ground::Underwater, [7, 1, 3, 0, 11]),
            Self::Seaplane => over(sketches::SEAPLANE, Ground::Sea, [7, 1, 4, 0, 2]),
            Self::Airship => over(sketches::AIRSHIP, Ground::Clouds, [4, 5, 1, 11, 2]),
            Self::Boat => on(sketches::BOAT, Ground::Sea, [1, 7, 2, 0, 5]),
            Self::Cat => on(sketches::CAT, Ground::Fields, [9, 6, 13, 4, 0]),
            Self::Bamboo => on(sketches::BAMBOO, Ground::Bamboo, [13, 9, 15, 8, 6]),
            Self::Mansion => on(sketches::MANSION, Ground::Marsh, [5, 12, 11, 2, 3]),
            Self::Poppies => on(sketches::POPPIES, Ground::Sea, [0, 11, 1, 7, 6]),
            Self::Borrower => on(sketches::LEAVES, Ground::Grass, [13, 0, 9, 8, 1]),
            Self::Glider => over(sketches::GLIDER, Ground::Fields, [1, 0, 11, 14, 5]),
            Self::Book => on(sketches::BOOK, Ground::Town, [2, 9, 6, 14, 0]),
            Self::Safflowers => on(sketches::SAFFLOWERS, Ground::Fields, [9, 4, 13, 0, 6]),
            Self::Family => on(sketches::FAMILY, Ground::Blossom, [15, 6, 11, 9, 13]),
            Self::Lighthouse => on(sketches::LIGHTHOUSE, Ground::Sea, [11, 5, 1, 14, 7]),
            Self::Tree => scene(sketches::TREE, None, false, [13, 8, 0, 4, 9]),
            Self::House => scene(sketches::HOUSE, None, false, [0, 4, 11, 6, 2]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_for_the_binary_search() {
        assert!(WORDS.is_sorted());
    }
}
