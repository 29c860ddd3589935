//! The tables beside the catalogue: the ledger of runs, quarantine, findings, missing items and the
//! marker of an unchanged source.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open::Repository;
use super::pending_rows;
use super::protocol::LeaseGuard;
use super::store::{Result, Row, StoreError, Table};
use crate::models::{Finding, MissingItem, Outcome, QuarantinedRecord, Run};

/// The key of the one row of its table.
const MARKER_KEY: &str = "marker";

/// Rows that the ledger keeps.
const LEDGER_ROWS: u32 = 10_000;
/// Mostly, the last run that did not fail is among this many of the newest rows.
const NEWEST_ROWS: u32 = 20;
/// Rows of a batch.
const BATCH_ROWS: usize = 1_000;

#[derive(Serialize, Deserialize)]
pub(super) struct MarkerRow<T> {
    marker: Option<T>,
}

impl Repository {
    /// The last runs, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        let rows = self.rows(Table::Runs, Some(limit)).await?;
        Ok(decode_rows(Table::Runs, rows))
    }

    /// The run that is held now: the last one that did not fail, if it was held.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn held_run(&self) -> Result<Option<Run>> {
        for limit in [NEWEST_ROWS, LEDGER_ROWS] {
            let runs = self.runs(limit).await?.into_iter();
            let mut judged = runs.filter(|run| run.outcome != Outcome::Failed);
            if let Some(last) = judged.next() {
                return Ok(Some(last).filter(|run| run.outcome == Outcome::Held));
            }
        }
        Ok(None)
    }

    /// The findings of the last sync.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn findings(&self) -> Result<Vec<Finding>> {
        let rows = self.rows(Table::Findings, None).await?;
        Ok(decode_rows(Table::Findings, rows))
    }

    /// The records that the last sync quarantined.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn quarantine(&self) -> Result<Vec<QuarantinedRecord>> {
        let rows = self.rows(Table::Quarantine, None).await?;
        Ok(decode_rows(Table::Quarantine, rows))
    }

    /// The published items that are missing from the source.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn missing(&self) -> Result<Vec<MissingItem>> {
        let rows = self.rows(Table::Missing, None).await?;
        Ok(decode_rows(Table::Missing, rows))
    }

    /// The rows of a table, as of [`Store::rows`](super::Store::rows), from a restored backup until
    /// they are written.
    pub(super) async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>> {
        let reading = self.store.head().await?;
        if let Some(pending) = reading.and_then(|reading| reading.head.pending_rows)
            && let Some(mut rows) = pending_rows::read(&*self.store, pending, table).await?
        {
            if let Some(newest) = newest {
                rows.reverse();
                rows.truncate(usize::try_from(newest).unwrap_or(usize::MAX));
            }
            return Ok(rows);
        }
        self.store.rows(table, newest).await
    }
}

