use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::models::{Age, Facts, Id, Location, Movie, Person, Species, Vehicle};

const UUID: &str = "ba924631-068e-4436-b6de-f3283fa848f0";

fn id() -> impl Strategy<Value = Id> {
    let uuid = any::<u128>().prop_map(|number| uuid::Uuid::from_u128(number).to_string());
    prop_oneof![4 => uuid, 1 => ".{0,40}", 1 => Just(UUID.to_uppercase())].prop_map(Id::from)
}

fn text() -> impl Strategy<Value = Option<String>> {
    prop::option::of(prop_oneof![
        ".{0,20}",
        Just(String::new()),
        Just("x".repeat(300))
    ])
}

prop_compose! {
    fn movie()(
        title in ".{0,200}",
        texts in vec(text(), 7),
        release_year in any::<Option<u16>>(),
        running_time_minutes in any::<Option<u16>>(),
        score_percent in any::<Option<u8>>(),
        ids in vec(vec(id(), 0..4), 4),
    ) -> Facts {
        let mut texts = texts.into_iter().map(Option::unwrap_or_default).map(Some);
        let mut text = || texts.next().flatten();
        let mut ids = ids.into_iter();
        let mut some = || ids.next().unwrap_or_default();
        Facts::Movie(Movie {
            title,
            original_title: text(),
            original_title_romanised: None,
            description: text(),
            director: text(),
            producer: text(),
            release_year,
            running_time_minutes,
            score_percent,
            poster_url: text(),
            banner_url: text(),
            people: some(),
            locations: some(),
            species: some(),
            vehicles: some(),
        })
    }
}

fn others() -> impl Strategy<Value = Facts> {
    let age = prop::option::of(prop_oneof![
        any::<u32>().prop_map(Age::Years),
        ".{0,9}".prop_map(Age::Words),
    ]);
    let person = ("\\PC{0,9}", text(), age, text(), prop::option::of(id()));
    let place = (
        ".{0,9}",
        text(),
        text(),
        any::<Option<u8>>(),
        vec(id(), 0..9),
    );
    let kinds = (".{0,9}", text(), vec(".{0,9}", 0..3), vec(".{0,9}", 0..3));
    let vehicle = (
        ".{0,9}",
        text(),
        prop::option::of(prop::num::f64::NORMAL),
        prop::option::of(id()),
    );
    prop_oneof![
        person.prop_map(|(name, gender, age, eye_color, species)| {
            let hair_color = None;
            Facts::Person(Person {
                name,
                gender,
                age,
                eye_color,
                hair_color,
                species,
            })
        }),
        place.prop_map(
            |(name, climate, terrain, surface_water_percent, residents)| {
                Facts::Location(Location {
                    name,
                    climate,
                    terrain,
                    surface_water_percent,
                    residents,
                })
            }
        ),
        kinds.prop_map(|(name, classification, eye_colors, hair_colors)| {
            Facts::Species(Species {
                name,
                classification,
                eye_colors,
                hair_colors,
            })
        }),
        vehicle.prop_map(|(name, description, length_feet, pilot)| {
            let vehicle_class = None;
            Facts::Vehicle(Vehicle {
                name,
                description,
                vehicle_class,
                length_feet,
                pilot,
            })
        }),
    ]
}

fn source() -> impl Strategy<Value = SourceRecord> {
    let text = prop_oneof![
        (".{0,40}", id(), id(), ".{0,40}").prop_map(|(one, two, three, four)| {
            let links = [format!("/films/{two}"), format!("{two}{three}")];
            serde_json::json!({ "id": three, "-": one, "films": links, "note": four }).to_string()
        }),
        Just("null".to_owned()),
        Just(format!("{{\"a\":\"{}-{UUID}\"}}", &UUID[..8])),
    ];
    text.prop_map(|text| SourceRecord::new(RawValue::from_string(text).unwrap()))
}

fn item() -> impl Strategy<Value = Item> {
    let facts = prop_oneof![movie(), others()];
    (id(), ".{0,60}", any::<i64>(), facts, source()).prop_map(|(id, slug, rank, facts, source)| {
        let slug = slug.into();
        Item {
            id,
            slug,
            rank,
            facts,
            source,
        }
    })
}

