use common::models::{Catalogue, Kind};

use super::{Field, Found, Question, Search};

/// The seed, numbered in its order, with its index.
struct Library {
    catalogue: Catalogue,
    search: Search,
}

impl Library {
    fn seed() -> Self {
        let items = common::seed::items().unwrap();
        let catalogue: Catalogue = items.into_iter().collect();
        let search = Search::of(&catalogue);
        Self { catalogue, search }
    }

    fn ask(&self, text: &str, kinds: &[Kind]) -> Found {
        let question = Question {
            text,
            kinds,
            limit: 50,
            offset: 0,
        };
        self.search.find(&question, &self.catalogue)
    }

    fn names(&self, found: &Found) -> Vec<String> {
        let name = |number: u32| self.catalogue.item(number).unwrap().name().to_owned();
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
            names.first().map(String::as_str),
            Some(expected),
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

#[test]
fn a_page_can_mark_what_matches() {
    let library = Library::seed();
    for (typed, expected) in [
        ("spirted awey", "[Spirited] [Away]"),
        ("howls mov", "[Howl's] [Mov]ing Castle"),
        ("castle sk", "[Castle] in the [Sk]y"),
        ("千尋", "千と[千尋]の神隠し"),
        ("姫", "かぐや[姫]の物語"),
        ("となりのﾄﾄﾛ", "[となりのトトロ]"),
        ("takkyuubin", "Majo no [takkyūbin]"),
        ("spa", "Piccolo [S.P.A]."),
        ("kaguya-hime", "[Kaguya]-[Hime] no Monogatari"),
        ("kaguyahime", "[Kaguya-Hime] no Monogatari"),
        ("humbert gikkingen", "Baron [Humbert] von [Gikkingen]"),
    ] {
        let found = library.ask(typed, &[]);
        let marked = found.hits[0].matched.iter().map(|matched| {
            let mut text = matched.text.clone();
            for span in matched.spans.iter().rev() {
                text.insert(span.end, ']');
                text.insert(span.start, '[');
            }
            text
        });
        assert_eq!(marked.collect::<Vec<_>>(), [expected], "{typed}");
    }
}

#[test]
fn words_in_several_fields_are_all_told() {
    let library = Library::seed();
    let found = library.ask("kaguya takahata", &[]);
    let fields: Vec<_> = found.hits[0]
        .matched
        .iter()
        .map(|matched| matched.field)
        .collect();
    assert_eq!(fields, [Field::Name, Field::Director]);
}

#[test]
fn only_a_misspelt_question_was_meant_otherwise() {
    let library = Library::seed();
    for (typed, meant) in [
        ("pryncess mononoke", Some("princess mononoke")),
        ("Spirted Away", Some("spirited away")),
        ("my neibor totoro", Some("my neighbor totoro")),
        ("studio ghibli totoro", Some("totoro")),
        ("totoro", None),
        ("spirited aw", None),
        ("となり", None),
    ] {
        let found = library.ask(typed, &[]);
        assert_eq!(found.meant.as_deref(), meant, "{typed}");
    }
}

#[test]
fn completions_are_names_in_the_script_that_is_typed() {
    let library = Library::seed();
    for (typed, expected) in [
        ("spir", "Spirited Away"),
        ("とな", "となりのトトロ"),
        ("tenku", "Tenkū no shiro Rapyuta"),
        ("ash", "Ashitaka"),
    ] {
        let completions = library.search.suggest(typed, 5, &library.catalogue);
        assert_eq!(completions[0].text, expected, "{typed}");
        assert!(completions.len() <= 5);
    }
}

#[test]
fn totals_count_each_kind_and_a_kind_can_be_asked_for_alone() {
    let library = Library::seed();
    let all = library.ask("totoro", &[]);
    assert_eq!(all.totals, [1, 3, 0, 1, 0]);
    let people = library.ask("totoro", &[Kind::Person]);
    assert_eq!((people.total(), people.hits.len()), (3, 3));
    assert!(people.hits.iter().all(|hit| hit.kind == Kind::Person));
}

#[test]
fn a_question_of_nothing_but_apostrophes_finds_nothing() {
    assert_eq!(Library::seed().ask("'’", &[]).hits, []);
}

#[test]
fn the_start_of_a_very_long_question_is_answered() {
    let library = Library::seed();
    let typed = format!("castle in the sky{}", " castle".repeat(1_500));
    let found = library.ask(&typed, &[]);
    assert_eq!(library.names(&found)[0], "Castle in the Sky");
}
