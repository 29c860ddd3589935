use super::*;
use crate::pipeline::samples::{Sample, delta, movie, published, sample};
use common::models::QuarantinedRecord;
use serde_json::{Value, json};

fn broken_rules(published: &Catalogue, source: &Sample, missing: usize) -> Vec<FuseRule> {
    let missing: Vec<_> = published.iter(Kind::Movie).take(missing).collect();
    let missing: Vec<_> = missing
        .iter()
        .map(|item| (Kind::Movie, item.id.clone()))
        .collect();
    let violations = violations(published, source, &missing);
    violations.iter().map(|violation| violation.rule).collect()
}

fn violations(published: &Catalogue, source: &Sample, missing: &[(Kind, Id)]) -> Vec<Violation> {
    let limits = FuseLimits::default();
    let mut parsed = source.parse(published, u64::MAX);
    let changes = delta(&mut parsed, published).unwrap().changes;
    judge(&limits, published, &parsed, missing, &changes).violations
}

/// The rules that a change of some of `before` movies breaks.
fn changed(before: usize, change: impl Fn(usize, &mut Value)) -> Vec<FuseRule> {
    let full = |edit: &dyn Fn(usize, &mut Value)| {
        let mut source = sample(before);
        for (number, movie) in source.movies().iter_mut().enumerate() {
            movie["director"] = json!("Somebody");
            movie["producer"] = json!("Someone");
            movie["release_date"] = json!("1990");
            edit(number, movie);
        }
        source
    };
    let catalogue = full(&|_, _| {}).applied(&Catalogue::default());
    broken_rules(&catalogue, &full(&change), 0)
}

fn bad(id: Option<&str>, index: u64) -> QuarantinedRecord {
    QuarantinedRecord {
        kind: Kind::Movie,
        id: id.map(Into::into),
        index,
        reason: "unreadable".into(),
        raw: String::new(),
    }
}

#[test]
fn an_empty_kind_is_held_even_on_an_empty_store() {
    let mut source = sample(5);
    source.records.insert(Kind::Movie, Vec::new());
    assert_eq!(broken_rules(&published(5), &source, 5), [FuseRule::Empty]);
    assert_eq!(
        broken_rules(&Catalogue::default(), &source, 0),
        [FuseRule::Empty]
    );
}

#[test]
fn a_kind_that_is_published_empty_may_stay_empty() {
    let mut source = sample(5);
    source.records.insert(Kind::Vehicle, Vec::new());
    let catalogue = source.applied(&Catalogue::default());
    assert_eq!(broken_rules(&catalogue, &source, 0), []);
}

#[test]
fn losing_more_than_three_and_more_than_a_fifth_is_held() {
    assert_eq!(broken_rules(&published(5), &sample(5), 3), []);
    assert_eq!(broken_rules(&published(20), &sample(20), 4), []);
    assert_eq!(
        broken_rules(&published(19), &sample(19), 4),
        [FuseRule::Lost]
    );
}

#[test]
fn items_changed_beyond_recognition_count_as_lost() {
    let beyond = |movie: &mut Value| {
        for field in ["title", "director", "producer"] {
            movie[field] = json!("Another");
        }
    };
    let few = |number, movie: &mut Value| {
        if number < 4 {
            beyond(movie);
        }
    };
    assert_eq!(changed(19, few), [FuseRule::Lost]);
    assert_eq!(changed(20, few), []);
    assert_eq!(
        changed(20, |_, movie| movie["title"] = json!("Another")),
        [],
        "a title is one field of several"
    );
}

#[test]
fn values_lost_in_more_than_three_and_more_than_a_tenth_or_in_all_items_are_held() {
    let blank = |below| {
        move |number, movie: &mut Value| {
            if number < below {
                movie["director"] = Value::Null;
            }
        }
    };
    assert_eq!(changed(20, blank(3)), []);
    assert_eq!(changed(20, blank(4)), [FuseRule::Blanked]);
    assert_eq!(changed(40, blank(4)), []);
    assert_eq!(changed(3, blank(2)), []);
    assert_eq!(changed(3, blank(3)), [FuseRule::Blanked]);
}

#[test]
fn a_list_whose_items_are_all_gone_is_not_blanked() {
    let mut before = sample(5);
    for movie in before.movies() {
        movie["people"] = json!(["https://source.example/people/only"]);
    }
    let catalogue = before.applied(&Catalogue::default());
    let mut after = sample(5);
    assert_eq!(broken_rules(&catalogue, &after, 0), [FuseRule::Blanked]);
    after.records.insert(Kind::Person, Vec::new());
    after.quarantined.push(QuarantinedRecord {
        kind: Kind::Person,
        ..bad(Some("other"), 0)
    });
    let rules = broken_rules(&catalogue, &after, 0);
    assert!(!rules.contains(&FuseRule::Blanked), "{rules:?}");
}

#[test]
fn more_than_a_fifth_unreadable_is_held() {
    let mut source = sample(8);
    source.quarantined = vec![bad(Some("x"), 0), bad(None, 1)];
    assert_eq!(broken_rules(&published(8), &source, 0), []);
    source.quarantined.push(bad(None, 2));
    assert_eq!(
        broken_rules(&published(8), &source, 0),
        [FuseRule::Unreadable]
    );
}

#[test]
fn a_repeated_id_is_held() {
    let mut source = sample(8);
    source.quarantined = vec![bad(Some("movie-id-3"), 8)];
    assert_eq!(
        broken_rules(&published(8), &source, 0),
        [FuseRule::Duplicates]
    );
}

#[test]
fn new_items_are_never_held() {
    assert_eq!(broken_rules(&published(1), &sample(1000), 0), []);
}

#[test]
fn before_the_first_version_an_empty_kind_is_shown_without_published_items() {
    let mut source = sample(8);
    source.movies().clear();
    let violations = violations(&Catalogue::default(), &source, &[]);
    assert_eq!(
        violations[0].to_string(),
        "the source has no movies at all (fuse_empty)"
    );
}

#[test]
fn a_violation_shows_its_figures_examples_and_setting() {
    let mut source = sample(8);
    source.movies()[1] = movie(1, "Renamed");
    source.quarantined = vec![bad(Some("movie-id-3"), 8)];
    let violations = violations(&published(8), &source, &[]);
    assert_eq!(
        violations[0].to_string(),
        "1 of 9 movies repeated another record’s ID (limit: 0): movie-id-3 (fuse_duplicates)"
    );
}