proptest! {
    #[test]
    fn an_item_comes_out_as_it_was_packed(item in item()) {
        let packed = PackedItem::of(&item);
        prop_assert!(packed.is_present());
        prop_assert_eq!(packed.kind(), item.kind());
        prop_assert_eq!(packed.encoded_id(), encoded_id(&item.id));
        prop_assert_eq!(packed.rank(), item.rank);
        prop_assert_eq!(packed.slug(), &*item.slug);
        prop_assert_eq!(packed.name(), item.name());
        let links = item.links().into_iter();
        let links: Vec<_> = links.map(|(link, id)| (link, encoded_id(id))).collect();
        let found = packed.links().into_iter();
        let found: Vec<_> = found.map(|(link, id)| (link, id.to_owned())).collect();
        prop_assert_eq!(found, links);
        let credits = match &item.facts {
            Facts::Movie(movie) => Some(movie.credits()),
            _ => None,
        };
        prop_assert_eq!(packed.credits(), credits);
        let unpacked = packed.unpack().unwrap();
        prop_assert_eq!(unpacked.source.text(), item.source.text());
        prop_assert_eq!(PackedItem::of(&unpacked), packed.clone());
        prop_assert_eq!(unpacked, item);
        prop_assert_eq!(PackedItem::read(packed.bytes()), Some(packed));
    }

    #[test]
    fn a_name_alone_is_no_item(id in id()) {
        let packed = PackedItem::placeholder(Kind::Vehicle, &encoded_id(&id));
        prop_assert!(!packed.is_present());
        prop_assert_eq!(packed.kind(), Kind::Vehicle);
        prop_assert_eq!(packed.encoded_id(), encoded_id(&id));
        prop_assert!(packed.unpack().is_none());
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(PackedItem::read(&bytes), None);
        let packed = PackedItem(bytes.into());
        let _ = (packed.kind(), packed.rank(), packed.slug(), packed.name());
        let _ = (packed.links(), packed.credits());
        let _ = packed.unpack();
        let _ = packed.source();
    }
}

proptest! {
    /// After any corruption, all accessors of a readable item agree.
    #[test]
    fn corrupt_facts_are_rejected_or_are_those_of_an_item(
        item in item(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        cut in any::<bool>(),
    ) {
        let mut bytes = PackedItem::of(&item).bytes().to_vec();
        let place = place.index(bytes.len());
        let in_facts = place < PackedItem::of(&item).end_of_facts().unwrap();
        bytes[place] = byte;
        if cut {
            bytes.truncate(place);
        }
        let read = PackedItem::read(&bytes);
        prop_assert!(!(cut && in_facts && read.is_some()));
        if let Some(packed) = read {
            let item = packed.unpack().unwrap();
            prop_assert_eq!(packed.name(), item.name());
            prop_assert_eq!(packed.links().len(), item.links().len());
            let again = PackedItem::of(&item).unpack().unwrap();
            prop_assert_eq!(format!("{:?}", again.facts), format!("{:?}", item.facts));
        }
    }
}

#[test]
fn a_name_alone_is_not_read_as_an_item() {
    let name = PackedItem::placeholder(Kind::Movie, &encoded_id("1"));
    assert_eq!(PackedItem::read(name.bytes()), None);
}

#[test]
fn what_stores_hold_can_be_read_for_good() {
    let text = source::COMMON_TEXTS.concat();
    assert_eq!(xxhash_rust::xxh3::xxh3_64(&text), 0x533b5fba869359af);
    let item = Item {
        id: UUID.into(),
        slug: "a-ship".into(),
        rank: -7,
        facts: Facts::Vehicle(Vehicle {
            name: "A ship".into(),
            description: None,
            vehicle_class: Some("Airship".into()),
            length_feet: Some(1010.5),
            pilot: Some("40c005ce-3725-4f15-8409-3e1b1b14b583".into()),
        }),
        source: SourceRecord::new(
            RawValue::from_string(format!(r#"{{"id":"{UUID}","name":"A ship"}}"#)).unwrap(),
        ),
    };
    let stored = concat!(
        "045000000001ba924631068e4436b6def3283fa848f0f9ffffffffffffff0661",
        "2d7368697006412073686970000841697273686970010000000000948f400101",
        "40c005ce37254f1584093e1b1b14b5832a03cd000d520006de00804120736869",
        "70227d",
    );
    let bytes: Vec<u8> = (0..stored.len() / 2)
        .map(|at| u8::from_str_radix(&stored[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert_eq!(PackedItem::read(&bytes).unwrap().unpack(), Some(item));
}

#[test]
fn a_movie_takes_less_than_half_of_its_text() {
    let seed = crate::seed::items().unwrap();
    let movies = seed.iter().filter(|item| item.kind() == Kind::Movie);
    let (mut text, mut packed) = (0, 0);
    for movie in movies {
        text += serde_json::to_string(&movie.facts).unwrap().len() + movie.source.text().len();
        packed += PackedItem::of(movie).0.len();
    }
    assert!(packed * 2 < text, "{packed} of {text}");
}
