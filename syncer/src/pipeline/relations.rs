//! The relations between items, and the link fields of the source that state them.

use std::collections::HashSet;

use common::models::Kind;
use ghibli_api::{LinkedId, Links};

/// A link field of a record, by name.
pub(super) type LinkField<'a> = (&'static str, Links<'a>);

/// A relation and the two fields that state it: the one that the catalogue keeps, and the
/// back-link on the other side, if there is one.
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

/// The back-links of all records, by relation: target and linking item, by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Backlinks([Vec<(u32, u32)>; RELATIONS.len()]);

impl Backlinks {
    /// Adds the back-links of one item, by relation and target, each once. Returns their size in
    /// bytes.
    pub(super) fn add(&mut self, source: u32, targets: impl Iterator<Item = (usize, u32)>) -> u64 {
        let targets: HashSet<_> = targets.collect();
        for (relation, target) in &targets {
            self.0[*relation].push((*target, source));
        }
        (targets.len() * size_of::<(u32, u32)>()) as u64
    }

    /// Must be called after the last [`Self::add`] and before [`Self::sources`].
    pub(super) fn sort(&mut self) {
        for links in &mut self.0 {
            links.sort_unstable();
        }
    }

    /// The items that link back to `target`, in the source's order.
    pub(super) fn sources(&self, relation: usize, target: u32) -> impl Iterator<Item = u32> {
        let links = &self.0[relation];
        let first = links.partition_point(|(other, _)| *other < target);
        let links = links.iter().skip(first);
        let links = links.take_while(move |(other, _)| *other == target);
        links.map(|(_, source)| *source)
    }
}

/// The back-links in a record's fields: relation, and the target by kind and link.
pub(super) fn backlinks_in(
    kind: Kind,
    fields: &[LinkField<'_>],
) -> impl Iterator<Item = (usize, Kind, LinkedId)> {
    fields.iter().flat_map(move |(field, links)| {
        let relations = RELATIONS.iter().enumerate();
        let stated = relations.filter(move |(_, relation)| relation.to == (kind, Some(field)));
        stated.flat_map(|(at, relation)| links.ids().map(move |id| (at, relation.from.0, id)))
    })
}
