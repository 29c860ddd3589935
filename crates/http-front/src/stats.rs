use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of a server's connections and bytes since its start. Counting and reading never wait.
#[derive(Debug, Default)]
pub struct ServerStats {
    /// Connections accepted.
    pub accepted: Counter,
    /// Connections that have ended.
    pub closed: Counter,
    /// Idle connections closed to make room for new ones.
    pub shed: Counter,
    /// Connections closed because the client exceeded a deadline between or inside requests.
    pub timed_out: Counter,
    /// Requests refused because they are malformed or their header exceeds a limit.
    pub refused: Counter,
    /// Bytes received, headers included.
    pub received_bytes: Counter,
    /// Bytes sent, headers included.
    pub sent_bytes: Counter,
}

impl ServerStats {
    /// Connections that are open now.
    pub fn open_connections(&self) -> u64 {
        // In this order, so that a connection that ends meanwhile is not subtracted.
        let closed = self.closed.get();
        self.accepted.get().saturating_sub(closed)
    }
}

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Its value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: usize) {
        self.0.fetch_add(count as u64, Ordering::Relaxed);
    }
}
