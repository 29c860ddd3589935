//! Parsing of source values.

use common::models::{Age, Catalogue, Facts, Finding, Id, Item, Kind, Movie, Problem};
use ghibli_api::Collection;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::quantity::{self, Unit};
use crate::pipeline::samples::publish;

/// The item and findings of a source with one record.
fn read(kind: Kind, record: &Value) -> (Item, Vec<Finding>) {
    let (catalogue, findings) = publish(|collection| match collection == super::collection(kind) {
        true => json!([record]).to_string(),
        false => "[]".to_owned(),
    });
    let item = catalogue.all().next().unwrap();
    (Item::clone(&item), findings)
}

/// The parsed value of one field, as JSON, and its findings.
fn read_field(field: &str, value: &Value) -> (Value, Option<Problem>) {
    let kind = match field {
        "age" => Kind::Person,
        "surface_water" => Kind::Location,
        "length" => Kind::Vehicle,
        "eye_colors" => Kind::Species,
        _ => Kind::Movie,
    };
    let mut record = json!({"id": "i", "name": "n", "title": "n"});
    record[field] = value.clone();
    let (item, findings) = read(kind, &record);
    let value = match item.facts {
        Facts::Movie(movie) => match field {
            "title" => json!(movie.title),
            "director" => json!(movie.director),
            "release_date" => json!(movie.release_year),
            "running_time" => json!(movie.running_time_minutes),
            _ => json!(movie.score_percent),
        },
        Facts::Person(person) => json!(person.age),
        Facts::Location(location) => json!(location.surface_water_percent),
        Facts::Species(species) => json!(species.eye_colors),
        Facts::Vehicle(vehicle) => json!(vehicle.length_feet),
    };
    assert!(findings.iter().all(|finding| finding.field == field));
    // The worst counts: a number can be of an unusual type and out of bounds.
    (
        value,
        findings.into_iter().map(|finding| finding.problem).max(),
    )
}

