use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::models::{Movie, Person, SourceRecord};

fn item(kind: Kind, id: u8, rank: i64, slug: u8, facts: Facts) -> Item {
    assert_eq!(facts.kind(), kind);
    Item {
        id: id.to_string().into(),
        slug: format!("{kind}-{slug}").into(),
        rank,
        facts,
        source: SourceRecord::new(RawValue::NULL.to_owned()),
    }
}

/// Movies and people of which some name others, there or not.
fn any_item() -> impl Strategy<Value = Item> {
    let id = 0..6_u8;
    let movie = (id.clone(), -3..3_i64, vec(id.clone(), 0..4)).prop_map(|(id, rank, people)| {
        let people = people.into_iter().map(|id| id.to_string().into()).collect();
        let movie = Movie {
            people,
            ..Movie::default()
        };
        item(Kind::Movie, id, rank, id, Facts::Movie(movie))
    });
    let person = (id.clone(), -3..3_i64, prop::option::of(id)).prop_map(|(id, rank, species)| {
        let species = species.map(|id| id.to_string().into());
        let person = Person {
            species,
            ..Person::default()
        };
        item(Kind::Person, id, rank, id, Facts::Person(person))
    });
    prop_oneof![movie, person]
}

/// Compares a catalogue with a linear scan of its model.
fn check(catalogue: &Catalogue, model: &[Item]) -> Result<(), TestCaseError> {
    prop_assert_eq!(catalogue.len(), model.len());
    for kind in Kind::ALL {
        let of_kind = || model.iter().filter(move |item| item.kind() == kind);
        let mut wanted: Vec<_> = of_kind().collect();
        wanted.sort_by_key(|item| item.rank);
        let found: Vec<_> = catalogue.iter(kind).collect();
        prop_assert_eq!(catalogue.count(kind), wanted.len());
        let ranks = |items: &[&Item]| items.iter().map(|item| item.rank).collect::<Vec<_>>();
        let found_items: Vec<_> = found.iter().map(|item| &**item).collect();
        prop_assert_eq!(ranks(&found_items), ranks(&wanted));
        for id in (0..6).map(|id: u8| id.to_string()) {
            let wanted = of_kind().find(|item| *item.id == *id);
            prop_assert!(catalogue.get(kind, &id).as_deref() == wanted);
            let slug = format!("{kind}-{id}");
            prop_assert!(catalogue.find(kind, &slug).as_deref() == wanted);
            prop_assert_eq!(catalogue.has_slug(kind, &slug), wanted.is_some());
            for link in Link::ALL.into_iter().filter(|link| link.to() == kind) {
                let names = |item: &&Item| item.links().contains(&(link, &Id::from(&*id)));
                let mut naming: Vec<_> = model.iter().filter(names).map(|item| &item.id).collect();
                let found: Vec<_> = catalogue
                    .items(catalogue.linking_in_order(link, &id))
                    .collect();
                let mut found: Vec<_> = found.iter().map(|item| &item.id).collect();
                naming.sort();
                found.sort();
                prop_assert_eq!(found, naming);
            }
        }
    }
    Ok(())
}

#[test]
fn of_two_items_with_one_id_the_later_stays() {
    let person = |id, rank| {
        PackedItem::of(&item(
            Kind::Person,
            id,
            rank,
            id,
            Facts::Person(Person::default()),
        ))
    };
    let catalogue: Catalogue = [person(1, 7), person(2, 8), person(1, 9)]
        .into_iter()
        .collect();
    let ranks: Vec<_> = catalogue.iter(Kind::Person).map(|item| item.rank).collect();
    assert_eq!(ranks, [8, 9]);
}

proptest! {
    #[test]
    fn it_says_the_same_as_a_plain_list(
        steps in vec((any_item(), prop::bool::weighted(0.7)), 0..40),
    ) {
        let mut catalogue = Catalogue::default();
        let mut model: Vec<Item> = Vec::new();
        for (item, there) in steps {
            let before = (catalogue.clone(), model.clone());
            model.retain(|other| (other.kind(), &other.id) != (item.kind(), &item.id));
            if there {
                catalogue.insert(&item);
                model.push(item);
            } else {
                catalogue.remove(item.kind(), &item.id);
            }
            check(&catalogue, &model)?;
            check(&before.0, &before.1)?;
            check(&model.iter().map(PackedItem::of).collect(), &model)?;
            let mut back = catalogue.clone();
            let changes = before.0.changes_to(&catalogue);
            back.revert(&changes.iter().collect::<Vec<_>>());
            prop_assert!(back == before.0);
            back.apply_packed(&changes);
            prop_assert!(back == catalogue);
            back = before.0.clone();
            prop_assert!(back == before.0);
        }
        for item in &model {
            catalogue.remove(item.kind(), &item.id);
        }
        let left = catalogue.items.iter().flatten().count();
        prop_assert_eq!(left, 0, "no number is kept for nothing");
        prop_assert_eq!(catalogue.free.len(), catalogue.items.len());
    }
}
