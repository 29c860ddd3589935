//! The order of titles.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// More than are kept by value, some with spaces that what a record is called by lacks, some alike.
fn titled(place: usize) -> Box<RawValue> {
    let number = place % 5_500;
    let title = match place % 100 {
        7 => format!(" {number} \""),
        8 => format!("\u{fb01} {number}"),
        9 => format!("\u{1f408} {number}"),
        _ => format!("T{number}"),
    };
    let record = json!({"id": place.to_string(), "title": title, "kind": place % 3});
    RawValue::from_string(record.to_string()).unwrap()
}

#[test]
fn an_order_by_title_looks_at_no_record_of_many() {
    let records: Vec<_> = (0..6_000).map(titled).collect();
    let known = Listed::known(records.clone());
    for query in [
        "_sort=title&_start=10&_limit=20",
        "_sort=title&_order=DESC&_page=599",
        "_sort=title&_order=DESC&_page=900",
        "_sort=title&kind=1&_start=1500&_limit=30",
        "_sort=title&kind=1&kind=2&_order=DESC&_limit=400",
        "_sort=title&limit=7",
        "title_like=T12&_sort=title&_order=DESC&_limit=99",
        "title_gte=T9",
        "title_ne=T9&_start=5900",
        "title_lte=T1&kind=2",
    ] {
        ask_of(query, records.clone()).unwrap();
        known.looks.set(0);
        ListQuery::parse(query, BASE)
            .unwrap()
            .select(&known)
            .unwrap();
        assert_eq!(known.looks.get(), 0, "{query}");
    }
}

#[test]
fn titles_that_cannot_be_used_have_no_order_until_they_are_gone() {
    let record = |json: Value| RawValue::from_string(json.to_string()).unwrap();
    let called = ["b", "a", "c"].map(str::to_owned);
    let plain = [json!({"title": "b"}), json!({"title": "a"})].map(record);
    for odd in [
        json!({"title": 7}),
        json!({"name": "Kiki"}),
        json!({"title": "/films/kiki"}),
    ] {
        let records = [&plain[..], &[record(odd)]].concat();
        let names = names_of(&records, &called).unwrap();
        assert_eq!(names.sorted(), None);
        assert_eq!(names.title(2, Some("c")), None);
        assert_eq!(names.title(1, Some("a")), Some("a"));
        let of = |number: u32| called.get(number as usize).map(String::as_str);
        let changed = vec![(2, SourceTitle::SameAsItem)];
        let names = names.updated(&RoaringBitmap::from([2]), changed, of, |_| Some(0));
        assert_eq!(names.unwrap().sorted(), Some(&[1, 0, 2][..]));
    }
    let nested = json!({"more": {"title": "a"}, "title": "b"});
    let names = names_of(&[record(nested)], &called[1..]).unwrap();
    assert_eq!(names.title(0, Some("a")), Some("b"));
}

#[test]
fn very_many_odd_titles_or_changes_are_not_followed() {
    let odd = |number| (number, SourceTitle::Other(format!("odd {number}")));
    let mut titles = TitleOverrides::default();
    for number in 0..10_000 {
        let (number, title) = odd(number);
        titles.insert(number, title);
    }
    let names = titles.clone().into_index(0..10_001, |_| Some("a")).unwrap();
    let (none, called, rank) = (RoaringBitmap::new(), |_| Some("a"), |_| Some(0));
    let come = |come| names.updated(&none, come, called, rank);
    assert!(come(vec![(10_001, SourceTitle::SameAsItem)]).is_some());
    assert!(come(vec![odd(10_001)]).is_none());
    let many = (20_000..30_001).map(|number| (number, SourceTitle::SameAsItem));
    assert!(come(many.collect()).is_none());
    let (number, title) = odd(10_001);
    titles.insert(number, title);
    assert!(titles.into_index(0..10_002, called).is_none());
}

/// A record's place in the source's order, what it is called and the title it says.
type Kept = (i64, String, String);

fn names_among(kept: &BTreeMap<u32, Kept>) -> TitleIndex {
    let mut in_order: Vec<_> = kept.iter().collect();
    in_order.sort_by_key(|(number, (rank, ..))| (*rank, **number));
    let mut titles = TitleOverrides::default();
    for (number, kept) in &in_order {
        titles.insert(**number, title_of(kept));
    }
    let numbers = in_order.into_iter().map(|(number, _)| *number);
    let called = |number| kept.get(&number).map(called_of);
    titles.into_index(numbers, called).unwrap()
}

fn called_of((_, called, _): &Kept) -> &str {
    called
}

fn title_of((_, called, title): &Kept) -> SourceTitle {
    let stored = json!({ "title": title }).to_string();
    SourceTitle::new(Collection::Films, &RecordFields::parse(&stored), called)
}

fn kept() -> impl Strategy<Value = BTreeMap<u32, Kept>> {
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
        let come = come.map(|(number, kept)| (*number, title_of(kept))).collect();
        let called = |number| after.get(&number).map(called_of);
        let rank = |number| after.get(&number).map(|(rank, ..)| *rank);
        let names = names_among(&before).updated(&gone, come, called, rank).unwrap();
        let anew = names_among(&after);
        prop_assert_eq!(names.sorted(), anew.sorted());
        for (number, (_, called, title)) in &after {
            prop_assert_eq!(names.title(*number, Some(called)), Some(&**title));
        }
    }
}
