//! How the syncs go.

use common::clock::Clock;
use common::models::{Finding, Kind};
use serde_json::{Value, json};

use super::operation::{Answer, Asked};
use super::pages::{Pages, list_schema, paging};
use super::parameter::{Form, Parameter};
use crate::state::{Freshness, Site};

pub(super) fn runs(asked: &Asked<'_>) -> Answer {
    let runs = &asked.site.sync_status.runs;
    Pages::of(asked)
        .cut(asked, runs, |run| json!(run))
        .fleeting()
}

pub(super) fn finding_parameters() -> Vec<Parameter> {
    let kinds = Kind::ALL.map(Kind::singular).to_vec();
    let mut parameters = paging();
    parameters.push(Parameter::new(
        "kind",
        Form::OneOf(kinds),
        "Only problems in records of this kind.",
        "location",
    ));
    parameters
}

pub(super) fn findings(asked: &Asked<'_>) -> Answer {
    let kind = asked
        .values
        .get("kind")
        .and_then(|kind| kind.parse::<Kind>().ok());
    let findings = asked.site.sync_status.findings.iter();
    let findings: Vec<_> = findings
        .filter(|finding| kind.is_none_or(|kind| finding.kind == kind))
        .collect();
    Pages::of(asked)
        .cut(asked, &findings, |finding: &&Finding| json!(finding))
        .fleeting()
}

pub(super) fn status(asked: &Asked<'_>) -> Answer {
    let site = asked.site;
    let sync_status = &site.sync_status;
    // The one that is compiled in was never published.
    let published = (!site.is_built_in()).then_some(site.snapshot.header.at);
    let (since, why) = staleness(site);
    let last = sync_status.runs.first();
    let held = sync_status.held.as_ref();
    let now = Clock::system().now();
    let age = published.map(|published| now.duration_since(published).as_secs().max(0));
    let body = json!({
        "version": site.version(),
        "lineage": site.snapshot.lineage,
        "is_built_in": site.is_built_in(),
        "published": published,
        "age_seconds": age,
        "items": site.snapshot.catalogue.len(),
        "fresh": site.freshness == Freshness::Fresh,
        "stale_since": since,
        "why": why,
        "source": sync_status.provider(),
        "store": if matches!(site.freshness, Freshness::StoreUnavailable(_)) { "away" } else { "read" },
        "last_run": last,
        "held": held.map(|run| json!({"rules": run.rules, "reason": run.reason})),
        "missing": sync_status.missing.len(),
        "quarantined": sync_status.quarantine.len(),
        "findings": sync_status.findings.len(),
    });
    Answer::of(body).fleeting()
}

fn staleness(site: &Site) -> (Option<jiff::Timestamp>, Option<&'static str>) {
    match site.freshness {
        Freshness::Fresh => (None, None),
        Freshness::Waiting => (None, Some("no sync has finished yet")),
        Freshness::SourceUnavailable(since) => (Some(since), Some("the source is unavailable")),
        Freshness::NoRecentSync(since) => (Some(since), Some("no sync has finished recently")),
        Freshness::StoreUnavailable(since) => (Some(since), Some("the database is unavailable")),
    }
}

fn run_schema() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    let moment = json!({"type": "string", "format": "date-time"});
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "required": ["number", "repeat_count", "started", "ended", "outcome", "version"],
        "properties": {
            "number": count,
            "repeat_count": {"type": "integer", "minimum": 1, "description": "Number of consecutive syncs in this entry."},
            "started": moment,
            "ended": moment,
            "phases": {
                "type": "object",
                "description": "Duration of each phase.",
                "properties": {"load_microseconds": count, "fetch_microseconds": count, "compare_microseconds": count, "publish_microseconds": count},
            },
            "outcome": {"type": "string", "description": "unchanged, published, held or failed, or why the sync was skipped."},
            "version": count,
            "kinds": {"type": "object", "description": "Counts per kind."},
            "bytes": count,
            "provider": {"type": ["string", "null"]},
            "rules": texts,
            "reason": {"type": ["string", "null"]},
            "causes": texts,
            "fingerprint": {"type": ["string", "null"]},
            "findings": count,
            "damage": {"type": "array", "items": {"type": "string"}, "description": "The parts of the database that it found lost or damaged; absent if none."},
            "notes": {"type": "array", "items": {"type": "string"}, "description": "What a repair came to, and what could not be written; absent if nothing."},
        },
    })
}

pub(super) fn runs_schema() -> Value {
    list_schema(&run_schema())
}

pub(super) fn findings_schema() -> Value {
    list_schema(&json!({
        "type": "object",
        "required": ["kind", "id", "field", "problem", "value"],
        "properties": {
            "kind": {"type": "string", "enum": Kind::ALL},
            "id": {"type": "string"},
            "field": {"type": "string", "description": "Field of the source record."},
            "problem": {"description": "What is wrong with it."},
            "value": {"type": "string", "description": "The ID or text found or missing there."},
        },
    }))
}

pub(super) fn status_schema() -> Value {
    let count = json!({"type": "integer", "minimum": 0});
    json!({
        "type": "object",
        "required": ["version", "lineage", "is_built_in", "published", "age_seconds", "items", "fresh", "stale_since", "why", "source", "store", "last_run", "held", "missing", "quarantined", "findings"],
        "properties": {
            "version": count,
            "lineage": {"type": "string"},
            "is_built_in": {"type": "boolean", "description": "Whether this is the built-in catalogue."},
            "published": {"type": ["string", "null"], "format": "date-time", "description": "When the version was published; null for the built-in catalogue."},
            "age_seconds": {"type": ["integer", "null"], "minimum": 0},
            "items": count,
            "fresh": {"type": "boolean", "description": "Whether the last sync succeeded in time."},
            "stale_since": {"type": ["string", "null"], "format": "date-time"},
            "why": {"type": ["string", "null"], "description": "Why the catalogue is out of date."},
            "source": {"type": ["string", "null"], "description": "Base URL of the last source that responded."},
            "store": {"type": "string", "enum": ["read", "away"]},
            "last_run": {"anyOf": [run_schema(), {"type": "null"}]},
            "held": {
                "type": ["object", "null"],
                "description": "Why the last sync is held: the settings that triggered it, and the figures.",
                "properties": {"rules": {"type": "array", "items": {"type": "string"}}, "reason": {"type": ["string", "null"]}},
            },
            "missing": count,
            "quarantined": count,
            "findings": count,
        },
    })
}
