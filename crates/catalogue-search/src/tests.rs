use std::sync::Arc;

use common::models::{Catalogue, Facts, Item, Kind, Movie, SourceRecord};
use serde_json::value::RawValue;

use crate::search_index::MAX_SYNOPSES;
use crate::{SearchField, SearchIndex, SearchQuery, SearchResults};

/// The seed with its index.
struct Library {
    catalogue: Catalogue,
    index: SearchIndex,
}

impl Library {
    fn seed() -> Self {
        let items = common::seed::items().unwrap();
        let catalogue: Catalogue = items.into_iter().collect();
        let index = SearchIndex::of(&catalogue);
        Self { catalogue, index }
    }

    fn find(&self, text: &str, kinds: &[Kind]) -> SearchResults {
        let query = SearchQuery {
            text,
            kinds,
            limit: 50,
            offset: 0,
        };
        self.index.find(&query, &self.catalogue)
    }

    fn names(&self, found: &SearchResults) -> Vec<String> {
        let name = |number: u32| self.catalogue.item(number).unwrap().name().to_owned();
        found.hits.iter().map(|hit| name(hit.number)).collect()
    }
}

#[test]
fn misspelt_partial_and_transliterated_queries_find_the_right_item() {
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
        let found = library.find(typed, &[kind]);
        let names = library.names(&found);
        assert_eq!(
            names.first().map(String::as_str),
            Some(expected),
            "{typed}: {names:?} {:?}",
            found.did_you_mean
        );
    }
}

#[test]
fn an_empty_or_unknown_query_finds_nothing() {
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
        assert_eq!(
            library.find(typed, &[]),
            SearchResults::default(),
            "{typed}"
        );
    }
}

#[test]
fn an_exact_title_comes_before_a_longer_one() {
    let library = Library::seed();
    let found = library.find("totoro", &[]);
    assert_eq!(
        library.names(&found)[..4],
        ["Totoro", "Totoro", "My Neighbor Totoro", "Chu Totoro"]
    );
    assert_eq!(found.hits[2].matches[0].field, SearchField::Name);
}

#[test]
fn spans_cover_the_matching_text() {
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
        let found = library.find(typed, &[]);
        let marked = found.hits[0].matches.iter().map(|matched| {
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
fn terms_in_several_fields_are_all_reported() {
    let library = Library::seed();
    let found = library.find("kaguya takahata", &[]);
    let fields: Vec<_> = found.hits[0]
        .matches
        .iter()
        .map(|matched| matched.field)
        .collect();
    assert_eq!(fields, [SearchField::Name, SearchField::Director]);
}

#[test]
fn only_a_misspelt_query_gets_a_suggested_spelling() {
    let library = Library::seed();
    for (typed, expected) in [
        ("pryncess mononoke", Some("princess mononoke")),
        ("Spirted Away", Some("spirited away")),
        ("my neibor totoro", Some("my neighbor totoro")),
        ("studio ghibli totoro", Some("totoro")),
        ("totoro", None),
        ("spirited aw", None),
        ("となり", None),
    ] {
        let found = library.find(typed, &[]);
        assert_eq!(found.did_you_mean.as_deref(), expected, "{typed}");
    }
}

#[test]
fn completions_are_in_the_typed_script() {
    let library = Library::seed();
    for (typed, expected) in [
        ("spir", "Spirited Away"),
        ("とな", "となりのトトロ"),
        ("tenku", "Tenkū no shiro Rapyuta"),
        ("ash", "Ashitaka"),
    ] {
        let completions = library.index.suggest(typed, 5, &library.catalogue);
        assert_eq!(completions[0].text, expected, "{typed}");
        assert!(completions.len() <= 5);
    }
}

#[test]
fn totals_count_each_kind_and_a_query_can_be_limited_to_kinds() {
    let library = Library::seed();
    let all = library.find("totoro", &[]);
    assert_eq!(all.totals, [1, 3, 0, 1, 0]);
    let people = library.find("totoro", &[Kind::Person]);
    assert_eq!((people.total(), people.hits.len()), (3, 3));
    assert!(people.hits.iter().all(|hit| hit.kind == Kind::Person));
}

#[test]
fn a_query_of_apostrophes_finds_nothing() {
    assert_eq!(Library::seed().find("'’", &[]).hits, []);
}

#[test]
fn only_the_start_of_a_very_long_query_counts() {
    let library = Library::seed();
    let typed = format!("castle in the sky{}", " castle".repeat(1_500));
    let found = library.find(&typed, &[]);
    assert_eq!(library.names(&found)[0], "Castle in the Sky");
}

#[test]
fn a_word_of_a_synopsis_finds_the_movie_after_those_with_it_in_a_title_or_name() {
    let catalogue: Catalogue = [
        movie(
            "1",
            "The Inn",
            100,
            "A girl works in a bathhouse for spirits.",
        ),
        movie("2", "Night at the Bathhouse", 10, "A long night."),
        movie("3", "Other", 90, "Nothing here."),
    ]
    .into_iter()
    .collect();
    let index = SearchIndex::of(&catalogue);
    let library = Library { catalogue, index };
    let found = library.find("bathhouse", &[]);
    assert_eq!(library.names(&found), ["Night at the Bathhouse", "The Inn"]);
    let synopsis = &found.hits[1].matches;
    assert_eq!(synopsis.len(), 1);
    assert_eq!(synopsis[0].field, SearchField::Synopsis);
    assert_eq!(found.did_you_mean, None);
    // Words of both a title and a synopsis; typing errors count in titles only.
    assert_eq!(
        library.names(&library.find("inn spirits", &[])),
        ["The Inn"]
    );
    assert_eq!(library.names(&library.find("spirts", &[])), [""; 0]);
}

#[test]
fn of_a_long_synopsis_only_the_words_around_the_first_match_are_returned() {
    let long = format!("{}the needle {}", "hay ".repeat(100), "straw ".repeat(100));
    let catalogue: Catalogue = [movie("1", "Farm", 1, &long)].into_iter().collect();
    let index = SearchIndex::of(&catalogue);
    let library = Library { catalogue, index };
    let found = library.find("needle", &[]);
    let matched = &found.hits[0].matches[0];
    let parts: Vec<_> = matched.parts().collect();
    assert_eq!(parts[1], ("needle", true));
    assert!(parts[0].0.starts_with("…hay ") && parts[0].0.ends_with(" the "));
    assert!(parts[2].0.ends_with("straw…"), "{parts:?}");
    assert!(matched.text.chars().count() < 180, "{}", matched.text);
}

#[test]
fn a_very_large_catalogue_has_no_synopses_in_its_index() {
    let movies = |count: usize| -> Catalogue {
        (0..count)
            .map(|id| movie(&id.to_string(), "T", 1, "needle"))
            .collect()
    };
    for (count, is_found) in [(MAX_SYNOPSES, true), (MAX_SYNOPSES + 1, false)] {
        let catalogue = movies(count);
        let index = SearchIndex::of(&catalogue);
        assert_eq!(index.has_synopses(), is_found);
        let library = Library { catalogue, index };
        assert_eq!(library.find("needle", &[]).total() > 0, is_found);
    }
}

fn movie(id: &str, title: &str, score: u8, synopsis: &str) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        slug: id.into(),
        rank: id.parse().unwrap(),
        facts: Facts::Movie(Movie {
            title: title.into(),
            score_percent: Some(score),
            description: Some(synopsis.into()),
            ..Movie::default()
        }),
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}
