//! What stands beside the catalogue: the ledger of runs, quarantine, findings and what is missing.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::store::{Result, Row, StoreError, Table};
use super::{Repository, Turn};
use crate::models::{Counts, Finding, Id, Kind, Quarantined};

/// The key of the source's last answer.
const LAST: &str = "last";

/// How many rows the ledger keeps.
const KEPT_ROWS: u32 = 10_000;
/// How many rows are made and written at a time.
const ROWS: usize = 1_000;

/// One attempt to sync, or several in a row that ended alike and published nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number, rising: the fence of its lease. Of several, the first one's.
    pub number: u64,
    /// How many runs this stands for.
    #[serde(default = "one")]
    pub times: u64,
    /// When it began; of several, the first.
    pub started: Timestamp,
    /// When it ended; of several, the last.
    pub ended: Timestamp,
    /// How long its parts took; of several, the last one's.
    #[serde(default)]
    pub took: Took,
    /// How it ended.
    pub outcome: Outcome,
    /// The version after it.
    pub version: u64,
    /// What it met in each kind; empty where the source gave no whole answer.
    #[serde(default)]
    pub kinds: BTreeMap<Kind, Tally>,
    /// How many bytes the source's whole answers had, decoded. Of several, the last one's.
    #[serde(default)]
    pub bytes: u64,
    /// The base URL of the source that answered; of a failed run, of the last that was asked.
    #[serde(default)]
    pub provider: Option<String>,
    /// The rules that held it, by the names of their settings.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Why it failed, was held, or published nothing.
    #[serde(default)]
    pub reason: Option<String>,
    /// The causes of a failure, one for each source; of a failure of the store, what it said.
    #[serde(default)]
    pub causes: Vec<String>,
    /// What names the delta that was held.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// How many findings there were.
    #[serde(default)]
    pub findings: u64,
    /// The parts of the store that it found lost or damaged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub damage: Vec<String>,
    /// What else there is to know: what a repair came to, what could not be written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// How long the parts of a run took, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Took {
    /// Bringing the published state to mind, and mending the view.
    pub load: u64,
    /// Asking the source.
    pub fetch: u64,
    /// Reading, joining, comparing and judging what it said.
    pub compare: u64,
    /// Writing all that is to be written, but the ledger.
    pub publish: u64,
}

impl Took {
    /// All parts together.
    pub const fn total(&self) -> u64 {
        self.load + self.fetch + self.compare + self.publish
    }
}

/// What a run met in one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tally {
    /// Records that came and could be read.
    pub seen: u64,
    /// Items added, or to be added if it was held.
    pub added: u64,
    /// Items updated.
    pub updated: u64,
    /// Items removed.
    pub removed: u64,
    /// Published items that did not come.
    pub missing: u64,
    /// Records that were set aside.
    pub quarantined: u64,
}

impl Tally {
    /// What a run meets that finds all of this published.
    #[must_use]
    pub const fn quiet(&self) -> Self {
        Self {
            added: 0,
            updated: 0,
            removed: 0,
            ..*self
        }
    }
}

impl Run {
    /// What it changed in all, or would have changed if it was held.
    pub fn changes(&self) -> Counts {
        let mut counts = Counts::default();
        for tally in self.kinds.values() {
            counts.added += tally.added;
            counts.updated += tally.updated;
            counts.removed += tally.removed;
        }
        counts
    }

    /// How many records were set aside.
    pub fn quarantined(&self) -> u64 {
        self.kinds.values().map(|tally| tally.quarantined).sum()
    }

    /// This run and the next one in one row, if that one ended alike and nothing was published.
    /// Failures may differ in numbers, such as the seconds that are left to wait.
    fn with(&self, next: &Self) -> Option<Self> {
        let merged = Self {
            number: self.number,
            times: self.times + next.times,
            started: self.started,
            ..next.clone()
        };
        let mut alike = Self {
            times: self.times,
            ended: self.ended,
            took: self.took,
            bytes: self.bytes,
            ..merged.clone()
        };
        if self.outcome == Outcome::Failed && self.said() == next.said() {
            alike.reason.clone_from(&self.reason);
            alike.causes.clone_from(&self.causes);
        }
        (self.outcome != Outcome::Published && alike == *self).then_some(merged)
    }
}

impl Run {
    /// Why it failed, without numbers.
    fn said(&self) -> String {
        let said = self.reason.iter().chain(&self.causes);
        said.flat_map(|text| text.chars().filter(|c| !c.is_ascii_digit()))
            .collect()
    }
}

/// The only row of its table.
#[derive(Serialize, Deserialize)]
struct Answer<T> {
    answer: Option<T>,
}

/// An item that is published and that the source has no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: Id,
    /// When it was first found missing.
    pub since: Timestamp,
    /// How often in a row it was looked for in vain.
    pub looks: u32,
}

