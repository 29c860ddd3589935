use super::*;
use crate::diff::diff;
use crate::samples::{movie, published, upstream};
use common::models::Quarantined;

fn judged(published: &Catalogue, upstream: &Upstream, missing: usize) -> Vec<Rule> {
    let missing: Vec<_> = published.iter(Kind::Movie).take(missing).collect();
    let missing: Vec<_> = missing
        .iter()
        .map(|item| (Kind::Movie, item.id.clone()))
        .collect();
    let changes = diff(published, upstream);
    let holds = judge(
        &FuseLimits::default(),
        published,
        upstream,
        &missing,
        &changes,
    );
    holds.iter().map(|hold| hold.rule).collect()
}

/// The rules that hold a source whose movies are these.
fn changed(before: usize, change: impl Fn(usize, &mut common::models::Movie)) -> Vec<Rule> {
    let full = |edit: &dyn Fn(usize, &mut common::models::Movie)| {
        let mut upstream = upstream(before);
        let drafts = upstream.drafts.get_mut(&Kind::Movie).unwrap();
        for (number, draft) in drafts.iter_mut().enumerate() {
            let Facts::Movie(movie) = &mut draft.facts else {
                unreachable!()
            };
            movie.director = Some("Somebody".into());
            movie.producer = Some("Someone".into());
            movie.release_year = Some(1990);
            edit(number, movie);
        }
        upstream
    };
    let mut catalogue = Catalogue::default();
    catalogue.apply(&diff(&catalogue, &full(&|_, _| {})));
    judged(&catalogue, &full(&change), 0)
}

fn bad(id: Option<&str>, index: u64) -> Quarantined {
    Quarantined {
        kind: Kind::Movie,
        id: id.map(Into::into),
        index,
        reason: "unreadable".into(),
        raw: String::new(),
    }
}

#[test]
fn an_empty_kind_is_held_even_on_an_empty_store() {
    let mut source = upstream(5);
    source.drafts.insert(Kind::Movie, Vec::new());
    assert_eq!(judged(&published(5), &source, 5), [Rule::Empty]);
    assert_eq!(judged(&Catalogue::default(), &source, 0), [Rule::Empty]);
}

#[test]
fn a_kind_that_is_published_empty_may_stay_empty() {
    let mut source = upstream(5);
    source.drafts.insert(Kind::Vehicle, Vec::new());
    let mut catalogue = Catalogue::default();
    catalogue.apply(&diff(&catalogue, &source));
    assert_eq!(judged(&catalogue, &source, 0), []);
}

#[test]
fn losing_more_than_three_and_more_than_a_fifth_is_held() {
    assert_eq!(judged(&published(5), &upstream(5), 3), []);
    assert_eq!(judged(&published(20), &upstream(20), 4), []);
    assert_eq!(judged(&published(19), &upstream(19), 4), [Rule::Lost]);
}

#[test]
fn items_changed_beyond_recognition_count_as_lost() {
    let beyond = |movie: &mut common::models::Movie| {
        movie.title = "Another".into();
        movie.director = Some("Another".into());
        movie.producer = Some("Another".into());
    };
    let few = |number, movie: &mut _| {
        if number < 4 {
            beyond(movie);
        }
    };
    assert_eq!(changed(19, few), [Rule::Lost]);
    assert_eq!(changed(20, few), []);
    assert_eq!(
        changed(20, |_, movie| movie.title = "Another".into()),
        [],
        "a title is one field of several"
    );
}

#[test]
fn values_lost_in_more_than_a_tenth_of_the_items_are_held() {
    let blank = |below| {
        move |number, movie: &mut common::models::Movie| {
            if number < below {
                movie.director = None;
            }
        }
    };
    assert_eq!(changed(20, blank(2)), []);
    assert_eq!(changed(20, blank(3)), [Rule::Blanked]);
}

#[test]
fn a_list_whose_items_all_went_is_not_blanked() {
    let mut before = upstream(5);
    let people = |upstream: &mut Upstream, ids: Vec<Id>| {
        for draft in upstream.drafts.get_mut(&Kind::Movie).unwrap() {
            let Facts::Movie(movie) = &mut draft.facts else {
                unreachable!()
            };
            movie.people = ids.clone();
        }
    };
    people(&mut before, vec!["only".into()]);
    let mut catalogue = Catalogue::default();
    catalogue.apply(&diff(&catalogue, &before));
    let mut after = upstream(5);
    assert_eq!(judged(&catalogue, &after, 0), [Rule::Blanked]);
    after.drafts.insert(Kind::Person, Vec::new());
    after.quarantined.push(Quarantined {
        kind: Kind::Person,
        ..bad(Some("other"), 0)
    });
    let rules = judged(&catalogue, &after, 0);
    assert!(!rules.contains(&Rule::Blanked), "{rules:?}");
}

#[test]
fn more_than_a_fifth_unreadable_is_held() {
    let mut source = upstream(8);
    source.quarantined = vec![bad(Some("x"), 0), bad(None, 1)];
    assert_eq!(judged(&published(8), &source, 0), []);
    source.quarantined.push(bad(None, 2));
    assert_eq!(judged(&published(8), &source, 0), [Rule::Unreadable]);
}

#[test]
fn an_id_that_comes_twice_is_held() {
    let mut source = upstream(8);
    source.quarantined = vec![bad(Some("movie-id-3"), 8)];
    assert_eq!(judged(&published(8), &source, 0), [Rule::Duplicates]);
}

#[test]
fn new_items_are_never_held() {
    assert_eq!(judged(&published(1), &upstream(1000), 0), []);
}

#[test]
fn a_hold_says_the_rule_the_numbers_and_some_names() {
    let mut source = upstream(8);
    source.drafts.get_mut(&Kind::Movie).unwrap()[1] = movie(1, "Renamed");
    source.quarantined = vec![bad(Some("movie-id-3"), 8)];
    let published = published(8);
    let changes = diff(&published, &source);
    let holds = judge(&FuseLimits::default(), &published, &source, &[], &changes);
    assert_eq!(
        holds[0].to_string(),
        "1 of 9 movies repeat the id of another, more than 0: movie-id-3 (fuse_duplicates)"
    );
}
