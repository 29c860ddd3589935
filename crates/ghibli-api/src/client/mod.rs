//! Fetches the whole catalogue from the first provider that returns all of it.

mod body_task;
mod config;
mod error;
mod fingerprint;
mod headers;
mod http;
mod outcome;
mod pages;
mod provider;
mod provider_fetch;
mod provider_session;
mod redirect;
mod response;

use std::time::Duration;

use tokio::time::Instant;

pub use self::config::{ClientConfig, Timeouts};
pub use self::error::{ClientError, FetchError, ProviderFailure, RequestError, causes};
pub use self::fingerprint::SourceFingerprint;
pub use self::headers::retry_after;
pub use self::outcome::{FetchOutcome, FetchedContent, Progress, RequestResult};

use self::http::HttpClient;
use self::outcome::ProgressFn;
use self::provider::{Provider, without_credentials};
use self::provider_fetch::ProviderFetch;

/// Maximum number of fetches of all collections from a provider that publishes during each.
const MAX_FETCHES: u32 = 5;

/// Fetches the source's collections. Keep it: it holds the connections and the providers' recent
/// failures.
pub struct Client {
    http: HttpClient,
    providers: Vec<Provider>,
}

impl Client {
    /// Sends no request yet.
    ///
    /// # Errors
    /// If there is no provider, a provider's URL is unusable, or TLS cannot be set up.
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
                provider: without_credentials(provider).into(),
                problem,
            });
        }
        Ok(Self {
            http: HttpClient::new(&config)?,
            providers: config.providers.into_iter().map(Provider::new).collect(),
        })
    }

    /// Memory budget in bytes for a fetch and what is computed from it.
    pub const fn memory_limit(&self) -> u64 {
        self.http.memory_limit()
    }

    /// Fetches all five collections from the first provider that returns all of them.
    ///
    /// `known` is the fingerprint of an earlier fetch. Content that still matches it is not
    /// parsed, nor sent again by a source that supports conditional requests.
    ///
    /// A provider that failed while another one succeeded is tried last, for one second after the
    /// first failure, doubled with each further one up to a minute. A provider that sent
    /// `Retry-After` is skipped until then.
    ///
    /// # Errors
    /// If every provider failed; the error has one failure for each.
    pub async fn fetch_all(
        &self,
        known: Option<&SourceFingerprint>,
        progress: &(dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Result<FetchOutcome, FetchError> {
        let started = Instant::now();
        let mut failures = Vec::new();
        let mut failed = Vec::new();
        let mut bytes = 0;
        for provider in self.by_preference(started) {
            let fetched = self.fetch_from(provider, known, progress, &mut bytes);
            match fetched.await {
                Ok((content, fingerprint)) => {
                    provider.health().record_success();
                    for provider in failed {
                        Provider::health(provider).record_failure(Instant::now());
                    }
                    return Ok(FetchOutcome {
                        provider: provider.public_url.clone(),
                        content,
                        fingerprint,
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
            retry_after: self.retry_after(Instant::now()),
        })
    }

    /// Fetches from one provider, several times if it publishes meanwhile. Adds to `bytes`.
    async fn fetch_from(
        &self,
        provider: &Provider,
        known: Option<&SourceFingerprint>,
        progress: &ProgressFn<'_>,
        bytes: &mut u64,
    ) -> Result<(FetchedContent, SourceFingerprint), ProviderFailure> {
        let failure = |collection, error| ProviderFailure {
            provider: provider.public_url.to_string(),
            collection,
            error,
        };
        let retry_after = provider.health().retry_after(Instant::now());
        if let Some(retry_after) = retry_after {
            return Err(failure(None, RequestError::Skipped { retry_after }));
        }
        progress(Progress::Requesting {
            provider: provider.public_url.as_str(),
        });
        let mut attempt = 1;
        loop {
            let fetch = ProviderFetch::new(&self.http, provider, known, progress);
            let fetched = fetch.run().await;
            *bytes += fetch.received_bytes();
            let (collection, error) = match fetched {
                Ok(fetched) => return Ok(fetched),
                Err(error) => error,
            };
            match error {
                RequestError::MixedVersions { .. } if attempt < MAX_FETCHES => {
                    tracing::debug!(%error, "fetching all collections again");
                    self.http.wait_to_retry(attempt).await;
                    attempt += 1;
                }
                error => {
                    if let RequestError::RateLimited { retry_after, .. } = error {
                        provider.health().rate_limited(Instant::now(), retry_after);
                    }
                    return Err(failure(Some(collection), error));
                }
            }
        }
    }

    /// The configured order, with providers that failed lately last.
    fn by_preference(&self, now: Instant) -> Vec<&Provider> {
        let mut providers: Vec<_> = self.providers.iter().collect();
        providers.sort_by_cached_key(|provider| provider.health().is_tried_last(now));
        providers
    }

    /// If all providers sent `Retry-After`: the time until the first of them ends.
    fn retry_after(&self, now: Instant) -> Option<Duration> {
        let providers = self.providers.iter();
        let waits: Option<Vec<_>> = providers
            .map(|provider| provider.health().retry_after(now))
            .collect();
        waits?.into_iter().min()
    }
}

#[cfg(test)]
mod tests;
