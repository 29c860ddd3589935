//! The status of the catalogue, recent syncs and problems in the source data.

use std::collections::BTreeMap;

use common::clock::Clock;
use common::models::{Finding, Kind, KindStats, PhaseTimings, Problem, Run};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::item_fields::kind_schema;
use super::paging::{self, List};
use super::parameter::{Parameter, ParameterType};
use super::request::ApiRequest;
use super::response::ApiResponse;
use crate::http::AppError;
use crate::state::{Freshness, Site};

/// A sync, or several consecutive ones with the same outcome.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Run")]
pub(super) struct RunEntry<'a> {
    number: u64,
    /// Number of consecutive syncs in this entry.
    #[schemars(range(min = 1))]
    repeat_count: u64,
    #[schemars(with = "String", extend("format" = "date-time"))]
    started: Timestamp,
    #[schemars(with = "String", extend("format" = "date-time"))]
    ended: Timestamp,
    /// Duration of each phase.
    #[schemars(with = "BTreeMap<String, u64>")]
    phases: PhaseTimings,
    /// unchanged, published, held or failed.
    outcome: &'static str,
    version: u64,
    /// Counts per kind.
    #[schemars(with = "BTreeMap<String, BTreeMap<String, u64>>")]
    kinds: &'a BTreeMap<Kind, KindStats>,
    bytes: u64,
    provider: Option<&'a str>,
    rules: &'a [String],
    reason: Option<&'a str>,
    causes: &'a [String],
    fingerprint: Option<&'a str>,
    findings: u64,
    /// The parts of the database that it found lost or damaged; absent if none.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    damage: &'a [String],
    /// The result of a repair, and what could not be written; absent if nothing.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    notes: &'a [String],
}

impl<'a> From<&'a Run> for RunEntry<'a> {
    fn from(run: &'a Run) -> Self {
        Self {
            number: run.number,
            repeat_count: run.repeat_count,
            started: run.started,
            ended: run.ended,
            phases: run.phases,
            outcome: run.outcome.word(),
            version: run.version,
            kinds: &run.kinds,
            bytes: run.bytes,
            provider: run.provider.as_deref(),
            rules: &run.rules,
            reason: run.reason.as_deref(),
            causes: &run.causes,
            fingerprint: run.fingerprint.as_deref(),
            findings: run.findings,
            damage: &run.damage,
            notes: &run.notes,
        }
    }
}

pub(super) fn runs(request: &ApiRequest<'_>) -> Result<ApiResponse, AppError> {
    let runs = &request.site.sync_status.runs;
    let runs = List::of(request, runs, RunEntry::from);
    Ok(ApiResponse::list(&runs)?.no_store())
}

/// A problem in a record of the source.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(super) struct SourceProblem<'a> {
    #[schemars(schema_with = "kind_schema")]
    kind: Kind,
    id: &'a str,
    /// Field of the source record.
    field: &'a str,
    /// Type of problem, such as dangling or one-sided.
    #[schemars(with = "String")]
    problem: Problem,
    /// The ID or text found or missing there.
    value: &'a str,
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
    let findings: Vec<&Finding> = findings
        .filter(|finding| kind.is_none_or(|kind| finding.kind == kind))
        .collect();
    let findings = List::of(request, &findings, |finding| SourceProblem {
        kind: finding.kind,
        id: &finding.id,
        field: &finding.field,
        problem: finding.problem,
        value: &finding.value,
    });
    Ok(ApiResponse::list(&findings)?.no_store())
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
    last_run: Option<RunEntry<'a>>,
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
    let (stale_since, stale_reason) = staleness(site);
    let held = sync_status.held.as_ref();
    let status = Status {
        version: site.version(),
        lineage: &site.snapshot.lineage,
        is_built_in: site.is_built_in(),
        published,
        age_seconds: age.map(|age| u64::try_from(age.as_secs()).unwrap_or_default()),
        items: site.snapshot.catalogue.len(),
        fresh: site.freshness == Freshness::Fresh,
        stale_since,
        stale_reason,
        source: sync_status.provider(),
        database: match site.freshness {
            Freshness::StoreUnavailable(_) => DatabaseState::Unavailable,
            _ => DatabaseState::Available,
        },
        last_run: sync_status.runs.first().map(RunEntry::from),
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

fn staleness(site: &Site) -> (Option<Timestamp>, Option<&'static str>) {
    match site.freshness {
        Freshness::Fresh => (None, None),
        Freshness::Waiting => (None, Some("no sync has finished yet")),
        Freshness::SourceUnavailable(since) => (Some(since), Some("the source is unavailable")),
        Freshness::NoRecentSync(since) => (Some(since), Some("no sync has finished recently")),
        Freshness::StoreUnavailable(since) => (Some(since), Some("the database is unavailable")),
    }
}
