use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::redirect::RedirectError;
use super::{MAX_FETCHES, headers};
use crate::wire::{Collection, ListError};

/// Why a [`Client`](super::Client) cannot be created.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The list of providers is empty.
    #[error("no source is configured; set at least one URL")]
    NoProvider,
    /// A provider with an unusable URL.
    #[error("cannot use source {provider}: {problem}")]
    Provider {
        /// Its URL without credentials.
        provider: String,
        /// The problem with it.
        problem: &'static str,
    },
    /// TLS cannot be set up, usually because CA certificates are missing.
    #[error("cannot set up the HTTP client (are the system’s CA certificates installed?): {0}")]
    Setup(String),
}

/// Why a collection could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No connection: DNS, network, port or TLS.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection was closed before a response began.
    #[error("no response: {0}")]
    NoResponse(String),
    /// No byte arrived within the idle timeout.
    #[error("no data for {0:.1?}")]
    IdleTimeout(Duration),
    /// The response did not complete within its timeout.
    #[error("response incomplete after {after:.1?}: {bytes} bytes received")]
    ResponseTimeout {
        /// The timeout for this many bytes.
        after: Duration,
        /// The bytes received, decoded.
        bytes: usize,
    },
    /// The responses did not all complete within the fetch timeout.
    #[error("not all responses arrived within {after:.1?}: {bytes} bytes received")]
    FetchTimeout {
        /// The timeout for this many bytes.
        after: Duration,
        /// Decoded size of all complete responses.
        bytes: u64,
    },
    /// A status other than 200.
    #[error("responded with {}", named_status(*.0))]
    Status(u16),
    /// Status 429 or 5xx with `Retry-After`.
    #[error(
        "responded with {} and Retry-After: {}",
        named_status(*.status),
        seconds(*.retry_after)
    )]
    RateLimited {
        /// The status.
        status: u16,
        /// The value of `Retry-After`, at most an hour.
        retry_after: Duration,
    },
    /// Not requested: an earlier `Retry-After` has not passed yet.
    #[error("skipped: Retry-After has {} left", seconds(*.retry_after))]
    Skipped {
        /// The remaining time.
        retry_after: Duration,
    },
    /// A refused redirect.
    #[error("redirect refused: {0}")]
    Redirect(String),
    /// The response exceeds the size limit.
    #[error(
        "the response is larger than {limit} bytes; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    TooLarge {
        /// The limit in bytes, decoded.
        limit: u64,
    },
    /// The response is truncated or cannot be decompressed.
    #[error("the response was cut off or cannot be decoded: {0}")]
    Undecodable(String),
    /// The response is not UTF-8.
    #[error("the response is not valid UTF-8 from byte {0}")]
    NotUtf8(usize),
    /// The response is not a collection.
    #[error(transparent)]
    List(#[from] ListError),
    /// The source may have more records, and paging did not return them.
    #[error("the collection may be incomplete (records: {elements}): {problem}")]
    Incomplete {
        /// Number of elements received.
        elements: usize,
        /// Why there may be more.
        problem: String,
    },
    /// Redirects led to two hosts, which may serve different states.
    #[error("responses came from two hosts, {first} and {second}")]
    MixedHosts {
        /// The first host.
        first: String,
        /// The other host.
        second: String,
    },
    /// Responses state different catalogue versions: the source, a PyFlix, published meanwhile.
    #[error(
        "it is of catalogue version {second}, another response of version {first}, and so in \
         {MAX_FETCHES} fetches: the source publishes too often, or servers or caches of different \
         versions share its address; the next sync tries again"
    )]
    MixedVersions {
        /// The version of the first response.
        first: String,
        /// Another version.
        second: String,
    },
    /// The source is a PyFlix without a version of its own.
    #[error(
        "the source is a PyFlix that serves its built-in catalogue until its first sync; \
         the next sync tries again"
    )]
    BuiltInCatalogue,
    /// The task that parses the response failed.
    #[error("cannot read the response: {0}")]
    ParserFailed(String),
}

impl RequestError {
    /// Whether an immediate retry may succeed.
    pub(super) fn is_transient(&self) -> bool {
        match self {
            Self::Connect(_) | Self::NoResponse(_) => true,
            Self::Status(status) => *status >= 500,
            _ => false,
        }
    }

    pub(super) fn from_status(status: StatusCode, headers: &HeaderMap) -> Self {
        let may_retry = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let status = status.as_u16();
        match headers::retry_after(headers).filter(|_| may_retry) {
            Some(retry_after) => Self::RateLimited {
                status,
                retry_after,
            },
            None => Self::Status(status),
        }
    }

    pub(super) fn from_sending(error: reqwest::Error) -> Self {
        if let Some(error) = cause::<RedirectError>(&error) {
            Self::Redirect(error.to_string())
        } else if error.is_connect() {
            Self::Connect(causes(error))
        } else {
            Self::NoResponse(causes(error))
        }
    }
}

/// The failure of one provider.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {}{error}", named_collection(.collection.as_ref()))]
pub struct ProviderFailure {
    /// Its URL without credentials.
    pub provider: String,
    /// The first collection that failed; `None` if the provider was skipped.
    pub collection: Option<Collection>,
    /// The cause.
    #[source]
    pub error: RequestError,
}

/// No provider returned all five collections. Displays one line per provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// In the order in which the providers were tried.
    pub failures: Vec<ProviderFailure>,
    /// Decoded size of all complete responses.
    pub bytes: u64,
    pub(super) retry_after: Option<Duration>,
}

impl FetchError {
    /// If every provider sent `Retry-After`: the time until the first of them ends.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, failure) in self.failures.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{failure}")?;
        }
        Ok(())
    }
}

impl Error for FetchError {}

/// An error and its causes in one line, without the URL.
pub fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let text = next.to_string();
        if !line.contains(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = next.source();
    }
    line.replace(['\n', '\r'], " ")
}

fn cause<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut cause = error.source();
    while let Some(next) = cause {
        if let Some(found) = next.downcast_ref() {
            return Some(found);
        }
        cause = next.source();
    }
    None
}

fn named_status(status: u16) -> String {
    match StatusCode::from_u16(status) {
        Ok(known) => known.to_string(),
        Err(_) => status.to_string(),
    }
}

fn named_collection(collection: Option<&Collection>) -> String {
    collection.map_or_else(String::new, |collection| format!("{collection}: "))
}

/// Rounded up, so that a retry is never too early.
fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_millis().div_ceil(1000))
}
