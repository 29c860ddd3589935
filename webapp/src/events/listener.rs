//! One event stream. Events are not queued: a listener remembers the last version that it sent,
//! and looks up the next one once the client can take more.

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::Events;
use super::encode::{self, EventId, HEARTBEAT, StatusEvents};
use crate::state::{CurrentSite, Site};

pub(super) struct Listener {
    _permit: OwnedSemaphorePermit,
    current: CurrentSite,
    swapped: watch::Receiver<()>,
    events: Events,
    /// The last version that the client has; `None` before the first event.
    last_id: Option<EventId>,
    /// The last revision of the status that was sent.
    revision: Option<u64>,
    next_heartbeat: Instant,
    /// When to give up on missed versions that are not in memory yet.
    backfill_deadline: Option<Instant>,
}

impl Listener {
    pub(super) fn new(
        permit: OwnedSemaphorePermit,
        current: CurrentSite,
        events: Events,
        last_id: Option<EventId>,
    ) -> Self {
        Self {
            _permit: permit,
            swapped: current.swapped(),
            current,
            next_heartbeat: Instant::now() + events.0.heartbeat,
            events,
            last_id,
            revision: None,
            backfill_deadline: None,
        }
    }

    /// Waits for the next bytes to send; `None` at shutdown.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let events = self.events.clone();
        let bytes = tokio::select! {
            biased;
            () = events.0.shutdown.cancelled() => return None,
            bytes = self.next_event() => bytes?,
        };
        self.next_heartbeat = Instant::now() + events.0.heartbeat;
        Some(bytes)
    }

    async fn next_event(&mut self) -> Option<Bytes> {
        loop {
            self.swapped.mark_unchanged();
            if let Ok(site) = self.current.load()
                && let Some(bytes) = self.event(&site)
            {
                return Some(bytes);
            }
            let wake = self
                .backfill_deadline
                .map_or(self.next_heartbeat, |deadline| {
                    deadline.min(self.next_heartbeat)
                });
            tokio::select! {
                swapped = self.swapped.changed() => swapped.ok()?,
                () = sleep_until(wake) => {}
            }
            if Instant::now() >= self.next_heartbeat {
                return Some(HEARTBEAT);
            }
        }
    }

    /// The next event to send about this site, if any.
    fn event(&mut self, site: &Site) -> Option<Bytes> {
        let Some(last_id) = &mut self.last_id else {
            return Some(self.restart_at(site, |events| events.hello.clone()));
        };
        let is_same_lineage = last_id.lineage == site.snapshot.lineage;
        if is_same_lineage && last_id.version == site.version() {
            self.backfill_deadline = None;
            if self.revision == Some(site.status.revision) {
                return None;
            }
            self.revision = Some(site.status.revision);
            return Some(self.events.status_events(site).status.clone());
        }
        if is_same_lineage {
            let next = last_id.version.saturating_add(1);
            if let Some(bytes) = site.history.event(next, encode::version) {
                last_id.version = next;
                self.backfill_deadline = None;
                return Some(bytes);
            }
            // Versions from before the start are still being read, or the client comes from another
            // web app that is ahead of this one.
            if !site.history.is_backfilled() || last_id.version > site.version() {
                let timeout = self.events.0.backfill_timeout;
                let deadline = *self
                    .backfill_deadline
                    .get_or_insert_with(|| Instant::now() + timeout);
                if Instant::now() < deadline {
                    return None;
                }
            }
        }
        Some(self.restart_at(site, |events| events.resync.clone()))
    }

    fn restart_at(&mut self, site: &Site, event: impl Fn(&StatusEvents) -> Bytes) -> Bytes {
        self.last_id = Some(EventId::of(site));
        self.revision = Some(site.status.revision);
        self.backfill_deadline = None;
        event(&self.events.status_events(site))
    }
}
