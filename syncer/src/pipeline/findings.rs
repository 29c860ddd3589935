//! Problems found in the source's data.

use common::models::{Finding, Id, Kind, Problem};

/// Maximum number of findings of a sync: the first by kind and id.
const MAX_FINDINGS: usize = 10_000;

/// Characters of a wrong value that a finding quotes.
const MAX_VALUE_CHARS: usize = 200;

/// A bounded collection of findings. Which ones it keeps does not depend on their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn add(
        &mut self,
        kind: Kind,
        id: impl Into<Id>,
        field: &str,
        problem: Problem,
        value: &str,
    ) {
        self.push(Finding {
            kind,
            id: id.into(),
            field: field.to_owned(),
            problem,
            value: value.chars().take(MAX_VALUE_CHARS).collect(),
        });
    }

    pub(super) fn extend(&mut self, others: Self) {
        for finding in others.0 {
            self.push(finding);
        }
    }

    /// The findings, sorted and each once; at most 10,000.
    pub(super) fn into_sorted(mut self) -> Vec<Finding> {
        self.truncate();
        self.0
    }

    fn push(&mut self, finding: Finding) {
        if self.0.len() >= MAX_FINDINGS + MAX_FINDINGS / 4 {
            self.truncate();
        }
        self.0.push(finding);
    }

    fn truncate(&mut self) {
        self.0.sort();
        self.0.dedup();
        self.0.truncate(MAX_FINDINGS);
    }
}
