mod links;

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::MAX_RECORD_BYTES;
use super::*;

const BASE: &str = "https://ghibliapi.herokuapp.com";
const UUID: &str = "2baf70d1-42bb-4437-b551-e5fed5a87abe";

fn raw(json: impl ToString) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).unwrap()
}

fn film(json: Value) -> Result<Record, RecordError> {
    Record::parse(Collection::Films, &raw(json))
}

fn ids(links: Links<'_>) -> Vec<LinkedId> {
    links.ids().collect()
}

fn links<const N: usize>(ids: [&str; N]) -> Vec<LinkedId> {
    ids.map(certain).to_vec()
}

fn certain(id: &str) -> LinkedId {
    LinkedId {
        candidates: vec![id.to_owned()],
        text: None,
    }
}

#[test]
fn recorded_source_records_round_trip() {
    let name = "recorded_source_records_round_trip";
    let Some(folder) = testkit::recordings::folder_or_skip(name) else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("data.json")).unwrap();
    let data: Value = serde_json::from_str(&text).unwrap();
    let mut warnings = 0;
    let mut texts = Vec::new();
    for collection in Collection::ALL {
        let elements = data[collection.path()].as_array().unwrap();
        let list = Value::from(elements.clone()).to_string();
        let read = Records::parse(collection, &list).unwrap();
        assert_eq!((read.len(), read.bad.len()), (elements.len(), 0));
        for (record, element) in read.iter().zip(elements) {
            assert!(!record.json.get().contains("ghibliapi"), "{}", record.json);
            // One record's own scheme is misspelt; a base that stands for all cannot misspell it.
            let source = element.to_string().replace("\"htps://", "\"https://");
            assert_eq!(to_source_json(record.json.get(), BASE), source);
            warnings += record.warnings.len();
            if collection == Collection::Locations {
                let residents = Location::parse(&record.json).unwrap().residents;
                texts.extend(residents.ids().filter_map(|id| id.text));
            }
        }
    }
    assert_eq!((warnings, texts.len()), (2, 20));
}

#[test]
fn a_film_is_parsed_with_the_sources_field_names() {
    let record = film(json!({
        "id": "f", "title": "Only Yesterday", "director": null, "running_time": 118, "rt_score": "",
        "people": ["https://a/people/1", "https://a/people/", true, "https://a/films/9"],
        "species": "https://a/species/s", "locations": [], "description": "/films/f",
    }))
    .unwrap();
    assert_eq!(
        record.warnings,
        [not_a_string("running_time", "a number: 118", true)]
    );

    let film = Film::parse(&record.json).unwrap();
    assert_eq!(film.title.as_deref(), Some("Only Yesterday"));
    assert_eq!((film.director, film.producer), (None, None));
    assert_eq!(film.running_time.as_deref(), Some("118"));
    assert_eq!(film.rt_score.as_deref(), Some(""));
    assert_eq!(film.description.as_deref(), Some("/films/f"));
    let invalid = |text: &str| LinkValue::Invalid(text.to_owned());
    assert_eq!(
        film.people.iter().collect::<Vec<_>>(),
        [
            LinkValue::Id(certain("1")),
            invalid("true"),
            invalid("/films/9")
        ]
    );
    assert_eq!(ids(film.species), links(["s"]));
    assert_eq!(ids(film.locations), links([]));
    assert_eq!(ids(film.vehicles), links([]));
}

fn not_a_string(field: &'static str, value: &str, is_read: bool) -> RecordWarning {
    RecordWarning::NotAString {
        field,
        value: value.to_owned(),
        is_read,
    }
}

