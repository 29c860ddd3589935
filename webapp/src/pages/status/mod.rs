//! The status page: the state of the catalogue, recent syncs, and data problems at the source.

mod findings;
mod headline;
mod held;
mod strip;

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use bytesize::ByteSize;
use common::clock::Clock;
use common::models::{MissingItem, Outcome, Problem, QuarantinedRecord, Run};
use http_content::Representation;

use self::findings::{FindingView, NamedItem};
use self::headline::StatusLine;
use self::held::HeldView;
use self::strip::{CELLS, HEIGHT, Strip};
use super::layout::{HtmlHead, PageLayout, TimeTag};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::{CurrentSite, Freshness, PosterIndex, Site, SyncStatus};
use crate::wording::counts_in_words;

/// Findings, quarantined records and missing items shown, each.
const MAX_ROWS: usize = 100;
/// Runs shown.
const MAX_RUNS: usize = 20;
/// Characters shown of a quarantined record.
const MAX_RECORD_CHARACTERS: usize = 200;
const RELEASE: &str = env!("CARGO_PKG_VERSION");

#[derive(Template)]
#[template(path = "status/show.html")]
struct StatusPage {
    head: HtmlHead,
    layout: PageLayout,
    sync_status: Arc<SyncStatus>,
    /// The name of the most severe state.
    state: &'static str,
    /// The conditions that hold, the most severe first.
    lines: Vec<StatusLine>,
    source: SourceStatus,
    /// Since when the store cannot be read, if so.
    store_unavailable_since: Option<TimeTag>,
    database_size: Option<String>,
    posters: Option<PosterStatus>,
    items: usize,
    /// The oldest kept version, and the number of kept versions.
    kept_versions: Option<(u64, usize)>,
    /// The number of versions to keep.
    retention: Option<u64>,
    last_success: Option<TimeTag>,
    next_sync: Option<TimeTag>,
    /// Whether a sync should have finished by now.
    is_overdue: bool,
    interval: String,
    started: TimeTag,
    strip: Strip,
    /// The run whose changes are held for review.
    held: Option<HeldView>,
    missing: Vec<(NamedItem, MissingItem)>,
    quarantine: Vec<(Option<NamedItem>, QuarantinedRecord)>,
    findings: Vec<FindingView>,
    /// The number of findings of each problem.
    problems: Vec<(Problem, usize)>,
}

/// The state of the source according to the last runs.
struct SourceStatus {
    /// Such as “online”.
    state: &'static str,
    /// The base URL that responded last.
    provider: Option<String>,
    is_unavailable: bool,
    unavailable_since: Option<TimeTag>,
    /// The errors of the last attempt, one per source tried.
    causes: Vec<String>,
}

/// The posters in the database, and those that cannot be fetched.
struct PosterStatus {
    count: usize,
    size: String,
    failed: usize,
    /// Host and reason of the first failure.
    first_failure: Option<(String, String)>,
}

impl PosterStatus {
    /// `None` without posters.
    fn of(posters: &PosterIndex) -> Option<Self> {
        let (count, failed) = (posters.count(), posters.failures.len());
        let first = posters.failures.first();
        (count + failed > 0).then(|| Self {
            count,
            size: size(posters.bytes()),
            failed,
            first_failure: first.map(|first| (first.host.clone(), first.problem.clone())),
        })
    }
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = page(&site, &public_url);
    Ok(content::page(&page)?.at_version(site.version()).no_store())
}

fn page(site: &Site, public_url: &PublicUrl) -> StatusPage {
    let sync_status = site.sync_status.clone();
    let catalogue = &site.snapshot.catalogue;
    let mut problems = BTreeMap::new();
    for finding in &sync_status.findings {
        *problems.entry(finding.problem).or_default() += 1;
    }
    let oldest = site.history.versions().next_back();
    let missing = sync_status.missing.iter().take(MAX_ROWS);
    let missing = missing.map(|missing| {
        let item = NamedItem::of(catalogue, missing.kind, &missing.id);
        (item, missing.clone())
    });
    let quarantine = sync_status.quarantine.iter().take(MAX_ROWS);
    let quarantine = quarantine.map(|record| {
        let id = record.id.as_ref();
        let item = id.map(|id| NamedItem::of(catalogue, record.kind, id));
        (item, record.clone())
    });
    let findings = sync_status.findings.iter().take(MAX_ROWS);
    let findings = findings.map(|finding| FindingView::of(catalogue, finding));
    StatusPage {
        head: HtmlHead::of(
            public_url,
            "/status",
            "Status",
            "How up to date the catalogue is, how recent syncs went, and data problems at the source.",
        ),
        layout: PageLayout::of(site),
        state: site.state().name(),
        lines: headline::lines(site),
        source: SourceStatus::of(site),
        store_unavailable_since: match site.freshness {
            Freshness::StoreUnavailable(since) => Some(TimeTag(since)),
            _ => None,
        },
        database_size: sync_status.database_bytes.map(size),
        posters: PosterStatus::of(&sync_status.posters),
        items: catalogue.len(),
        kept_versions: oldest
            .map(|oldest| (oldest.header.version, site.history.versions().count())),
        retention: sync_status.settings().map(|settings| settings.retention),
        last_success: sync_status.last_success().map(TimeTag),
        next_sync: sync_status.next_sync().map(TimeTag),
        is_overdue: site.status.conditions.no_recent_sync,
        interval: humantime::format_duration(site.status.interval).to_string(),
        started: TimeTag(site.status.started),
        strip: Strip::of(&sync_status.runs, Clock::system().now()),
        held: HeldView::of(site),
        missing: missing.collect(),
        quarantine: quarantine.collect(),
        findings: findings.collect(),
        problems: problems.into_iter().collect(),
        sync_status,
    }
}

impl SourceStatus {
    fn of(site: &Site) -> Self {
        let last = site.sync_status.runs.first();
        let is_unavailable = site.status.conditions.source_unavailable;
        Self {
            state: match (is_unavailable, last) {
                (true, _) => "unavailable",
                (false, Some(_)) => "online",
                (false, None) => "not contacted yet",
            },
            provider: site.sync_status.provider().map(str::to_owned),
            is_unavailable,
            unavailable_since: match site.freshness {
                Freshness::SourceUnavailable(since) => Some(TimeTag(since)),
                _ => None,
            },
            causes: match last {
                Some(run) if is_unavailable => run.causes.clone(),
                _ => Vec::new(),
            },
        }
    }
}

impl StatusPage {
    fn time_tag(&self, at: &jiff::Timestamp) -> TimeTag {
        TimeTag(*at)
    }

    fn runs(&self) -> &[Run] {
        let runs = &self.sync_status.runs;
        &runs[..runs.len().min(MAX_RUNS)]
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

/// Such as “1.5 MiB”.
fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}
