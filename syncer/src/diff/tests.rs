use std::collections::HashSet;

use common::models::{Counts, Kind};

use super::*;
use crate::samples::{movie, published, sample};

#[test]
fn the_same_source_twice_makes_no_change() {
    assert!(sample(5).changes(&published(5)).is_empty());
}

#[test]
fn what_comes_changes_and_goes_is_one_change_each() {
    let mut source = sample(5);
    let movies = source.movies();
    movies.remove(1);
    movies[0] = movie(0, "A new title");
    movies.push(movie(9, "A new movie"));
    let counts = source.changes(&published(5)).counts();
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
    let mut source = sample(2);
    source.movies()[0] = movie(0, "Corrected");
    let after = source.applied(&published(2));
    let item = after.find(Kind::Movie, "movie-0").unwrap();
    assert_eq!(item.name(), "Corrected");
}

#[test]
fn equal_titles_and_titles_like_ids_get_slugs_of_their_own() {
    let mut source = sample(1);
    let movies = source.movies();
    movies.extend([
        movie(1, "Same"),
        movie(2, "Same"),
        movie(3, "Movie id 0"),
        movie(4, "Random"),
    ]);
    let after = source.applied(&Catalogue::default());
    let slugs: Vec<_> = after
        .iter(Kind::Movie)
        .map(|item| item.slug.to_string())
        .collect();
    assert_eq!(
        slugs,
        ["movie-0", "same", "same-2", "movie-id-0-2", "random-2"]
    );
    assert_eq!(
        after.find(Kind::Movie, "movie-id-0").unwrap().name(),
        "Movie 0"
    );
}

#[test]
fn the_order_of_the_source_survives() {
    let mut source = sample(5);
    source.movies().rotate_left(2);
    let before = published(5);
    let changes = source.changes(&before);
    assert_eq!(changes.len(), 2, "only what moved is renumbered");
    let after = source.applied(&before);
    let names: Vec<_> = after
        .iter(Kind::Movie)
        .map(|item| item.name().to_owned())
        .collect();
    assert_eq!(
        names,
        ["Movie 2", "Movie 3", "Movie 4", "Movie 0", "Movie 1"]
    );
}

#[test]
fn what_has_no_room_in_memory_is_refused() {
    let (published, source) = (published(5), sample(1000));
    let compare = |room| {
        let mut unjoined = source.unjoined(&published, room);
        let mut upstream = unjoined.join(&published, &HashSet::new());
        diff(&published, &mut upstream).map_err(|error| error.to_string())
    };
    assert_eq!(compare(1 << 20).unwrap().len(), 995);
    let told = compare(300 << 10).unwrap_err();
    assert!(told.contains("raise PYFLIX_PROVIDER_MAX_BYTES"), "{told}");
}