impl Missing {
    fn key(&self) -> String {
        format!("{}/{}", self.kind.plural(), self.id)
    }
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
    /// The last runs, newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, limit: u32) -> Result<Vec<Run>> {
        let rows = self.store.rows(Table::Runs, Some(limit)).await?;
        Ok(readable(Table::Runs, rows))
    }

    /// The run whose delta is held now: the last that got an answer, if it was held.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn held(&self) -> Result<Option<Run>> {
        // Mostly it is among the last few.
        for limit in [20, KEPT_ROWS] {
            let runs = self.runs(limit).await?.into_iter();
            let mut answered = runs.filter(|run| run.outcome != Outcome::Failed);
            if let Some(last) = answered.next() {
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
        let rows = self.store.rows(Table::Findings, None).await?;
        Ok(readable(Table::Findings, rows))
    }

    /// The records that the last sync set aside.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn quarantine(&self) -> Result<Vec<Quarantined>> {
        let rows = self.store.rows(Table::Quarantine, None).await?;
        Ok(readable(Table::Quarantine, rows))
    }

    /// The items that the source has no more and that are still published.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn missing(&self) -> Result<Vec<Missing>> {
        let rows = self.store.rows(Table::Missing, None).await?;
        Ok(readable(Table::Missing, rows))
    }
}

impl Turn {
    /// Writes a run into the ledger. One that ended as the one before it, and published nothing,
    /// goes into the same row, so that a quiet source does not fill the ledger.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn record(&self, run: &Run) -> Result<()> {
        let newest = self.store.rows(Table::Runs, Some(1)).await?;
        let last: Option<Run> = readable(Table::Runs, newest).pop();
        let merged = last.and_then(|last| last.with(run));
        let row = merged.as_ref().unwrap_or(run);
        let row = Row {
            key: run_key(row.number),
            fields: object(row)?,
        };
        let fence = self.head().fence;
        self.store
            .write_rows(fence, Table::Runs, vec![row], Vec::new())
            .await?;
        if merged.is_none() {
            self.store.trim(Table::Runs, KEPT_ROWS).await?;
        }
        Ok(())
    }

    /// Makes these the findings, writing only what differs.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn keep_findings(&self, findings: &[Finding]) -> Result<()> {
        self.keep_beside(Table::Findings, findings, Finding::key)
            .await
    }

    /// Makes these the records set aside, writing only what differs.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn keep_quarantine(&self, records: &[Quarantined]) -> Result<()> {
        self.keep_beside(Table::Quarantine, records, Quarantined::key)
            .await
    }

    /// Makes these the missing items, writing only what differs.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn keep_missing(&self, missing: &[Missing]) -> Result<()> {
        self.keep_beside(Table::Missing, missing, Missing::key)
            .await
    }

    /// What [`Turn::keep_answer`] was given last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn answer<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        let rows = self.store.rows(Table::Answers, None).await?;
        let kept: Option<Answer<T>> = readable(Table::Answers, rows).pop();
        Ok(kept.and_then(|kept| kept.answer))
    }

    /// Keeps what names the source's answer that is published as it is, if there is one. It is
    /// forgotten when what stands beside the catalogue changes.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn keep_answer<T: Serialize + Sync>(&self, answer: Option<&T>) -> Result<()> {
        // A row that is never removed: a sleeper's late one would come back under a free key.
        let rows = [Answer { answer }];
        let (put, gone) = self
            .differing(Table::Answers, &rows, |_| LAST.to_owned())
            .await?;
        self.write(Table::Answers, put, gone).await
    }

    async fn keep_beside<T: Serialize + Sync>(
        &self,
        table: Table,
        values: &[T],
        key: impl Fn(&T) -> String + Send,
    ) -> Result<()> {
        let (put, gone) = self.differing(table, values, key).await?;
        if !(put.is_empty() && gone.is_empty()) {
            // From here on the kept answer does not stand for all that is told.
            self.keep_answer(None::<&Value>).await?;
        }
        self.write(table, put, gone).await
    }

    /// The rows to put and the keys to remove, so that a table has these values.
    async fn differing<'a, T: Serialize + Sync>(
        &self,
        table: Table,
        values: &'a [T],
        key: impl Fn(&T) -> String + Send,
    ) -> Result<(BTreeMap<String, &'a T>, Vec<String>)> {
        let keyed = values.iter().map(|value| (key(value), value));
        let mut wanted: BTreeMap<_, _> = keyed.collect();
        let mut gone = Vec::new();
        for row in self.store.rows(table, None).await? {
            match wanted.get(&row.key) {
                None => gone.push(row.key),
                Some(value) if object(*value)? == row.fields => {
                    wanted.remove(&row.key);
                }
                Some(_) => {}
            }
        }
        Ok((wanted, gone))
    }

    /// Writes rows, a lot of them at a time: as rows they take much more memory. What takes the
    /// place of others is there before those go.
    async fn write<T: Serialize + Sync>(
        &self,
        table: Table,
        put: BTreeMap<String, &T>,
        mut gone: Vec<String>,
    ) -> Result<()> {
        let fence = self.head().fence;
        let mut put = put.into_iter().peekable();
        loop {
            let rows = put.by_ref().take(ROWS).map(|(key, value)| {
                let fields = object(value)?;
                Ok(Row { key, fields })
            });
            let rows: Vec<_> = rows.collect::<Result<_>>()?;
            let is_last = put.peek().is_none();
            let gone = if is_last {
                std::mem::take(&mut gone)
            } else {
                Vec::new()
            };
            if !(rows.is_empty() && gone.is_empty()) {
                self.store.write_rows(fence, table, rows, gone).await?;
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

const fn one() -> u64 {
    1
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
