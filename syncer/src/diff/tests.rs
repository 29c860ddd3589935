use common::models::{Counts, Kind};

use super::*;
use crate::samples::{apply, movie, published, upstream};

#[test]
fn the_same_source_twice_makes_no_change() {
    assert!(diff(&published(5), &upstream(5)).is_empty());
}

#[test]
fn what_comes_changes_and_goes_is_one_change_each() {
    let mut source = upstream(5);
    let movies = source.drafts.get_mut(&Kind::Movie).unwrap();
    movies.remove(1);
    movies[0] = movie(0, "A new title");
    movies.push(movie(9, "A new movie"));
    let counts = Counts::of(&diff(&published(5), &source));
    assert_eq!(
        counts,
        Counts {
            added: 1,
            updated: 1,
            removed: 1
        }
    );
}

#[test]
fn a_slug_stays_when_the_title_is_corrected() {
    let mut source = upstream(2);
    source.drafts.get_mut(&Kind::Movie).unwrap()[0] = movie(0, "Corrected");
    let after = apply(&published(2), &source);
    let item = after.find(Kind::Movie, "movie-0").unwrap();
    assert_eq!(item.name(), "Corrected");
}

#[test]
fn equal_titles_and_titles_like_ids_get_slugs_of_their_own() {
    let mut source = upstream(1);
    let movies = source.drafts.get_mut(&Kind::Movie).unwrap();
    movies.extend([movie(1, "Same"), movie(2, "Same"), movie(3, "Movie id 0")]);
    let after = apply(&Catalogue::default(), &source);
    let slugs: Vec<_> = after
        .iter(Kind::Movie)
        .map(|item| item.slug.to_string())
        .collect();
    assert_eq!(slugs, ["movie-0", "same", "same-2", "movie-id-0-2"]);
    assert_eq!(
        after.find(Kind::Movie, "movie-id-0").unwrap().name(),
        "Movie 0"
    );
}

#[test]
fn the_order_of_the_source_survives() {
    let mut source = upstream(5);
    source.drafts.get_mut(&Kind::Movie).unwrap().rotate_left(2);
    let before = published(5);
    let changes = diff(&before, &source);
    assert_eq!(changes.len(), 2, "only what moved is renumbered");
    let after = apply(&before, &source);
    let names: Vec<_> = after
        .iter(Kind::Movie)
        .map(|item| item.name().to_owned())
        .collect();
    assert_eq!(
        names,
        ["Movie 2", "Movie 3", "Movie 4", "Movie 0", "Movie 1"]
    );
}
