use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::error::MAX_RECORD_BYTES;
use super::*;

const BASE: &str = "https://ghibliapi.herokuapp.com";

fn raw(json: impl ToString) -> Box<RawValue> {
    RawValue::from_string(json.to_string()).unwrap()
}

fn film(json: Value) -> Result<Record, RecordError> {
    Record::parse(Collection::Films, &raw(json))
}

fn links<const N: usize>(ids: [&str; N]) -> Links {
    Links {
        ids: ids.map(str::to_owned).to_vec(),
        ..Links::default()
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
    let mut invalid = Vec::new();
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
                invalid.extend(Location::parse(&record.json).unwrap().residents.invalid);
            }
        }
    }
    assert_eq!((warnings, invalid.len()), (2, 20));
}

#[test]
fn stored_records_do_not_depend_on_the_providers_host() {
    let at = |base: &str| {
        film(json!({
            "id": "f", "url": format!("{base}/films/f"),
            "people": [format!("{base}/people/1"), format!("{base}/people/")],
            "see": {"also": [format!("{base}/vehicles/2")]},
        }))
        .unwrap()
    };
    let stored = at(BASE);
    assert_eq!(
        stored.json.get(),
        r#"{"id":"f","url":"/films/f","people":["/people/1","/people/"],"see":{"also":["/vehicles/2"]}}"#
    );
    let mirror = at("http://localhost:8000/ghibli");
    assert_eq!(mirror.json.get(), stored.json.get());
}

#[test]
fn links_to_other_hosts_are_stored_by_path_in_link_fields_only() {
    let record = film(json!({
        "id": "f", "url": "https://a/films/f",
        "people": ["https://b/people/1"], "image": "https://b/films/f", "banner": "https://a/films/f",
    }));
    let film = record.unwrap();
    assert_eq!(
        film.json.get(),
        r#"{"id":"f","url":"/films/f","people":["/people/1"],"image":"https://b/films/f","banner":"/films/f"}"#
    );
}

#[test]
fn a_film_is_parsed_with_the_sources_field_names() {
    let record = film(json!({
        "id": "f", "title": "Only Yesterday", "director": null, "running_time": 118, "rt_score": "",
        "people": ["https://a/people/1", "https://a/people/", "nobody knows", 7, "https://a/films/9"],
        "species": "https://a/species/s", "locations": [], "description": "/films/f",
    }))
    .unwrap();
    assert_eq!(
        record.warnings,
        [RecordWarning::NumberInsteadOfString {
            field: "running_time"
        }]
    );

    let film = Film::parse(&record.json).unwrap();
    assert_eq!(film.title.as_deref(), Some("Only Yesterday"));
    assert_eq!((film.director, film.producer), (None, None));
    assert_eq!(film.running_time.as_deref(), Some("118"));
    assert_eq!(film.rt_score.as_deref(), Some(""));
    assert_eq!(film.description.as_deref(), Some("/films/f"));
    let people = Links {
        invalid: ["nobody knows", "7", "/films/9"]
            .map(str::to_owned)
            .to_vec(),
        ..links(["1"])
    };
    assert_eq!(film.people, people);
    assert_eq!(film.species, links(["s"]));
    assert_eq!(film.locations, links([]));
    assert_eq!(film.vehicles, links([]));
}

#[test]
fn link_fields_accept_a_string_or_a_list() {
    let vehicle =
        raw(json!({"id": "v", "pilot": ["https://a/people/p"], "films": "https://a/films/f"}));
    let vehicle = Record::parse(Collection::Vehicles, &vehicle).unwrap();
    let vehicle = Vehicle::parse(&vehicle.json).unwrap();
    assert_eq!((vehicle.pilot, vehicle.films), (links(["p"]), links(["f"])));
}

#[test]
fn a_url_of_another_item_is_a_warning_with_both_ids() {
    let record = film(json!({"id": "one", "url": "https://a/films/two"})).unwrap();
    assert_eq!(
        record.warnings[0].to_string(),
        "`url` of one points to two in films"
    );
}

#[test]
fn unreadable_records_have_a_reason() {
    for (json, reason) in [
        (json!("f"), "expected an object, found a string"),
        (
            json!({"title": "x"}),
            "`id` is missing, empty or not a string",
        ),
        (json!({"id": " "}), "`id` is missing, empty or not a string"),
        (json!({"id": 7}), "`id` is missing, empty or not a string"),
        (
            json!({"id": "f", "title": {}}),
            "`title`: expected a string, found an object",
        ),
        (
            json!({"id": "f", "title": 7}),
            "`title`: expected a string, found a number",
        ),
        (
            json!({"id": "f", "rt_score": true}),
            "`rt_score`: expected a string, found a boolean",
        ),
        (
            json!({"id": "f", "people": {}}),
            "`people`: expected a link or a list of links, found an object",
        ),
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
        r#" [{{"id":"a"}}, {}, {{"id":"a","title":"twice"}}, {{"id":"b","title":[]}}, {{"id":"c"}}] "#,
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
            "films[3] (b): `title`: expected a string, found a list",
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
