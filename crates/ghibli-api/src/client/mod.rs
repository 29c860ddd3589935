//! Brings the whole catalogue from the first provider that can give all of it.

mod body;
mod body_task;
mod error;
mod fingerprint;
mod headers;
mod http;
mod pages;
mod provider;
mod provider_fetch;
mod redirect;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use url::Url;

pub use self::error::{ClientError, FetchError, ProviderFailure, RequestError};
pub use self::fingerprint::Tags;

use self::http::Http;
use self::provider::{Provider, shown};
use self::provider_fetch::Source;
use crate::{Collection, Records};

/// What a [`Client`] is made from.
#[derive(Clone)]
pub struct ClientConfig {
    /// The providers in the order in which they are tried. A URL may hold a user and a password;
    /// no message shows them.
    pub providers: Vec<Url>,
    /// The most that one answer may weigh, decoded; four fifths of it and 6 MiB is what all of them
    /// may weigh together once they are read: compressed, and 256 bytes for each record.
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
    /// The time that all answers of one provider have together: 60 s.
    pub fetch: Duration,
    /// Either has a second more for each of this many bytes that arrived: 32 KiB.
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
            fetch: Duration::from_secs(60),
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
    /// What it gave.
    pub content: Content,
    /// What names it, for the next fetch.
    pub tags: Tags,
    /// The size of all answers, those of failed providers included, decoded.
    pub bytes: u64,
    /// How long it took, failed providers included.
    pub elapsed: Duration,
}

/// What a provider gave.
#[derive(Debug)]
pub enum Content {
    /// What was known before, byte by byte.
    Same,
    /// All five collections, each of them possibly empty.
    Collections(BTreeMap<Collection, Records>),
}

/// Fetches the source's collections; to be kept, since it holds the connections and remembers
/// how the providers did.
pub struct Client {
    http: Http,
    providers: Vec<Provider>,
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
            providers: config.providers.into_iter().map(Provider::new).collect(),
        })
    }

    /// What all answers of a fetch, and what is made of them, may weigh in memory.
    pub const fn room(&self) -> u64 {
        self.http.room()
    }

    /// All five collections from one provider, the first that gives them all.
    ///
    /// `known` is what an earlier fetch gave. If the source still has that, nothing is read; where
    /// it has names for its answers, it need not send them either.
    ///
    /// A provider that failed while another one answered is asked after the others for a second,
    /// then twice as long each time up to a minute, until it answers. One that asked to be left
    /// alone is not asked.
    ///
    /// # Errors
    /// If every provider failed; the error says how each of them did.
    pub async fn fetch_all(
        &self,
        known: Option<&Tags>,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<Fetched, FetchError> {
        let started = Instant::now();
        let mut failures = Vec::new();
        let mut failed = Vec::new();
        let mut bytes = 0;
        for provider in self.in_turn(started) {
            let source = Source::new(&self.http, provider, known, progress);
            let asked = ask(provider, &source).await;
            bytes += source.bytes.into_inner();
            match asked {
                Ok((content, tags)) => {
                    provider.standing().answered();
                    for provider in failed {
                        Provider::standing(provider).was_replaced(Instant::now());
                    }
                    return Ok(Fetched {
                        provider: provider.shown.clone(),
                        content,
                        tags,
                        bytes,
                        elapsed: started.elapsed(),
                    });
                }
                Err(failure) => {
                    progress(Progress::Failed(&failure));
                    if failure.collection.is_some() {
                        failed.push(provider);
                    }
                    failures.push(failure);
                }
            }
        }
        Err(FetchError {
            failures,
            bytes,
            retry_after: self.rest(Instant::now()),
        })
    }

    /// The providers in the order in which they are asked now.
    fn in_turn(&self, now: Instant) -> Vec<&Provider> {
        let mut providers: Vec<_> = self.providers.iter().collect();
        providers.sort_by_cached_key(|provider| provider.standing().is_asked_last(now));
        providers
    }

    /// The time until a provider may be asked, if all of them are to be left alone.
    fn rest(&self, now: Instant) -> Option<Duration> {
        let rests = self.providers.iter();
        let rests: Option<Vec<_>> = rests
            .map(|provider| provider.standing().rest(now))
            .collect();
        rests?.into_iter().min()
    }
}

async fn ask(provider: &Provider, source: &Source<'_>) -> Result<(Content, Tags), ProviderFailure> {
    let failure = |collection, error| ProviderFailure {
        provider: provider.shown.to_string(),
        collection,
        error,
    };
    let rest = provider.standing().rest(Instant::now());
    if let Some(rest) = rest {
        return Err(failure(None, RequestError::LeftAlone(rest)));
    }
    (source.progress)(Progress::Asking {
        provider: provider.shown.as_str(),
    });
    source.fetch().await.map_err(|(collection, error)| {
        if let RequestError::Busy { rest, .. } = error {
            provider.standing().leave_alone(Instant::now(), rest);
        }
        failure(Some(collection), error)
    })
}

#[cfg(test)]
mod tests;
