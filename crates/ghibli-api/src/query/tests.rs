use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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

/// Records by their places, with or without what is known of their fields.
struct Listed {
    records: Vec<Box<RawValue>>,
    fields: Option<Fields>,
    /// Whether names are looked up.
    by_name: bool,
}

impl Listed {
    fn plain(records: Vec<Box<RawValue>>) -> Self {
        Self {
            records,
            fields: None,
            by_name: false,
        }
    }

    /// The same with their fields, after some others came and went.
    fn known(records: Vec<Box<RawValue>>) -> Self {
        let mut fields = Fields::default();
        let other = json!({"title": "Kiki", "gone": [1], "n": 7});
        let other = RawValue::from_string(other.to_string()).unwrap();
        let numbers = 0_u32..;
        fields.insert(0, &other);
        fields.insert(77, &other);
        fields.remove(0, &other);
        for (number, record) in numbers.zip(&records) {
            fields.insert(number, record);
        }
        fields.remove(77, &other);
        Self {
            records,
            fields: Some(fields),
            by_name: true,
        }
    }
}

impl Collected for Listed {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        self.records.len()
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        0..u32::try_from(self.records.len()).unwrap()
    }

    fn stretch(&self, of: &RoaringBitmap, reversed: bool, places: Range<usize>) -> Vec<u32> {
        let mut numbers: Vec<u32> = of.iter().collect();
        if reversed {
            numbers.reverse();
        }
        numbers[places].to_vec()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = RawValue> {
        &*self.records[number as usize]
    }

    fn fields(&self) -> Option<&Fields> {
        self.fields.as_ref()
    }

    fn with_id(&self, id: &str) -> Option<u32> {
        let written = json!({ "id": id }).to_string();
        let begins = written.trim_end_matches('}');
        let is = |number: &u32| self.records[*number as usize].get().starts_with(begins);
        self.numbers().find(is)
    }

    fn named(&self, name: &str) -> Option<RoaringBitmap> {
        let holds = |number: &u32| self.records[*number as usize].get().contains(name);
        self.by_name.then(|| self.numbers().filter(holds).collect())
    }

    fn is_wanted(&self) -> bool {
        true
    }
}

/// The places of the records that answer, which are the same whatever is known of their fields.
fn ask(query: &str) -> Result<(Vec<u32>, Option<usize>), BadQuestion> {
    ask_of(query, records())
}

fn ask_of(
    query: &str,
    records: Vec<Box<RawValue>>,
) -> Result<(Vec<u32>, Option<usize>), BadQuestion> {
    let question = Question::read(query, BASE)?;
    let again = records.clone();
    let [plain, known] = [Listed::plain(records), Listed::known(again)].map(|given| {
        let selection = question.select(&given)?;
        Ok((selection.records, selection.total))
    });
    assert_eq!(plain, known, "{query}");
    plain
}

