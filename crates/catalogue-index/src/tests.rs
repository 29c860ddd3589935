use std::sync::Arc;

use common::models::{Catalogue, Facts, Item, Kind, Movie, SourceRecord};
use proptest::prelude::*;
use roaring::RoaringBitmap;
use serde_json::value::RawValue;

use crate::{Field, Filter, ListIndex, Role, Sort};

#[test]
fn unknown_values_come_last_in_both_directions() {
    let index = ListIndex::of(&catalogue([
        movie(1, "Éclair", Some(2001), "A"),
        movie(2, "apple", None, "B"),
        movie(3, "Dawn", Some(1999), "a, B"),
    ]));
    let found = index.find(Kind::Movie, &[]);
    let titles = |sort, is_descending| titles(&index, &found, (sort, is_descending), (0, 9));
    assert_eq!(titles(Sort::Source, false), ["Éclair", "apple", "Dawn"]);
    assert_eq!(titles(Sort::Name, false), ["apple", "Dawn", "Éclair"]);
    assert_eq!(titles(Sort::Year, false), ["Dawn", "Éclair", "apple"]);
    assert_eq!(titles(Sort::Year, true), ["Éclair", "Dawn", "apple"]);
}

#[test]
fn filters_are_combined_and_values_counted_as_written() {
    let index = ListIndex::of(&catalogue([
        movie(1, "One", Some(2001), "Ann Lee"),
        movie(2, "Two", Some(2003), "Ann Lee, Bo"),
        movie(3, "Three", Some(2005), "Bo"),
    ]));
    let ann = Filter::Is(Field::Director, "ann lee".into());
    let early = Filter::Between(Field::Year, 0..=2002);
    let found = index.find(Kind::Movie, std::slice::from_ref(&ann));
    assert_eq!(
        index.counts(Kind::Movie, found).values(Field::Director, 9),
        [("Ann Lee".to_owned(), 2), ("Bo".to_owned(), 1)]
    );
    let found = index.find(Kind::Movie, &[ann, early]);
    assert_eq!(
        titles(&index, &found, (Sort::Source, false), (0, 9)),
        ["One"]
    );
    assert_eq!(index.bounds(Field::Year), Some((2001, 2005)));
}

proptest! {
    #[test]
    fn applying_changes_gives_the_same_lists_as_a_new_index(
        states in prop::collection::vec(prop::collection::vec(any_movie(), 0..40), 1..5),
        year in 1990_u32..2010,
        sort in prop::sample::select(Sort::ALL.to_vec()),
        is_descending: bool,
        (offset, limit) in (0_usize..30, 0_usize..30),
    ) {
        let mut before = Catalogue::default();
        let mut followed = ListIndex::of(&before);
        for state in states {
            // Numbers continue from the previous state, as they do when versions are followed.
            let wanted = catalogue(state);
            let mut after = before.clone();
            after.apply_packed(&before.changes_to(&wanted));
            let changes: Vec<_> = before.changes_to(&after).iter().collect();
            let numbered = followed.apply(&changes, &after);
            prop_assert_eq!(numbered.len(), changes.len());
            let fresh = ListIndex::of(&after);
            for filters in [vec![], vec![Filter::Between(Field::Year, year..=2010)]] {
                let found = followed.find(Kind::Movie, &filters);
                let expected = fresh.find(Kind::Movie, &filters);
                prop_assert_eq!(
                    titles(&followed, &found, (sort, is_descending), (offset, limit)),
                    titles(&fresh, &expected, (sort, is_descending), (offset, limit))
                );
                prop_assert_eq!(
                    followed
                        .counts(Kind::Movie, found)
                        .values(Field::Director, 9),
                    fresh.counts(Kind::Movie, expected).values(Field::Director, 9)
                );
            }
            prop_assert_eq!(filmmakers(&followed), filmmakers(&fresh));
            before = after;
        }
    }

    #[test]
    fn a_page_by_bitset_is_the_page_by_sorting(
        chosen in prop::collection::btree_set(0_u32..3000, 1025..1500),
        is_descending: bool,
        (offset, limit) in (0_usize..1600, 0_usize..100),
    ) {
        let movies = (0_u16..3000).map(|n| movie(n.into(), "", Some(1900 + n * 7 % 100), ""));
        let index = ListIndex::of(&catalogue(movies));
        let found: RoaringBitmap = chosen.iter().collect();
        let mut expected: Vec<_> = found.iter().filter_map(|number| index.item(number)).collect();
        expected.sort_by_key(|item| {
            let Facts::Movie(movie) = &item.facts else { panic!("a movie") };
            let year = i64::from(movie.release_year.unwrap());
            if is_descending { (-year, -item.rank) } else { (year, item.rank) }
        });
        let expected: Vec<_> = expected.into_iter().skip(offset).take(limit).collect();
        let page = index.page(Kind::Movie, &found, (Sort::Year, is_descending), (offset, limit));
        prop_assert_eq!(page, expected);
    }
}

