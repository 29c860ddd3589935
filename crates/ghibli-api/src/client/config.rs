use std::time::Duration;

use url::Url;

/// Configuration of a [`Client`](super::Client).
#[derive(Clone)]
pub struct ClientConfig {
    /// The providers, in order of preference. A URL may contain user and password; messages never
    /// show them.
    pub providers: Vec<Url>,
    /// Maximum decoded size of one response. It also sets the memory budget for the records of all
    /// five collections: 80% of it plus 6 MiB, compressed, with 256 bytes overhead per record.
    pub max_bytes: u64,
    /// The `User-Agent` header.
    pub user_agent: String,
    /// The timeouts of a request.
    pub timeouts: Timeouts,
}

/// The timeouts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For DNS, TCP and TLS: 5 s.
    pub connect: Duration,
    /// Longest wait for the next byte: 10 s.
    pub idle: Duration,
    /// For one response, redirects included: 20 s.
    pub response: Duration,
    /// For all responses of one provider: 60 s.
    pub fetch: Duration,
    /// `response` and `fetch` are extended by one second for each of this many bytes received:
    /// 32 KiB.
    pub bytes_per_second: u32,
    /// Delay before the one retry of a request, and before the first one of a whole fetch: 250 ms.
    pub retry_delay: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            response: Duration::from_secs(20),
            fetch: Duration::from_secs(60),
            bytes_per_second: 32 * 1024,
            retry_delay: Duration::from_millis(250),
        }
    }
}