fn ids(query: &str) -> String {
    let (places, _) = ask(query).unwrap_or_else(|error| panic!("{query}: {error}"));
    places
        .into_iter()
        .map(|place| ["a", "b", "c", "d"][place as usize])
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
        // A number is never equal to a text.
        ("score=98", ""),
        ("score_ne=98", "abcd"),
        ("score=1,000", "c"),
        ("score=", "b"),
        ("n=7", "b"),
        ("n_ne=7", "acd"),
        // What no record has is no condition.
        ("nope=1", "abcd"),
        ("nope=1&title=Kiki", "a"),
        ("FIELDS=id", "abcd"),
        ("_=123&callback=f", "abcd"),
        // With a suffix it is one all the same.
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
        // Lists are equal to nothing, their elements are.
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
fn the_order_is_that_of_javascript() {
    for (query, expected) in [
        ("_sort=title", "cabd"),
        ("_sort=title&_order=ASC", "cabd"),
        ("_sort=title&_order=desc", "cabd"),
        ("_sort=title&_order=DESC", "dbac"),
        ("_order=DESC", "abcd"),
        // Alike stay in order, and are turned round with the rest.
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
fn limit_comes_last_and_counts_nothing() {
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
        assert_eq!(ask(query).unwrap().1, total, "{query}");
    }
}

#[test]
fn what_makes_the_source_fail_is_a_bad_question() {
    for query in [
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "limit=1&limit=2",
        "fields=id&fields=title",
        "q=a&q=b",
        "title_like=(",
        "_expand=film",
        "callback=alert(1)",
        "callback=1a",
        "callback=a..b",
    ] {
        assert!(ask(query).is_err(), "{query}");
    }
    let five = "title_like=a&".repeat(MAX_PATTERNS + 1);
    assert!(ask(&five).is_err());
}

/// A million records of which only the fields are known.
struct Unseen(Fields);

impl Collected for Unseen {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        1_000_000
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..1_000_000).inspect(|number| assert!(*number < 5, "no more than what is wanted"))
    }

    fn stretch(&self, of: &RoaringBitmap, _: bool, places: Range<usize>) -> Vec<u32> {
        of.iter().skip(places.start).take(places.len()).collect()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = RawValue> {
        assert_eq!(number, u32::MAX, "a record was looked at");
        RawValue::NULL
    }

    fn fields(&self) -> Option<&Fields> {
        Some(&self.0)
    }

    fn with_id(&self, _: &str) -> Option<u32> {
        None
    }

    fn named(&self, _: &str) -> Option<RoaringBitmap> {
        None
    }

    fn is_wanted(&self) -> bool {
        true
    }
}

#[test]
fn a_question_without_conditions_looks_at_no_record() {
    let question = Question::read("limit=3&_start=2&_limit=10&fields=id", BASE).unwrap();
    let selection = question.select(&Unseen(Fields::default())).unwrap();
    assert_eq!(selection.records, [2, 3, 4]);
    assert_eq!(selection.total, Some(1_000_000));
}

#[test]
fn what_is_known_of_the_fields_is_not_looked_for_in_records() {
    let mut fields = Fields::default();
    for (number, record) in (0..).zip(records()) {
        fields.insert(number, &record);
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
        let question = Question::read(query, BASE).unwrap();
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
    let mut fields = Fields::default();
    let new = |place: u32| RawValue::from_string(format!("{{\"f{place}\":1}}")).unwrap();
    for place in 0..1_000 {
        fields.insert(place, &new(place));
        fields.remove(place, &new(place));
    }
    assert!(fields.are_known(), "what is gone does not count");
    for place in 0..1_000 {
        fields.insert(place, &new(place));
    }
    assert!(!fields.are_known());
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

#[test]
fn a_record_is_written_with_links_to_here() {
    let write = |query: &str| {
        let mut out = String::new();
        let question = Question::read(query, BASE).unwrap();
        question.write(&mut out, &records()[3], 0).map(|()| out)
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

/// What the source's program does, said as plainly as it goes, over texts alone.
fn model(texts: &[String], wanted: &[(String, String)]) -> Vec<u32> {
    let mut left: Vec<usize> = (0..texts.len()).collect();
    let of = |name: &str| -> Vec<&String> {
        let named = wanted.iter().filter(|(other, _)| other == name);
        named.map(|(_, value)| value).collect()
    };
    let number = |text: &str| match text {
        "" => Some(0.0),
        text => text.parse::<f64>().ok(),
    };
    let is_number = |text: &str| !text.is_empty() && number(text).is_some();
    for name in ["t", "t_ne", "t_gte", "t_lte"] {
        let values = of(name);
        if values.is_empty() || texts.is_empty() {
            continue;
        }
        left.retain(|&place| {
            let text = &texts[place];
            values.iter().any(|value| {
                let ordering = if is_number(value) {
                    number(value)
                        .partial_cmp(&number(text))
                        .filter(|_| number(text).is_some())
                } else {
                    Some(value.as_str().cmp(text))
                };
                match name {
                    "t" => !is_number(value) && value.as_str() == text,
                    "t_ne" => is_number(value) || value.as_str() != text,
                    "t_gte" => ordering.is_some_and(std::cmp::Ordering::is_le),
                    _ => ordering.is_some_and(std::cmp::Ordering::is_ge),
                }
            })
        });
    }
    if of("_sort").first().is_some_and(|by| *by == "t") {
        left.sort_by(|a, b| texts[*a].cmp(&texts[*b]));
        if of("_order") == ["DESC"] {
            left.reverse();
        }
    }
    if let Some(limit) = of("_limit").first() {
        let limit = limit.parse().unwrap_or(0);
        let start = of("_start")
            .first()
            .map_or(0, |start| start.parse().unwrap_or(0));
        left = left.into_iter().skip(start).take(limit).collect();
    }
    left.into_iter()
        .map(|place| u32::try_from(place).unwrap())
        .collect()
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C]{0,2}", "[1-9][0-9]{0,1}", Just(String::new())]
}

proptest! {
    #[test]
    fn any_question_is_answered_as_the_plain_model_answers_it(
        texts in prop::collection::vec(word(), 0..12),
        conditions in prop::collection::vec(
            (prop::sample::select(vec!["t", "t_ne", "t_gte", "t_lte"]), word()),
            0..4,
        ),
        order in prop::option::of(prop::sample::select(vec!["ASC", "DESC"])),
        part in prop::option::of((0..6_u8, 1..6_u8)),
    ) {
        let mut wanted: Vec<(String, String)> = conditions
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        if let Some(order) = order {
            wanted.push(("_sort".to_owned(), "t".to_owned()));
            wanted.push(("_order".to_owned(), order.to_owned()));
        }
        if let Some((start, limit)) = part {
            wanted.push(("_start".to_owned(), start.to_string()));
            wanted.push(("_limit".to_owned(), limit.to_string()));
        }
        let query: Vec<_> = wanted.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let records: Vec<_> = texts
            .iter()
            .map(|text| RawValue::from_string(json!({"t": text}).to_string()).unwrap())
            .collect();
        let (places, _) = ask_of(&query.join("&"), records).unwrap();
        prop_assert_eq!(places, model(&texts, &wanted), "{}", query.join("&"));
    }

    #[test]
    fn no_question_makes_it_panic(query in ".{0,80}", name in "[a-z_\\[\\].]{0,12}") {
        for query in [query.clone(), format!("title_like={query}"), format!("{name}={query}")] {
            let _ = ask(&query);
        }
    }
}
