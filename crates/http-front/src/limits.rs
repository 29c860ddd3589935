use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// File descriptors kept for everything but connections: the store, the log, the runtime.
const RESERVED_DESCRIPTORS: u64 = 64;

/// How long a client may take, and how much it may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the accepted connection to its first byte.
    pub first_byte: Duration,
    /// From the first byte of a request to the end of its header.
    pub header: Duration,
    /// Between two requests of a connection. Line breaks do not extend or shorten it.
    pub idle: Duration,
    /// Without progress while a response is sent.
    pub write_stall: Duration,
    /// From the shutdown signal to the end of the last connection.
    pub drain: Duration,
    /// Idle time after which a connection can be closed to make room for a new one.
    pub idle_when_full: Duration,
    /// Connections at once. The limit on open files can lower it.
    pub max_connections: usize,
    /// Bytes of a request line and its header fields together.
    pub max_header_bytes: usize,
    /// Header fields of a request.
    pub max_headers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            header: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_secs(30),
            drain: Duration::from_secs(4),
            idle_when_full: Duration::from_secs(1),
            max_connections: 10_000,
            max_header_bytes: 32 * 1024,
            max_headers: 128,
        }
    }
}

impl Limits {
    /// The number of connections that this process can really hold. Raises the soft limit on open
    /// files to the hard one.
    pub fn connections(&self) -> usize {
        self.max_connections
            .min(connections_within(raise_open_files()))
            .max(1)
    }
}

/// Raises the soft limit on open files to the hard one and returns it.
fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let limit = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    limit.unwrap_or(u64::MAX)
}

/// With few descriptors, half of them, so that there is always room for both.
fn connections_within(open_files: u64) -> usize {
    let connections = open_files
        .saturating_sub(RESERVED_DESCRIPTORS)
        .max(open_files / 2);
    usize::try_from(connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest_of_the_process() {
        assert_eq!(connections_within(1024), 960);
        assert_eq!(connections_within(64), 32);
        assert_eq!(connections_within(u64::MAX), usize::MAX - 64);
    }
}
