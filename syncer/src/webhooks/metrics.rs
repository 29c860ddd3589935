//! The queue of each webhook, as metrics.

use std::fmt;
use std::sync::Arc;

use common::clock::Clock;
use common::metrics::{Metrics, Scrape};

use super::target::{Queue, Target};

pub(super) fn register(metrics: &Metrics, targets: Arc<[Target]>, clock: Clock) {
    metrics.on_scrape(move |scrape| write(scrape, &targets, &clock));
}

fn write(scrape: &mut Scrape<'_, '_>, targets: &[Target], clock: &Clock) -> fmt::Result {
    // A host could be secret, so the label is the place in the setting.
    let queues = || {
        let queues = targets.iter().map(Target::queue);
        (1_u64..)
            .zip(queues)
            .map(|(number, queue)| ([("webhook", number)], queue))
    };
    let lengths = queues().map(|(label, queue)| (label, queue.length as f64));
    let help = "Events that a webhook has not accepted yet";
    scrape.gauges("webhook_queued_events", help, lengths)?;
    let age = |queue: Queue| {
        let age = queue
            .oldest
            .map(|oldest| clock.now().duration_since(oldest));
        age.map_or(0.0, |age| age.as_secs_f64().max(0.0))
    };
    let ages = queues().map(|(label, queue)| (label, age(queue)));
    let help = "Age of the oldest event that a webhook has not accepted yet; 0 without one";
    scrape.gauges("webhook_oldest_event_age_seconds", help, ages)?;
    let dropped = queues().map(|(label, queue)| (label, queue.dropped));
    let help = "Events dropped before a webhook accepted them, by all syncers of the database";
    scrape.counters("webhook_dropped_events", help, dropped)?;
    let rows = queues().map(|(label, queue)| (label, queue.unreadable_rows));
    let help = "Rows of the table webhooks that could not be read and were replaced";
    scrape.counters("webhook_unreadable_rows", help, rows)
}
