//! Syncs of the seed's records and of the real source's recorded data.

use std::collections::BTreeMap;
use std::fs;

use common::models::{Facts, Finding, Item, Kind, Problem};
use common::seed;
use ghibli_api::to_source_json;
use serde_json::value::RawValue;

use super::parse::collection;
use super::samples::publish;

#[test]
fn a_sync_of_the_seeds_own_records_publishes_the_seed() {
    let items = seed::items().unwrap();
    let (catalogue, findings) = publish(|requested| {
        let records = items
            .iter()
            .filter(|item| collection(item.kind()) == requested);
        let given: Vec<_> = records.map(|item| source_json(item)).collect();
        format!("[{}]", given.join(","))
    });
    let lines: Vec<_> = catalogue
        .all()
        .map(|item| serde_json::to_string(&*item).unwrap())
        .collect();
    let seed = testkit::workspace_root().join("common/src/seed/items.jsonl");
    if std::env::var_os("UPDATE_SEED").is_some() {
        fs::write(&seed, lines.join("\n") + "\n").unwrap();
    }
    assert!(
        fs::read_to_string(&seed)
            .unwrap()
            .lines()
            .eq(lines.iter().map(String::as_str)),
        "after editing the records in the seed, run this test with UPDATE_SEED=1"
    );
    let problems: Vec<_> = findings
        .iter()
        .filter(|finding| finding.problem != Problem::Placeholder)
        .collect();
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(
        Kind::ALL.map(|kind| catalogue.count(kind)),
        [22, 57, 25, 7, 3]
    );
}

fn source_json(item: &Item) -> String {
    to_source_json(&item.source.text(), "https://seed.example")
}

#[test]
fn the_real_source_is_parsed_and_joined_and_its_mistakes_are_found() {
    let name = "the_real_source_is_parsed_and_joined_and_its_mistakes_are_found";
    let Some(folder) = testkit::recordings::folder_or_skip(name) else {
        return;
    };
    let data = fs::read_to_string(folder.join("data.json")).unwrap();
    let data: BTreeMap<String, Box<RawValue>> = serde_json::from_str(&data).unwrap();
    let (catalogue, findings) = publish(|collection| data[collection.path()].get().to_owned());
    let found = |problem, field: &str| {
        let matches = |finding: &&Finding| finding.problem == problem && finding.field == field;
        findings.iter().filter(matches).count()
    };
    assert_eq!(found(Problem::NotALink, "residents"), 20);
    assert_eq!(found(Problem::ForeignUrl, "url"), 2);
    assert_eq!(found(Problem::OneSided, "people"), 17 + 25);
    assert_eq!(found(Problem::Dangling, "people"), 0);

    let totoro = catalogue.find(Kind::Movie, "my-neighbor-totoro").unwrap();
    let Facts::Movie(totoro) = &totoro.facts else {
        panic!("a movie")
    };
    assert_eq!(totoro.release_year, Some(1988));
    assert_eq!(totoro.running_time_minutes, Some(86));
    assert_eq!(totoro.score_percent, Some(93));
    let goliath = catalogue
        .find(Kind::Vehicle, "air-destroyer-goliath")
        .unwrap();
    let Facts::Vehicle(goliath) = &goliath.facts else {
        panic!("a vehicle")
    };
    assert_eq!(goliath.length_feet, Some(1000.0));
    assert!(
        catalogue
            .all()
            .all(|item| !item.source.text().contains("herokuapp"))
    );
}
