//! Catalogues for the unit tests of the pure parts.

use std::sync::Arc;

use common::models::{
    Catalogue, Facts, Kind, Location, Movie, Person, SourceRecord, Species, Vehicle,
};

use crate::diff::diff;
use crate::parse::{Draft, Upstream};

/// What a source with so many movies and one item of every other kind gives.
pub(crate) fn upstream(movies: usize) -> Upstream {
    let mut upstream = Upstream::default();
    let titles = (0..movies).map(|number| movie(number, &format!("Movie {number}")));
    upstream.drafts.insert(Kind::Movie, titles.collect());
    let name = || "The only one".to_owned();
    for facts in [
        Facts::Person(Person {
            name: name(),
            ..Person::default()
        }),
        Facts::Location(Location {
            name: name(),
            ..Location::default()
        }),
        Facts::Species(Species {
            name: name(),
            ..Species::default()
        }),
        Facts::Vehicle(Vehicle {
            name: name(),
            ..Vehicle::default()
        }),
    ] {
        upstream
            .drafts
            .insert(facts.kind(), vec![draft("only", facts)]);
    }
    upstream
}

pub(crate) fn movie(number: usize, title: &str) -> Draft {
    let facts = Facts::Movie(Movie {
        title: title.into(),
        ..Movie::default()
    });
    draft(&format!("movie-id-{number}"), facts)
}

/// What is published after a sync with such a source.
pub(crate) fn published(movies: usize) -> Catalogue {
    apply(&Catalogue::default(), &upstream(movies))
}

/// What is published after a sync.
pub(crate) fn apply(published: &Catalogue, upstream: &Upstream) -> Catalogue {
    let mut catalogue = published.clone();
    catalogue.apply(&diff(published, upstream));
    catalogue
}

fn draft(id: &str, facts: Facts) -> Draft {
    Draft {
        id: Arc::from(id),
        facts,
        source: SourceRecord::new(serde_json::value::RawValue::NULL.to_owned()),
    }
}
