use std::collections::BTreeMap;
use std::sync::Arc;

use common::models::{Catalogue, Facts, Id, Item, Kind, Location, Movie, Person, SourceRecord};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Found, Question, Search, touched};

/// Words that share beginnings, and are a typing error or a fold away from each other.
const WORDS: [&str; 20] = [
    "castle",
    "Castles",
    "cast",
    "Sky",
    "the",
    "Tenkū",
    "tenkuu",
    "Hōhokekyo",
    "Kiki's",
    "Howl’s",
    "Kaguya-Hime",
    "S.P.A.",
    "となりの",
    "トトロ",
    "ﾄﾄﾛ",
    "千と千尋",
    "기생충",
    "Ｆｕｌｌ",
    "straße",
    "🐷",
];

fn name() -> impl Strategy<Value = String> {
    let words = vec(prop::sample::select(&WORDS[..]), 1..4);
    prop_oneof![4 => words.prop_map(|words| words.join(" ")), 1 => ".{0,12}"]
}

fn item(kind: Kind, place: usize, facts: Facts) -> Arc<Item> {
    let id = Id::from(format!("{kind}-{place}"));
    let json = serde_json::value::RawValue::from_string("{}".into()).unwrap();
    Arc::new(Item {
        slug: id.clone(),
        id,
        rank: i64::try_from(place).unwrap() << 32,
        facts,
        source: SourceRecord::new(json),
    })
}

fn movie(place: usize, title: String, original: String, score: u8, people: &[usize]) -> Arc<Item> {
    let movie = Movie {
        title,
        original_title: Some(original),
        score_percent: Some(score),
        people: people
            .iter()
            .map(|place| format!("person-{place}").into())
            .collect(),
        locations: vec!["location-0".into()],
        ..Movie::default()
    };
    item(Kind::Movie, place, Facts::Movie(movie))
}

/// An item at one of a few places of one of three kinds.
fn any_item() -> impl Strategy<Value = Arc<Item>> {
    let people = vec(0..6_usize, 0..3);
    prop_oneof![
        (0..12_usize, name(), name(), 0..3_u8, people).prop_map(
            |(place, title, original, score, people)| {
                movie(place, title, original, score, &people)
            }
        ),
        (0..6_usize, name()).prop_map(|(place, name)| {
            let person = Person {
                name,
                ..Person::default()
            };
            item(Kind::Person, place, Facts::Person(person))
        }),
        (0..2_usize, name()).prop_map(|(place, name)| {
            let location = Location {
                name,
                ..Location::default()
            };
            item(Kind::Location, place, Facts::Location(location))
        }),
    ]
}

/// Items that are put in, and with `false` items that are taken out.
fn steps() -> impl Strategy<Value = Vec<Vec<(Arc<Item>, bool)>>> {
    vec(vec((any_item(), prop::bool::weighted(0.8)), 1..12), 1..8)
}

/// What the web app keeps beside an index.
#[derive(Default)]
struct Shelf {
    catalogue: Catalogue,
}

impl Shelf {
    /// Goes one version on, and gives what an index must be told.
    fn step(&mut self, step: &[(Arc<Item>, bool)]) -> BTreeMap<u32, Option<Arc<Item>>> {
        let before = self.catalogue.clone();
        for (item, there) in step {
            match there {
                true => self.catalogue.insert(item),
                false => self.catalogue.remove(item.kind(), &item.id),
            }
        }
        let changes: Vec<_> = before.changes_to(&self.catalogue).iter().collect();
        let changed = changes.iter();
        let gone = changed.filter_map(|change| before.number(change.kind, &change.id));
        let touched = touched(&changes, &self.catalogue).into_iter();
        let there = touched.filter_map(|(kind, id)| self.catalogue.number(kind, &id));
        let numbers = gone.chain(there);
        let told = numbers.map(|number| (number, self.catalogue.item(number)));
        told.collect()
    }

