use std::collections::HashSet;

use common::models::{Age, Location, Movie, Person, SourceRecord, Species, Vehicle};
use common::seed;
use proptest::prelude::*;
use serde_json::value::RawValue;
use tiny_skia::Pixmap;

use super::*;

/// The revision, and the hash of all drawings of the seed.
const EXPECTED: (u64, u64) = (5, 10018979809349217728);
/// Maximum size of a drawing.
const MAX_BYTES: usize = 6 * 1024;
/// Maximum size of a picture for link previews.
const MAX_PNG_BYTES: usize = 100 * 1024;

#[test]
fn every_item_of_the_seed_has_a_small_distinct_drawing() {
    let lists = seed_lists();
    let mut seen = HashSet::new();
    for item in lists.catalogue().all() {
        let drawing = draw(&lists, &item);
        well_formed(&drawing);
        assert!(drawing.contains("<title>"), "{}", item.name());
        let shapes = drawing.split_once("</title>").unwrap().1.to_owned();
        assert!(seen.insert(shapes), "{} looks like another", item.name());
    }
}

#[test]
fn a_drawing_that_changes_gets_a_new_revision() {
    let lists = seed_lists();
    let mut hash = Xxh3::new();
    for item in lists.catalogue().all() {
        hash.update(draw(&lists, &item).as_bytes());
    }
    // If this fails, increase REVISION and put the new hash into EXPECTED.
    assert_eq!((REVISION, hash.digest()), EXPECTED);
}

#[test]
fn a_fingerprint_changes_with_the_data_and_not_with_the_rank() {
    let mut item = (*item("one", Facts::Movie(Movie::default()))).clone();
    let lists = ListIndex::default();
    let before = fingerprint(&lists, &item);
    item.rank = 2;
    assert_eq!(fingerprint(&lists, &item), before);
    item.facts = Facts::Movie(Movie {
        score_percent: Some(90),
        ..Movie::default()
    });
    assert_ne!(fingerprint(&lists, &item), before);
}

#[test]
fn a_drawing_that_another_item_changes_gets_a_new_fingerprint() {
    let all: Vec<_> = seed::snapshot().catalogue.all().collect();
    let before = ListIndex::of(&all.iter().cloned().collect());
    let mut changed = 0;
    for removed in (0..all.len()).step_by(6) {
        let mut rest = all.clone();
        rest.remove(removed);
        let after = ListIndex::of(&rest.iter().cloned().collect());
        for item in rest.iter().step_by(2) {
            if draw(&before, item) != draw(&after, item) {
                changed += 1;
                let name = item.name();
                assert_ne!(
                    fingerprint(&before, item),
                    fingerprint(&after, item),
                    "{name}"
                );
            }
        }
    }
    assert!(changed > 0);
}

#[test]
fn the_known_movies_have_distinct_motifs() {
    let lists = seed_lists();
    let mut seen = HashSet::new();
    for item in lists.catalogue().iter(Kind::Movie) {
        let Facts::Movie(movie) = &item.facts else {
            continue;
        };
        let (hash, _) = seeds(&item);
        let (motif, _) = motif::of(lists.catalogue(), hash, movie);
        assert!(
            seen.insert(format!("{motif:?}")),
            "{}: {motif:?}",
            movie.title
        );
    }
    assert_eq!(seen.len(), 22);
}

#[test]
fn a_picture_for_link_previews_has_the_stated_size_and_few_bytes() {
    let lists = seed_lists();
    let catalogue = lists.catalogue();
    let mut items: Vec<_> = Kind::ALL
        .into_iter()
        .filter_map(|kind| catalogue.iter(kind).next())
        .collect();
    items.extend(catalogue.find(Kind::Movie, "the-tale-of-the-princess-kaguya"));
    assert_eq!(items.len(), 6);
    for item in &items {
        let png = share_picture(&lists, item).unwrap();
        assert!(png.len() <= MAX_PNG_BYTES, "{}: {}", item.name(), png.len());
        let pixels = Pixmap::decode_png(&png).unwrap();
        assert_eq!((pixels.width(), pixels.height()), SHARE_SIZE);
        let corner = pixels.pixel(0, 0);
        let differs = pixels
            .pixels()
            .iter()
            .filter(|pixel| Some(**pixel) != corner);
        assert!(differs.count() > 100_000, "{} is blank", item.name());
    }
    let png = share_strip(&lists, &items[..3]).unwrap();
    let pixels = Pixmap::decode_png(&png).unwrap();
    assert_eq!((pixels.width(), pixels.height()), SHARE_SIZE);
}

proptest! {
    #[test]
    fn any_item_gets_a_small_well_formed_drawing_that_never_changes(item in any_item()) {
        let lists = ListIndex::of(&[item.clone()].into_iter().collect());
        let drawing = draw(&lists, &item);
        well_formed(&drawing);
        prop_assert_eq!(draw(&lists, &item), drawing);
    }

    #[test]
    fn items_with_the_same_facts_look_different(
        facts in any_facts(),
        (one, other) in ("[a-z0-9-]{1,40}", "[a-z0-9-]{1,40}"),
    ) {
        prop_assume!(one != other);
        let lists = ListIndex::default();
        let drawing = |id: &str| draw(&lists, &item(id, facts.clone()));
        prop_assert_ne!(drawing(&one), drawing(&other));
    }
}

fn seed_lists() -> ListIndex {
    ListIndex::of(&seed::snapshot().catalogue)
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
    let name = || {
        prop_oneof![
            "(?s).{0,200}",
            "[<>&\"'\u{202e}\u{5d0}-\u{5ea}\u{627}-\u{64a}\u{300}-\u{36f}]{0,200}",
            "[\u{3041}-\u{30ff}\u{4e00}-\u{9fff} ]{0,60}",
        ]
    };
    let ids = || prop::collection::vec("[a-z]{1,5}".prop_map(Into::into), 0..20);
    prop_oneof![
        (name(), name(), any::<(Option<u16>, Option<u8>)>(), ids()).prop_map(
            |(title, original, (minutes, score), vehicles)| Facts::Movie(Movie {
                title,
                original_title: (!original.is_empty()).then_some(original),
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
    let document = roxmltree::Document::parse(drawing).expect(drawing);
    let ids: Vec<_> = document
        .descendants()
        .filter_map(|node| node.attribute("id"))
        .collect();
    let distinct: HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an ID is used twice: {drawing}");
    assert!(drawing.len() <= MAX_BYTES, "{} bytes", drawing.len());
    let unwritten = ["NaN", "inf"];
    let shapes = drawing.split_once("</title>").unwrap().1;
    assert!(
        !unwritten.iter().any(|word| shapes.contains(word)),
        "{drawing}"
    );
}
