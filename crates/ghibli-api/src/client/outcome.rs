use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::error::{ProviderFailure, RequestError};
use super::fingerprint::SourceFingerprint;
use super::response::GetOutcome;
use crate::wire::{Collection, Records};

/// Receives the steps of a fetch.
pub(super) type ProgressFn<'a> = dyn Fn(Progress<'_>) + Send + Sync + 'a;

/// A step of a fetch.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// Requests to a provider begin.
    Requesting {
        /// The provider's URL without credentials.
        provider: &'a str,
    },
    /// A request has ended. A transient error is followed by a second request.
    RequestEnded(RequestResult),
    /// Part of a collection has arrived.
    Received {
        /// The collection.
        collection: Collection,
        /// All its bytes so far, decoded.
        bytes: u64,
    },
    /// A collection is complete.
    Complete {
        /// The collection.
        collection: Collection,
        /// Number of elements, unreadable ones included.
        elements: usize,
    },
    /// A provider failed; the next one is tried.
    Failed(&'a ProviderFailure),
}

/// How a request to a provider ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestResult {
    /// The content was received.
    Ok,
    /// Status 304.
    NotModified,
    /// Another status below 500.
    Refused,
    /// A status of 500 or above.
    ServerError,
    /// No connection or no response.
    Unreachable,
    /// The response did not begin or end in time.
    Timeout,
    /// The response is too large, or is not what a provider sends.
    Unusable,
}

impl RequestResult {
    /// The result as a word, such as `not_modified`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotModified => "not_modified",
            Self::Refused => "refused",
            Self::ServerError => "server_error",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Unusable => "unusable",
        }
    }

    pub(super) fn of(result: &Result<GetOutcome, RequestError>) -> Self {
        match result {
            Ok(GetOutcome::Complete(_)) => Self::Ok,
            Ok(GetOutcome::NotModified(_)) => Self::NotModified,
            Ok(GetOutcome::TooLarge { .. }) => Self::Unusable,
            Err(RequestError::Status(500..) | RequestError::RateLimited { status: 500.., .. }) => {
                Self::ServerError
            }
            Err(RequestError::Status(_) | RequestError::RateLimited { .. }) => Self::Refused,
            Err(RequestError::Connect(_) | RequestError::NoResponse(_)) => Self::Unreachable,
            Err(RequestError::IdleTimeout(_) | RequestError::ResponseTimeout { .. }) => {
                Self::Timeout
            }
            Err(_) => Self::Unusable,
        }
    }
}

/// The result of a fetch: all five collections of one provider.
#[derive(Debug)]
pub struct FetchOutcome {
    /// The provider's URL without credentials.
    pub provider: Url,
    /// The collections.
    pub content: FetchedContent,
    /// Identifies the content; input to the next fetch.
    pub fingerprint: SourceFingerprint,
    /// Decoded size of all responses, those of failed providers included.
    pub bytes: u64,
    /// Duration, failed providers included.
    pub elapsed: Duration,
}

/// The content of a fetch.
#[derive(Debug)]
pub enum FetchedContent {
    /// Byte for byte as at the last fetch.
    Unchanged,
    /// All five collections, some possibly empty.
    Collections(BTreeMap<Collection, Records>),
}