    fn items(&self) -> Vec<Arc<Item>> {
        self.catalogue.all().collect()
    }

    fn ask(&self, search: &Search, text: &str, offset: usize, limit: usize) -> Found {
        let question = Question {
            text,
            kinds: &[],
            limit,
            offset,
        };
        search.find(&question, &self.catalogue)
    }

    fn fresh(&self) -> Search {
        Search::of(&self.catalogue)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_index_that_followed_changes_answers_as_a_fresh_one(
        steps in steps(),
        questions in vec(name(), 1..6),
    ) {
        let mut shelf = Shelf::default();
        let mut search = Search::default();
        for (place, step) in steps.iter().enumerate() {
            let changed = shelf.step(step);
            if place == 2 {
                search = shelf.fresh();
                continue;
            }
            search.update(changed, &shelf.catalogue);
        }
        let fresh = shelf.fresh();
        for text in questions.iter().map(String::as_str).chain(WORDS).chain(["c", "t k", "と"]) {
            prop_assert_eq!(shelf.ask(&search, text, 0, 50), shelf.ask(&fresh, text, 0, 50));
        }
    }

    #[test]
    fn an_item_of_the_very_name_comes_first(steps in steps(), place in any::<prop::sample::Index>()) {
        let mut shelf = Shelf::default();
        for step in &steps {
            shelf.step(step);
        }
        let there = shelf.items();
        prop_assume!(!there.is_empty());
        let wanted = there[place.index(there.len())].name();
        let found = shelf.ask(&shelf.fresh(), wanted, 0, 1);
        prop_assume!(!wanted.trim_matches(|c: char| c.is_whitespace() || c.is_control()).is_empty());
        let Some(first) = found.hits.first() else {
            // A name of nothing but marks that folding takes away.
            prop_assert!(!wanted.chars().any(char::is_alphanumeric));
            return Ok(());
        };
        let first = shelf.catalogue.item(first.number).unwrap();
        let fold = |text: &str| super::asked::Asked::of(text).name;
        let original = match &first.facts {
            Facts::Movie(movie) => movie.original_title.as_deref(),
            _ => None,
        };
        let names = [Some(first.name()), original];
        prop_assert!(names.into_iter().flatten().any(|name| fold(name) == fold(wanted)));
    }

    #[test]
    fn pages_of_hits_are_parts_of_one_list(steps in steps(), text in name(), at in 0..8_usize) {
        let mut shelf = Shelf::default();
        let mut search = Search::default();
        for step in &steps {
            let changed = shelf.step(step);
            search.update(changed, &shelf.catalogue);
        }
        let all = shelf.ask(&search, &text, 0, 50);
        let page = shelf.ask(&search, &text, at, 3);
        let expected: Vec<_> = all.hits.iter().skip(at).take(3).cloned().collect();
        prop_assert_eq!(all.hits.len(), all.total());
        prop_assert_eq!(page.hits, expected);
        prop_assert_eq!((page.totals, page.meant), (all.totals, all.meant));
    }

    #[test]
    fn any_text_is_answered_with_spans_on_character_boundaries(
        names in vec(".{0,40}", 1..8),
        text in ".{0,40}",
        from in 0..8_usize,
    ) {
        let step: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(place, name)| (movie(place, name.clone(), text.clone(), 1, &[]), true))
            .collect();
        let mut shelf = Shelf::default();
        shelf.step(&step);
        let search = shelf.fresh();
        let part: String = names[from % names.len()].chars().skip(from).collect();
        for text in [&text, &part] {
            for hit in shelf.ask(&search, text, 0, 50).hits {
                prop_assert!(!hit.matched.is_empty());
                for matched in hit.matched {
                    let mut end = 0;
                    prop_assert!(!matched.spans.is_empty());
                    for span in matched.spans {
                        prop_assert!(span.start >= end && span.start < span.end);
                        prop_assert!(matched.text.get(span.clone()).is_some());
                        end = span.end;
                    }
                }
            }
        }
    }
}
