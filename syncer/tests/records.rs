//! What becomes of whole collections: the seed's own, and the source's as it really is.

#![expect(clippy::unwrap_used, reason = "it fails the test")]

use std::collections::{BTreeMap, HashSet};
use std::fs;

use common::models::{Catalogue, Facts, Finding, Item, Kind, Problem};
use common::seed;
use ghibli_api::{Collection, Records, to_source_json};
use serde_json::value::RawValue;
use syncer::diff::diff;
use syncer::parse::{self, collection};

/// What is published of a source's lists, and what is to be mended there.
fn publish(lists: impl Fn(Collection) -> String) -> (Catalogue, Vec<Finding>) {
    let read = |collection| {
        let records = Records::parse(collection, &lists(collection)).unwrap();
        assert_eq!(records.bad, []);
        (collection, records)
    };
    let mut catalogue = Catalogue::default();
    let mut unjoined = parse::read(Collection::ALL.map(read).into(), &catalogue, u64::MAX).unwrap();
    let nothing = Catalogue::default();
    let mut upstream = unjoined.join(&nothing, &HashSet::new());
    assert!(
        Kind::ALL
            .iter()
            .all(|kind| upstream.quarantined(*kind).count() == 0)
    );
    catalogue.apply_packed(&diff(&nothing, &mut upstream).unwrap());
    (catalogue, upstream.findings)
}

#[test]
fn the_seed_is_what_a_sync_of_its_own_records_would_publish() {
    let items = seed::items().unwrap();
    let (catalogue, findings) = publish(|wanted| {
        let records = items
            .iter()
            .filter(|item| collection(item.kind()) == wanted);
        let given: Vec<_> = records.map(|item| given(item)).collect();
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

fn given(item: &Item) -> String {
    to_source_json(&item.source.text(), "https://seed.example")
}

#[test]
fn the_real_source_is_understood_joined_and_its_slips_are_found() {
    let name = "the_real_source_is_understood_joined_and_its_slips_are_found";
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
