//! The event log: what webhooks announce.
//!
//! Each row has an event and the state after it. When a lease begins and before it ends, that state is
//! compared with the head, the newest run and the damage found, and events are appended for the
//! differences. A publisher that dies after its commit loses none: the next lease appends them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::head::{Head, SyncEnd};
use super::open::Repository;
use super::part_name::PartName;
use super::protocol::LeaseGuard;
use super::read::load;
use super::read::load::check_part;
use super::store::{Result, Row, Table};
use super::tables::{decode_rows, to_fields};
use crate::models::{Event, EventData, Outcome, Run};

/// Rows that the log keeps.
const MAX_EVENTS: u32 = 1_000;

/// An event of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// Its number, which increases by 1.
    pub number: u64,
    /// Identifies it among the events of all stores; contains no full stop.
    pub id: String,
    /// The event; `None` in the first row of a log, and if the row cannot be decoded.
    pub event: Option<Event>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct EventRow {
    #[serde(flatten)]
    logged: LoggedEvent,
    state: EventState,
}

/// The state that the events up to a row have announced.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct EventState {
    lineage: String,
    /// The last version, with the fence of its header: a lone server can take a version back.
    version: u64,
    fence: u64,
    /// The fingerprint of the held run.
    held: Option<String>,
    failing_since: Option<Timestamp>,
    damaged_parts: Vec<String>,
}

impl Repository {
    /// The newest event.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn newest_event(&self) -> Result<Option<LoggedEvent>> {
        // A row with a key of another form can be in front.
        for limit in [1, MAX_EVENTS] {
            let rows = self.store.rows(Table::Events, Some(limit)).await?;
            if let Some(newest) = rows.into_iter().find_map(logged_event) {
                return Ok(Some(newest));
            }
        }
        Ok(None)
    }

    /// The last 1,000 events, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self) -> Result<Vec<LoggedEvent>> {
        let rows = self.store.rows(Table::Events, None).await?;
        Ok(rows.into_iter().filter_map(logged_event).collect())
    }
}

/// The event of a row; `None` if not even its key is one of ours. Other invalid rows are logged.
fn logged_event(row: Row) -> Option<LoggedEvent> {
    let number = row.key.rsplit('/').next()?.parse();
    let decoded = decode_rows(Table::Events, vec![row]).pop();
    decoded.or(Some(LoggedEvent {
        number: number.ok()?,
        id: String::new(),
        event: None,
    }))
}

impl LeaseGuard {
    /// Appends the events that the log does not have yet; `sync` says how this sync ends.
    pub(super) async fn record_events(&self, sync: Option<SyncEnd>) -> Result<()> {
        let newest = self.newest_event_row().await?;
        let run = self.store.rows(Table::Runs, Some(1)).await?;
        let run: Option<Run> = decode_rows(Table::Runs, run).pop();
        let announced = newest.as_ref().map(|row| row.state.clone());
        let (failing_since, damaged_parts) = announced
            .map(|state| (state.failing_since, state.damaged_parts))
            .unwrap_or_default();
        let observed = Observations {
            head: self.head(),
            now: self.acquired,
            failing_since: self.failing_since(sync, run.as_ref(), failing_since),
            run: run.as_ref(),
            damage: self.damage(damaged_parts).await?,
        };
        let rows = match newest {
            Some(newest) if newest.state.lineage == self.head().lineage => observed.since(newest),
            newest => {
                self.store.trim(Table::Events, 0).await?;
                vec![observed.first_row(newest.map_or(0, |row| row.logged.number))]
            }
        };
        let fence = self.head().fence;
        let has_events = !rows.is_empty();
        // One after the other: the newest row must never be there without those before it.
        for row in rows {
            let row = Row {
                key: format!("{fence:020}/{:020}", row.logged.number),
                fields: to_fields(&row)?,
            };
            self.store
                .write_rows(fence, Table::Events, vec![row], Vec::new())
                .await?;
        }
        if has_events {
            self.store.trim(Table::Events, MAX_EVENTS).await?;
        }
        Ok(())
    }

