//! Verification of a whole store, as `fsck` does it for a file system: it changes nothing.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::blocking::run_blocking;
use super::content::ContentDigest;
use super::deliveries;
use super::events::EventRow;
use super::head::Head;
use super::open::Repository;
use super::parts::{self, Damage};
use super::posters::{self, Poster};
use super::read::load::{self, Snapshot};
use super::store::{Result, Store, StoreError, Table};
use super::tables::MarkerRow;
use super::view;
use crate::models::{Changes, Finding, MissingItem, QuarantinedRecord, Run};

/// How often a store is verified again because a run changed it meanwhile.
const MAX_ATTEMPTS: u32 = 60;
const RETRY_DELAY: Duration = Duration::from_millis(500);

const REPAIRED_BY_SYNC: &str = "`syncer once` repairs it";
const REPAIRED_UNPINNED: &str = "`syncer unpin`, then `syncer once`, repairs it";
const DELIVERED_AGAIN: &str =
    "the syncer replaces this row and delivers the last 1,000 events to this webhook again";
const ROW_SKIPPED: &str = "PyFlix skips this row; delete it in a database shell";
const PICTURE_LOST: &str =
    "delete this row in a database shell; a syncer with posters on fetches the picture again";
const HISTORY_LOST: &str = "earlier versions cannot be rebuilt: restore a backup with `syncer restore FILE --replace`, or \
     wait until newer versions replace them";
const HEAD_LOST: &str =
    "restore a backup; or delete the head: the next sync then publishes everything again";

/// An error of [`Repository::verify`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Syncs changed the store during every attempt.
    #[error(
        "syncs changed the database during every attempt; stop the syncer, and run `syncer verify` again"
    )]
    Changing,
}

/// A damaged place in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect {
    /// The place and the problem.
    pub damage: Damage,
    /// The remedy.
    pub remedy: &'static str,
}

/// The result of a verification.
#[derive(Clone, Debug, Default)]
pub struct VerifyReport {
    /// The version at the head; 0 for none.
    pub version: u64,
    /// Number of items of that version.
    pub items: u64,
    /// Number of parts that the head names.
    pub parts: u64,
    /// All damage.
    pub defects: Vec<Defect>,
}

impl VerifyReport {
    fn add(&mut self, damage: impl IntoIterator<Item = Damage>, remedy: &'static str) {
        let defects = damage.into_iter().map(|damage| Defect { damage, remedy });
        self.defects.extend(defects);
    }
}

