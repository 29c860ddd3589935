//! Sources for the unit tests of the pure steps.

use std::collections::BTreeMap;

use common::models::{Catalogue, Changes, Finding, Kind, QuarantinedRecord};
use ghibli_api::{Collection, Records};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::diff::{Delta, diff};
use super::error::PlanError;
use super::join::{RecordUse, join};
use super::missing;
use super::parse::{ParsedRecords, collection, parse};

/// The contents of a source.
pub(super) struct Sample {
    pub(super) records: BTreeMap<Kind, Vec<Value>>,
    pub(super) quarantined: Vec<QuarantinedRecord>,
}

/// A source with `movies` movies and one item of every other kind.
pub(super) fn sample(movies: usize) -> Sample {
    let titles = (0..movies).map(|number| movie(number, &format!("Movie {number}")));
    let only = || vec![json!({ "id": "only", "name": "The only one" })];
    let mut records: BTreeMap<_, _> = Kind::ALL.map(|kind| (kind, only())).into();
    records.insert(Kind::Movie, titles.collect());
    Sample {
        records,
        quarantined: Vec::new(),
    }
}

pub(super) fn movie(number: usize, title: &str) -> Value {
    json!({ "id": format!("movie-id-{number}"), "title": title })
}

impl Sample {
    pub(super) fn movies(&mut self) -> &mut Vec<Value> {
        self.records.entry(Kind::Movie).or_default()
    }

    pub(super) fn parse(&self, published: &Catalogue, memory_limit: u64) -> ParsedRecords {
        let records = self.records.iter();
        let collections = records.map(|(kind, records)| {
            let list = Value::from(records.clone()).to_string();
            let records = Records::parse(collection(*kind), &list).unwrap();
            (collection(*kind), records)
        });
        let mut parsed = parse(collections.collect(), published, memory_limit).unwrap();
        parsed.quarantined.extend(self.quarantined.clone());
        parsed
    }

    pub(super) fn changes(&self, published: &Catalogue) -> Changes {
        let mut parsed = self.parse(published, u64::MAX);
        delta(&mut parsed, published).unwrap().changes
    }

    /// The catalogue after a sync with it.
    pub(super) fn applied(&self, published: &Catalogue) -> Catalogue {
        let mut catalogue = published.clone();
        catalogue.apply_packed(&self.changes(published));
        catalogue
    }
}

/// The catalogue after a sync with such a source.
pub(super) fn published(movies: usize) -> Catalogue {
    sample(movies).applied(&Catalogue::default())
}

/// The delta to parsed records. MissingItem items are removed at once.
pub(super) fn delta(parsed: &mut ParsedRecords, published: &Catalogue) -> Result<Delta, PlanError> {
    let absent = missing::find(parsed, published, &[], 0, Timestamp::UNIX_EPOCH);
    let joined = join(
        parsed,
        published,
        &absent.retained_items(),
        RecordUse::Consume,
    );
    diff(published, joined)
}

/// The catalogue and the findings of a first sync with a source's lists.
pub(super) fn publish(lists: impl Fn(Collection) -> String) -> (Catalogue, Vec<Finding>) {
    let read = |collection| {
        let records = Records::parse(collection, &lists(collection)).unwrap();
        assert_eq!(records.bad, []);
        (collection, records)
    };
    let mut catalogue = Catalogue::default();
    let mut parsed = parse(Collection::ALL.map(read).into(), &catalogue, u64::MAX).unwrap();
    assert_eq!(parsed.quarantined, []);
    let delta = delta(&mut parsed, &catalogue).unwrap();
    catalogue.apply_packed(&delta.changes);
    (catalogue, delta.findings)
}
