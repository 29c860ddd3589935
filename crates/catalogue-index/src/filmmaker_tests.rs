use common::models::Catalogue;

use crate::tests::{catalogue, movie};
use crate::{ListIndex, Role};

fn index(directors: &[&str]) -> ListIndex {
    let movies = (0..).zip(directors);
    ListIndex::of(&catalogue(
        movies.map(|(id, director)| movie(id, "T", Some(2000), director)),
    ))
}

fn names(index: &ListIndex, text: &str) -> Vec<String> {
    let found = index.find_filmmakers(Role::Director, text, 9);
    found.into_iter().map(|filmmaker| filmmaker.name).collect()
}

#[test]
fn filmmakers_are_listed_by_number_of_movies_and_found_by_slug() {
    let index = index(&["Bo Ek", "Ann Lee, bo ek", "Bo Ek, Cy", ""]);
    let listed = index.filmmakers(Role::Director, 0, 9);
    let listed: Vec<_> = listed
        .iter()
        .map(|filmmaker| {
            let movies = filmmaker.movies.len();
            (filmmaker.name.as_str(), filmmaker.slug.as_str(), movies)
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("Bo Ek", "bo-ek", 3),
            ("Ann Lee", "ann-lee", 1),
            ("Cy", "cy", 1)
        ]
    );
    assert_eq!(index.filmmaker_count(Role::Director), 3);
    assert_eq!(index.filmmaker_count(Role::Producer), 0);
    assert!(index.filmmaker(Role::Director, "bo-ek").is_some());
    assert!(index.filmmaker(Role::Producer, "bo-ek").is_none());
    assert!(index.filmmaker(Role::Director, "bo").is_none());
}

#[test]
fn only_a_comma_separates_names() {
    let index = index(&["Wallace and Gromit & Sons, Ann Lee"]);
    let listed = index.filmmakers(Role::Director, 0, 9);
    let listed: Vec<_> = listed.into_iter().map(|filmmaker| filmmaker.name).collect();
    assert_eq!(listed, ["Ann Lee", "Wallace and Gromit & Sons"]);
}

#[test]
fn names_with_one_slug_get_distinct_slugs_that_lead_to_them() {
    let index = index(&["Rene Clair", "René Clair", "Rene-Clair", "宮崎駿", "高畑勲"]);
    let listed = index.filmmakers(Role::Director, 0, 9);
    let mut slugs: Vec<_> = listed.iter().map(|filmmaker| &filmmaker.slug).collect();
    for filmmaker in &listed {
        let found = index.filmmaker(Role::Director, &filmmaker.slug).unwrap();
        assert_eq!(found.name, filmmaker.name);
    }
    slugs.sort();
    slugs.dedup();
    assert_eq!(slugs.len(), 5);
    assert!(index.filmmaker(Role::Director, "rene-clair").is_some());
}

#[test]
fn a_slug_with_a_digest_stays_when_the_other_name_disappears() {
    let both = index(&["Rene Clair", "René Clair"]);
    let second = both
        .filmmaker_by_name(Role::Director, "René Clair")
        .unwrap();
    assert_ne!(second.slug, "rene-clair");
    let alone = index(&["René Clair"]);
    for slug in [second.slug.as_str(), "rene-clair"] {
        let found = alone.filmmaker(Role::Director, slug).unwrap();
        assert_eq!(found.name, "René Clair");
    }
}

#[test]
fn filmmakers_are_found_by_the_beginnings_of_their_words() {
    let index = index(&[
        "Gorō Miyazaki",
        "Hayao Miyazaki",
        "Hayao Miyazaki",
        "Mia Mi",
    ]);
    assert_eq!(
        names(&index, "miyazaki"),
        ["Hayao Miyazaki", "Gorō Miyazaki"]
    );
    assert_eq!(names(&index, "goro miy"), ["Gorō Miyazaki"]);
    assert_eq!(names(&index, "miyazaki hayao"), ["Hayao Miyazaki"]);
    assert_eq!(names(&index, "mi")[2], "Mia Mi");
    for text in ["", "m", "iyazaki", "miyazaki x", "!"] {
        assert_eq!(names(&index, text), [""; 0], "{text}");
    }
}

#[test]
fn an_empty_catalogue_has_no_filmmakers() {
    let index = ListIndex::of(&Catalogue::default());
    assert!(index.filmmakers(Role::Director, 0, 9).is_empty());
}
