//! The status page: how up to date the catalogue is, and how recent syncs went.

mod chart;

use http_content::Representation;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use common::models::{Finding, MissingItem, Outcome, Problem, Run};

use self::chart::Chart;
use super::changes::counts_in_words;
use super::frame::{Frame, Head, Moment};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::SyncStatus;
use crate::state::{CurrentSite, Freshness, Site};

/// The most findings, quarantined records and missing items shown.
const SHOWN: usize = 100;

/// The most characters shown of a quarantined record.
const SHOWN_CHARS: usize = 200;

#[derive(Template)]
#[template(path = "status/show.html")]
struct StatusPage {
    head: Head,
    frame: Frame,
    sync_status: Arc<SyncStatus>,
    /// Freshness in a sentence.
    freshness: &'static str,
    /// How the source is.
    source: Source,
    /// Since when the store cannot be read, if so.
    store_away: Option<Moment>,
    items: usize,
    /// The oldest version that is kept and how many there are.
    kept: Option<(u64, usize)>,
    chart: Option<Chart>,
    /// The run whose changes are held for review.
    held: Option<Run>,
    missing: Vec<(String, MissingItem)>,
    findings: Vec<Finding>,
    /// How often each problem occurs.
    problems: Vec<(Problem, usize)>,
}

/// The state of the source according to the last runs.
struct Source {
    /// In a word.
    word: &'static str,
    /// The last one that answered.
    provider: Option<String>,
    /// Since when it has been unavailable, if so.
    away: Option<Moment>,
    /// The errors of the last attempt, one per source tried.
    causes: Vec<String>,
}

/// How fresh the catalogue is, how the last syncs went, and what is wrong at the source.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let sync_status = site.sync_status.clone();
    let mut problems = BTreeMap::new();
    for finding in &sync_status.findings {
        *problems.entry(finding.problem).or_default() += 1;
    }
    let oldest = site.history.versions().next_back();
    let page = StatusPage {
        head: Head::of(
            &public_url,
            "/status",
            "Status",
            "How up to date the catalogue is, how recent syncs went, and data problems at the source.",
        ),
        frame: Frame::of(&site),
        freshness: freshness(&site),
        source: Source::of(&site),
        store_away: store_away(&site),
        items: site.snapshot.catalogue.len(),
        kept: oldest.map(|oldest| (oldest.header.version, site.history.versions().count())),
        chart: Chart::of(&sync_status.runs),
        held: sync_status.held.clone(),
        missing: named(&site),
        findings: sync_status.findings.iter().take(SHOWN).cloned().collect(),
        problems: problems.into_iter().collect(),
        sync_status,
    };
    Ok(content::page(&page)?.at_version(site.version()).no_store())
}

fn freshness(site: &Site) -> &'static str {
    match site.freshness {
        Freshness::Fresh if site.sync_status.held.is_some() => {
            "Held for review: the last sync would make changes that look like damage."
        }
        Freshness::Fresh => "Up to date: the last sync succeeded.",
        Freshness::Waiting => "Waiting for the first sync to finish.",
        Freshness::SourceUnavailable(_) => "Out of date: the source is unavailable.",
        Freshness::NoRecentSync(_) => {
            "Out of date: no sync has finished recently. Is the syncer running?"
        }
        Freshness::SyncInFuture(_) => {
            "Perhaps out of date: the last sync is dated in the future. Check the clocks of this machine and of the database; the next sync puts it right."
        }
        Freshness::StoreUnavailable(_) => "Out of date: the database is unavailable.",
    }
}

impl Source {
    fn of(site: &Site) -> Self {
        let runs = &site.sync_status.runs;
        let away = match site.freshness {
            Freshness::SourceUnavailable(since) => Some(Moment(since)),
            _ => None,
        };
        let last = runs.first();
        Self {
            word: match (&away, last) {
                (Some(_), _) => "unavailable",
                (None, Some(_)) => "online",
                (None, None) => "not contacted yet",
            },
            provider: site.sync_status.provider().map(str::to_owned),
            causes: match (&away, last) {
                (Some(_), Some(run)) => run.causes.clone(),
                _ => Vec::new(),
            },
            away,
        }
    }
}

/// Since when the store cannot be read, if so.
fn store_away(site: &Site) -> Option<Moment> {
    match site.freshness {
        Freshness::StoreUnavailable(since) => Some(Moment(since)),
        _ => None,
    }
}

/// The missing items with their names.
fn named(site: &Site) -> Vec<(String, MissingItem)> {
    let missing = site.sync_status.missing.iter().map(|missing| {
        let item = site.snapshot.catalogue.get(missing.kind, &missing.id);
        let name = item.map_or_else(|| missing.id.to_string(), |item| item.name().to_owned());
        (name, missing.clone())
    });
    missing.collect()
}

impl StatusPage {
    fn moment(&self, at: &jiff::Timestamp) -> Moment {
        Moment(*at)
    }

    /// The result of a run in a few words, with the damage that it found in the database.
    fn told(&self, run: &Run) -> String {
        let told = match (run.outcome, &run.reason) {
            (Outcome::Published, _) => Some(counts_in_words(run.changes())),
            (_, reason) => reason.clone(),
        };
        let damage =
            (!run.damage.is_empty()).then(|| format!("lost or damaged: {}", run.damage.join(", ")));
        let told = told.into_iter().chain(damage);
        let told: Vec<_> = told.chain(run.notes.iter().cloned()).collect();
        told.join("; ")
    }

    /// The environment variable that sets a rule’s limit.
    fn setting(&self, rule: &str) -> String {
        format!("PYFLIX_{}", rule.to_uppercase())
    }

    /// The start of a record's own text.
    fn start(&self, raw: &str) -> String {
        match raw.char_indices().nth(SHOWN_CHARS) {
            Some((end, _)) => format!("{}…", raw.get(..end).unwrap_or_default()),
            None => raw.to_owned(),
        }
    }

    fn took(&self, run: &Run) -> String {
        duration(run.phases.total_microseconds())
    }
}

/// Microseconds in words.
fn duration(microseconds: u64) -> String {
    match microseconds.div_ceil(1000) {
        short @ ..1000 => format!("{short} ms"),
        long => format!("{}.{} s", long / 1000, long % 1000 / 100),
    }
}
