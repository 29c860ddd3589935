use std::error::Error;
use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::headers;
use super::redirect::RedirectRefused;
use crate::{Collection, ListError};

/// Why there is no [`Client`](super::Client).
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The list of providers is empty.
    #[error("no source is configured; set at least one URL")]
    NoProvider,
    /// A provider that cannot be asked.
    #[error("cannot use source {provider}: {problem}")]
    Provider {
        /// Its URL without user and password.
        provider: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// TLS cannot be set up, mostly for lack of certificates.
    #[error("cannot set up the HTTP client (are the system’s CA certificates installed?): {0}")]
    Setup(String),
}

/// Why a collection could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// No connection: the name, the network, the port or TLS.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection ended before an answer began.
    #[error("no response: {0}")]
    NoAnswer(String),
    /// Nothing arrived for too long.
    #[error("no data for {0:.1?}")]
    Silence(Duration),
    /// Bytes arrived, but too few.
    #[error("response incomplete after {after:.1?}: {bytes} bytes received")]
    TooSlow {
        /// The time that this many bytes had.
        after: Duration,
        /// The bytes received, decoded.
        bytes: usize,
    },
    /// Answers came, but not all of them in time.
    #[error("not all responses arrived within {after:.1?}: {bytes} bytes received")]
    Overdue {
        /// The time that this many bytes had.
        after: Duration,
        /// The bytes of all complete answers, decoded.
        bytes: u64,
    },
    /// A status other than 200.
    #[error("responded with {}", named_status(*.0))]
    Status(u16),
    /// A status other than 200 with the wish to be left alone.
    #[error("responded with {} and Retry-After: {}", named_status(*.status), seconds(*.rest))]
    Busy {
        /// The status.
        status: u16,
        /// For how long, an hour at most.
        rest: Duration,
    },
    /// Not asked, since it was [`Busy`](Self::Busy) before.
    #[error("skipped: Retry-After has {} left", seconds(*.0))]
    LeftAlone(Duration),
    /// A redirect that is not followed.
    #[error("redirect refused: {0}")]
    Redirect(String),
    /// The answer is larger than one may be.
    #[error(
        "the response is larger than {limit} bytes; \
         if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
    )]
    TooLarge {
        /// The most that it may weigh.
        limit: u64,
    },
    /// The answer broke off or cannot be decompressed.
    #[error("the response was cut off or cannot be decoded: {0}")]
    Broken(String),
    /// The answer is no text.
    #[error("the response is not valid UTF-8 from byte {0}")]
    NotUtf8(usize),
    /// The answer is no collection.
    #[error(transparent)]
    List(#[from] ListError),
    /// There may be more than what came, and no way was found to get it.
    #[error("the collection may be incomplete ({elements} records): {problem}")]
    Capped {
        /// How many were received.
        elements: usize,
        /// Why that is not taken for all.
        problem: String,
    },
    /// The parts come from two hosts, which may not be at one state.
    #[error("responses came from two hosts, {first} and {second}")]
    TwoHosts {
        /// The host that answered first.
        first: String,
        /// The other one.
        second: String,
    },
    /// The answer could not be worked on.
    #[error("cannot read the response: {0}")]
    Interrupted(String),
}

impl RequestError {
    /// Whether asking again at once may help.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Connect(_) | Self::NoAnswer(_) => true,
            Self::Status(status) => *status >= 500,
            _ => false,
        }
    }

    pub(super) fn from_status(status: StatusCode, headers: &HeaderMap) -> Self {
        let may_rest = status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error();
        let status = status.as_u16();
        match headers::rest(headers).filter(|_| may_rest) {
            Some(rest) => Self::Busy { status, rest },
            None => Self::Status(status),
        }
    }

    pub(super) fn from_sending(error: reqwest::Error) -> Self {
        if let Some(refused) = cause::<RedirectRefused>(&error) {
            Self::Redirect(refused.to_string())
        } else if error.is_connect() {
            Self::Connect(causes(error))
        } else {
            Self::NoAnswer(causes(error))
        }
    }
}

/// How one provider failed, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {}{error}", named_collection(.collection.as_ref()))]
pub struct ProviderFailure {
    /// Its URL without user and password.
    pub provider: String,
    /// The first collection that it failed to give; none if it was not asked.
    pub collection: Option<Collection>,
    /// What happened.
    #[source]
    pub error: RequestError,
}

/// No provider gave all five collections. Shown as one line for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchError {
    /// The providers' failures, in the order in which they were asked.
    pub failures: Vec<ProviderFailure>,
    /// The size of all answers that came whole, decoded.
    pub bytes: u64,
    pub(super) retry_after: Option<Duration>,
}

impl FetchError {
    /// If every provider asked to be left alone: the time until one may be asked again.
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
pub(super) fn causes(error: reqwest::Error) -> String {
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

/// Rounded up, so that nobody comes too early.
fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_millis().div_ceil(1000))
}