#[test]
fn an_id_may_be_a_number_and_is_stored_as_written() {
    for (id, text) in [
        ("3", "3"),
        ("0", "0"),
        ("-1", "-1"),
        ("3.0", "3"),
        ("1.50", "1.5"),
        ("1e2", "100"),
        ("12345678901234567890", "12345678901234567890"),
        ("\"03\"", "03"),
    ] {
        let json = format!(r#"{{"id":{id},"title":"x"}}"#);
        let record = Record::parse(Collection::Films, &raw(&json)).unwrap();
        assert_eq!(record.id, text);
        assert_eq!(to_source_json(record.json.get(), BASE), json);
        assert_eq!(record.warnings, []);
    }
    let twice = Records::parse(Collection::Films, r#"[{"id":3},{"id":"3"}]"#).unwrap();
    assert_eq!((twice.len(), twice.bad.len()), (1, 1));
}

#[test]
fn a_text_may_be_another_scalar_or_a_list_of_them() {
    for (value, text, warning) in [
        ("1917", Some("1917"), Some("a number: 1917")),
        ("1.50", Some("1.50"), Some("a number: 1.50")),
        ("false", Some("false"), Some("a boolean: false")),
        (
            r#"["Ann", null, 7, ""]"#,
            Some("Ann, 7"),
            Some(r#"a list: ["Ann",null,7,""]"#),
        ),
        ("[]", None, None),
        ("null", None, None),
        (r#"{"en":"x"}"#, None, Some(r#"an object: {"en":"x"}"#)),
        ("[[1]]", None, Some("a list: [[1]]")),
    ] {
        let record = raw(format!(r#"{{"id":"f","director":{value}}}"#));
        let record = Record::parse(Collection::Films, &record).unwrap();
        let warning = warning.map(|warning| not_a_string("director", warning, text.is_some()));
        assert_eq!(record.warnings, Vec::from_iter(warning), "{value}");
        let film = Film::parse(&record.json).unwrap();
        assert_eq!(film.director.as_deref(), text, "{value}");
    }
}

#[test]
fn a_quantity_is_a_string_or_a_number() {
    for (value, text) in [
        ("124", Some("124")),
        ("true", None),
        ("[124]", None),
        ("{}", None),
    ] {
        let record = raw(format!(r#"{{"id":"f","running_time":{value}}}"#));
        let record = Record::parse(Collection::Films, &record).unwrap();
        assert_eq!(record.warnings.len(), 1, "{value}");
        let film = Film::parse(&record.json).unwrap();
        assert_eq!(film.running_time.as_deref(), text, "{value}");
    }
}

#[test]
fn unreadable_records_have_a_reason() {
    const NO_ID: &str = "`id` is missing, empty or neither a string nor a number";
    for (json, reason) in [
        (json!("f"), "expected an object, found a string"),
        (json!({"title": "x"}), NO_ID),
        (json!({"id": " "}), NO_ID),
        (json!({"id": null}), NO_ID),
        (json!({"id": true}), NO_ID),
        (json!({"id": ["f"]}), NO_ID),
    ] {
        assert_eq!(film(json).unwrap_err().to_string(), reason);
    }
    let half = raw(r#"{"id":"f","title":"\ud83d"}"#);
    let half = Record::parse(Collection::Films, &half);
    assert_eq!(half.unwrap_err(), RecordError::NotUnicode);
    let large = film(json!({"id": "f", "title": "x".repeat(MAX_RECORD_BYTES)}));
    assert!(matches!(large, Err(RecordError::TooLarge { .. })));
    let deep = format!(
        r#"{{"id":"f","x":{}{}}}"#,
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    let deep = Record::parse(Collection::Films, &raw(deep));
    assert!(matches!(deep, Err(RecordError::TooDeep { .. })));
}

#[test]
fn a_bad_record_does_not_affect_the_others() {
    let list = format!(
        r#" [{{"id":"a"}}, {}, {{"id":"a","title":"twice"}}, {{"id":[]}}, {{"id":"c"}}] "#,
        json!("é".repeat(4000))
    );
    let read = Records::parse(Collection::Films, &list).unwrap();
    let ids: Vec<_> = read.iter().map(|record| record.id).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(read.element_count(), 5);
    let messages: Vec<_> = read.bad.iter().map(BadRecord::to_string).collect();
    assert_eq!(
        messages,
        [
            "films[1]: expected an object, found a string",
            "films[2] (a): duplicate ID \"a\" in the same collection",
            "films[3]: `id` is missing, empty or neither a string nor a number",
        ]
    );
    // After the quotation mark, byte 4096 is in the middle of a two-byte character.
    assert_eq!(read.bad[0].raw.len(), 4095);
    assert_eq!(read.bad[1].raw, r#"{"id":"a","title":"twice"}"#);

    let large = "x".repeat(MAX_RECORD_BYTES);
    let list =
        format!(r#"[{{"id":"a","title":"{large}"}},{{"title":"{large}","id":"b"}},{{"id":"c"}}]"#);
    let read = Records::parse(Collection::Films, &list).unwrap();
    assert_eq!(read.len(), 1);
    let ids: Vec<_> = read.bad.iter().map(|bad| bad.id.as_deref()).collect();
    assert_eq!(
        ids,
        [Some("a"), None],
        "only the prefix of a large record is searched for its id"
    );
}

#[test]
fn a_text_that_is_not_a_list_of_records_is_rejected() {
    let brackets = "[".repeat(200_000);
    for (text, expected) in [
        ("", "the response is empty"),
        (
            "\n<!doctype html>",
            "expected a JSON list, got an HTML page",
        ),
        (
            "{}",
            "expected a JSON list, got a response starting with '{'",
        ),
        (
            r#"[{"id":"#,
            "the response is not valid JSON: EOF while parsing",
        ),
        (
            "[] []",
            "the response is not valid JSON: trailing characters",
        ),
        ("[1,]", "the response is not valid JSON: "),
        ("[1 2]", "the response is not valid JSON: "),
        ("[1}]", "the response is not valid JSON: "),
        (r#"[{"a":1]"#, "the response is not valid JSON: "),
        ("[tru]", "the response is not valid JSON: "),
        (
            &brackets,
            "the response is not valid JSON: EOF while parsing",
        ),
    ] {
        let error = Records::parse(Collection::Films, text).unwrap_err();
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    let numbers = json!(vec![0; MAX_BAD_RECORDS + 1]).to_string();
    let numbers = Records::parse(Collection::Films, &numbers);
    assert_eq!(numbers.unwrap_err(), ListError::TooManyBad);
    let empty = Records::parse(Collection::Films, "\u{feff}[]").unwrap();
    assert_eq!(empty.element_count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn records_whose_links_share_a_base_round_trip(
        fields in prop::collection::vec((field_name(), value()), 0..6),
    ) {
        let mut record = json!({"id": "/films/i", "url": format!("{BASE}/films/i")});
        record.as_object_mut().unwrap().extend(fields);
        // The stored form is the same for every collection; some kinds refuse some values.
        let stored = Collection::ALL
            .into_iter()
            .find_map(|collection| Record::parse(collection, &raw(&record)).ok());
        if let Some(stored) = stored {
            prop_assert_eq!(to_source_json(stored.json.get(), BASE), record.to_string());
            prop_assert!(!stored.json.get().contains(BASE));
        }
    }
}

fn field_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "films", "people", "pilot", "more", "image", "", "/films/x",
    ])
    .prop_map(str::to_owned)
}

fn value() -> impl Strategy<Value = Value> {
    let ours = ["/people/1", "/people/", "/films/%C3%A9"].map(|path| format!("{BASE}{path}"));
    let others = [
        "/people/1",
        "//films/",
        "///films/x",
        "nobody knows",
        "\"\\\u{1}é",
        "",
    ];
    let texts = ours
        .into_iter()
        .chain(others.map(str::to_owned))
        .collect::<Vec<_>>();
    let leaf = prop_oneof![
        8 => prop::sample::select(texts).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            (field_name(), inner).prop_map(|(name, value)| json!({name: value})),
        ]
    })
}
