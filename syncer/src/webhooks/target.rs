use std::sync::{Arc, Mutex, PoisonError};

use common::config::Webhook;
use common::repository::Delivery;
use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::pending::PendingEvent;

/// A webhook.
pub(super) struct Target {
    pub(super) webhook: Webhook,
    /// Its key in the store.
    pub(super) name: String,
    /// Its name in the log.
    pub(super) label: String,
    queue: Mutex<Queue>,
}

/// The events that wait for a webhook, as this process has read them last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Queue {
    /// Whether the webhook had a row.
    pub(super) is_registered: bool,
    /// The numbers of the last delivered and of the newest event then.
    pub(super) read_at: Option<(u64, u64)>,
    /// The newest event when all were delivered.
    pub(super) finished_at: Option<u64>,
    /// Number of waiting events.
    pub(super) length: u64,
    /// When the oldest of them happened.
    pub(super) oldest: Option<Timestamp>,
    /// Number of dropped events, by all syncers.
    pub(super) dropped: u64,
    /// Number of replaced rows that could not be decoded.
    pub(super) unreadable_rows: u64,
}

impl Target {
    /// The targets of a setting.
    pub(super) fn all(webhooks: &[Webhook]) -> Arc<[Self]> {
        let targets = webhooks.iter().enumerate();
        let targets = targets.map(|(index, webhook)| Self {
            webhook: webhook.clone(),
            name: name(webhook),
            label: label(webhook, index, webhooks.len()),
            queue: Mutex::default(),
        });
        targets.collect()
    }

    pub(super) fn queue(&self) -> Queue {
        *self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note_queue(&self, delivery: &Delivery, newest: u64, events: &[PendingEvent]) {
        self.change_queue(|queue| Queue {
            read_at: Some((delivery.delivered, newest)),
            length: events.len() as u64,
            oldest: events.first().map(|first| first.event.timestamp),
            dropped: delivery.dropped,
            ..queue
        });
    }

    pub(super) fn note_registered(&self) {
        self.change_queue(|queue| Queue {
            is_registered: true,
            ..queue
        });
    }

    pub(super) fn note_finished(&self, newest: u64) {
        self.change_queue(|queue| Queue {
            finished_at: Some(newest),
            ..queue
        });
    }

    pub(super) fn note_unreadable_row(&self) {
        self.change_queue(|queue| Queue {
            unreadable_rows: queue.unreadable_rows + 1,
            ..queue
        });
    }

    fn change_queue(&self, change: impl FnOnce(Queue) -> Queue) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        *queue = change(*queue);
    }
}

/// The name of a webhook in messages: its host and, among several, its place in the setting.
/// The rest of the URL can be secret.
pub(crate) fn label(webhook: &Webhook, index: usize, count: usize) -> String {
    match count {
        1 => webhook.host().to_owned(),
        _ => format!("webhook {} of {count}, {}", index + 1, webhook.host()),
    }
}

fn name(webhook: &Webhook) -> String {
    let mut url = webhook.url.clone();
    // A new password does not make it a new webhook. Neither call fails for a URL with a host.
    url.set_username("").ok();
    url.set_password(None).ok();
    format!("{:032x}", xxh3_128(url.as_str().as_bytes()))
}
