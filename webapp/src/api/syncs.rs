//! The status of the catalogue, recent syncs and problems in the source data.

use common::clock::Clock;
use common::models::{Conditions, HeldChange, Kind, Run, SyncState};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::paging::{self, PagedList};
use super::parameter::{Parameter, ParameterType};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;
use crate::state::Freshness;

pub(super) fn runs(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let runs = &request.site.sync_status.runs;
    Ok(ApiResponse::list(&PagedList::of(request, runs))?.no_store())
}

pub(super) fn finding_parameters() -> Vec<Parameter> {
    let mut parameters = paging::parameters();
    parameters.push(Parameter::new(
        "kind",
        ParameterType::OneOf(Kind::ALL.map(Kind::singular).to_vec()),
        "Only problems in records of this kind.",
        "location",
    ));
    parameters
}

pub(super) fn findings(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let kind = request.parameters.get("kind");
    let kind = kind.and_then(|kind| kind.parse::<Kind>().ok());
    let findings = request.site.sync_status.findings.iter();
    let findings: Vec<_> = findings
        .filter(|finding| kind.is_none_or(|kind| finding.kind == kind))
        .collect();
    Ok(ApiResponse::list(&PagedList::of(request, &findings))?.no_store())
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Status<'a> {
    /// The catalogue version; 0 is the built-in catalogue.
    version: u64,
    /// Identifies the database that the versions belong to.
    lineage: &'a str,
    /// Whether this is the built-in catalogue.
    is_built_in: bool,
    /// When the version was published; null for the built-in catalogue.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    published: Option<Timestamp>,
    /// Time since then, in seconds.
    age_seconds: Option<u64>,
    /// Number of items.
    items: usize,
    /// The most severe of the conditions.
    state: SyncState,
    /// Which conditions hold.
    conditions: Conditions,
    /// Whether an operator has to look into it.
    needs_attention: bool,
    /// The pinned version.
    pinned: Option<u64>,
    /// Whether the last sync succeeded in time.
    fresh: bool,
    /// Since when the catalogue is out of date, if known.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    stale_since: Option<Timestamp>,
    /// Why the catalogue is out of date.
    stale_reason: Option<&'static str>,
    /// Base URL of the last source that responded.
    source: Option<&'a str>,
    /// Whether the web app can read the database.
    database: DatabaseState,
    /// Size of the database in bytes.
    database_bytes: Option<u64>,
    /// Number of available versions.
    versions: usize,
    /// Number of versions to keep.
    retention: Option<u64>,
    /// Time between syncs, in seconds.
    interval_seconds: f64,
    /// End of the last sync that published the source’s data or found it published.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_success: Option<Timestamp>,
    /// When the next sync is due; null after a failed one, whose wait varies.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    next_sync: Option<Timestamp>,
    /// The last sync.
    last_run: Option<&'a Run>,
    /// Why the last sync is held.
    held: Option<HeldRun<'a>>,
    /// Number of items missing from the source.
    missing: usize,
    /// Number of quarantined records.
    quarantined: usize,
    /// Number of data problems at the source.
    findings: usize,
    /// Release of the web app.
    release: &'static str,
    /// When the web app started.
    #[schemars(with = "String", extend("format" = "date-time"))]
    started: Timestamp,
}

#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum DatabaseState {
    Available,
    Unavailable,
}

#[derive(Serialize, JsonSchema)]
struct HeldRun<'a> {
    /// The settings that triggered it.
    rules: &'a [String],
    /// The figures.
    reason: Option<&'a str>,
    /// When it was held first.
    #[schemars(with = "String", extend("format" = "date-time"))]
    since: Timestamp,
    /// Whether the next sync publishes the changes.
    is_approved: bool,
    /// The first changes it would have made, removals first; at most 1,000.
    changes: &'a [HeldChange],
    /// Number of changes that are not listed.
    more: u64,
}

pub(super) fn status(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let site = request.site;
    let sync_status = &site.sync_status;
    // The built-in catalogue was never published.
    let published = (!site.is_built_in()).then_some(site.snapshot.header.at);
    let age = published.map(|published| Clock::system().now().duration_since(published));
    let held = sync_status.held.as_ref();
    let status = Status {
        version: site.version(),
        lineage: &site.snapshot.lineage,
        is_built_in: site.is_built_in(),
        published,
        age_seconds: age.map(|age| u64::try_from(age.as_secs()).unwrap_or_default()),
        items: site.snapshot.catalogue.len(),
        state: site.state(),
        conditions: site.status.conditions,
        needs_attention: site.status.conditions.needs_attention(),
        pinned: site.status.pinned,
        fresh: site.freshness == Freshness::Fresh,
        stale_since: site.freshness.since(),
        stale_reason: stale_reason(site.freshness),
        source: sync_status.provider(),
        database: match site.freshness {
            Freshness::StoreUnavailable(_) => DatabaseState::Unavailable,
            _ => DatabaseState::Available,
        },
        database_bytes: sync_status.database_bytes,
        versions: site.history.versions().count(),
        retention: sync_status.settings().map(|settings| settings.retention),
        interval_seconds: site.status.interval.as_secs_f64(),
        last_success: sync_status.last_success(),
        next_sync: sync_status.next_sync(),
        last_run: sync_status.runs.first(),
        held: held.map(|run| HeldRun {
            rules: &run.rules,
            reason: run.reason.as_deref(),
            since: run.started,
            is_approved: site.status.is_approved,
            changes: &run.held_changes,
            more: run
                .changes()
                .total()
                .saturating_sub(run.held_changes.len() as u64),
        }),
        missing: sync_status.missing.len(),
        quarantined: sync_status.quarantine.len(),
        findings: sync_status.findings.len(),
        release: env!("CARGO_PKG_VERSION"),
        started: site.status.started,
    };
    Ok(ApiResponse::new(&status)?.no_store())
}

const fn stale_reason(freshness: Freshness) -> Option<&'static str> {
    match freshness {
        Freshness::Fresh => None,
        Freshness::Waiting => Some("no sync has finished yet"),
        Freshness::SourceUnavailable(_) => Some("the source is unavailable"),
        Freshness::NoRecentSync(_) => Some("no sync has finished recently"),
        Freshness::SyncInFuture(_) => {
            Some("the last sync is dated in the future: check the clocks")
        }
        Freshness::StoreUnavailable(_) => Some("the database is unavailable"),
    }
}
