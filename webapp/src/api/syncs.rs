//! The status of the catalogue, recent syncs and problems in the source data.

use common::clock::Clock;
use common::models::{Kind, Run};
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
    version: u64,
    lineage: &'a str,
    /// Whether this is the built-in catalogue.
    is_built_in: bool,
    /// When the version was published; null for the built-in catalogue.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    published: Option<Timestamp>,
    age_seconds: Option<u64>,
    items: usize,
    /// Whether the last sync succeeded in time.
    fresh: bool,
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    stale_since: Option<Timestamp>,
    /// Why the catalogue is out of date.
    stale_reason: Option<&'static str>,
    /// Base URL of the last source that responded.
    source: Option<&'a str>,
    database: DatabaseState,
    last_run: Option<&'a Run>,
    /// Why the last sync is held.
    held: Option<HeldRun<'a>>,
    missing: usize,
    quarantined: usize,
    findings: usize,
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
        fresh: site.freshness == Freshness::Fresh,
        stale_since: site.freshness.since(),
        stale_reason: stale_reason(site.freshness),
        source: sync_status.provider(),
        database: match site.freshness {
            Freshness::StoreUnavailable(_) => DatabaseState::Unavailable,
            _ => DatabaseState::Available,
        },
        last_run: sync_status.runs.first(),
        held: held.map(|run| HeldRun {
            rules: &run.rules,
            reason: run.reason.as_deref(),
        }),
        missing: sync_status.missing.len(),
        quarantined: sync_status.quarantine.len(),
        findings: sync_status.findings.len(),
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
