//! The order of names.

use std::sync::Arc;

use common::models::{Catalogue, Facts, Item, Kind, Movie, SourceRecord};
use proptest::prelude::*;
use serde_json::value::RawValue;

use crate::{ListIndex, Sort};

/// Names in their order.
const ORDERS: &[&[&str]] = &[
    // Numbers by value, whatever their length, zeros and digits.
    &["Part 1", "Part 2", "Part 10", "Part 100"],
    &["Part 2", "Part ３", "Part ४", "Part ٥", "Part 006"],
    &["Part2", "Part10"],
    &[
        "Part 9",
        "Part 99999999999999999999",
        "Part 100000000000000000000",
    ],
    &["1", "02", "3", "10", "1917", "2001: A Space Odyssey"],
    &["007", "8½", "12 Monkeys", "101 Dalmatians"],
    &["1.2.9", "1.2.10", "1.10"],
    &["Part", "Part 0", "Part 1", "Part One"],
    &["Part 2", "Part 2: Again", "Part 2 B", "Part 3"],
    &["Alien", "Alien 2", "Alien³"],
    &["第2巻", "第10巻", "第１１巻"],
    &["Часть 2", "Часть 10"],
    &["ภาค ๒", "ภาค ๑๐"],
    &["Area ⑨", "Area ⑩"],
    // Accents, case, letters without a decomposition, invisible characters.
    &["Lace", "Łódź", "Lz", "Zebra"],
    &["Æon", "Afro"],
    &["Elan", "Élan", "Elane"],
    &["apple", "Banana", "cherry"],
    &["oslo", "Øst", "Otto", "Zoo"],
    &["Dat", "Đất 2", "Dau"],
    &["Strasbourg", "Straße", "Strasse 2", "Strata"],
    &["Istanbul", "İstanbul 2", "Italy"],
    &["pony", "Po\u{ad}nyo", "ponyo 2"],
    &["\u{feff}Alpha", "Beta"],
    &["Ｆｕｌｌ", "full 2", "Fun"],
    // Signs.
    &["\"Alpha\"", "'Beta'", "(Delta)", "Gamma", "…Lambda"],
    &["#Alive", "Bee", "¡Corre!", "«Dune»", "【Eel】"],
    &["Howl", "Howl’s Castle", "Howls Door"],
    &["New York", "Newark"],
    &["Spider Man", "Spider-Man 2", "Spider Man 3"],
    &["Mary", "M*A*S*H", "Mask"],
    &["!", "…", "★", "1", "A"],
    &["", "!", "A"],
    // Other scripts, each in its own order.
    &[
        "Zebra",
        "Ωμέγα",
        "Анна",
        "שלום",
        "مصر",
        "กา",
        "한국",
        "あお",
        "千",
    ],
    &["Анна", "Ёжик", "Жук", "Ива", "Іжак", "Яна"],
    &["Άλφα", "Βήτα", "Γάμμα", "Ωμέγα"],
    &["אב", "תִּקּוּן", "תקות"],
    &["باب", "پدر", "تاج", "کتاب", "یار"],
    &["กา", "เก", "ขา"],
    &[
        "あお",
        "カード",
        "カイト",
        "かき",
        "がく",
        "きた",
        "ﾎﾟﾆｮ",
        "もも",
    ],
    &["ひらがな", "ヒラカナ 2", "ふね"],
    &["一", "三", "千", "猫"],
    &["가", "나", "하"],
    &["कमल", "किताब", "खत"],
    &["Castle of", "Castle 千"],
];

#[test]
fn names_sort_in_natural_order() {
    let mut wrong = Vec::new();
    for order in ORDERS {
        let backwards = order.iter().rev();
        let found = sorted(backwards.copied());
        if found != *order {
            wrong.push(format!("{found:?}, not {order:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn equal_names_stay_in_the_order_of_the_source() {
    let movies = ["Élan", "Elan", "ELAN", "Elan"];
    let index = index(movies);
    let found = index.find(Kind::Movie, &[]);
    let page = index.page(Kind::Movie, &found, (Sort::Name, false), (0, 9));
    let names: Vec<_> = page.iter().map(|item| (item.name(), item.rank)).collect();
    let expected = [("ELAN", 2), ("Elan", 1), ("Elan", 3), ("Élan", 0)];
    assert_eq!(names, expected);
}

proptest! {
    #[test]
    fn the_order_of_names_does_not_depend_on_that_of_the_source(
        mut names in prop::collection::vec("[a-c0-2é.あア\u{300}千к\u{ad} ]{0,5}|.{0,8}", 0..30),
    ) {
        let forwards = sorted(names.iter().map(String::as_str));
        names.reverse();
        prop_assert_eq!(forwards, sorted(names.iter().map(String::as_str)));
    }
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let index = index(names);
    let found = index.find(Kind::Movie, &[]);
    let page = index.page(Kind::Movie, &found, (Sort::Name, false), (0, 99));
    page.iter().map(|item| item.name().to_owned()).collect()
}

fn index<'a>(names: impl IntoIterator<Item = &'a str>) -> ListIndex {
    let movies = (0..).zip(names).map(|(rank, name): (i64, _)| {
        Arc::new(Item {
            id: rank.to_string().into(),
            slug: rank.to_string().into(),
            rank,
            facts: Facts::Movie(Movie {
                title: name.into(),
                ..Movie::default()
            }),
            source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
        })
    });
    ListIndex::of(&movies.collect::<Catalogue>())
}
