use std::sync::Arc;

use reqwest::header::HeaderMap;
use url::Url;

use super::fingerprint::{CollectionFingerprint, Validators};
use crate::wire::{Collection, MemoryBudget, Records, SpooledBody};

/// The outcome of a request.
pub(super) enum GetOutcome {
    /// Status 304 from this URL.
    NotModified(Url),
    Complete(CompleteResponse),
    /// The response exceeds the size limit.
    TooLarge {
        /// The URL after redirects.
        url: Url,
        headers: HeaderMap,
    },
}

/// A complete response with status 200.
pub(super) struct CompleteResponse {
    pub(super) headers: HeaderMap,
    /// The URL after redirects.
    pub(super) url: Url,
    pub(super) body: ResponseBody,
    /// Size of the body, decoded.
    pub(super) bytes: u64,
    /// XXH3 of the body.
    pub(super) digest: u128,
}

pub(super) enum ResponseBody {
    /// A small body.
    Text(String),
    /// A large body, not parsed yet.
    Spooled(SpooledBody),
    /// A large body, parsed while it arrived.
    Parsed(Records),
    /// A large body that was discarded.
    Discarded,
}

/// The use of a large body while it arrives.
#[derive(Clone, Copy)]
pub(super) enum LargeBody<'a> {
    Parse(Collection, &'a Arc<MemoryBudget>),
    /// Keep it: it may not have to be parsed.
    Spool(&'a Arc<MemoryBudget>),
    /// Only compute its digest.
    Discard,
}

impl GetOutcome {
    pub(super) fn url(&self) -> &Url {
        match self {
            Self::NotModified(url) | Self::TooLarge { url, .. } => url,
            Self::Complete(response) => &response.url,
        }
    }
}

impl CompleteResponse {
    pub(super) fn fingerprint(&self, elements: usize) -> CollectionFingerprint {
        CollectionFingerprint {
            url: self.url.clone(),
            validators: Validators::from_headers(&self.headers),
            digest: self.digest,
            elements,
        }
    }

    /// The version of the catalogue that a PyFlix sends (`X-Catalogue-Version`).
    pub(super) fn version(&self) -> Option<String> {
        let version = self.headers.get("x-catalogue-version")?;
        Some(version.to_str().ok()?.to_owned())
    }

    /// Number of elements in the whole collection (`X-Total-Count`), if stated.
    pub(super) fn total(&self) -> Option<usize> {
        let total = self.headers.get("x-total-count")?;
        total.to_str().ok()?.parse().ok()
    }
}
