use std::collections::{HashMap, HashSet};

use common::models::{Facts, Finding, Id, Kind, Problem};
use ghibli_api::Links;

use super::{Draft, find};

/// A relation and the two fields that tell of it: the one that we keep, and the one on the other
/// side, if there is one.
struct Relation {
    from: (Kind, &'static str),
    to: (Kind, Option<&'static str>),
}

const RELATIONS: [Relation; 7] = [
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

/// A field of an item.
type Place = (Kind, &'static str, Id);

/// What every link field says, in the source's order.
#[derive(Clone, Debug, Default)]
pub(super) struct Relations {
    said: HashMap<(Kind, &'static str), Vec<(Id, Links)>>,
}

/// The joined relations, by the field that we keep.
pub(super) struct Joined(HashMap<Place, Vec<Id>>);

impl Relations {
    pub(super) fn add(&mut self, kind: Kind, id: &Id, field: &'static str, links: Links) {
        self.said
            .entry((kind, field))
            .or_default()
            .push((id.clone(), links));
    }

    /// Joins each relation from both sides; what does not join is a finding.
    pub(super) fn join(self, known: &HashSet<(Kind, Id)>, findings: &mut Vec<Finding>) -> Joined {
        let mut joined = HashMap::new();
        for relation in RELATIONS {
            let (kind, field) = relation.from;
            let (other, back) = relation.to;
            let own = self.targets((kind, field), other, known, findings);
            let reverse = back.map_or_else(Vec::new, |back| {
                self.targets((other, back), kind, known, findings)
            });
            let told: HashSet<(Id, Id)> = pairs(&own).collect();
            let told_back: HashSet<(Id, Id)> = pairs(&reverse).map(|(a, b)| (b, a)).collect();
            for (from, to) in pairs(&own).filter(|pair| !told_back.contains(pair)) {
                if let Some(back) = back {
                    find(
                        findings,
                        finding(other, &to, back, Problem::OneSided, &from),
                    );
                }
            }
            for (id, ids) in own {
                joined.insert((kind, field, id), ids);
            }
            for (to, from) in pairs(&reverse) {
                if told.contains(&(from.clone(), to.clone())) {
                    continue;
                }
                let ids = joined.entry((kind, field, from.clone())).or_default();
                if relation.from == (Kind::Person, "species") && !ids.is_empty() {
                    // A person is of one species, and knows best of which.
                    find(
                        findings,
                        finding(other, &to, "people", Problem::Contradiction, &from),
                    );
                    continue;
                }
                find(
                    findings,
                    finding(kind, &from, field, Problem::OneSided, &to),
                );
                ids.push(to);
            }
        }
        Joined(joined)
    }

    /// The ids that a field names and that exist.
    fn targets(
        &self,
        (kind, field): (Kind, &'static str),
        target: Kind,
        known: &HashSet<(Kind, Id)>,
        findings: &mut Vec<Finding>,
    ) -> Vec<(Id, Vec<Id>)> {
        let said = self.said.get(&(kind, field)).into_iter().flatten();
        said.map(|(id, links)| {
            for strange in &links.strange {
                find(
                    findings,
                    finding(kind, id, field, Problem::NotALink, strange),
                );
            }
            let mut seen = HashSet::new();
            let mut ids = Vec::with_capacity(links.ids.len());
            for link in &links.ids {
                // Every link to an item shares the item's id.
                match known.get(&(target, link.as_str().into())) {
                    None => find(findings, finding(kind, id, field, Problem::Dangling, link)),
                    Some((_, link)) if seen.insert(link) => ids.push(link.clone()),
                    Some(_) => {}
                }
            }
            (id.clone(), ids)
        })
        .collect()
    }
}

impl Joined {
    /// Puts an item's relations into its facts.
    pub(super) fn fill(&mut self, draft: &mut Draft) {
        let kind = draft.facts.kind();
        let id = draft.id.clone();
        let mut take = |field| self.0.remove(&(kind, field, id.clone()));
        let list = |place: &mut Vec<Id>, said: Option<Vec<Id>>| {
            if let Some(ids) = said {
                *place = ids;
            }
        };
        let one = |place: &mut Option<Id>, said: Option<Vec<Id>>| {
            if let Some(ids) = said {
                *place = ids.into_iter().next();
            }
        };
        match &mut draft.facts {
            Facts::Movie(movie) => {
                list(&mut movie.people, take("people"));
                list(&mut movie.locations, take("locations"));
                list(&mut movie.species, take("species"));
                list(&mut movie.vehicles, take("vehicles"));
            }
            Facts::Person(person) => one(&mut person.species, take("species")),
            Facts::Location(location) => list(&mut location.residents, take("residents")),
            Facts::Vehicle(vehicle) => one(&mut vehicle.pilot, take("pilot")),
            Facts::Species(_) => {}
        }
    }
}

fn pairs(relation: &[(Id, Vec<Id>)]) -> impl Iterator<Item = (Id, Id)> {
    relation
        .iter()
        .flat_map(|(from, ids)| ids.iter().map(move |to| (from.clone(), to.clone())))
}

fn finding(kind: Kind, id: &Id, field: &str, problem: Problem, value: &str) -> Finding {
    Finding {
        kind,
        id: id.clone(),
        field: field.to_owned(),
        problem,
        value: value.chars().take(200).collect(),
    }
}
