//! What is known of the records' fields.

use super::*;

/// A million records of which only the fields are known.
struct Unseen(FieldIndex);

impl RecordCollection for Unseen {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        1_000_000
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..1_000_000).inspect(|number| assert!(*number < 5, "no more than what is wanted"))
    }

    fn sorted_range(&self, numbers: &RoaringBitmap, _: bool, range: Range<usize>) -> Vec<u32> {
        numbers.iter().skip(range.start).take(range.len()).collect()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = str> {
        assert_eq!(number, u32::MAX, "a record was looked at");
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
fn a_question_without_conditions_looks_at_no_record() {
    let question = ListQuery::parse("limit=3&_start=2&_limit=10&fields=id", BASE).unwrap();
    let selection = question.select(&Unseen(FieldIndex::default())).unwrap();
    assert_eq!(selection.records, [2, 3, 4]);
    assert_eq!(selection.total, Some(1_000_000));
}

#[test]
fn what_is_known_of_the_fields_is_not_looked_for_in_records() {
    let mut fields = FieldIndex::default();
    for (number, record) in (0..).zip(records()) {
        fields.insert(number, &RecordFields::parse(record.get()));
    }
    let unseen = Unseen(fields);
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
        let question = ListQuery::parse(query, BASE).unwrap();
        let selection = question.select(&unseen).unwrap();
        assert_eq!(selection.records, expected, "{query}");
    }
}

#[test]
fn a_record_that_cannot_be_read_as_a_whole_has_no_fields() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    for odd in [
        r#"{"title":"Kiki","n":[1e999]}"#,
        r#"{"title":"Kiki","n":1e999}"#,
        "[]",
    ] {
        let records = vec![raw(odd), raw(r#"{"title":"Ponyo","title":"Kiki"}"#)];
        assert_eq!(ask_of("title=Kiki", records).unwrap().0, [1], "{odd}");
    }
}

#[test]
fn records_with_ever_new_fields_are_not_known_by_them() {
    let mut fields = FieldIndex::default();
    let new = |place: u32| format!("{{\"f{place}\":1}}");
    for place in 0..1_000 {
        fields.insert(place, &RecordFields::parse(&new(place)));
        fields.remove(place, &RecordFields::parse(&new(place)));
    }
    assert!(fields.is_usable(), "what is gone does not count");
    for place in 0..1_000 {
        fields.insert(place, &RecordFields::parse(&new(place)));
    }
    assert!(!fields.is_usable());
}

#[test]
fn a_field_of_very_many_values_is_looked_for_in_the_records_that_may_have_it() {
    let titled = |place: usize| json!({"id": format!("x{place}"), "title": format!("T{place}"), "kind": place % 2});
    let raw = |place| RawValue::from_string(titled(place).to_string()).unwrap();
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
        let (places, _) = ask_of(query, records.clone()).unwrap();
        assert_eq!(places, expected, "{query}");
    }
}
