//! The fuse: it holds a run whose delta looks like damage at the source. Pure.

use std::collections::{HashMap, HashSet};
use std::fmt;

use common::config::FuseLimits;
use common::models::{Catalogue, Changes, Facts, Id, Item, Kind};
use common::repository::LostItems;
use serde_json::Value;
use xxhash_rust::xxh3::Xxh3;

use crate::parse::Upstream;

/// How many items of a kind may be lost at once whatever their share.
const FEW: usize = 3;
/// How many items a hold names.
const NAMED: usize = 3;

/// Why a run is held: the rule, and its numbers in one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The rule.
    pub rule: Rule,
    /// The kind; `None` if it is about items of every kind.
    pub kind: Option<Kind>,
    /// How many items or records break the rule.
    pub count: usize,
    /// How many there are: published, or of an unreadable share, received.
    pub of: usize,
    /// What the rule allows: percent, or a number for [`Rule::Duplicates`].
    pub limit: u64,
    /// Some of them by name.
    pub examples: Vec<String>,
    /// XXH3 of all their names.
    pub digest: u128,
}

/// The rules of the fuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// A kind came without any record.
    Empty,
    /// Items are missing or changed beyond recognition.
    Lost,
    /// Items are lost with parts of the store, and the source does not have them.
    Unrecovered,
    /// Items lost a value that they had.
    Blanked,
    /// Records could not be read.
    Unreadable,
    /// Records repeat the id of another.
    Duplicates,
}

impl Rule {
    /// The name of its setting.
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Empty => "fuse_empty",
            Self::Lost | Self::Unrecovered => "fuse_lost",
            Self::Blanked => "fuse_blanked",
            Self::Unreadable => "fuse_unreadable",
            Self::Duplicates => "fuse_duplicates",
        }
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            kind,
            count,
            of,
            limit,
            ..
        } = self;
        let kind = kind.map_or("items", Kind::plural);
        match rule {
            Rule::Empty => write!(f, "the source has no {kind} at all, but {of} are published")?,
            Rule::Lost => write!(
                f,
                "{count} of {of} {kind} are missing or changed beyond recognition (limit: {FEW} items or {limit}%)"
            )?,
            Rule::Unrecovered => write!(
                f,
                "{count} of {of} {kind} are lost with parts of the database and missing from the source (limit: {FEW} items or {limit}%)"
            )?,
            Rule::Blanked => write!(f, "{count} of {of} {kind} lost a value (limit: {limit}%)")?,
            Rule::Unreadable => {
                write!(f, "{count} of {of} {kind} cannot be read (limit: {limit}%)")?
            }
            Rule::Duplicates => write!(
                f,
                "{count} of {of} {kind} repeat another record’s ID (limit: {limit})"
            )?,
        }
        if !self.examples.is_empty() {
            let more = if self.count > self.examples.len() {
                ", …"
            } else {
                ""
            };
            write!(f, ": {}{more}", self.examples.join(", "))?;
        }
        write!(f, " ({})", rule.setting())
    }
}

/// Judges what would be published: every rule that it breaks, by kind. `missing` are the published
/// items that the source has no more, whether they stay for now or not.
pub fn judge(
    limits: &FuseLimits,
    published: &Catalogue,
    upstream: &Upstream<'_>,
    missing: &[(Kind, Id)],
    changes: &Changes,
) -> Vec<Hold> {
    let missing_ids = missing.iter().map(|(_, id)| id.clone());
    let judged = Judged {
        limits,
        published,
        upstream,
        missing,
        changes,
        gone: changes.removed().chain(missing_ids).collect(),
    };
    let rules = [
        Judged::empty,
        Judged::lost,
        Judged::blanked,
        Judged::unreadable,
        Judged::duplicates,
    ];
    let kinds = Kind::ALL.into_iter();
    kinds
        .flat_map(|kind| rules.map(|rule| rule(&judged, kind)))
        .flatten()
        .collect()
}

/// Judges what a repair of the store could not bring back.
pub fn judge_repair(limits: &FuseLimits, lost: &LostItems) -> Option<Hold> {
    let [count, of] =
        [lost.count, lost.of].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    let percent = limits.lost_percent;
    let names = lost.names.iter().cloned();
    (count > FEW && exceeds(count, of, percent)).then(|| {
        hold(
            Rule::Unrecovered,
            None::<Kind>,
            count,
            of,
            percent.into(),
            names,
        )
    })
}

struct Judged<'a> {
    limits: &'a FuseLimits,
    published: &'a Catalogue,
    upstream: &'a Upstream<'a>,
    missing: &'a [(Kind, Id)],
    changes: &'a Changes,
    /// The ids of the items that are removed or missing.
    gone: HashSet<Id>,
}

impl<'a> Judged<'a> {
    fn empty(&self, kind: Kind) -> Option<Hold> {
        let of = self.published.count(kind);
        // A store that holds nothing yet shall not begin with a kind missing either.
        let expected = of > 0 || self.published.is_empty();
        let empty = self.came(kind) == 0 && expected && !self.limits.may_be_empty;
        empty.then(|| hold(Rule::Empty, kind, of, of, 0, []))
    }

    /// How many records came, readable or not.
    fn came(&self, kind: Kind) -> usize {
        self.upstream.seen(kind) + self.upstream.quarantined(kind).count()
    }

