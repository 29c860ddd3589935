use std::collections::HashSet;

use common::models::{Facts, Finding, Id, Kind, Problem};

use super::{Said, Upstream, find};

/// A relation and the two fields that tell of it: the one that we keep, and the one on the other
/// side, if there is one.
pub(super) struct Relation {
    pub(super) from: (Kind, &'static str),
    pub(super) to: (Kind, Option<&'static str>),
}

pub(super) const RELATIONS: [Relation; 7] = [
    Relation {
        from: (Kind::Movie, "people"),
        to: (Kind::Person, Some("films")),
    },
    Relation {
        from: (Kind::Movie, "locations"),
        to: (Kind::Location, Some("films")),
    },
    Relation {
        from: (Kind::Movie, "species"),
        to: (Kind::Species, Some("films")),
    },
    Relation {
        from: (Kind::Movie, "vehicles"),
        to: (Kind::Vehicle, Some("films")),
    },
    Relation {
        from: (Kind::Person, "species"),
        to: (Kind::Species, Some("people")),
    },
    Relation {
        from: (Kind::Location, "residents"),
        to: (Kind::Person, None),
    },
    Relation {
        from: (Kind::Vehicle, "pilot"),
        to: (Kind::Person, None),
    },
];

/// What the other sides tell, by relation: who is told of, and who tells, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Told([Vec<(u32, u32)>; RELATIONS.len()]);

impl Told {
    pub(super) fn add(&mut self, relation: usize, of: u32, teller: u32) {
        self.0[relation].push((of, teller));
    }

    /// To be called once all is told.
    pub(super) fn sort(&mut self) {
        for told in &mut self.0 {
            told.sort_unstable();
            told.dedup();
        }
    }

    /// Who tells of an item, in the source's order.
    pub(super) fn tellers(&self, relation: usize, of: u32) -> impl Iterator<Item = u32> {
        let told = &self.0[relation];
        let first = told.partition_point(|(other, _)| *other < of);
        let tellers = told.iter().skip(first);
        let tellers = tellers.take_while(move |(other, _)| *other == of);
        tellers.map(|(_, teller)| *teller)
    }
}

impl Upstream<'_> {
    /// Joins the relations of one item from both sides and puts them into its facts; what does not
    /// join is a finding.
    pub(super) fn join(
        &self,
        (kind, number, id): (Kind, u32, &str),
        facts: &mut Facts,
        said: &[Said],
        findings: &mut Vec<Finding>,
    ) {
        for (field, links) in said {
            for invalid in &links.invalid {
                let problem = Problem::NotALink;
                find(findings, finding(kind, id, field, problem, invalid));
            }
            for (at, relation) in RELATIONS.iter().enumerate() {
                let (other, back) = relation.to;
                if (other, back) == (kind, Some(field)) {
                    let target = relation.from.0;
                    self.targets((kind, id, field), target, &links.ids, findings);
                }
                if relation.from == (kind, field) {
                    let own = self.targets((kind, id, field), other, &links.ids, findings);
                    let ids = self.both_sides(at, (number, id), own, findings);
                    put(facts, field, ids);
                }
            }
        }
    }

    /// The items that a field names and that exist, each once.
    fn targets(
        &self,
        (kind, id, field): (Kind, &str, &str),
        target: Kind,
        links: &[String],
        findings: &mut Vec<Finding>,
    ) -> Vec<u32> {
        let mut seen = HashSet::new();
        let mut numbers = Vec::with_capacity(links.len());
        for link in links {
            match self.known(target, link) {
                None => find(findings, finding(kind, id, field, Problem::Dangling, link)),
                Some(number) if seen.insert(number) => numbers.push(number),
                Some(_) => {}
            }
        }
        numbers
    }

    /// The items that an item names, and those that name it.
    fn both_sides(
        &self,
        relation: usize,
        (number, id): (u32, &str),
        mut numbers: Vec<u32>,
        findings: &mut Vec<Finding>,
    ) -> Vec<Id> {
        let Relation { from, to } = &RELATIONS[relation];
        let ((kind, field), (other, back)) = (*from, *to);
        let tellers: Vec<u32> = self.tellers(relation, number).collect();
        let told_back: HashSet<u32> = tellers.iter().copied().collect();
        if let Some(back) = back {
            for to in numbers.iter().filter(|to| !told_back.contains(to)) {
                let to = self.id(other, *to);
                let problem = Problem::OneSided;
                find(findings, finding(other, to, back, problem, id));
            }
        }
        let own: HashSet<u32> = numbers.iter().copied().collect();
        for teller in tellers {
            if own.contains(&teller) {
                continue;
            }
            let to = self.id(other, teller);
            if *from == (Kind::Person, "species") && !numbers.is_empty() {
                // A person is of one species, and knows best of which.
                let problem = Problem::Contradiction;
                find(findings, finding(other, to, "people", problem, id));
                continue;
            }
            find(findings, finding(kind, id, field, Problem::OneSided, to));
            numbers.push(teller);
        }
        let ids = numbers.into_iter();
        ids.map(|number| self.id(other, number).into()).collect()
    }
}

/// Puts a relation into an item's facts.
fn put(facts: &mut Facts, field: &str, ids: Vec<Id>) {
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

fn finding(kind: Kind, id: &str, field: &str, problem: Problem, value: &str) -> Finding {
    Finding {
        kind,
        id: id.into(),
        field: field.to_owned(),
        problem,
        value: value.chars().take(200).collect(),
    }
}
