//! One who listens. Nothing is queued for it: it has a position, and asks for what comes next
//! when it can take more.

use axum::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{Instant, sleep_until};

use super::Events;
use super::encode::{self, HEARTBEAT, Position};
use crate::state::{CurrentSite, Freshness, Site};

pub(super) struct Client {
    _place: OwnedSemaphorePermit,
    current: CurrentSite,
    swapped: watch::Receiver<()>,
    events: Events,
    /// The last version that it knows of; `None` before the first event.
    position: Option<Position>,
    /// The condition that it knows of.
    condition: Option<Freshness>,
    /// When it is told that it lives, if there is nothing else to tell.
    beat: Instant,
    /// Until when what it missed is waited for.
    waiting: Option<Instant>,
}

impl Client {
    pub(super) fn new(
        place: OwnedSemaphorePermit,
        current: CurrentSite,
        events: Events,
        position: Option<Position>,
    ) -> Self {
        Self {
            _place: place,
            swapped: current.swapped(),
            current,
            beat: Instant::now() + events.0.heartbeat,
            events,
            position,
            condition: None,
            waiting: None,
        }
    }

    /// Waits for what is to be sent next; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        let events = self.events.clone();
        let bytes = tokio::select! {
            biased;
            () = events.0.shutdown.cancelled() => return None,
            bytes = self.news() => bytes?,
        };
        self.beat = Instant::now() + events.0.heartbeat;
        Some(bytes)
    }

    async fn news(&mut self) -> Option<Bytes> {
        loop {
            self.swapped.mark_unchanged();
            if let Ok(site) = self.current.load()
                && let Some(bytes) = self.tell(&site)
            {
                return Some(bytes);
            }
            let wake = self.waiting.map_or(self.beat, |end| end.min(self.beat));
            tokio::select! {
                swapped = self.swapped.changed() => swapped.ok()?,
                () = sleep_until(wake) => {}
            }
            if Instant::now() >= self.beat {
                return Some(HEARTBEAT);
            }
        }
    }

    /// What is to be said about this site, if anything.
    fn tell(&mut self, site: &Site) -> Option<Bytes> {
        let Some(position) = &mut self.position else {
            return Some(self.begin_at(site, |events| events.hello.clone()));
        };
        let same_lineage = position.lineage == site.snapshot.lineage;
        if same_lineage && position.version == site.version() {
            self.waiting = None;
            if self.condition == Some(site.freshness) {
                return None;
            }
            self.condition = Some(site.freshness);
            return Some(self.events.standing(site).changed.clone());
        }
        if same_lineage {
            let next = position.version.saturating_add(1);
            if let Some(bytes) = site.history.event(next, encode::version) {
                position.version = next;
                self.waiting = None;
                return Some(bytes);
            }
            // The versions before the start are still being read, or another web app that it
            // listened to was quicker.
            if !site.history.is_settled() || position.version > site.version() {
                let patience = self.events.0.patience;
                let end = *self
                    .waiting
                    .get_or_insert_with(|| Instant::now() + patience);
                if Instant::now() < end {
                    return None;
                }
            }
        }
        Some(self.begin_at(site, |events| events.resync.clone()))
    }

    fn begin_at(&mut self, site: &Site, event: impl Fn(&super::Standing) -> Bytes) -> Bytes {
        self.position = Some(Position::of(site));
        self.condition = Some(site.freshness);
        self.waiting = None;
        event(&self.events.standing(site))
    }
}
