use std::collections::HashSet;
use std::sync::Arc;

use common::models::{Age, Location, Movie, Person, SourceRecord, Species, Vehicle};
use common::seed;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;

/// The revision, and the hash of all drawings of the seed.
const EXPECTED: (u64, u64) = (2, 16469154376784941617);
/// Maximum size of a drawing.
const MAX_BYTES: usize = 4096;

#[test]
fn every_item_of_the_seed_has_a_small_distinct_drawing() {
    let catalogue = seed::snapshot().catalogue;
    let mut seen = HashSet::new();
    for item in catalogue.all() {
        let drawing = drawing_of(&catalogue, &item);
        well_formed(&drawing);
        assert!(
            drawing.len() < MAX_BYTES,
            "{}: {}",
            item.name(),
            drawing.len()
        );
        assert!(drawing.contains("<title>"), "{}", item.name());
        let shapes = drawing.split_once("</desc>").unwrap().1.to_owned();
        assert!(seen.insert(shapes), "{} looks like another", item.name());
    }
}

#[test]
fn a_drawing_that_changes_gets_a_new_revision() {
    let catalogue = seed::snapshot().catalogue;
    let mut hash = Xxh3::new();
    for item in catalogue.all() {
        hash.update(drawing_of(&catalogue, &item).as_bytes());
    }
    // If this fails, increase REVISION and put the new hash into EXPECTED.
    assert_eq!((REVISION, hash.digest()), EXPECTED);
}

#[test]
fn a_fingerprint_changes_with_the_data_and_with_nothing_else() {
    let mut item = Item {
        id: "one".into(),
        slug: "one".into(),
        rank: 1,
        facts: Facts::Movie(Movie::default()),
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    };
    let catalogue = Catalogue::default();
    let before = fingerprint(&catalogue, &item);
    item.rank = 2;
    assert_eq!(fingerprint(&catalogue, &item), before);
    item.facts = Facts::Movie(Movie {
        score_percent: Some(90),
        ..Movie::default()
    });
    assert_ne!(fingerprint(&catalogue, &item), before);
}

proptest! {
    #[test]
    fn any_item_gets_a_well_formed_drawing_that_never_changes(item in any_item()) {
        let mut catalogue = Catalogue::default();
        catalogue.insert(&item);
        let drawing = drawing_of(&catalogue, &item);
        well_formed(&drawing);
        prop_assert_eq!(drawing_of(&catalogue, &item), drawing);
    }

    #[test]
    fn items_with_the_same_facts_look_different(
        facts in any_facts(),
        (one, other) in ("[a-z0-9-]{1,40}", "[a-z0-9-]{1,40}"),
    ) {
        prop_assume!(one != other);
        let catalogue = Catalogue::default();
        let drawing = |id: &str| drawing_of(&catalogue, &item(id, facts.clone()));
        prop_assert_ne!(drawing(&one), drawing(&other));
    }
}

fn drawing_of(catalogue: &Catalogue, item: &Item) -> String {
    let noun = match item.kind() {
        Kind::Person => "character",
        Kind::Location => "place",
        kind => kind.singular(),
    };
    draw(catalogue, item, noun)
}

fn any_item() -> impl Strategy<Value = Arc<Item>> {
    (".{0,40}", any_facts()).prop_map(|(id, facts)| item(&id, facts))
}

fn item(id: &str, facts: Facts) -> Arc<Item> {
    Arc::new(Item {
        id: id.into(),
        slug: "slug".into(),
        rank: 1,
        facts,
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let word = || {
        prop::option::of(prop_oneof![
            "\\PC{0,20}",
            "(light |dark |)(brown|green|none)"
        ])
    };
    let name = || "(?s).{0,200}";
    let ids = || prop::collection::vec("[a-z]{1,5}".prop_map(Into::into), 0..20);
    prop_oneof![
        (name(), any::<(Option<u16>, Option<u8>)>(), ids()).prop_map(
            |(title, (minutes, score), vehicles)| Facts::Movie(Movie {
                title,
                running_time_minutes: minutes,
                score_percent: score,
                vehicles,
                ..Movie::default()
            })
        ),
        (name(), word(), word(), any::<bool>()).prop_map(|(name, eyes, hair, kin)| {
            Facts::Person(Person {
                name,
                eye_color: eyes,
                hair_color: hair,
                age: Some(Age::Years(7)),
                species: kin.then(|| "kin".into()),
                ..Person::default()
            })
        }),
        (name(), word(), word(), any::<Option<u8>>(), ids()).prop_map(
            |(name, climate, terrain, water, residents)| Facts::Location(Location {
                name,
                climate,
                terrain,
                surface_water_percent: water,
                residents,
            })
        ),
        (name(), word(), word()).prop_map(|(name, eyes, hair)| {
            Facts::Species(Species {
                name,
                eye_colors: eyes.into_iter().collect(),
                hair_colors: hair.into_iter().collect(),
                ..Species::default()
            })
        }),
        (name(), word(), any::<Option<f64>>()).prop_map(|(name, class, length)| {
            Facts::Vehicle(Vehicle {
                name,
                vehicle_class: class,
                length_feet: length,
                ..Vehicle::default()
            })
        }),
    ]
}

fn well_formed(drawing: &str) {
    assert!(roxmltree::Document::parse(drawing).is_ok(), "{drawing}");
    let unwritten = ["NaN", "inf"];
    let shapes = drawing.split_once("</title>").unwrap().1;
    assert!(
        !unwritten.iter().any(|word| shapes.contains(word)),
        "{drawing}"
    );
}
