//! Fetching one poster.

use std::time::Duration;

use common::config::PosterHost;
use common::repository::Poster;
use ghibli_api::{causes, retry_after};
use reqwest::header::{
    ETAG, HeaderMap, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION,
};
use reqwest::redirect::Policy;
use reqwest::{Response, StatusCode};
use url::Url;

use super::hosts::{self, PublicResolver, RefusedUrl};

/// The longest time for a poster with all redirects.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum size of a response.
const MAX_BYTES: usize = 8 << 20;
const MAX_REDIRECTS: usize = 3;
/// Longer validators are not stored.
const MAX_VALIDATOR_BYTES: usize = 200;

/// Fetches posters from the configured hosts.
pub(super) struct PosterClient {
    client: reqwest::Client,
    hosts: Vec<PosterHost>,
    timeout: Duration,
}

/// The response of a host.
#[derive(Debug)]
pub(super) enum FetchedPoster {
    /// The stored pictures are still those of the poster.
    NotModified,
    /// A poster, not decoded yet.
    Content {
        data: Vec<u8>,
        etag: Option<String>,
        last_modified: Option<String>,
    },
}

/// Why a poster was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum PosterError {
    #[error(transparent)]
    Refused(#[from] RefusedUrl),
    #[error("redirected without a valid address")]
    InvalidRedirect,
    #[error("redirected more than {MAX_REDIRECTS} times")]
    TooManyRedirects,
    #[error("responded with {status}")]
    Status {
        status: StatusCode,
        retry_after: Option<Duration>,
    },
    #[error("is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    #[error("did not arrive within {} s", .0.as_secs())]
    Timeout(Duration),
    #[error("{0}")]
    Connection(String),
}

impl PosterError {
    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<reqwest::Error> for PosterError {
    fn from(error: reqwest::Error) -> Self {
        // The URL is public, but the message is for the status page, which names the host.
        Self::Connection(causes(error.without_url()))
    }
}

impl PosterClient {
    pub(super) fn new(hosts: Vec<PosterHost>) -> anyhow::Result<Self> {
        // Fails only if the process already has a provider, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("PyFlix/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .dns_resolver(PublicResolver)
            // A proxy would connect to unchecked addresses.
            .no_proxy()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_max_idle_per_host(1)
            .build();
        Ok(Self {
            client: client.map_err(reqwest::Error::without_url)?,
            hosts,
            timeout: FETCH_TIMEOUT,
        })
    }

    #[cfg(test)]
    pub(super) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Whether the URL of a poster may be requested.
    pub(super) fn check(&self, url: &Url) -> Result<(), RefusedUrl> {
        hosts::check(&self.hosts, url)
    }

    /// Fetches a poster if it has changed.
    pub(super) async fn fetch(&self, poster: &Poster) -> Result<FetchedPoster, PosterError> {
        let fetched = tokio::time::timeout(self.timeout, self.fetch_untimed(poster)).await;
        fetched.unwrap_or(Err(PosterError::Timeout(self.timeout)))
    }

    async fn fetch_untimed(&self, poster: &Poster) -> Result<FetchedPoster, PosterError> {
        let mut url = Url::parse(&poster.url).map_err(|_| RefusedUrl::Malformed)?;
        for _ in 0..=MAX_REDIRECTS {
            self.check(&url)?;
            let mut request = self.client.get(url.clone());
            for (name, value) in [
                (IF_NONE_MATCH, &poster.etag),
                (IF_MODIFIED_SINCE, &poster.last_modified),
            ] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let response = request.send().await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED && !poster.pictures.is_empty() {
                return Ok(FetchedPoster::NotModified);
            }
            if status == StatusCode::OK {
                let headers = response.headers();
                let (etag, last_modified) = (text(headers, ETAG), text(headers, LAST_MODIFIED));
                return Ok(FetchedPoster::Content {
                    data: body(response).await?,
                    etag,
                    last_modified,
                });
            }
            if !status.is_redirection() {
                return Err(PosterError::Status {
                    status,
                    retry_after: retry_after(response.headers()),
                });
            }
            let location = response.headers().get(LOCATION);
            let location = location.and_then(|location| location.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            url = next.ok_or(PosterError::InvalidRedirect)?;
        }
        Err(PosterError::TooManyRedirects)
    }
}

/// A validator of a response.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= MAX_VALIDATOR_BYTES).then(|| value.to_owned())
}

async fn body(mut response: Response) -> Result<Vec<u8>, PosterError> {
    let length = response.content_length().unwrap_or_default();
    if usize::try_from(length).is_ok_and(|length| length > MAX_BYTES) {
        return Err(PosterError::TooLarge);
    }
    let mut data = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if data.len() + chunk.len() > MAX_BYTES {
            return Err(PosterError::TooLarge);
        }
        data.extend_from_slice(&chunk);
    }
    Ok(data)
}
