use common::models::{Counts, Kind};

use super::*;
use crate::pipeline::samples::{delta, movie, published, sample};

#[test]
fn an_unchanged_source_makes_no_change() {
    assert!(sample(5).changes(&published(5)).is_empty());
}

#[test]
fn an_added_an_updated_and_a_removed_item_are_one_change_each() {
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
fn items_keep_the_order_of_the_source() {
    let mut source = sample(5);
    source.movies().rotate_left(2);
    let before = published(5);
    let changes = source.changes(&before);
    assert_eq!(changes.len(), 2, "only moved items get a new rank");
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
fn a_delta_beyond_the_memory_limit_is_refused() {
    let (published, source) = (published(5), sample(1000));
    let changes = |memory_limit| {
        let mut parsed = source.parse(&published, memory_limit);
        let delta = delta(&mut parsed, &published);
        delta.map(|delta| delta.changes.len())
    };
    assert_eq!(changes(1 << 20).unwrap(), 995);
    let error = changes(300 << 10).unwrap_err().to_string();
    assert!(error.contains("raise PYFLIX_PROVIDER_MAX_BYTES"), "{error}");
}