#[test]
fn counts_are_right_for_small_large_dense_and_sparse_sets() {
    let director = |id: i64| match id % 3 {
        0 => "Ann",
        1 => "Bo, Ann",
        _ => "Cy",
    };
    let movies = (0..100_000).map(|id| movie(id, "", None, director(id)));
    let index = ListIndex::of(&catalogue(movies));
    for (step, from) in [(3, 0), (7, 0), (25, 0), (25, 90_000), (50, 0)] {
        let found: RoaringBitmap = (from..100_000).step_by(step).collect();
        let mut expected = [("Ann", 0), ("Bo", 0), ("Cy", 0)];
        for item in found.iter().filter_map(|number| index.item(number)) {
            for (name, count) in &mut expected {
                *count += u64::from(director(item.rank).contains(*name));
            }
        }
        let found = Arc::new(found);
        let mut counts = index.counts(Kind::Movie, found).values(Field::Director, 9);
        counts.sort();
        let expected = expected.map(|(name, count)| (name.to_owned(), count));
        let expected: Vec<_> = expected
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .collect();
        assert_eq!(counts, expected, "one in {step} from {from}");
    }
}

/// All directors with their movies, and those that are found by a word.
fn filmmakers(index: &ListIndex) -> Vec<(String, String, Vec<u32>)> {
    let all = index.filmmakers(Role::Director, 0, 9);
    let found = index.find_filmmakers(Role::Director, "cy", 9);
    let filmmakers = all.into_iter().chain(found);
    filmmakers
        .map(|filmmaker| {
            let by_slug = index.filmmaker(Role::Director, &filmmaker.slug).unwrap();
            (
                filmmaker.slug,
                by_slug.name,
                filmmaker.movies.iter().collect(),
            )
        })
        .collect()
}

fn any_movie() -> impl Strategy<Value = Arc<Item>> {
    let director = prop::sample::select(vec!["A", "B", "A, B", "Á", "Cy Á, B", ""]);
    (
        0_i64..60,
        "[a-e]{1,3}",
        prop::option::of(1990_u16..2010),
        director,
    )
        .prop_map(|(id, title, year, director)| movie(id, &title, year, director))
}

pub(crate) fn movie(id: i64, title: &str, year: Option<u16>, director: &str) -> Arc<Item> {
    Arc::new(Item {
        id: id.to_string().into(),
        slug: format!("slug-{id}").into(),
        rank: id,
        facts: Facts::Movie(Movie {
            title: title.into(),
            release_year: year,
            director: Some(director.into()),
            ..Movie::default()
        }),
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}

pub(crate) fn catalogue(items: impl IntoIterator<Item = Arc<Item>>) -> Catalogue {
    items.into_iter().collect()
}

fn titles(
    index: &ListIndex,
    found: &RoaringBitmap,
    order: (Sort, bool),
    page: (usize, usize),
) -> Vec<String> {
    let page = index.page(Kind::Movie, found, order, page);
    page.iter().map(|item| item.name().to_owned()).collect()
}
