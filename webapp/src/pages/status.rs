use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use common::models::{Finding, Problem};
use common::repository::{Missing, Outcome, Run};

use super::frame::{Frame, Moment};
use crate::beside::Beside;
use crate::error::AppError;
use crate::respond::Representation;
use crate::site::{Condition, Current, Site};

/// How many findings, and how many records set aside, are shown.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    frame: Frame,
    beside: Arc<Beside>,
    /// Freshness in a sentence.
    freshness: &'static str,
    /// The run whose delta is held now.
    held: Option<Run>,
    missing: Vec<(String, Missing)>,
    findings: Vec<Finding>,
    /// How often each problem occurs.
    problems: Vec<(Problem, usize)>,
}

/// How fresh the catalogue is, how the last syncs went, and what is wrong at the source.
pub(crate) async fn show(State(current): State<Current>) -> Result<Representation, AppError> {
    let site = current.load()?;
    let beside = site.beside.clone();
    let answered = beside
        .runs
        .iter()
        .find(|run| run.outcome != Outcome::Failed);
    let mut problems = BTreeMap::new();
    for finding in &beside.findings {
        *problems.entry(finding.problem).or_default() += 1;
    }
    let page = StatusPage {
        frame: Frame::of(&site),
        freshness: freshness(&site),
        held: answered.filter(|run| run.outcome == Outcome::Held).cloned(),
        missing: named(&site),
        findings: beside.findings.iter().take(SHOWN).cloned().collect(),
        problems: problems.into_iter().collect(),
        beside,
    };
    Ok(Representation::page(&page)?
        .at_version(site.version())
        .fleeting())
}

fn freshness(site: &Site) -> &'static str {
    match site.condition {
        Condition::Fresh => "Fresh: the last sync read the whole source.",
        Condition::Waiting => "Waiting for the first sync to end.",
        Condition::SourceAway(_) => "Stale: the source does not give a whole answer.",
        Condition::Silent(_) => "Stale: no sync has ended for a while.",
        Condition::StoreAway(_) => "Stale: the database cannot be read.",
    }
}

/// The missing items with their names.
fn named(site: &Site) -> Vec<(String, Missing)> {
    let missing = site.beside.missing.iter().map(|missing| {
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

    /// What a run came to, in a few words.
    fn told(&self, run: &Run) -> String {
        let changes = run.changes();
        let counts = format!(
            "{} added, {} updated, {} removed",
            changes.added, changes.updated, changes.removed
        );
        match (run.outcome, &run.reason) {
            (Outcome::Published, _) => format!("version {}: {counts}", run.version),
            (_, Some(reason)) => reason.clone(),
            (_, None) => String::new(),
        }
    }

    fn milliseconds(&self, run: &Run) -> u64 {
        run.took.total().div_ceil(1000)
    }
}
