//! Queries that the title index answers, and its updates.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Too many titles for the field index; some untrimmed, some equal.
fn titled(index: usize) -> Box<RawValue> {
    let number = index % 5_500;
    let title = match index % 100 {
        7 => format!(" {number} \""),
        8 => format!("\u{fb01} {number}"),
        9 => format!("\u{1f408} {number}"),
        _ => format!("T{number}"),
    };
    let record = json!({"id": index.to_string(), "title": title, "kind": index % 3});
    RawValue::from_string(record.to_string()).unwrap()
}

#[test]
fn sorting_many_records_by_title_reads_none() {
    let records: Vec<_> = (0..6_000).map(titled).collect();
    let collection = TestCollection::indexed(records.clone());
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
        select_from(query, records.clone()).unwrap();
        collection.reads.set(0);
        ListQuery::parse(query, BASE)
            .unwrap()
            .select(&collection)
            .unwrap();
        assert_eq!(collection.reads.get(), 0, "{query}");
    }
}

#[test]
fn unusable_titles_prevent_sorting_until_they_are_removed() {
    let record = |json: Value| RawValue::from_string(json.to_string()).unwrap();
    let item_names = ["b", "a", "c"].map(str::to_owned);
    let plain = [json!({"title": "b"}), json!({"title": "a"})].map(record);
    for odd in [
        json!({"title": 7}),
        json!({"name": "Kiki"}),
        json!({"title": "/films/kiki"}),
    ] {
        let records = [&plain[..], &[record(odd)]].concat();
        let index = index_titles(&records, &item_names).unwrap();
        assert_eq!(index.sorted(), None);
        assert_eq!(index.title(2, Some("c")), None);
        assert_eq!(index.title(1, Some("a")), Some("a"));
        let item_name = |number: u32| item_names.get(number as usize).map(String::as_str);
        let changed = vec![(2, SourceTitle::SameAsItem)];
        let index = index.updated(&RoaringBitmap::from([2]), changed, item_name, |_| Some(0));
        assert_eq!(index.unwrap().sorted(), Some(&[1, 0, 2][..]));
    }
    let nested = json!({"more": {"title": "a"}, "title": "b"});
    let index = index_titles(&[record(nested)], &item_names[1..]).unwrap();
    assert_eq!(index.title(0, Some("a")), Some("b"));
}

#[test]
fn too_many_overrides_or_insertions_need_a_rebuild() {
    let odd = |number| (number, SourceTitle::Other(format!("odd {number}")));
    let mut titles = TitleOverrides::default();
    for number in 0..10_000 {
        let (number, title) = odd(number);
        titles.insert(number, title);
    }
    let index = titles.clone().into_index(0..10_001, |_| Some("a")).unwrap();
    let (none, item_name, rank) = (RoaringBitmap::new(), |_| Some("a"), |_| Some(0));
    let insert = |inserted| index.updated(&none, inserted, item_name, rank);
    assert!(insert(vec![(10_001, SourceTitle::SameAsItem)]).is_some());
    assert!(insert(vec![odd(10_001)]).is_none());
    let many = (20_000..30_001).map(|number| (number, SourceTitle::SameAsItem));
    assert!(insert(many.collect()).is_none());
    let (number, title) = odd(10_001);
    titles.insert(number, title);
    assert!(titles.into_index(0..10_002, item_name).is_none());
}

/// A record's rank, item name and title.
type TitledRecord = (i64, String, String);

fn index_of(records: &BTreeMap<u32, TitledRecord>) -> TitleIndex {
    let mut sorted: Vec<_> = records.iter().collect();
    sorted.sort_by_key(|(number, (rank, ..))| (*rank, **number));
    let mut titles = TitleOverrides::default();
    for (number, record) in &sorted {
        titles.insert(**number, title_of(record));
    }
    let numbers = sorted.into_iter().map(|(number, _)| *number);
    let item_name = |number| records.get(&number).map(item_name_of);
    titles.into_index(numbers, item_name).unwrap()
}

fn item_name_of((_, item_name, _): &TitledRecord) -> &str {
    item_name
}

fn title_of((_, item_name, title): &TitledRecord) -> SourceTitle {
    let stored = json!({ "title": title }).to_string();
    SourceTitle::new(Collection::Films, &RecordFields::parse(&stored), item_name)
}

fn titled_records() -> impl Strategy<Value = BTreeMap<u32, TitledRecord>> {
    let title = "[ab\u{fb01}\u{1f408}]{0,2} ?";
    let record = (0..3_i64, title).prop_map(|(rank, title)| (rank, title.trim().to_owned(), title));
    prop::collection::btree_map(0..9_u32, record, 0..8)
}

proptest! {
    #[test]
    fn an_update_equals_a_rebuild(before in titled_records(), after in titled_records()) {
        let changed = |number: &u32| before.get(number) != after.get(number);
        let removed: RoaringBitmap = before.keys().copied().filter(changed).collect();
        let inserted = after.iter().filter(|(number, _)| changed(number));
        let inserted = inserted.map(|(number, record)| (*number, title_of(record))).collect();
        let item_name = |number| after.get(&number).map(item_name_of);
        let rank = |number| after.get(&number).map(|(rank, ..)| *rank);
        let index = index_of(&before).updated(&removed, inserted, item_name, rank).unwrap();
        let rebuilt = index_of(&after);
        prop_assert_eq!(index.sorted(), rebuilt.sorted());
        for (number, (_, item_name, title)) in &after {
            prop_assert_eq!(index.title(*number, Some(item_name)), Some(&**title));
        }
    }
}
