//! Sources for the unit tests of the pure parts.

use std::collections::{BTreeMap, HashSet};

use common::models::{Catalogue, Changes, Kind, Quarantined};
use ghibli_api::Records;
use serde_json::{Value, json};

use crate::diff::diff;
use crate::parse::{self, Unjoined, Upstream, collection};

/// What a source gives.
pub(crate) struct Sample {
    pub(crate) records: BTreeMap<Kind, Vec<Value>>,
    pub(crate) quarantined: Vec<Quarantined>,
}

/// A source with so many movies and one item of every other kind.
pub(crate) fn sample(movies: usize) -> Sample {
    let titles = (0..movies).map(|number| movie(number, &format!("Movie {number}")));
    let only = || vec![json!({ "id": "only", "name": "The only one" })];
    let mut records: BTreeMap<_, _> = Kind::ALL.map(|kind| (kind, only())).into();
    records.insert(Kind::Movie, titles.collect());
    Sample {
        records,
        quarantined: Vec::new(),
    }
}

pub(crate) fn movie(number: usize, title: &str) -> Value {
    json!({ "id": format!("movie-id-{number}"), "title": title })
}

impl Sample {
    pub(crate) fn movies(&mut self) -> &mut Vec<Value> {
        self.records.entry(Kind::Movie).or_default()
    }

    pub(crate) fn unjoined(&self, published: &Catalogue, room: u64) -> Unjoined {
        let read = |(kind, records): (&Kind, &Vec<Value>)| {
            let list = Value::from(records.clone()).to_string();
            let records = Records::parse(collection(*kind), &list).unwrap();
            (collection(*kind), records)
        };
        let collections = self.records.iter().map(read).collect();
        let mut unjoined = parse::read(collections, published, room).unwrap();
        unjoined.quarantined.extend(self.quarantined.clone());
        unjoined
    }

    /// What is made of it, and what would change.
    pub(crate) fn compared<T>(
        &self,
        published: &Catalogue,
        look: impl FnOnce(&Upstream<'_>, &Changes) -> T,
    ) -> T {
        let mut unjoined = self.unjoined(published, u64::MAX);
        let mut upstream = unjoined.join(published, &HashSet::new());
        let changes = diff(published, &mut upstream).unwrap();
        look(&upstream, &changes)
    }

    pub(crate) fn changes(&self, published: &Catalogue) -> Changes {
        self.compared(published, |_, changes| changes.clone())
    }

    /// What is published after a sync with it.
    pub(crate) fn applied(&self, published: &Catalogue) -> Catalogue {
        let mut catalogue = published.clone();
        catalogue.apply_packed(&self.changes(published));
        catalogue
    }
}

/// What is published after a sync with such a source.
pub(crate) fn published(movies: usize) -> Catalogue {
    sample(movies).applied(&Catalogue::default())
}
