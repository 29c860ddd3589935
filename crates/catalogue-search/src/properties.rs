use std::sync::Arc;

use common::models::{Catalogue, Facts, Id, Item, Kind, Location, Movie, Person, SourceRecord};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::parsed_query::ParsedQuery;
use crate::{SearchIndex, SearchQuery, SearchResults};

/// Words with shared prefixes, or a typing error or a fold apart.
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
        description: Some(original.clone()),
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

/// An item of one of three kinds, with one of a few ids.
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

/// Items to insert, or with `false` to remove.
fn steps() -> impl Strategy<Value = Vec<Vec<(Arc<Item>, bool)>>> {
    vec(vec((any_item(), prop::bool::weighted(0.8)), 1..12), 1..8)
}

/// A catalogue with an index that follows its changes.
#[derive(Default)]
struct EditedCatalogue {
    catalogue: Catalogue,
    index: SearchIndex,
}

impl EditedCatalogue {
    /// Applies the changes of a version to the catalogue and the index.
    fn step(&mut self, step: &[(Arc<Item>, bool)]) {
        let before = self.catalogue.clone();
        for (item, is_inserted) in step {
            match is_inserted {
                true => self.catalogue.insert(item),
                false => self.catalogue.remove(item.kind(), &item.id),
            }
        }
        let changes: Vec<_> = before.changes_to(&self.catalogue).iter().collect();
        let old_numbers = changes
            .iter()
            .filter_map(|change| before.number(change.kind, &change.id));
        let removed = old_numbers.filter(|number| self.catalogue.item(*number).is_none());
        self.index.apply(&changes, removed, &self.catalogue);
    }

    fn items(&self) -> Vec<Arc<Item>> {
        self.catalogue.all().collect()
    }

    fn find(&self, index: &SearchIndex, text: &str, offset: usize, limit: usize) -> SearchResults {
        let query = SearchQuery {
            text,
            kinds: &[],
            limit,
            offset,
        };
        index.find(&query, &self.catalogue)
    }

    fn fresh(&self) -> SearchIndex {
        SearchIndex::of(&self.catalogue)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn an_updated_index_finds_what_a_fresh_one_finds(
        steps in steps(),
        queries in vec(name(), 1..6),
    ) {
        let mut edited = EditedCatalogue::default();
        for (place, step) in steps.iter().enumerate() {
            edited.step(step);
            if place == 2 {
                edited.index = edited.fresh();
            }
        }
        let fresh = edited.fresh();
        for text in queries.iter().map(String::as_str).chain(WORDS).chain(["c", "t k", "と"]) {
            prop_assert_eq!(edited.find(&edited.index, text, 0, 50), edited.find(&fresh, text, 0, 50));
        }
    }

    #[test]
    fn an_item_with_the_exact_name_comes_first(steps in steps(), place in any::<prop::sample::Index>()) {
        let mut edited = EditedCatalogue::default();
        for step in &steps {
            edited.step(step);
        }
        let items = edited.items();
        prop_assume!(!items.is_empty());
        let wanted = items[place.index(items.len())].name();
        let found = edited.find(&edited.fresh(), wanted, 0, 1);
        prop_assume!(!wanted.trim_matches(|c: char| c.is_whitespace() || c.is_control()).is_empty());
        let Some(first) = found.hits.first() else {
            // A name of marks alone, which folding removes.
            let folded = ParsedQuery::of(wanted).name;
            prop_assert!(!folded.chars().any(char::is_alphanumeric));
            return Ok(());
        };
        let first = edited.catalogue.item(first.number).unwrap();
        let fold = |text: &str| ParsedQuery::of(text).name;
        let original = match &first.facts {
            Facts::Movie(movie) => movie.original_title.as_deref(),
            _ => None,
        };
        let names = [Some(first.name()), original];
        prop_assert!(names.into_iter().flatten().any(|name| fold(name) == fold(wanted)));
    }

    #[test]
    fn pages_are_slices_of_one_list(steps in steps(), text in name(), at in 0..8_usize) {
        let mut edited = EditedCatalogue::default();
        for step in &steps {
            edited.step(step);
        }
        let all = edited.find(&edited.index, &text, 0, 50);
        let page = edited.find(&edited.index, &text, at, 3);
        let expected: Vec<_> = all.hits.iter().skip(at).take(3).cloned().collect();
        prop_assert_eq!(all.hits.len(), all.total());
        prop_assert_eq!(page.hits, expected);
        prop_assert_eq!((page.totals, page.did_you_mean), (all.totals, all.did_you_mean));
    }

    #[test]
    fn spans_of_any_text_are_on_character_boundaries(
        names in vec(".{0,40}", 1..8),
        text in ".{0,40}",
        from in 0..8_usize,
    ) {
        let step: Vec<_> = names
            .iter()
            .enumerate()
            .map(|(place, name)| (movie(place, name.clone(), text.clone(), 1, &[]), true))
            .collect();
        let mut edited = EditedCatalogue::default();
        edited.step(&step);
        let index = edited.fresh();
        let part: String = names[from % names.len()].chars().skip(from).collect();
        for text in [&text, &part] {
            for hit in edited.find(&index, text, 0, 50).hits {
                prop_assert!(!hit.matches.is_empty());
                for found in hit.matches {
                    let mut end = 0;
                    prop_assert!(!found.spans.is_empty());
                    for span in found.spans {
                        prop_assert!(span.start >= end && span.start < span.end);
                        prop_assert!(found.text.get(span.clone()).is_some());
                        end = span.end;
                    }
                }
            }
        }
    }
}
