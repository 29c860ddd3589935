use std::sync::Arc;

use common::metrics::Metrics;
use http_front::{Counter, ServerStats};

/// Shows the connections of each listener, by its name.
pub(crate) fn register_listeners(
    metrics: &Metrics,
    listeners: Vec<(&'static str, Arc<ServerStats>)>,
    max_connections: usize,
) {
    type Select = fn(&ServerStats) -> &Counter;
    const COUNTERS: [(&str, &str, Select); 6] = [
        (
            "http_connections_accepted",
            "Connections accepted",
            |stats| &stats.accepted,
        ),
        (
            "http_connections_shed",
            "Idle connections closed to make room for new ones",
            |stats| &stats.shed,
        ),
        (
            "http_connections_timed_out",
            "Connections closed because the client exceeded a deadline",
            |stats| &stats.timed_out,
        ),
        (
            "http_refused_requests",
            "Requests refused because they are malformed or their header is too large",
            |stats| &stats.refused,
        ),
        (
            "http_received_bytes",
            "Bytes received, headers included",
            |stats| &stats.received_bytes,
        ),
        ("http_sent_bytes", "Bytes sent, headers included", |stats| {
            &stats.sent_bytes
        }),
    ];
    metrics.on_scrape(move |scrape| {
        let open = listeners
            .iter()
            .map(|(listener, stats)| ([("listener", *listener)], stats.open_connections() as f64));
        scrape.gauges("http_connections", "Open connections", open)?;
        let help = "Maximum number of connections of a listener";
        scrape.gauge("http_max_connections", help, max_connections as f64)?;
        for (name, help, counter) in COUNTERS {
            let values = listeners
                .iter()
                .map(|(listener, stats)| ([("listener", *listener)], counter(stats).get()));
            scrape.counters(name, help, values)?;
        }
        Ok(())
    });
}