impl Repository {
    /// Verifies the head, each part with its checksum and content, the digest of each version, each
    /// document of the view and each row of the tables. Damage is no error. What a run changes
    /// meanwhile is verified again.
    ///
    /// # Errors
    /// When the store fails, or runs change it during every attempt.
    pub async fn verify(&self) -> Result<VerifyReport, VerifyError> {
        for _ in 0..MAX_ATTEMPTS {
            let head = match self.head().await {
                Err(StoreError::Unreadable { name, reason }) => {
                    let mut report = VerifyReport::default();
                    report.add([Damage { name, reason }], HEAD_LOST);
                    return Ok(report);
                }
                head => head?,
            };
            let report = match self.verify_at(head.as_ref()).await {
                // A run removed parts before they were read.
                Err(StoreError::LeaseLost) => {
                    tokio::time::sleep(RETRY_DELAY).await;
                    continue;
                }
                report => report?,
            };
            // A run between the two reads of the head explains any difference.
            let is_idle = self.store.head().await?.is_none_or(|after| {
                let lease = after.head.lease.as_ref();
                let fence = head.as_ref().map(|head| head.fence);
                fence == Some(after.head.fence)
                    && lease.is_none_or(|lease| lease.expires <= after.now)
            });
            if report.defects.is_empty() || is_idle {
                return Ok(report);
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
        Err(VerifyError::Changing)
    }

    async fn verify_at(&self, head: Option<&Head>) -> Result<VerifyReport> {
        let mut report = VerifyReport::default();
        if let Some(head) = head {
            report.version = head.version;
            report.parts = head.parts().count() as u64;
            match head.contradiction() {
                Some(reason) => {
                    report.add([parts::damaged("the head".into(), &reason)], HEAD_LOST);
                }
                None => self.verify_versions(head, &mut report).await?,
            }
        }
        for table in Table::ALL {
            let damage = match table {
                Table::Pictures => posters::damaged_pictures(&*self.store).await?,
                _ => undecodable_rows(&*self.store, table).await?,
            };
            report.add(damage, row_remedy(table));
        }
        Ok(report)
    }

    async fn verify_versions(&self, head: &Head, report: &mut VerifyReport) -> Result<()> {
        let Some(state) = load::load_at(&*self.store, head).await? else {
            return Ok(());
        };
        report.items = state.catalogue.len() as u64;
        let base = head.base.map_or(0, |base| base.version);
        // The losses of the state are in its own damage.
        let older = head.log.iter().filter(|header| header.version <= base);
        for header in older {
            let (_, damage) = load::readable_changes(&*self.store, header).await?;
            report.add(damage, HISTORY_LOST);
        }
        if let Some(rows) = head.pending_rows {
            for part in rows.part_names() {
                let damage = load::check_part(&*self.store, part).await?;
                report.add(damage, "restore the backup again");
            }
        }
        if !state.damage.is_empty() {
            let remedy = match head.pin {
                Some(_) => REPAIRED_UNPINNED,
                None => REPAIRED_BY_SYNC,
            };
            report.add(state.damage, remedy);
            return Ok(());
        }
        self.verify_digests(head, &state, report).await?;
        report.add(
            view::differences(&*self.store, &state).await?,
            REPAIRED_BY_SYNC,
        );
        Ok(())
    }

    /// Compares the digest of each version, from the state at the head backwards by its changes.
    async fn verify_digests(
        &self,
        head: &Head,
        state: &Snapshot,
        report: &mut VerifyReport,
    ) -> Result<()> {
        let catalogue = state.catalogue.clone();
        let mut content = run_blocking(move || ContentDigest::of(&catalogue)).await?;
        for (index, header) in head.log.iter().enumerate().rev() {
            if header.content != content {
                let name = format!("version {}", header.version);
                let reason = "its items are not those that were published";
                let remedy = if index + 1 == head.log.len() {
                    REPAIRED_BY_SYNC
                } else {
                    HISTORY_LOST
                };
                report.add([parts::damaged(name, &reason)], remedy);
                return Ok(());
            }
            let (changes, damage) = load::readable_changes(&*self.store, header).await?;
            if !damage.is_empty() {
                return Ok(());
            }
            let changes: Changes = changes.into_iter().collect();
            content = content.before(&changes);
        }
        Ok(())
    }
}

/// The remedy for an undecodable row. A sync rewrites the tables about the source, and only adds to
/// the others.
const fn row_remedy(table: Table) -> &'static str {
    match table {
        Table::Quarantine | Table::Findings | Table::Missing | Table::UnchangedMarker => {
            REPAIRED_BY_SYNC
        }
        Table::Webhooks => DELIVERED_AGAIN,
        Table::Runs | Table::Events | Table::Posters => ROW_SKIPPED,
        Table::Pictures => PICTURE_LOST,
    }
}

/// The rows of a table that cannot be decoded.
async fn undecodable_rows(store: &dyn Store, table: Table) -> Result<Vec<Damage>> {
    let check: fn(Map<String, Value>) -> Result<(), String> = match table {
        Table::Runs => decode::<Run>,
        Table::Quarantine => decode::<QuarantinedRecord>,
        Table::Findings => decode::<Finding>,
        Table::Missing => decode::<MissingItem>,
        Table::UnchangedMarker => decode::<MarkerRow<Value>>,
        Table::Events => decode::<EventRow>,
        Table::Webhooks => |fields| deliveries::decode(fields).map(drop),
        Table::Posters => decode::<Poster>,
        Table::Pictures => decode::<Value>,
    };
    let rows = store.rows(table, None).await?.into_iter();
    let damage = rows.filter_map(|row| {
        let error = check(row.fields).err()?;
        let name = format!("{}/{}", table.name(), row.key);
        Some(parts::damaged(name, &error))
    });
    Ok(damage.collect())
}

fn decode<T: DeserializeOwned>(fields: Map<String, Value>) -> Result<(), String> {
    let decoded = serde_json::from_value::<T>(Value::Object(fields));
    decoded.map(drop).map_err(|error| error.to_string())
}
