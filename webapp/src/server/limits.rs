use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors left for everything but connections: the store, the log, the runtime.
const RESERVED_DESCRIPTORS: u64 = 64;

/// How long a client may take, and how much it may send.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From accepting a connection to its first byte.
    pub first_byte: Duration,
    /// From a request's first byte to the end of its header, for every request of a connection.
    pub header: Duration,
    /// Between the requests of a connection.
    pub idle: Duration,
    /// Without progress, for a client that does not read its answer.
    pub write_stall: Duration,
    /// For a request's body, from its header to its end.
    pub body: Duration,
    /// For a handler, from the request to the head of its answer.
    pub handler: Duration,
    /// From the wish to stop to the end of the last connection.
    pub drain: Duration,
    /// How long a connection must have been idle to be closed while others wait for its place.
    pub idle_when_full: Duration,
    /// Connections at once; what the process may open can make it fewer.
    pub max_connections: usize,
    /// Bytes of a request's header, the request line included.
    pub max_header_bytes: usize,
    /// Header fields of a request.
    pub max_headers: usize,
    /// Bytes of a request's path and query.
    pub max_url_bytes: usize,
    /// Bytes of a request's body, which nothing here reads.
    pub max_body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            first_byte: Duration::from_secs(5),
            header: Duration::from_secs(5),
            idle: Duration::from_secs(75),
            write_stall: Duration::from_secs(30),
            body: Duration::from_secs(10),
            handler: Duration::from_secs(10),
            drain: Duration::from_secs(4),
            idle_when_full: Duration::from_secs(1),
            max_connections: 10_000,
            max_header_bytes: 32 * 1024,
            max_headers: 64,
            max_url_bytes: 8 * 1024,
            max_body_bytes: 64 * 1024,
        }
    }
}

impl Limits {
    /// The connections that this process can really hold at once.
    pub(crate) fn connections(&self) -> usize {
        self.max_connections
            .min(connections_within(raise_open_files()))
            .max(1)
    }
}

/// Raises the number of files that the process may open as far as it may go, and returns it.
fn raise_open_files() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let now = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => maximum,
        Err(_) => current,
    };
    now.unwrap_or(u64::MAX)
}

/// With few descriptors half of them, so that there is always room for both.
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
