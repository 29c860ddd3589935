use std::sync::Arc;

use common::models::{Facts, Id, Movie, Person};

use super::*;
use crate::fixture::item;

#[test]
fn each_changed_field_of_a_movie_has_a_sentence() {
    let before = Movie {
        title: "Ponyo".into(),
        description: Some("A fish.".into()),
        director: Some("H. M.".into()),
        running_time_minutes: Some(1),
        score_percent: Some(91),
        ..Movie::default()
    };
    let cases: [(Movie, &str); 8] = [
        (
            with(&before, |movie| movie.title = "Ponyo!".into()),
            "The title of “Ponyo!” changed from “Ponyo” to “Ponyo!”.",
        ),
        (
            with(&before, |movie| movie.running_time_minutes = Some(101)),
            "The running time of “Ponyo” changed from 1 to 101 minutes.",
        ),
        (
            with(&before, |movie| movie.score_percent = Some(92)),
            "The score of “Ponyo” changed from 91 to 92%.",
        ),
        (
            with(&before, |movie| movie.release_year = Some(2008)),
            "The release year of “Ponyo” was added: 2008.",
        ),
        (
            with(&before, |movie| movie.running_time_minutes = None),
            "The running time of “Ponyo” was removed (it was 1 minute).",
        ),
        (
            with(&before, |movie| movie.director = None),
            "The director of “Ponyo” was removed (it was “H. M.”).",
        ),
        (
            with(&before, |movie| movie.description = Some("A girl.".into())),
            "The description of “Ponyo” was rewritten.",
        ),
        (before.clone(), "“Ponyo” moved in the source’s list."),
    ];
    for (after, sentence) in cases {
        assert_eq!(sentences_of(&before, &after, &[]), [sentence]);
    }
}

#[test]
fn sentences_about_relations_name_items_including_added_and_removed_ones() {
    let (fio, gina) = (person("p1", "Fio"), person("p2", "Gina"));
    let removed = Change::of(Some(gina), None).unwrap();
    // As in a comparison backwards, whose additions are not in the current catalogue.
    let added = Change::of(None, Some(person("p3", "Piccolo"))).unwrap();
    let before = Movie {
        title: "Porco Rosso".into(),
        people: vec!["p2".into()],
        ..Movie::default()
    };
    let people = |ids: &[&str]| {
        let ids = ids.iter().map(|&id| Id::from(id)).collect();
        with(&before, |movie| movie.people = ids)
    };
    let cases = [
        (
            people(&["p2", "p1"]),
            "Fio was added to the characters of “Porco Rosso”.",
        ),
        (
            people(&[]),
            "Gina was removed from the characters of “Porco Rosso”.",
        ),
        (
            people(&["p2", "p3"]),
            "Piccolo was added to the characters of “Porco Rosso”.",
        ),
        (
            people(&["p1", "p9"]),
            "Fio and p9 were added to the characters of “Porco Rosso”, and Gina was removed.",
        ),
    ];
    for (after, sentence) in cases {
        let changes = [removed.clone(), added.clone()];
        let catalogue = [fio.clone()].into_iter().collect();
        let names = ItemNames::of(&catalogue, &changes);
        let change = change(&before, &after);
        assert_eq!(sentences(&change, &names), [sentence]);
    }
}

#[test]
fn values_of_a_changed_field_have_their_units() {
    let before = Movie {
        title: "Ponyo".into(),
        running_time_minutes: Some(100),
        ..Movie::default()
    };
    let after = with(&before, |movie| movie.running_time_minutes = Some(101));
    let catalogue = Catalogue::default();
    let names = ItemNames::of(&catalogue, &[]);
    let values = FieldValues::Single {
        before: Some("100 minutes".into()),
        after: Some("101 minutes".into()),
    };
    assert_eq!(
        field_values(&change(&before, &after), &names),
        [("running time".to_owned(), values)]
    );
}

#[test]
fn an_added_or_removed_item_has_one_sentence() {
    let catalogue = Catalogue::default();
    let names = ItemNames::of(&catalogue, &[]);
    let fio = person("p1", "Fio");
    let describe = |before, after| sentences(&Change::of(before, after).unwrap(), &names);
    assert_eq!(
        describe(None, Some(fio.clone())),
        ["The character “Fio” was added."]
    );
    assert_eq!(
        describe(Some(fio), None),
        ["The character “Fio” was removed."]
    );
}

#[test]
fn long_titles_and_lists_are_shortened_in_sentences() {
    let before = Movie {
        title: "界".repeat(1_000_000),
        ..Movie::default()
    };
    let after = with(&before, |movie| movie.title.push('!'));
    let names: Vec<_> = (0..500).map(|id| Id::from(format!("p{id}"))).collect();
    let after = with(&after, |movie| movie.people = names);
    for sentence in sentences_of(&before, &after, &[]) {
        assert!(sentence.chars().count() < 1000, "{sentence}");
    }
}

fn sentences_of(before: &Movie, after: &Movie, changes: &[Change]) -> Vec<String> {
    let catalogue = Catalogue::default();
    sentences(&change(before, after), &ItemNames::of(&catalogue, changes))
}

fn with(movie: &Movie, edit: impl FnOnce(&mut Movie)) -> Movie {
    let mut movie = movie.clone();
    edit(&mut movie);
    movie
}

fn change(before: &Movie, after: &Movie) -> Change {
    let item = |movie: &Movie| item("m1", Facts::Movie(movie.clone()));
    Change::of(Some(item(before)), Some(item(after))).unwrap()
}

fn person(id: &str, name: &str) -> Arc<Item> {
    let person = Person {
        name: name.into(),
        ..Person::default()
    };
    item(id, Facts::Person(person))
}
