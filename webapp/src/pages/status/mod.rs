//! The status page: how up to date the catalogue is, and how recent syncs went.

mod chart;

use http_content::Representation;
use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use common::models::{Finding, MissingItem, Outcome, Problem, Run};

use self::chart::DurationChart;
use super::layout::{HtmlHead, PageLayout, TimeTag};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::SyncStatus;
use crate::state::{CurrentSite, Freshness, Site};
use crate::wording::counts_in_words;

/// Findings, quarantined records and missing items shown, each.
const MAX_ROWS: usize = 100;
/// Characters shown of a quarantined record.
const MAX_RECORD_CHARACTERS: usize = 200;

#[derive(Template)]
#[template(path = "status/show.html")]
struct StatusPage {
    head: HtmlHead,
    layout: PageLayout,
    sync_status: Arc<SyncStatus>,
    /// A sentence.
    freshness: &'static str,
    source: SourceStatus,
    /// Since when the store cannot be read, if so.
    store_unavailable_since: Option<TimeTag>,
    items: usize,
    /// The oldest kept version, and the number of kept versions.
    kept_versions: Option<(u64, usize)>,
    chart: Option<DurationChart>,
    /// The run whose changes are held for review.
    held: Option<Run>,
    /// With their names.
    missing: Vec<(String, MissingItem)>,
    findings: Vec<Finding>,
    /// The number of findings of each problem.
    problems: Vec<(Problem, usize)>,
}

/// The state of the source according to the last runs.
struct SourceStatus {
    /// Such as “online”.
    state: &'static str,
    /// The base URL that responded last.
    provider: Option<String>,
    unavailable_since: Option<TimeTag>,
    /// The errors of the last attempt, one per source tried.
    causes: Vec<String>,
}

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
        head: HtmlHead::of(
            &public_url,
            "/status",
            "Status",
            "How up to date the catalogue is, how recent syncs went, and data problems at the source.",
        ),
        layout: PageLayout::of(&site),
        freshness: freshness(&site),
        source: SourceStatus::of(&site),
        store_unavailable_since: store_unavailable_since(&site),
        items: site.snapshot.catalogue.len(),
        kept_versions: oldest
            .map(|oldest| (oldest.header.version, site.history.versions().count())),
        chart: DurationChart::of(&sync_status.runs),
        held: sync_status.held.clone(),
        missing: missing_with_names(&site),
        findings: sync_status
            .findings
            .iter()
            .take(MAX_ROWS)
            .cloned()
            .collect(),
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

impl SourceStatus {
    fn of(site: &Site) -> Self {
        let runs = &site.sync_status.runs;
        let unavailable_since = match site.freshness {
            Freshness::SourceUnavailable(since) => Some(TimeTag(since)),
            _ => None,
        };
        let last = runs.first();
        Self {
            state: match (&unavailable_since, last) {
                (Some(_), _) => "unavailable",
                (None, Some(_)) => "online",
                (None, None) => "not contacted yet",
            },
            provider: site.sync_status.provider().map(str::to_owned),
            causes: match (&unavailable_since, last) {
                (Some(_), Some(run)) => run.causes.clone(),
                _ => Vec::new(),
            },
            unavailable_since,
        }
    }
}

fn store_unavailable_since(site: &Site) -> Option<TimeTag> {
    match site.freshness {
        Freshness::StoreUnavailable(since) => Some(TimeTag(since)),
        _ => None,
    }
}

fn missing_with_names(site: &Site) -> Vec<(String, MissingItem)> {
    let missing = site.sync_status.missing.iter().map(|missing| {
        let item = site.snapshot.catalogue.get(missing.kind, &missing.id);
        let name = item.map_or_else(|| missing.id.to_string(), |item| item.name().to_owned());
        (name, missing.clone())
    });
    missing.collect()
}

impl StatusPage {
    fn time_tag(&self, at: &jiff::Timestamp) -> TimeTag {
        TimeTag(*at)
    }

    /// The result of a run: its counts or reason, the damage in the database, and notes.
    fn summary(&self, run: &Run) -> String {
        let result = match (run.outcome, &run.reason) {
            (Outcome::Published, _) => Some(counts_in_words(run.changes())),
            (_, reason) => reason.clone(),
        };
        let damage =
            (!run.damage.is_empty()).then(|| format!("lost or damaged: {}", run.damage.join(", ")));
        let parts = result.into_iter().chain(damage);
        let parts: Vec<_> = parts.chain(run.notes.iter().cloned()).collect();
        parts.join("; ")
    }

    /// The environment variable that sets a rule’s limit.
    fn variable(&self, rule: &str) -> String {
        format!("PYFLIX_{}", rule.to_uppercase())
    }

    /// The start of a quarantined record's text.
    fn excerpt(&self, raw: &str) -> String {
        match raw.char_indices().nth(MAX_RECORD_CHARACTERS) {
            Some((end, _)) => format!("{}…", raw.get(..end).unwrap_or_default()),
            None => raw.to_owned(),
        }
    }

    fn duration(&self, run: &Run) -> String {
        duration(run.phases.total_microseconds())
    }
}

/// Such as “12 ms” or “1.5 s”.
fn duration(microseconds: u64) -> String {
    match microseconds.div_ceil(1000) {
        short @ ..1000 => format!("{short} ms"),
        long => format!("{}.{} s", long / 1000, long % 1000 / 100),
    }
}
