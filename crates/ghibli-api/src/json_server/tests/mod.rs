mod field_index;
mod model;
mod title_index;

use std::cell::Cell;

use serde_json::{Value, json};

use std::ops::{Deref, Range};

use roaring::RoaringBitmap;
use serde_json::value::RawValue;

use super::list_query::MAX_PATTERNS;
use super::*;
use crate::wire::Collection;

const BASE: &str = "http://localhost:8000/ghibli";

/// Records in their stored form.
fn records() -> Vec<Box<RawValue>> {
    let records = [
        json!({"id": "a", "title": "Kiki", "score": "98", "people": ["/people/1", "/people/2"],
            "url": "/films/a"}),
        json!({"id": "b", "title": "Totoro", "score": "", "people": ["/people/"], "n": 7,
            "url": "/films/b"}),
        json!({"id": "c", "title": "Arrietty", "score": "1,000", "people": [], "n": null,
            "url": "/films/c"}),
        json!({"id": "d", "title": "kiki again", "score": "98", "people": ["/people/2"],
            "url": "/films/d"}),
    ];
    let raw = |record: &Value| RawValue::from_string(record.to_string()).unwrap();
    records.iter().map(raw).collect()
}

/// Records numbered in order, with or without indexes.
struct TestCollection {
    records: Vec<Box<RawValue>>,
    fields: Option<FieldIndex>,
    item_names: Vec<String>,
    titles: Option<TitleIndex>,
    /// Number of records read.
    reads: Cell<usize>,
    can_find_titles: bool,
}

impl TestCollection {
    fn unindexed(records: Vec<Box<RawValue>>) -> Self {
        Self {
            records,
            fields: None,
            item_names: Vec::new(),
            titles: None,
            reads: Cell::default(),
            can_find_titles: false,
        }
    }

    /// The indexes are built with insertions and removals of other records.
    fn indexed(records: Vec<Box<RawValue>>) -> Self {
        let mut fields = FieldIndex::default();
        let other = json!({"title": "Kiki", "gone": [1], "n": 7});
        let other = other.to_string();
        let numbers = 0_u32..;
        fields.insert(0, &RecordFields::parse(&other));
        fields.insert(77, &RecordFields::parse(&other));
        fields.remove(0, &RecordFields::parse(&other));
        for (number, record) in numbers.zip(&records) {
            fields.insert(number, &RecordFields::parse(record.get()));
        }
        fields.remove(77, &RecordFields::parse(&other));
        let item_names: Vec<String> = records.iter().map(|record| item_name(record)).collect();
        let titles = index_titles(&records, &item_names);
        Self {
            records,
            fields: Some(fields),
            item_names,
            titles,
            reads: Cell::default(),
            can_find_titles: true,
        }
    }
}

/// The trimmed title.
fn item_name(record: &RawValue) -> String {
    let record: Value = serde_json::from_str(record.get()).unwrap_or_default();
    let title = record.get("title").and_then(Value::as_str);
    title.unwrap_or("nothing").trim().to_owned()
}

fn index_titles(records: &[Box<RawValue>], item_names: &[String]) -> Option<TitleIndex> {
    let mut titles = TitleOverrides::default();
    for ((number, record), item_name) in (0..).zip(records).zip(item_names) {
        titles.insert(
            number,
            SourceTitle::new(
                Collection::Films,
                &RecordFields::parse(record.get()),
                item_name,
            ),
        );
    }
    let numbers = 0..u32::try_from(records.len()).unwrap();
    titles.into_index(numbers, |number| Some(&item_names[number as usize]))
}