    /// The newest row that can be decoded, with the number of the newest one.
    async fn newest_event_row(&self) -> Result<Option<EventRow>> {
        let mut last_number = 0;
        for limit in [1, MAX_EVENTS] {
            let rows = self.store.rows(Table::Events, Some(limit)).await?;
            let newest = rows.iter().cloned().find_map(logged_event);
            last_number = newest.map_or(last_number, |event| event.number);
            let readable = decode_rows::<EventRow>(Table::Events, rows);
            if let Some(mut row) = readable.into_iter().next() {
                row.logged.number = row.logged.number.max(last_number);
                return Ok(Some(row));
            }
        }
        Ok(None)
    }

    fn failing_since(
        &self,
        sync: Option<SyncEnd>,
        run: Option<&Run>,
        announced: Option<Timestamp>,
    ) -> Option<Timestamp> {
        let last_sync = self.head().last_sync.as_ref();
        let since = last_sync.and_then(|last_sync| last_sync.failing_since);
        match sync {
            // A publisher that died before it released the lease did not write it into the head.
            None if run.is_some_and(|run| run.outcome == Outcome::Failed) => since.or(announced),
            None => since,
            Some(SyncEnd::Responded) => None,
            Some(SyncEnd::Failed) => since.or(Some(run.map_or(self.acquired, |run| run.ended))),
        }
    }

    /// The damage found under this lease and that of earlier events.
    async fn damage(&self, announced: Vec<String>) -> Result<ObservedDamage> {
        let found = self
            .found_damage()
            .iter()
            .filter_map(|damage| damage.part());
        let new = found.map(|part| part.to_string());
        let new: Vec<_> = new.filter(|part| !announced.contains(part)).collect();
        let has_new = !new.is_empty();
        let parts: Vec<_> = announced.into_iter().chain(new).collect();
        let mut is_healed = true;
        for part in parts.iter().filter_map(|part| PartName::parse(part)) {
            let is_needed = load::parts_to_load(self.head()).any(|needed| needed == part);
            if is_needed && check_part(&*self.store, part).await?.is_some() {
                is_healed = false;
                break;
            }
        }
        Ok(ObservedDamage {
            parts,
            has_new,
            is_healed,
        })
    }
}

/// The observations that are compared with the state of the newest row.
struct Observations<'a> {
    head: &'a Head,
    now: Timestamp,
    run: Option<&'a Run>,
    failing_since: Option<Timestamp>,
    damage: ObservedDamage,
}

struct ObservedDamage {
    parts: Vec<String>,
    /// Whether some were not announced yet.
    has_new: bool,
    /// Whether all parts are readable again, or not needed any more.
    is_healed: bool,
}

