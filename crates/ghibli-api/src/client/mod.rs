//! Brings the whole catalogue from the first provider that can give all of it.

mod error;
mod pages;
mod redirect;
mod request;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::Duration;

use futures::future::try_join_all;
use tokio::time::Instant;
use url::{Origin, Url};

pub use self::error::{ClientError, FetchError, ProviderFailure, RequestError};

use self::request::Http;
use crate::{Collection, Records};

/// What a [`Client`] is made from.
#[derive(Clone)]
pub struct ClientConfig {
    /// The providers in the order in which they are tried. A URL may hold a user and a password;
    /// no message shows them.
    pub providers: Vec<Url>,
    /// The most that one answer may weigh, decoded.
    pub max_bytes: u64,
    /// The `User-Agent` that the source sees.
    pub user_agent: String,
    /// The deadlines of a request.
    pub timeouts: Timeouts,
}

/// The deadlines of a request. Each can only end it with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For the name, the connection and TLS: 5 s.
    pub connect: Duration,
    /// The longest wait for the next byte: 10 s.
    pub silence: Duration,
    /// The time that any answer has, redirects included: 20 s.
    pub answer: Duration,
    /// An answer has a second more for each of this many bytes that arrived: 32 KiB.
    pub bytes_per_second: u32,
    /// The pause before the one retry of a request: 250 ms.
    pub retry_pause: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            silence: Duration::from_secs(10),
            answer: Duration::from_secs(20),
            bytes_per_second: 32 * 1024,
            retry_pause: Duration::from_millis(250),
        }
    }
}

/// A step of a fetch, for those who watch.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// A provider is asked for all five collections.
    Asking {
        /// The provider's URL without user and password.
        provider: &'a str,
    },
    /// More of a collection has arrived.
    Received {
        /// The collection.
        collection: Collection,
        /// All its bytes so far, decoded.
        bytes: u64,
    },
    /// A collection has arrived whole.
    Complete {
        /// The collection.
        collection: Collection,
        /// How many elements it has, bad ones included.
        elements: usize,
    },
    /// A provider could not give all five collections; the next one is asked.
    Failed(&'a ProviderFailure),
}

/// The whole catalogue as one provider gave it.
#[derive(Debug)]
pub struct Fetched {
    /// The provider, without user and password.
    pub provider: Url,
    /// All five collections, each of them possibly empty.
    pub collections: BTreeMap<Collection, Records>,
    /// How long it took, failed providers included.
    pub elapsed: Duration,
}

/// Fetches the source's collections; cheap to keep, it holds the connections.
pub struct Client {
    http: Http,
    providers: Vec<Url>,
}

impl Client {
    /// A client for the configured providers; nothing is asked of them yet.
    ///
    /// # Errors
    /// If there is no provider, one of them cannot be used, or TLS cannot be set up.
    pub fn new(config: ClientConfig) -> Result<Self, ClientError> {
        if config.providers.is_empty() {
            return Err(ClientError::NoProvider);
        }
        for provider in &config.providers {
            let problem = match provider.scheme() {
                "http" | "https" if provider.query().is_some() => "it must not have a query",
                "http" | "https" => continue,
                _ => "it must start with http:// or https://",
            };
            return Err(ClientError::Provider {
                provider: shown(provider).into(),
                problem,
            });
        }
        Ok(Self {
            http: Http::new(&config)?,
            providers: config.providers,
        })
    }

    /// All five collections from one provider, the first that gives them all.
    ///
    /// # Errors
    /// If every provider failed; the error says how each of them did.
    pub async fn fetch_all(
        &self,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let mut failures = Vec::new();
        for provider in &self.providers {
            let shown = shown(provider);
            progress(Progress::Asking {
                provider: shown.as_str(),
            });
            let source = Source {
                http: &self.http,
                provider,
                origin: OnceLock::new(),
                progress,
            };
            match try_join_all(Collection::ALL.map(|collection| source.fetch(collection))).await {
                Ok(collections) => {
                    return Ok(Fetched {
                        provider: shown,
                        collections: Collection::ALL.into_iter().zip(collections).collect(),
                        elapsed: started.elapsed(),
                    });
                }
                Err((collection, error)) => {
                    let failure = ProviderFailure {
                        provider: shown.into(),
                        collection,
                        error,
                    };
                    progress(Progress::Failed(&failure));
                    failures.push(failure);
                }
            }
        }
        Err(FetchError { failures })
    }
}

/// One provider during one fetch.
struct Source<'a> {
    http: &'a Http,
    provider: &'a Url,
    /// The host that answers, which a redirect may make another than the provider's.
    origin: OnceLock<Origin>,
    progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

impl Source<'_> {
    async fn fetch(&self, collection: Collection) -> Result<Records, (Collection, RequestError)> {
        let records = self.whole(collection).await;
        let records = records.map_err(|error| (collection, error))?;
        (self.progress)(Progress::Complete {
            collection,
            elements: records.elements(),
        });
        Ok(records)
    }
}

/// A provider's URL as it may be shown.
fn shown(provider: &Url) -> Url {
    let mut shown = provider.clone();
    // Both only fail for URLs without a host, which have no user either.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown
}

#[cfg(test)]
mod tests;
