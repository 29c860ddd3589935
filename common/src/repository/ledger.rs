//! What stands beside the catalogue: the ledger of runs, quarantine and findings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Repository;
use super::store::{Result, Row, StoreError, Table};
use crate::models::{Counts, Finding, Quarantined};

/// How many runs the ledger keeps: 17 days of one every 15 s.
const KEPT_RUNS: u64 = 100_000;

/// One attempt to sync.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number, rising: the fence of its lease.
    pub number: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The version after it.
    pub version: u64,
    /// What it changed, or would have changed if it was held.
    #[serde(default)]
    pub changes: Counts,
    /// The base URL of the source that answered.
    #[serde(default)]
    pub provider: Option<String>,
    /// Why it failed, was held, or published nothing.
    #[serde(default)]
    pub reason: Option<String>,
    /// What names the delta that was held.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// How many records were set aside.
    #[serde(default)]
    pub quarantined: u64,
    /// How many findings there were.
    #[serde(default)]
    pub findings: u64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The source said what is published already, or a pin holds.
    Unchanged,
    /// It made a version.
    Published,
    /// Its delta looked like damage.
    Held,
    /// The source or the store failed.
    Failed,
}

impl Outcome {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Published => "published",
            Self::Held => "held",
            Self::Failed => "failed",
        }
    }
}

impl Repository {
    /// Writes a run into the ledger; under the lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn record(&self, run: &Run) -> Result<()> {
        let row = Row {
            key: run_key(run.number),
            fields: object(run)?,
        };
        let oldest = run.number.checked_sub(KEPT_RUNS).map(run_key);
        self.store
            .write_rows(Table::Runs, vec![row], oldest.into_iter().collect())
            .await
    }

    /// The last runs, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        let rows = self.store.rows(Table::Runs, Some(limit)).await?;
        Ok(readable(Table::Runs, rows))
    }

    /// Makes these the findings, writing only what differs; under the lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_findings(&self, findings: &[Finding]) -> Result<()> {
        self.keep(Table::Findings, findings, Finding::key).await
    }

    /// The findings of the last sync.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn findings(&self) -> Result<Vec<Finding>> {
        let rows = self.store.rows(Table::Findings, None).await?;
        Ok(readable(Table::Findings, rows))
    }

    /// Makes these the records set aside, writing only what differs; under the lease.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn keep_quarantine(&self, records: &[Quarantined]) -> Result<()> {
        self.keep(Table::Quarantine, records, Quarantined::key)
            .await
    }

    /// The records that the last sync set aside.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn quarantine(&self) -> Result<Vec<Quarantined>> {
        let rows = self.store.rows(Table::Quarantine, None).await?;
        Ok(readable(Table::Quarantine, rows))
    }

    async fn keep<T: Serialize + Sync>(
        &self,
        table: Table,
        values: &[T],
        key: impl Fn(&T) -> String + Send,
    ) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for value in values {
            wanted.insert(key(value), object(value)?);
        }
        let mut gone = Vec::new();
        for row in self.store.rows(table, None).await? {
            match wanted.get(&row.key) {
                None => gone.push(row.key),
                Some(fields) if *fields == row.fields => {
                    wanted.remove(&row.key);
                }
                Some(_) => {}
            }
        }
        if wanted.is_empty() && gone.is_empty() {
            return Ok(());
        }
        let put = wanted
            .into_iter()
            .map(|(key, fields)| Row { key, fields })
            .collect();
        self.store.write_rows(table, put, gone).await
    }
}

fn run_key(number: u64) -> String {
    format!("{number:020}")
}

fn object<T: Serialize>(value: &T) -> Result<Map<String, Value>> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(StoreError::Unreadable {
            name: "a row to be written".into(),
            reason: error.to_string(),
        }),
    }
}

/// A row that cannot be read is named in the log and left out.
fn readable<T: DeserializeOwned>(table: Table, rows: Vec<Row>) -> Vec<T> {
    rows.into_iter()
        .filter_map(|row| {
            serde_json::from_value(Value::Object(row.fields))
                .inspect_err(|error| {
                    tracing::warn!(table = table.name(), row = row.key, %error, "a row cannot be read");
                })
                .ok()
        })
        .collect()
}
