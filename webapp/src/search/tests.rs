use std::sync::Arc;

use common::models::{Catalogue, Item, Kind};

use super::{Field, Found, Question, Search};

/// The seed, numbered in its order, with its index.
struct Library {
    items: Vec<Arc<Item>>,
    catalogue: Catalogue,
    search: Search,
}

impl Library {
    fn seed() -> Self {
        let items = common::seed::items().unwrap();
        let catalogue: Catalogue = items.iter().cloned().collect();
        let search = Search::of((0_u32..).zip(&items), &catalogue);
        Self {
            items,
            catalogue,
            search,
        }
    }

    fn ask(&self, text: &str, kinds: &[Kind]) -> Found {
        let question = Question {
            text,
            kinds,
            limit: 50,
            offset: 0,
        };
        let item = |number: u32| self.items.get(number as usize);
        self.search.find(&question, item, &self.catalogue)
    }

    fn names(&self, found: &Found) -> Vec<&str> {
        let name = |number: u32| self.items[number as usize].name();
        found.hits.iter().map(|hit| name(hit.number)).collect()
    }
}

#[test]
fn what_people_type_finds_what_they_mean() {
    let library = Library::seed();
    for (typed, kind, expected) in [
        ("Spirted Away", Kind::Movie, "Spirited Away"),
        ("pryncess mononoke", Kind::Movie, "Princess Mononoke"),
        ("my neibor totoro", Kind::Movie, "My Neighbor Totoro"),
        ("my neighbour totoro", Kind::Movie, "My Neighbor Totoro"),
        (
            "kikis delivry servise",
            Kind::Movie,
            "Kiki's Delivery Service",
        ),
        ("kiki", Kind::Movie, "Kiki's Delivery Service"),
        ("howls moving", Kind::Movie, "Howl's Moving Castle"),
        ("howl moving castle", Kind::Movie, "Howl's Moving Castle"),
        ("tonari no totoro", Kind::Movie, "My Neighbor Totoro"),
        ("tenku no shiro", Kind::Movie, "Castle in the Sky"),
        ("tenkuu no shiro", Kind::Movie, "Castle in the Sky"),
        ("majo no takkyubin", Kind::Movie, "Kiki's Delivery Service"),
        ("houhokekyo", Kind::Movie, "My Neighbors the Yamadas"),
        ("kaguyahime", Kind::Movie, "The Tale of the Princess Kaguya"),
        ("となりの", Kind::Movie, "My Neighbor Totoro"),
        ("千尋", Kind::Movie, "Spirited Away"),
        ("ﾄﾄﾛ", Kind::Movie, "My Neighbor Totoro"),
        ("ととろ", Kind::Movie, "My Neighbor Totoro"),
        ("豚", Kind::Movie, "Porco Rosso"),
        ("猫", Kind::Movie, "The Cat Returns"),
        ("chihiro", Kind::Person, "Chihiro Ogino"),
        ("chihiro", Kind::Movie, "Spirited Away"),
        ("sheeta", Kind::Person, "Lusheeta Toel Ul Laputa"),
        ("ashitaka", Kind::Person, "Ashitaka"),
        ("ashitaka", Kind::Movie, "Princess Mononoke"),
        ("ogaki", Kind::Person, "Kanta Ōgaki"),
        ("oogaki", Kind::Person, "Kanta Ōgaki"),
        ("takahata", Kind::Movie, "Only Yesterday"),
        ("michael dudok de wit", Kind::Movie, "The Red Turtle"),
        (
            "takahata kaguya",
            Kind::Movie,
            "The Tale of the Princess Kaguya",
        ),
        ("laputa", Kind::Location, "Laputa"),
        ("piccolo spa", Kind::Location, "Piccolo S.P.A."),
        ("goliath", Kind::Vehicle, "Air Destroyer Goliath"),
        ("dragons", Kind::Species, "Dragon"),
        ("ponyo on the cliff", Kind::Movie, "Ponyo"),
        ("studio ghibli totoro", Kind::Movie, "My Neighbor Totoro"),
    ] {
        let found = library.ask(typed, &[kind]);
        let names = library.names(&found);
        assert_eq!(
            names.first(),
            Some(&expected),
            "{typed}: {names:?} {:?}",
            found.meant
        );
    }
}

#[test]
fn nothing_is_found_by_nothing() {
    let library = Library::seed();
    let long = "qwertz ".repeat(1_500);
    for typed in [
        "",
        "  \t\n",
        "...",
        "!?",
        "🐷",
        "🐷🐷 \u{200d}",
        "\u{fe0f}",
        "the qwertyuiop",
        &long,
    ] {
        assert_eq!(library.ask(typed, &[]), Found::default(), "{typed}");
    }
}

#[test]
fn an_exact_title_comes_before_a_longer_one() {
    let library = Library::seed();
    let found = library.ask("totoro", &[]);
    assert_eq!(
        library.names(&found)[..4],
        ["Totoro", "Totoro", "My Neighbor Totoro", "Chu Totoro"]
    );
    assert_eq!(found.hits[2].matched[0].field, Field::Name);
}