impl RecordCollection for TestCollection {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        self.records.len()
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        0..u32::try_from(self.records.len()).unwrap()
    }

    fn sorted_range(
        &self,
        numbers: &RoaringBitmap,
        is_reversed: bool,
        range: Range<usize>,
    ) -> Vec<u32> {
        let mut numbers: Vec<u32> = numbers.iter().collect();
        if is_reversed {
            numbers.reverse();
        }
        numbers[range].to_vec()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = str> {
        self.reads.update(|reads| reads + 1);
        self.records[number as usize].get()
    }

    fn field_index(&self) -> Option<&FieldIndex> {
        self.fields.as_ref()
    }

    fn find_by_id(&self, id: &str) -> Option<u32> {
        let has_id = |number: &u32| {
            let record: Value = serde_json::from_str(self.records[*number as usize].get()).unwrap();
            match &record["id"] {
                Value::Number(number) => number.to_string() == id,
                text => text == id,
            }
        };
        self.numbers().find(has_id)
    }

    fn title(&self, number: u32) -> Option<&str> {
        let item_name = self.item_names.get(number as usize);
        self.title_index()?
            .title(number, item_name.map(String::as_str))
    }

    fn title_index(&self) -> Option<&TitleIndex> {
        self.titles.as_ref()
    }

    fn find_by_title(&self, title: &str) -> Option<RoaringBitmap> {
        let contains = |number: &u32| self.records[*number as usize].get().contains(title);
        self.can_find_titles
            .then(|| self.numbers().filter(contains).collect())
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// The matching records and the total, with and without indexes.
fn select(query: &str) -> Result<(Vec<u32>, Option<usize>), ListQueryError> {
    select_from(query, records())
}

fn select_from(
    query: &str,
    records: Vec<Box<RawValue>>,
) -> Result<(Vec<u32>, Option<usize>), ListQueryError> {
    let list_query = ListQuery::parse(query, BASE)?;
    let indexed = TestCollection::indexed(records.clone());
    let [unindexed, indexed] = [TestCollection::unindexed(records), indexed].map(|collection| {
        let selection = list_query.select(&collection)?;
        Ok((selection.records, selection.total))
    });
    assert_eq!(unindexed, indexed, "{query}");
    unindexed
}

fn ids(query: &str) -> String {
    let (numbers, _) = select(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    numbers
        .into_iter()
        .map(|number| ["a", "b", "c", "d"][number as usize])
        .collect()
}

#[test]
fn conditions_follow_the_sources_odd_rules() {
    for (query, expected) in [
        ("", "abcd"),
        ("title=Kiki", "a"),
        ("title=kiki", ""),
        ("title=Kiki&title=Totoro", "ab"),
        ("title[]=Kiki", "a"),
        ("title[x]=Kiki", ""),
        ("title=Kiki&id=b", ""),
        // A number is never equal to a string.
        ("score=98", ""),
        ("score_ne=98", "abcd"),
        ("score=1,000", "c"),
        ("score=", "b"),
        ("n=7", "b"),
        ("n_ne=7", "acd"),
        // Conditions on a field that no record has are ignored.
        ("nope=1", "abcd"),
        ("nope=1&title=Kiki", "a"),
        ("FIELDS=id", "abcd"),
        ("_=123&callback=f", "abcd"),
        // But not with a suffix.
        ("nope_gte=1", ""),
        ("nope_ne=1", "abcd"),
        ("nope_like=^undefined$", "abcd"),
        ("score_gte=98", "ad"),
        ("score_gte=98x", ""),
        ("score_lte=98", "abd"),
        ("score_gte=1&score_lte=97", ""),
        ("title_gte=L", "bd"),
        ("n_gte=0", "bc"),
        ("title_ne=Kiki", "bcd"),
        ("title_ne=Kiki&title_ne=Totoro", "abcd"),
        ("title_like=KIKI", "ad"),
        ("title_like=^k&title_like=o$", "abd"),
        ("score_like=98", "ad"),
        ("n_like=null", "c"),
        ("people.length=2", "a"),
        ("people.length_gte=1", "abd"),
        ("title.0=K", "a"),
        // Lists are equal to nothing, but their elements are.
        ("people=http://localhost:8000/ghibli/people/1", ""),
        ("people.0=https://elsewhere.example/people/2", "d"),
        ("people_like=https://elsewhere.example/people/2", "ad"),
        ("url=https://elsewhere.example/films/b", "b"),
        ("url_like=^https://elsewhere.example/films/b$", "b"),
        ("q=TOTORO", "b"),
        ("q=again&title_like=kiki", "d"),
        ("q=https://elsewhere.example/people/1", "a"),
        ("q=7", "b"),
        ("q=", "abcd"),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
}

#[test]
fn ids_that_are_numbers_follow_the_rules_for_numbers() {
    let records = || -> Vec<_> {
        let ids = [json!(3), json!("4"), json!(10), json!(1.5), json!("03")];
        let records = ids
            .iter()
            .map(|id| json!({"id": id, "title": 1917}).to_string());
        records
            .map(|record| RawValue::from_string(record).unwrap())
            .collect()
    };
    for (query, expected) in [
        ("id=3", &[0][..]),
        ("id=3.0", &[0]),
        ("id=1.5", &[3]),
        ("id=4", &[]),
        ("id=03", &[4]),
        ("id=3&id=03&id=10", &[0, 2, 4]),
        ("id_ne=3", &[1, 2, 3, 4]),
        ("id_gte=4", &[1, 2]),
        ("id_lte=3", &[0, 3, 4]),
        ("id_like=^1", &[2, 3]),
        ("_sort=id", &[3, 0, 2, 4, 1]),
        ("title=1917&id=10", &[2]),
        ("title_like=^19", &[0, 1, 2, 3, 4]),
    ] {
        let (numbers, _) = select_from(query, records()).unwrap();
        assert_eq!(numbers, expected, "{query}");
    }
    let unindexed = TestCollection {
        can_find_titles: true,
        ..TestCollection::unindexed(records())
    };
    ListQuery::parse("id=3", BASE)
        .unwrap()
        .select(&unindexed)
        .unwrap();
    assert!(unindexed.reads.get() < 3, "found by its id");
}

#[test]
fn records_are_sorted_as_in_javascript() {
    for (query, expected) in [
        ("_sort=title", "cabd"),
        ("_sort=title&_order=ASC", "cabd"),
        ("_sort=title&_order=desc", "cabd"),
        ("_sort=title&_order=DESC", "dbac"),
        ("_order=DESC", "abcd"),
        // Equal ones stay in order, and are reversed with the rest.
        ("_sort=score", "bcad"),
        ("_sort=score&_order=DESC", "dacb"),
        ("_sort=n", "bcad"),
        ("_sort=title,id&_order=DESC", "dcba"),
        ("_sort=people.length", "cbda"),
        ("_sort=title&_sort=length", "abcd"),
        ("_sort=", "abcd"),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
}

#[test]
fn limit_applies_last_and_gives_no_total() {
    for (query, expected, total) in [
        ("limit=2", "ab", None),
        ("limit=0", "", None),
        ("limit=", "abcd", None),
        ("limit=1000", "abcd", None),
        ("limit=1e0", "a", None),
        ("limit=%20", "", None),
        ("limit=4.5", "abcd", None),
        ("limit=Infinity", "abcd", None),
        ("_start=1", "abcd", None),
        ("_limit=2", "ab", Some(4)),
        ("_start=1&_end=3&limit=1", "b", Some(4)),
        ("title_like=kiki&_limit=1", "a", Some(2)),
        ("_page=2&_limit=3", "d", Some(4)),
        ("_page=9&_sort=title", "", Some(4)),
    ] {
        assert_eq!(ids(query), expected, "{query}");
        assert_eq!(select(query).unwrap().1, total, "{query}");
    }
}

#[test]
fn queries_on_which_the_source_fails_are_rejected() {
    for query in [
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "limit=1&limit=2",
        "fields=id&fields=title",
        "q=a&q=b",
        "title_like=(",
        "_expand=film",
    ] {
        assert!(select(query).is_err(), "{query}");
    }
    let five = "title_like=a&".repeat(MAX_PATTERNS + 1);
    assert!(select(&five).is_err());
}

#[test]
fn records_are_written_with_links_to_this_api() {
    let write = |query: &str| {
        let mut out = String::new();
        let list_query = ListQuery::parse(query, BASE).unwrap();
        list_query
            .write_record(&mut out, &records()[3], 0)
            .map(|()| out)
    };
    let whole: Value = serde_json::from_str(&write("").unwrap()).unwrap();
    assert_eq!(whole["people"], json!([format!("{BASE}/people/2")]));
    assert_eq!(
        write("fields=title,id").unwrap(),
        "{\n  \"id\": \"d\",\n  \"title\": \"kiki again\"\n}"
    );
    assert_eq!(write("fields=nope").unwrap(), "{}");
    assert_eq!(
        write("_embed=people&fields=people").unwrap(),
        "{\n  \"people\": []\n}"
    );
    assert_eq!(write("_expand=nope&fields=nope").unwrap(), "{}");
    assert!(write("_expand=person").is_err());
}