impl LeaseGuard {
    /// Writes a run into the ledger. Runs in a row that end alike and publish nothing share a row, so
    /// that a quiet source does not fill the ledger.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn record(&self, run: &Run) -> Result<()> {
        let newest = self.store.rows(Table::Runs, Some(NEWEST_ROWS)).await?;
        let last_key = newest.first().map(|row| row.key.clone());
        let mut newest: Vec<Run> = decode_rows(Table::Runs, newest);
        let last = newest.first();
        let last = last.filter(|last| Some(run_key(last.number)) == last_key);
        let merged = last.and_then(|last| last.merged_with(run));
        let row = merged.as_ref().unwrap_or(run);
        let mut rows = vec![to_run_row(row)?];
        // A failed run does not end a held one.
        if run.outcome != Outcome::Failed {
            if newest.iter().all(|run| run.outcome == Outcome::Failed) {
                let all = self.store.rows(Table::Runs, Some(LEDGER_ROWS)).await?;
                newest = decode_rows(Table::Runs, all);
            }
            let earlier = newest.iter().filter(|earlier| earlier.number != row.number);
            for held in earlier.filter(|earlier| !earlier.held_changes.is_empty()) {
                rows.push(to_run_row(&Run {
                    held_changes: Vec::new(),
                    ..held.clone()
                })?);
            }
        }
        let fence = self.head().fence;
        self.store
            .write_rows(fence, Table::Runs, rows, Vec::new())
            .await?;
        if merged.is_none() {
            self.store.trim(Table::Runs, LEDGER_ROWS).await?;
        }
        Ok(())
    }

    /// Saves the findings of a run, writing only differences.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn save_findings(&self, findings: &[Finding]) -> Result<()> {
        self.save_rows(Table::Findings, findings, Finding::key)
            .await
    }

    /// Saves the quarantined records of a run, writing only differences.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn save_quarantine(&self, records: &[QuarantinedRecord]) -> Result<()> {
        self.save_rows(Table::Quarantine, records, QuarantinedRecord::key)
            .await
    }

    /// Saves the missing items of a run, writing only differences.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn save_missing(&self, missing: &[MissingItem]) -> Result<()> {
        self.save_rows(Table::Missing, missing, MissingItem::key)
            .await
    }

    /// The marker that [`LeaseGuard::save_unchanged_marker`] stored last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn unchanged_marker<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let rows = self.store.rows(Table::UnchangedMarker, None).await?;
        let row: Option<MarkerRow<T>> = decode_rows(Table::UnchangedMarker, rows).pop();
        Ok(row.and_then(|row| row.marker))
    }

    /// Stores or clears the marker of an unchanged source. Changes of the other tables clear it, too.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn save_unchanged_marker<T: Serialize + Sync>(
        &self,
        marker: Option<&T>,
    ) -> Result<()> {
        // The row is never removed: the late write of a paused publisher would bring it back.
        let rows = [MarkerRow { marker }];
        let (changed, removed) = self
            .diff_rows(Table::UnchangedMarker, &rows, |_| MARKER_KEY.to_owned())
            .await?;
        self.write_batches(Table::UnchangedMarker, changed, removed)
            .await
    }

    async fn save_rows<T: Serialize + Sync>(
        &self,
        table: Table,
        values: &[T],
        key: impl Fn(&T) -> String + Send,
    ) -> Result<()> {
        let (changed, removed) = self.diff_rows(table, values, key).await?;
        if !(changed.is_empty() && removed.is_empty()) {
            // A marker that is older than these rows no longer proves that all is up to date.
            self.save_unchanged_marker(None::<&Value>).await?;
        }
        self.write_batches(table, changed, removed).await
    }

    /// The rows to write and the keys to remove, so that a table has these values.
    async fn diff_rows<'a, T: Serialize + Sync>(
        &self,
        table: Table,
        values: &'a [T],
        key: impl Fn(&T) -> String + Send,
    ) -> Result<(BTreeMap<String, &'a T>, Vec<String>)> {
        let keyed = values.iter().map(|value| (key(value), value));
        let mut changed: BTreeMap<_, _> = keyed.collect();
        let mut removed = Vec::new();
        for row in self.store.rows(table, None).await? {
            match changed.get(&row.key) {
                None => removed.push(row.key),
                Some(value) if to_fields(*value)? == row.fields => {
                    changed.remove(&row.key);
                }
                Some(_) => {}
            }
        }
        Ok((changed, removed))
    }

    /// Writes rows in batches, because encoded rows take much more memory. Removals come with the
    /// last batch, so that replacements are written before.
    async fn write_batches<T: Serialize + Sync>(
        &self,
        table: Table,
        put: BTreeMap<String, &T>,
        mut removals: Vec<String>,
    ) -> Result<()> {
        let fence = self.head().fence;
        let mut put = put.into_iter().peekable();
        loop {
            let rows = put.by_ref().take(BATCH_ROWS).map(|(key, value)| {
                let fields = to_fields(value)?;
                Ok(Row { key, fields })
            });
            let rows: Vec<_> = rows.collect::<Result<_>>()?;
            let is_last = put.peek().is_none();
            let remove = if is_last {
                std::mem::take(&mut removals)
            } else {
                Vec::new()
            };
            if !(rows.is_empty() && remove.is_empty()) {
                self.store.write_rows(fence, table, rows, remove).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

fn run_key(number: u64) -> String {
    format!("{number:020}")
}

fn to_run_row(run: &Run) -> Result<Row> {
    Ok(Row {
        key: run_key(run.number),
        fields: to_fields(run)?,
    })
}

pub(super) fn to_fields<T: Serialize>(value: &T) -> Result<Map<String, Value>> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Ok(Map::new()),
        Err(error) => Err(StoreError::Unreadable {
            name: "a row to be written".into(),
            reason: error.to_string(),
        }),
    }
}

/// Decodes rows; invalid ones are logged and skipped.
pub(super) fn decode_rows<T: DeserializeOwned>(table: Table, rows: Vec<Row>) -> Vec<T> {
    rows.into_iter()
        .filter_map(|row| {
            serde_json::from_value(Value::Object(row.fields))
                .inspect_err(|error| {
                    tracing::warn!(table = table.name(), row = row.key, %error, "skipped an unreadable row");
                })
                .ok()
        })
        .collect()
}
