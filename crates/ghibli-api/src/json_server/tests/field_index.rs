//! Queries that the field index answers.

use super::*;

/// A million records that must not be read.
struct UnreadableCollection(FieldIndex);

impl RecordCollection for UnreadableCollection {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        1_000_000
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..1_000_000).inspect(|number| assert!(*number < 5, "only the requested numbers"))
    }

    fn sorted_range(&self, numbers: &RoaringBitmap, _: bool, range: Range<usize>) -> Vec<u32> {
        numbers.iter().skip(range.start).take(range.len()).collect()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = str> {
        assert_eq!(number, u32::MAX, "a record was read");
        "null"
    }

    fn field_index(&self) -> Option<&FieldIndex> {
        Some(&self.0)
    }

    fn find_by_id(&self, _: &str) -> Option<u32> {
        None
    }

    fn title(&self, _: u32) -> Option<&str> {
        None
    }

    fn title_index(&self) -> Option<&TitleIndex> {
        None
    }

    fn find_by_title(&self, _: &str) -> Option<RoaringBitmap> {
        None
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[test]
fn a_query_without_conditions_reads_no_record() {
    let list_query = ListQuery::parse("limit=3&_start=2&_limit=10&fields=id", BASE).unwrap();
    let selection = list_query
        .select(&UnreadableCollection(FieldIndex::default()))
        .unwrap();
    assert_eq!(selection.records, [2, 3, 4]);
    assert_eq!(selection.total, Some(1_000_000));
}

#[test]
fn indexed_conditions_read_no_record() {
    let mut fields = FieldIndex::default();
    for (number, record) in (0..).zip(records()) {
        fields.insert(number, &RecordFields::parse(record.get()));
    }
    let collection = UnreadableCollection(fields);
    for (query, expected) in [
        ("title=Kiki&_limit=9", vec![0]),
        ("score_gte=98&title_like=again&_limit=9", vec![3]),
        (
            "people.length_gte=1&_sort=title&_order=DESC&_limit=2",
            vec![3, 1],
        ),
        ("nope=1&score=&_limit=9", vec![1]),
        ("nope.length=1&n=7&_limit=9", vec![1]),
        ("url=https://elsewhere.example/films/c&_limit=9", vec![2]),
    ] {
        let list_query = ListQuery::parse(query, BASE).unwrap();
        let selection = list_query.select(&collection).unwrap();
        assert_eq!(selection.records, expected, "{query}");
    }
}

#[test]
fn a_record_with_an_unparsable_value_has_no_fields() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    for odd in [
        r#"{"title":"Kiki","n":[1e999]}"#,
        r#"{"title":"Kiki","n":1e999}"#,
        "[]",
    ] {
        let records = vec![raw(odd), raw(r#"{"title":"Ponyo","title":"Kiki"}"#)];
        assert_eq!(select_from("title=Kiki", records).unwrap().0, [1], "{odd}");
    }
}

#[test]
fn records_with_too_many_distinct_fields_are_not_indexed() {
    let mut fields = FieldIndex::default();
    let new = |number: u32| format!("{{\"f{number}\":1}}");
    for number in 0..1_000 {
        fields.insert(number, &RecordFields::parse(&new(number)));
        fields.remove(number, &RecordFields::parse(&new(number)));
    }
    assert!(fields.is_usable(), "removed fields do not count");
    for number in 0..1_000 {
        fields.insert(number, &RecordFields::parse(&new(number)));
    }
    assert!(!fields.is_usable());
}

#[test]
fn a_field_with_too_many_values_is_searched_in_candidates() {
    let titled = |number: usize| json!({"id": format!("x{number}"), "title": format!("T{number}"), "kind": number % 2});
    let raw = |number| RawValue::from_string(titled(number).to_string()).unwrap();
    let records: Vec<_> = (0..5_000).map(raw).collect();
    for (query, expected) in [
        ("id=x4999", vec![4999]),
        ("id=x12&id=x3&kind=0", vec![12]),
        ("id=nobody", vec![]),
        ("title=T499", vec![499]),
        ("title=T1&title=T&kind=1", vec![1]),
        (
            "id_like=^x499.$&kind=1&_sort=id&_order=DESC",
            vec![4999, 4997, 4995, 4993, 4991],
        ),
        ("id=x7&_sort=kind", vec![7]),
        ("id.length=9&_limit=1", vec![]),
        ("limit=2&id_ne=x0", vec![1, 2]),
    ] {
        let (numbers, _) = select_from(query, records.clone()).unwrap();
        assert_eq!(numbers, expected, "{query}");
    }
}
