//! Links among records: how they are written, read and stored.

use super::*;

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
fn a_link_may_be_a_url_a_path_an_id_or_an_object() {
    for value in [
        r#""https://a/people/1""#,
        r#""https://a/people/1/""#,
        r#""https://a/people/1?format=json""#,
        r#""https://a/people/1/?format=json#top""#,
        r#""https://a:81/api/v1/people/1""#,
        r#""//a/people/1""#,
        r#""/people/1""#,
        r#""/people/1/""#,
        r#""/api/people/1?x=/films/2""#,
        r#""people/1""#,
        r#""../People/1""#,
        r#""/people?id=1""#,
        r#"" /people/1 ""#,
        "1",
        r#"{"id":1}"#,
        r#"{"id":"/people/1","name":"Ann"}"#,
        r#"{"url":"https://a/people/1"}"#,
    ] {
        for list in [
            value.to_owned(),
            format!("[{value}]"),
            format!("[null,[{value}]]"),
        ] {
            let json = format!(r#"{{"id":"f","people":{list}}}"#);
            let record = Record::parse(Collection::Films, &raw(&json)).unwrap();
            let film = Film::parse(&record.json).unwrap();
            assert_eq!(ids(film.people), links(["1"]), "{list}");
        }
    }
    let people = |value: &str| {
        let json = format!(r#"{{"id":"f","people":{value}}}"#);
        let record = Record::parse(Collection::Films, &raw(&json)).unwrap();
        assert_eq!(
            to_source_json(record.json.get(), BASE),
            json,
            "returned as written"
        );
        let film = Film::parse(&record.json).unwrap();
        film.people.iter().collect::<Vec<_>>()
    };
    for (value, candidates) in [
        ("1", &["1"][..]),
        ("a%201", &["a%201", "a 1"]),
        ("/characters/1", &["/characters/1", "1"]),
        ("nobody knows", &["nobody knows"]),
    ] {
        let id = LinkedId {
            candidates: candidates.iter().map(|id| (*id).to_owned()).collect(),
            text: Some(value.to_owned()).filter(|_| value == "nobody knows"),
        };
        assert_eq!(people(&format!("\"{value}\"")), [LinkValue::Id(id)]);
    }
    for unknown in [
        "null",
        "\"\"",
        "\" \"",
        "[]",
        "[null]",
        "\"/people/\"",
        r#"{"id":null,"url":""}"#,
    ] {
        assert_eq!(people(unknown), [], "{unknown}");
    }
    for invalid in ["true", "\"/films/1\"", r#"{"name":"Ann"}"#, r#"{"id":{}}"#] {
        let people = people(invalid);
        assert!(
            matches!(people[..], [LinkValue::Invalid(_)]),
            "{invalid}: {people:?}"
        );
    }
}

#[test]
fn link_fields_accept_a_string_or_a_list() {
    let vehicle =
        raw(json!({"id": "v", "pilot": ["https://a/people/p"], "films": "https://a/films/f"}));
    let vehicle = Record::parse(Collection::Vehicles, &vehicle).unwrap();
    let vehicle = Vehicle::parse(&vehicle.json).unwrap();
    assert_eq!(ids(vehicle.pilot), links(["p"]));
    assert_eq!(ids(vehicle.films), links(["f"]));
}

#[test]
fn a_url_of_another_item_is_a_warning_with_both_ids() {
    let record = film(json!({"id": "one", "url": "https://a/films/two"})).unwrap();
    assert_eq!(
        record.warnings[0].to_string(),
        "`url` of one points to two in films"
    );
    for (id, url, warnings) in [
        (json!(3), "https://a/films/3", 0),
        (json!(3), "/films/3", 0),
        (json!("a b"), "https://a/films/a%20b", 0),
        (
            json!(UUID),
            &format!("https://a/films/{}", UUID.to_uppercase()),
            0,
        ),
        (json!(3), "/films/4/?x", 1),
        (json!(3), "https://a/people/3", 1),
    ] {
        let record = film(json!({"id": id, "url": url})).unwrap();
        assert_eq!(record.warnings.len(), warnings, "{url}");
    }
}

#[test]
fn uuids_that_differ_in_case_are_one_id_and_records_stay_as_written() {
    let upper = UUID.to_uppercase();
    let large = "x".repeat(MAX_RECORD_BYTES);
    let list = json!([
        {"id": upper, "people": [upper, format!("https://a/people/{upper}")]},
        {"id": UUID},
        {"id": upper, "title": large},
    ]);
    let read = Records::parse(Collection::Films, &list.to_string()).unwrap();
    let records: Vec<_> = read.iter().collect();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].id, UUID);
    let film = Film::parse(&records[0].json).unwrap();
    assert_eq!(ids(film.people), links([UUID, UUID]));
    assert_eq!(
        to_source_json(records[0].json.get(), "https://b"),
        json!({"id": upper, "people": [upper, format!("https://b/people/{upper}")]}).to_string()
    );
    let bad: Vec<_> = read.bad.iter().map(|bad| bad.id.as_deref()).collect();
    assert_eq!(bad, [Some(UUID), Some(UUID)]);

    let (before, after) = (raw(json!({"people": [upper]})), raw(json!({"people": []})));
    let blanked = |removed: &str| first_blanked_field(&before, &after, |id| id == removed);
    assert_eq!(blanked("another").as_deref(), Some("people"));
    assert_eq!(blanked(UUID), None);
}