    fn lost(&self, kind: Kind) -> Option<Hold> {
        let missing = self.missing.iter().filter(|(of, _)| *of == kind);
        let missing = missing.filter_map(|(_, id)| self.published.get(kind, id));
        let changed = self.changes.updated(kind);
        let changed = changed.filter(|(before, after)| is_another(before, after));
        let lost: Vec<_> = missing
            .map(|item| quoted(&item))
            .chain(changed.map(|(before, _)| quoted(&before)))
            .collect();
        // A kind that came without any record has a rule of its own.
        let is_judged = self.came(kind) > 0;
        let of = self.published.count(kind);
        let percent = self.limits.lost_percent;
        (is_judged && lost.len() > FEW && exceeds(lost.len(), of, percent))
            .then(|| hold(Rule::Lost, kind, lost.len(), of, percent.into(), lost))
    }

    fn blanked(&self, kind: Kind) -> Option<Hold> {
        let updated = self.changes.updated(kind);
        let blanked = updated.filter_map(|(before, after)| {
            let field = self.blanked_field(&before, &after)?;
            Some(format!("{field} of \"{}\"", before.name()))
        });
        let blanked: Vec<_> = blanked.collect();
        let of = self.published.count(kind);
        let percent = self.limits.blanked_percent;
        exceeds(blanked.len(), of, percent).then(|| {
            hold(
                Rule::Blanked,
                kind,
                blanked.len(),
                of,
                percent.into(),
                blanked,
            )
        })
    }

    fn unreadable(&self, kind: Kind) -> Option<Hold> {
        let repeated = self.repeated(kind).len();
        let bad: Vec<_> = self.upstream.quarantined(kind).collect();
        let count = bad.len() - repeated;
        let of = self.upstream.seen(kind) + count;
        let percent = self.limits.unreadable_percent;
        exceeds(count, of, percent).then(|| {
            let named = bad.iter().map(|record| match &record.id {
                Some(id) => format!("{id}: {}", record.reason),
                None => format!("record {}: {}", record.index + 1, record.reason),
            });
            hold(Rule::Unreadable, kind, count, of, percent.into(), named)
        })
    }

    fn duplicates(&self, kind: Kind) -> Option<Hold> {
        let repeated = self.repeated(kind);
        let of = self.upstream.seen(kind) + repeated.len();
        let allowed = self.limits.duplicates;
        (repeated.len() as u64 > allowed).then(|| {
            let named = repeated.iter().map(|id| id.to_string());
            hold(Rule::Duplicates, kind, repeated.len(), of, allowed, named)
        })
    }

    /// The ids of the records set aside that another record of the kind has too.
    fn repeated(&self, kind: Kind) -> Vec<&'a Id> {
        let mut ids: HashSet<&Id> = HashSet::new();
        let bad = self.upstream.quarantined(kind);
        let bad = bad.filter_map(|record| record.id.as_ref());
        bad.filter(|id| self.upstream.came(kind, id) || !ids.insert(id))
            .collect()
    }

    /// The first field that had a value and has none now, as a fact or in the source's own record.
    /// A list whose items all went is not blanked: their going is judged by itself.
    fn blanked_field(&self, before: &Item, after: &Item) -> Option<String> {
        let sources = [before, after].map(|item| item.source.json());
        let after = values(after);
        let mut blanked = values(before)
            .into_iter()
            .filter(|(field, _)| !after.contains_key(field));
        let fact = blanked.find(|(_, value)| !self.names_only_gone(value));
        fact.map(|(field, _)| field).or_else(|| {
            let [before, after] = &sources;
            ghibli_api::first_blanked_field(before, after, |id| self.gone.contains(id))
        })
    }

    fn names_only_gone(&self, value: &Value) -> bool {
        let gone = |value: &Value| value.as_str().is_some_and(|id| self.gone.contains(id));
        match value {
            Value::Array(values) => values.iter().all(gone),
            value => gone(value),
        }
    }
}

fn quoted(item: &Item) -> String {
    format!("\"{}\"", item.name())
}

fn hold(
    rule: Rule,
    kind: impl Into<Option<Kind>>,
    count: usize,
    of: usize,
    limit: u64,
    examples: impl IntoIterator<Item = String>,
) -> Hold {
    let mut digest = Xxh3::new();
    let examples = examples.into_iter().inspect(|name| {
        digest.update(name.as_bytes());
        digest.update(b"\n");
    });
    let mut examples: Vec<String> = examples.collect();
    examples.truncate(NAMED);
    for example in &mut examples {
        *example = example.chars().take(120).collect();
    }
    Hold {
        rule,
        kind: kind.into(),
        count,
        of,
        limit,
        examples,
        digest: digest.digest128(),
    }
}

fn exceeds(count: usize, of: usize, percent: u8) -> bool {
    count.saturating_mul(100) > of.saturating_mul(usize::from(percent))
}

/// Whether more than half of what was known of an item is something else now.
fn is_another(before: &Item, after: &Item) -> bool {
    let (before, after) = (values(before), values(after));
    let changed = before
        .iter()
        .filter(|(field, value)| after.get(*field) != Some(value));
    changed.count() * 2 > before.len()
}

/// The fields of an item that have a value.
fn values(item: &Item) -> HashMap<String, Value> {
    let facts = match &item.facts {
        Facts::Movie(movie) => serde_json::to_value(movie),
        Facts::Person(person) => serde_json::to_value(person),
        Facts::Location(location) => serde_json::to_value(location),
        Facts::Species(species) => serde_json::to_value(species),
        Facts::Vehicle(vehicle) => serde_json::to_value(vehicle),
    };
    let Ok(Value::Object(facts)) = facts else {
        return HashMap::new();
    };
    let has_value = |value: &Value| match value {
        Value::Null => false,
        Value::Array(values) => !values.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => true,
    };
    facts
        .into_iter()
        .filter(|(_, value)| has_value(value))
        .collect()
}

#[cfg(test)]
mod tests;