impl Observations<'_> {
    /// The row that a log begins with: earlier events are not announced.
    fn first_row(&self, number: u64) -> EventRow {
        let header = self.head.header();
        EventRow {
            logged: LoggedEvent {
                number,
                id: String::new(),
                event: None,
            },
            state: EventState {
                lineage: self.head.lineage.clone(),
                version: self.head.version,
                fence: header.map_or(0, |header| header.fence),
                held: held_delta(self.run),
                failing_since: self.failing_since,
                damaged_parts: Vec::new(),
            },
        }
    }

    /// The rows to append to the newest one.
    fn since(&self, newest: EventRow) -> Vec<EventRow> {
        let mut appender = Appender {
            state: newest.state,
            number: newest.logged.number,
            rows: Vec::new(),
        };
        self.append_recovery(&mut appender);
        self.append_damage(&mut appender);
        self.append_versions(&mut appender);
        self.append_healing(&mut appender);
        self.append_hold(&mut appender);
        self.append_outage(&mut appender);
        appender.rows
    }

    fn append_recovery(&self, appender: &mut Appender) {
        let since = appender.state.failing_since;
        let Some(unavailable_since) = since.filter(|_| self.failing_since.is_none()) else {
            return;
        };
        appender.state.failing_since = None;
        let data = EventData::SourceRecovered {
            version: appender.state.version,
            unavailable_since,
        };
        appender.append(data, self.run_number(), self.run_end());
    }

    fn append_damage(&self, appender: &mut Appender) {
        if !self.damage.has_new {
            return;
        }
        appender.state.damaged_parts.clone_from(&self.damage.parts);
        let data = EventData::StoreDamaged {
            version: appender.state.version,
            parts: self.damage.parts.clone(),
        };
        appender.append(data, self.head.fence, self.now);
    }

    fn append_versions(&self, appender: &mut Appender) {
        for header in &self.head.log {
            let last = (appender.state.fence, appender.state.version);
            if (header.fence, header.version) <= last {
                continue;
            }
            appender.state.version = header.version;
            appender.state.fence = header.fence;
            let data = EventData::VersionPublished {
                version: header.version,
                lineage: self.head.lineage.clone(),
                changes: header.changes,
                note: header.note.clone(),
            };
            let cause = format!("{}-{}", header.fence, header.version);
            appender.append(data, cause, header.at);
        }
    }

    fn append_healing(&self, appender: &mut Appender) {
        if appender.state.damaged_parts.is_empty() || !self.damage.is_healed {
            return;
        }
        let parts = std::mem::take(&mut appender.state.damaged_parts);
        let published = self.head.header().map(|header| header.at);
        let version = self.head.version;
        let data = EventData::StoreHealed { version, parts };
        appender.append(
            data,
            self.head.fence,
            published.max(Some(self.now)).unwrap_or(self.now),
        );
    }

    /// A failed run leaves a held one as it is.
    fn append_hold(&self, appender: &mut Appender) {
        let Some(run) = self.run.filter(|run| run.outcome != Outcome::Failed) else {
            return;
        };
        let held = held_delta(Some(run));
        if held == appender.state.held {
            return;
        }
        let data = match held {
            Some(_) => EventData::SyncHeld {
                run: run.number,
                version: run.version,
                rules: run.rules.clone(),
                reason: run.reason.clone(),
                changes: run.changes(),
            },
            None => EventData::SyncReleased {
                run: run.number,
                version: run.version,
                outcome: run.outcome,
            },
        };
        appender.state.held = held;
        appender.append(data, run.number, run.ended);
    }

    fn append_outage(&self, appender: &mut Appender) {
        let Some(since) = self.failing_since else {
            return;
        };
        if appender.state.failing_since.is_some() {
            return;
        }
        appender.state.failing_since = Some(since);
        let failed = self.run.filter(|run| run.outcome == Outcome::Failed);
        let data = EventData::SourceUnavailable {
            version: self.head.version,
            reason: failed.and_then(|run| run.reason.clone()),
        };
        appender.append(data, self.run_number(), since);
    }

    fn run_number(&self) -> u64 {
        self.run.map_or(self.head.fence, |run| run.number)
    }

    fn run_end(&self) -> Timestamp {
        self.run.map_or(self.now, |run| run.ended)
    }
}

/// The fingerprint of the delta of a run, if that is held.
fn held_delta(run: Option<&Run>) -> Option<String> {
    let held = run.filter(|run| run.outcome == Outcome::Held);
    held.and_then(|run| run.fingerprint.clone())
}

/// Appends rows to the log, each with the state at that time.
struct Appender {
    state: EventState,
    number: u64,
    rows: Vec<EventRow>,
}

impl Appender {
    /// Appends an event. Its ID is that of its cause, so that it stays the same if two leases append
    /// the event.
    fn append(&mut self, data: EventData, cause: impl std::fmt::Display, timestamp: Timestamp) {
        self.number += 1;
        let type_name = data.type_name().replace('.', "-");
        self.rows.push(EventRow {
            logged: LoggedEvent {
                number: self.number,
                id: format!("{}-{type_name}-{cause}", self.state.lineage),
                event: Some(Event { data, timestamp }),
            },
            state: self.state.clone(),
        });
    }
}
