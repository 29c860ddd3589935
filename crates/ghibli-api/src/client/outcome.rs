use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::error::ProviderFailure;
use super::fingerprint::SourceFingerprint;
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
