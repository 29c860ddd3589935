//! The order of titles.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Some of them with spaces that what a record is called by lacks, some alike.
fn titled(place: usize) -> Box<RawValue> {
    let title = match place % 100 {
        7 => format!(" {} \"", place % 1_300),
        8 => format!("\u{fb01} {place}"),
        9 => format!("\u{1f408} {place}"),
        _ => format!("T{}", place % 1_300),
    };
    let record = json!({"id": place.to_string(), "title": title, "kind": place % 3});
    RawValue::from_string(record.to_string()).unwrap()
}

#[test]
fn an_order_by_title_looks_at_no_record_of_many() {
    let records: Vec<_> = (0..5_000).map(titled).collect();
    let known = Listed::known(records.clone());
    for query in [
        "_sort=title&_start=10&_limit=20",
        "_sort=title&_order=DESC&_page=499",
        "_sort=title&_order=DESC&_page=900",
        "_sort=title&kind=1&_start=1500&_limit=30",
        "_sort=title&kind=1&kind=2&_order=DESC&_limit=400",
        "_sort=title&limit=7",
        "title_like=T12&_sort=title&_order=DESC&_limit=99",
        "title_gte=T9",
        "title_ne=T9&_start=4900",
        "title_lte=T1&kind=2",
    ] {
        ask_of(query, records.clone()).unwrap();
        known.looks.set(0);
        Question::read(query, BASE).unwrap().select(&known).unwrap();
        assert_eq!(known.looks.get(), 0, "{query}");
    }
}

#[test]
fn titles_that_are_no_text_or_depend_on_where_records_stand_have_no_order() {
    for odd in [
        json!({"title": 7}),
        json!({"name": "Kiki"}),
        json!({"title": "/films/kiki"}),
    ] {
        let odd = RawValue::from_string(odd.to_string()).unwrap();
        let records: Vec<_> = [titled(1), odd, titled(2)].into();
        assert!(Listed::known(records).names.is_none());
    }
    let nested = json!({"more": {"title": "T1"}, "title": "T2"}).to_string();
    let nested = RawValue::from_string(nested).unwrap();
    let names = names_of(&[nested], &["T1".to_owned()]);
    assert_eq!(names.unwrap().other(0), Some("T2"));
}

/// A record's place in the source's order, what it is called and the title it says.
type Kept = BTreeMap<u32, (i64, String, String)>;

fn order_of(kept: &Kept) -> Option<Names> {
    let mut in_order: Vec<_> = kept.iter().collect();
    in_order.sort_by_key(|(number, (rank, ..))| (*rank, **number));
    let mut titles = Titles::new(Collection::Films);
    for (number, kept) in &in_order {
        let record = called_as(**number, kept);
        titles.insert(**number, &Said::of(&record.stored), record.called);
    }
    let numbers = in_order.into_iter().map(|(number, _)| *number);
    titles.in_order(numbers, |number| kept.get(&number).map(called_of))
}

fn called_of((_, called, _): &(i64, String, String)) -> &str {
    called
}

fn called_as<'a>(number: u32, (_, called, title): &'a (i64, String, String)) -> Called<'a, String> {
    Called {
        number,
        called,
        stored: json!({ "title": title }).to_string(),
    }
}

fn kept() -> impl Strategy<Value = Kept> {
    let title = "[ab\u{fb01}\u{1f408}]{0,2} ?";
    let record = (0..3_i64, title).prop_map(|(rank, title)| (rank, title.trim().to_owned(), title));
    prop::collection::btree_map(0..9_u32, record, 0..8)
}

proptest! {
    #[test]
    fn an_order_after_changes_is_the_order_made_anew(before in kept(), after in kept()) {
        let changed = |number: &u32| before.get(number) != after.get(number);
        let gone: RoaringBitmap = before.keys().copied().filter(changed).collect();
        let come = after.iter().filter(|(number, _)| changed(number));
        let come = come.map(|(number, kept)| called_as(*number, kept));
        let names = order_of(&before).unwrap();
        let called = |number| after.get(&number).map(called_of);
        let rank = |number| after.get(&number).map(|(rank, ..)| *rank);
        let names = names.after(&gone, come, called, rank).unwrap();
        let anew = order_of(&after).unwrap();
        prop_assert_eq!(names.in_order(), anew.in_order());
        for number in after.keys() {
            prop_assert_eq!(names.other(*number), anew.other(*number));
        }
    }
}