#[test]
fn values_in_any_form_are_parsed_or_unknown_and_unusual_forms_are_findings() {
    let usual = None;
    let unusual = Some(Problem::UnusualValue);
    let unreadable = Some(Problem::UnreadableValue);
    let placeholder = Some(Problem::Placeholder);
    let null = Value::Null;
    for (field, value, expected, problem) in [
        // Numbers.
        ("length", json!("12"), json!(12.0), usual),
        ("length", json!("12.5"), json!(12.5), usual),
        ("length", json!("0.5"), json!(0.5), usual),
        ("length", json!("0"), json!(0.0), usual),
        ("length", json!("1,000"), json!(1000.0), usual),
        ("length", json!("1,234,567.5"), json!(1_234_567.5), usual),
        ("length", json!(" 12 "), json!(12.0), usual),
        ("length", json!(12.5), json!(12.5), unusual),
        ("length", json!(1e3), json!(1000.0), unusual),
        ("running_time", json!(124), json!(124), unusual),
        ("running_time", json!(124.0), json!(124), unusual),
        ("running_time", json!(124.5), null.clone(), unreadable),
        // Decimal comma, points and groups.
        ("length", json!("12,5"), json!(12.5), unusual),
        ("length", json!("12,50"), json!(12.5), unusual),
        ("length", json!("0,125"), json!(0.125), unusual),
        ("length", json!("1234,567"), json!(1234.567), unusual),
        ("length", json!("1.234,5"), json!(1234.5), unusual),
        ("length", json!("1 234,5"), json!(1234.5), unusual),
        ("length", json!("1\u{a0}234,5"), json!(1234.5), unusual),
        ("length", json!("1\u{202f}234"), json!(1234.0), unusual),
        ("length", json!("1'234.5"), json!(1234.5), unusual),
        ("length", json!("1’234"), json!(1234.0), unusual),
        ("length", json!("1.234.567"), json!(1_234_567.0), unusual),
        ("length", json!("1.234"), json!(1.234), unusual),
        ("length", json!("12,34,567"), null.clone(), unreadable),
        ("length", json!("1,2,3"), null.clone(), unreadable),
        ("length", json!("1,234.567,8"), null.clone(), unreadable),
        ("length", json!("1.2.3"), null.clone(), unreadable),
        ("length", json!("12 5"), null.clone(), unreadable),
        ("running_time", json!("1,24"), null.clone(), unreadable),
        ("running_time", json!("12,4"), null.clone(), unreadable),
        // Signs, zeros and exponents.
        ("length", json!("+12"), json!(12.0), unusual),
        ("length", json!("012"), json!(12.0), unusual),
        ("length", json!(".5"), json!(0.5), unusual),
        ("length", json!("5."), json!(5.0), unusual),
        ("length", json!("1.2e2"), json!(120.0), unusual),
        ("length", json!("1e400"), null.clone(), unreadable),
        ("length", json!("-12"), null.clone(), unreadable),
        ("length", json!("−12"), null.clone(), unreadable),
        ("length", json!(-12), null.clone(), unreadable),
        ("length", json!("NaN"), null.clone(), placeholder),
        ("length", json!("inf"), null.clone(), unreadable),
        ("length", json!("0x10"), null.clone(), unreadable),
        (
            "length",
            json!("9007199254740993"),
            json!(9_007_199_254_740_992.0),
            unusual,
        ),
        ("length", json!("1_000"), null.clone(), unreadable),
        ("length", json!("½"), null.clone(), unreadable),
        ("length", json!("12½"), null.clone(), unreadable),
        ("length", json!("12²"), null.clone(), unreadable),
        // Units.
        ("length", json!("12 ft"), json!(12.0), unusual),
        ("length", json!("12,5 feet"), json!(12.5), unusual),
        ("length", json!("12 m"), null.clone(), unreadable),
        ("length", json!("5'11\""), null.clone(), unreadable),
        ("running_time", json!("124 min"), json!(124), unusual),
        ("running_time", json!("124min."), json!(124), unusual),
        ("running_time", json!("124 Minutes"), json!(124), unusual),
        ("running_time", json!("124'"), json!(124), unusual),
        ("running_time", json!("124分"), json!(124), unusual),
        ("running_time", json!("2h 4min"), json!(124), unusual),
        (
            "running_time",
            json!("2 hours 4 minutes"),
            json!(124),
            unusual,
        ),
        ("running_time", json!("PT2H4M"), json!(124), unusual),
        ("running_time", json!("2:04:00"), json!(124), unusual),
        ("running_time", json!("7440 s"), json!(124), unusual),
        ("running_time", json!("2:04"), null.clone(), unreadable),
        ("running_time", json!("90 s"), null.clone(), unreadable),
        ("running_time", json!("124 ft"), null.clone(), unreadable),
        ("running_time", json!("-2h"), null.clone(), unreadable),
        ("running_time", json!("0"), null.clone(), unreadable),
        ("running_time", json!("65536"), null.clone(), unreadable),
        ("rt_score", json!("95"), json!(95), usual),
        ("rt_score", json!("95%"), json!(95), unusual),
        ("rt_score", json!("95 %"), json!(95), unusual),
        ("rt_score", json!("95.0"), json!(95), unusual),
        ("rt_score", json!("95 percent"), json!(95), unusual),
        ("rt_score", json!("95/100"), json!(95), unusual),
        ("rt_score", json!("9.5/10"), null.clone(), unreadable),
        ("rt_score", json!("0.95"), null.clone(), unreadable),
        ("rt_score", json!("101"), null.clone(), unreadable),
        ("rt_score", json!("-1"), null.clone(), unreadable),
        ("surface_water", json!("40%"), json!(40), unusual),
        // Approximations and ranges.
        ("running_time", json!("~124"), json!(124), unusual),
        ("running_time", json!("ca. 124 min"), json!(124), unusual),
        ("release_date", json!("circa 1986"), json!(1986), unusual),
        ("running_time", json!("120-124"), null.clone(), unreadable),
        ("running_time", json!("120–124"), null.clone(), unreadable),
        ("running_time", json!("120~124"), null.clone(), unreadable),
        ("running_time", json!("> 120"), null.clone(), unreadable),
        ("running_time", json!("120+"), null.clone(), unreadable),
        ("release_date", json!("1986-1988"), null.clone(), unreadable),
        ("release_date", json!("1986-88"), null.clone(), unreadable),
        // Years and dates.
        ("release_date", json!("1986"), json!(1986), usual),
        ("release_date", json!("1986-08-02"), json!(1986), unusual),
        ("release_date", json!("1986-08"), json!(1986), unusual),
        ("release_date", json!("19860802"), json!(1986), unusual),
        (
            "release_date",
            json!("1986-08-02T23:30:00-08:00"),
            json!(1986),
            unusual,
        ),
        (
            "release_date",
            json!("1986-08-02T00:00:00.000Z"),
            json!(1986),
            unusual,
        ),
        (
            "release_date",
            json!("1986-08-02 12:00:00"),
            json!(1986),
            unusual,
        ),
        ("release_date", json!("1986/8/2"), json!(1986), unusual),
        ("release_date", json!("02.08.1986"), json!(1986), unusual),
        ("release_date", json!("8/2/1986"), json!(1986), unusual),
        ("release_date", json!("31/12/1986"), json!(1986), unusual),
        ("release_date", json!("2 August 1986"), json!(1986), unusual),
        ("release_date", json!("Aug 2, 1986"), json!(1986), unusual),
        ("release_date", json!("August 1986"), json!(1986), unusual),
        (
            "release_date",
            json!("Sat, 02 Aug 1986 00:00:00 +0000"),
            json!(1986),
            unusual,
        ),
        ("release_date", json!("1986年8月2日"), json!(1986), unusual),
        ("release_date", json!("1986年"), json!(1986), unusual),
        (
            "release_date",
            json!("1986-02-30"),
            null.clone(),
            unreadable,
        ),
        (
            "release_date",
            json!("31.13.1986"),
            null.clone(),
            unreadable,
        ),
        ("release_date", json!("02/08/86"), null.clone(), unreadable),
        ("release_date", json!("86"), null.clone(), unreadable),
        ("release_date", json!("1986.5"), null.clone(), unreadable),
        ("release_date", json!("523324800"), null.clone(), unreadable),
        ("release_date", json!("昭和61年"), null.clone(), unreadable),
        (
            "release_date",
            json!("summer 1986"),
            null.clone(),
            unreadable,
        ),
        // Other scripts.
        ("running_time", json!("１２４"), json!(124), unusual),
        ("running_time", json!("١٢٤"), json!(124), unusual),
        ("running_time", json!("१२४"), json!(124), unusual),
        ("length", json!("١٢٫٥"), json!(12.5), unusual),
        ("length", json!("１，２３４．５"), json!(1234.5), unusual),
        ("rt_score", json!("９５％"), json!(95), unusual),
        ("running_time", json!("百二十四"), null.clone(), unreadable),
        // Unknown.
        ("running_time", json!(""), null.clone(), usual),
        (
            "running_time",
            json!(" \u{a0}\u{3000}\u{200b}"),
            null.clone(),
            usual,
        ),
        ("running_time", null.clone(), null.clone(), usual),
        ("running_time", json!("unknown"), null.clone(), placeholder),
        ("running_time", json!("N/A"), null.clone(), placeholder),
        ("running_time", json!("-"), null.clone(), placeholder),
        ("running_time", json!("?"), null.clone(), placeholder),
        ("director", json!("TBD"), null.clone(), placeholder),
        ("running_time", json!("long"), null.clone(), unreadable),
        // Ages are words, unless they are numbers.
        ("age", json!("17"), json!(17), usual),
        ("age", json!("late teens"), json!("late teens"), usual),
        ("age", json!("12,5"), json!("12,5"), usual),
        ("age", json!("-5"), json!("-5"), usual),
        ("age", json!("~20"), json!("~20"), usual),
        ("age", json!("１７"), json!(17), unusual),
        ("age", json!(17), json!(17), unusual),
        // Other types where a text is expected.
        ("title", json!(1917), json!("1917"), unusual),
        ("title", json!(7.5), json!("7.5"), unusual),
        ("title", json!(true), json!("true"), unusual),
        (
            "director",
            json!(["Ann", "Ben"]),
            json!("Ann, Ben"),
            unusual,
        ),
        (
            "eye_colors",
            json!(["Blue", "Red"]),
            json!(["Blue", "Red"]),
            unusual,
        ),
        ("director", json!([]), null.clone(), usual),
        ("director", json!({"name": "Ann"}), null.clone(), unreadable),
        (
            "director",
            json!([{"name": "Ann"}]),
            null.clone(),
            unreadable,
        ),
        ("running_time", json!(true), null.clone(), unreadable),
        ("running_time", json!([124]), null.clone(), unreadable),
    ] {
        assert_eq!(
            read_field(field, &value),
            (expected, problem),
            "{field}: {value}"
        );
    }
}

