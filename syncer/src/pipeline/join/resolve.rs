use std::collections::HashSet;

use common::models::{Facts, Id, Kind, Problem};
use ghibli_api::{LinkValue, Links};

use super::index::JoinIndex;
use crate::pipeline::findings::Findings;
use crate::pipeline::relations::{LinkField, RELATIONS, Relation};

/// An item under way.
#[derive(Clone, Copy)]
pub(super) struct ItemKey<'a> {
    pub(super) kind: Kind,
    pub(super) number: u32,
    pub(super) id: &'a str,
}

/// Sets the relations in an item's facts, from its own link fields and the back-links to it. The
/// two sides' differences and wrong links become findings.
pub(super) fn resolve(
    index: &JoinIndex<'_>,
    item: ItemKey<'_>,
    facts: &mut Facts,
    fields: &[LinkField<'_>],
    findings: &mut Findings,
) {
    for (field, links) in fields {
        for (at, relation) in RELATIONS.iter().enumerate() {
            let (other, back) = relation.to;
            if (other, back) == (item.kind, Some(field)) {
                // Joined on the other side; only wrong links are of interest here.
                targets(index, item, field, relation.from.0, *links, findings);
            }
            if relation.from == (item.kind, field) {
                let own = targets(index, item, field, other, *links, findings);
                let ids = both_sides(index, at, item, own, findings);
                set(facts, field, ids);
            }
        }
    }
}

/// The existing items that a field links to, each once.
fn targets(
    index: &JoinIndex<'_>,
    item: ItemKey<'_>,
    field: &str,
    target: Kind,
    links: Links<'_>,
    findings: &mut Findings,
) -> Vec<u32> {
    let mut seen = HashSet::new();
    let mut numbers = Vec::new();
    for value in links.iter() {
        let (problem, text) = match value {
            LinkValue::Invalid(text) => (Problem::NotALink, Some(text)),
            LinkValue::Id(link) => match (index.target(target, &link), link.text) {
                (Some(number), _) => {
                    if seen.insert(number) {
                        numbers.push(number);
                    }
                    continue;
                }
                (None, Some(text)) => (Problem::NotALink, Some(text)),
                (None, None) => (Problem::Dangling, link.candidates.into_iter().next()),
            },
        };
        let text = text.unwrap_or_default();
        findings.add(item.kind, item.id, field, problem, &text);
    }
    numbers
}

/// The items that an item links to, then those that only link back to it.
fn both_sides(
    index: &JoinIndex<'_>,
    at: usize,
    item: ItemKey<'_>,
    mut numbers: Vec<u32>,
    findings: &mut Findings,
) -> Vec<Id> {
    let Relation { from, to } = &RELATIONS[at];
    let ((kind, field), (other, back)) = (*from, *to);
    let backlinks: Vec<u32> = index.backlinks(at, item.number).collect();
    if let Some(back) = back {
        let linking_back: HashSet<u32> = backlinks.iter().copied().collect();
        for to in numbers.iter().filter(|to| !linking_back.contains(to)) {
            let to = index.id(other, *to);
            findings.add(other, to, back, Problem::OneSided, item.id);
        }
    }
    let own: HashSet<u32> = numbers.iter().copied().collect();
    for source in backlinks {
        if own.contains(&source) {
            continue;
        }
        let source_id = index.id(other, source);
        if *from == (Kind::Person, "species") && !numbers.is_empty() {
            // A person has one species, and the person's own record decides which.
            findings.add(other, source_id, "people", Problem::Contradiction, item.id);
            continue;
        }
        findings.add(kind, item.id, field, Problem::OneSided, source_id);
        numbers.push(source);
    }
    let ids = numbers.into_iter();
    ids.map(|number| index.id(other, number).into()).collect()
}

/// Sets a relation in an item's facts.
fn set(facts: &mut Facts, field: &str, ids: Vec<Id>) {
    match (facts, field) {
        (Facts::Movie(movie), "people") => movie.people = ids,
        (Facts::Movie(movie), "locations") => movie.locations = ids,
        (Facts::Movie(movie), "species") => movie.species = ids,
        (Facts::Movie(movie), "vehicles") => movie.vehicles = ids,
        (Facts::Person(person), "species") => person.species = ids.into_iter().next(),
        (Facts::Location(location), "residents") => location.residents = ids,
        (Facts::Vehicle(vehicle), "pilot") => vehicle.pilot = ids.into_iter().next(),
        _ => {}
    }
}