#[test]
fn a_source_with_numbers_as_ids_is_joined_whatever_the_form_of_its_links() {
    let (catalogue, findings) = publish(|collection| {
        match collection {
            Collection::Films => json!([
                {"id": 1, "title": 1917, "people": ["https://a/people/1", "/people/2/", 3]},
                {"id": 2, "title": "B", "people": ["people/1", {"id": 2}, "3"], "vehicles": [1]},
            ]),
            Collection::People => json!([
                {"id": 1, "name": "Ann", "species": "/species/1", "films": [1, 2]},
                {"id": "2", "name": "Ben", "species": 1, "films": ["1", "/films/2"]},
                {"id": 3, "name": "Cid", "species": {"id": "1"}, "films": [{"id": 1}, {"id": 2}]},
            ]),
            Collection::Species => json!([{"id": 1, "name": "S", "people": [1, 2, 3]}]),
            Collection::Locations => json!([{"id": 7, "name": "L", "residents": ["TODO", 3, "9"]}]),
            Collection::Vehicles => json!([{"id": 1, "name": "V", "pilot": "2", "films": 2}]),
        }
        .to_string()
    });
    let movie = |id: &str| match &catalogue.get(Kind::Movie, id).unwrap().facts {
        Facts::Movie(movie) => movie.clone(),
        _ => panic!("a movie"),
    };
    let people = |movie: Movie| {
        movie
            .people
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(movie("1").title, "1917");
    assert_eq!(people(movie("1")), ["1", "2", "3"]);
    assert_eq!(people(movie("2")), ["1", "2", "3"]);
    assert_eq!(&*movie("2").vehicles[0], "1");
    let species = |id: &str| species_of(&catalogue, id);
    assert_eq!(["1", "2", "3"].map(species), ["1", "1", "1"]);
    let source = catalogue.get(Kind::Movie, "1").unwrap();
    assert_eq!(
        source.source.text(),
        r#"{"id":1,"title":1917,"people":["/people/1","/people/2/",3]}"#
    );
    let found: Vec<_> = findings.iter().map(Finding::key).collect();
    assert_eq!(
        found,
        [
            "movies/1/title/unusual-value/a number: 1917",
            "locations/7/residents/dangling/9",
            "locations/7/residents/not-a-link/TODO",
        ]
    );
}

#[test]
fn links_to_uuids_are_joined_whatever_their_case() {
    let movie = "2baf70d1-42bb-4437-b551-e5fed5a87abe";
    let person = "FE93ADF2-2F3A-4EC4-9F68-5422F1B87C01";
    let (catalogue, findings) = publish(|collection| match collection {
        Collection::Films => {
            let people = [format!("https://a/people/{}", person.to_lowercase())];
            json!([{"id": movie, "title": "M", "people": people}]).to_string()
        }
        Collection::People => {
            let films = [format!("/films/{}", movie.to_uppercase())];
            json!([{"id": person, "name": "P", "films": films}]).to_string()
        }
        _ => "[]".to_owned(),
    });
    assert_eq!(findings, []);
    let Facts::Movie(movie) = &catalogue.get(Kind::Movie, movie).unwrap().facts else {
        panic!("a movie")
    };
    assert_eq!(*movie.people, [Id::from(person.to_lowercase())]);
}

fn species_of(catalogue: &Catalogue, id: &str) -> String {
    match &catalogue.get(Kind::Person, id).unwrap().facts {
        Facts::Person(person) => person.species.as_ref().unwrap().to_string(),
        _ => panic!("a person"),
    }
}

#[test]
fn an_age_that_is_read_is_a_number() {
    let (item, _) = read(
        Kind::Person,
        &json!({"id": "i", "name": "n", "age": "1,000"}),
    );
    let Facts::Person(person) = item.facts else {
        panic!("a person")
    };
    assert_eq!(person.age, Some(Age::Years(1000)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_without_a_finding_is_a_number_in_the_sources_form(
        number in "[0-9٣３.,' ~+%eh-]{0,10}",
        any in any::<String>(),
    ) {
        for text in [&number, &any] {
            quantity::minutes(text);
            quantity::year(text);
            for unit in [Unit::None, Unit::Feet, Unit::Minutes, Unit::Percent, Unit::Year] {
                let Some(read) = quantity::decimal(text, unit).filter(|read| read.is_usual) else {
                    continue;
                };
                prop_assert_eq!(text.replace(',', "").parse(), Ok(read.value), "{}", text);
                let whole = text.split('.').next().unwrap();
                let mut groups = whole.split(',').skip(1);
                prop_assert!(groups.all(|group| group.len() == 3), "{}", text);
            }
        }
    }
}
