//! One question and its answer, with every deadline and cap.

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::error::causes;
use super::provider::shown;
use super::tags::Validators;
use super::{ClientConfig, ClientError, RequestError, Timeouts, redirect};

/// Answers beyond this size are received and read one at a time, so that five of them together
/// need little more memory than one: 1 MiB.
const LARGE_BYTES: usize = 1024 * 1024;

/// Asks for one URL at a time, within the deadlines.
pub(super) struct Http {
    client: reqwest::Client,
    timeouts: Timeouts,
    pub(super) max_bytes: u64,
    large_answers: Arc<Semaphore>,
}

/// What a source says to a question.
pub(super) enum Reply {
    /// The conditions hold (304), says whoever is at this URL.
    NotModified(Url),
    Answer(Answer),
    /// It weighs more than an answer may.
    TooLarge {
        /// Where it came from in the end.
        url: Url,
        headers: HeaderMap,
    },
}

/// A complete answer with status 200.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    /// Where it came from in the end.
    pub(super) url: Url,
    pub(super) body: String,
    /// XXH3 of the body.
    pub(super) digest: u128,
    /// The turn of a large answer, which ends when the body is read or dropped.
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

impl Reply {
    pub(super) fn url(&self) -> &Url {
        match self {
            Self::NotModified(url) | Self::TooLarge { url, .. } => url,
            Self::Answer(answer) => &answer.url,
        }
    }
}

impl Answer {
    /// The size of the body.
    pub(super) fn bytes(&self) -> u64 {
        self.body.len().try_into().unwrap_or(u64::MAX)
    }

    /// How many elements there are in all, if the source says so.
    pub(super) fn total(&self) -> Option<usize> {
        let total = self.headers.get("x-total-count")?;
        total.to_str().ok()?.parse().ok()
    }
}

impl Http {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, ClientError> {
        // Fails only if this process has one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .connect_timeout(config.timeouts.connect)
            .redirect(redirect::policy(&config.providers))
            .build()
            .map_err(|error| ClientError::Setup(causes(error)))?;
        Ok(Self {
            client,
            timeouts: config.timeouts,
            max_bytes: config.max_bytes,
            large_answers: Arc::new(Semaphore::new(1)),
        })
    }

    /// Asks, and once more if that failed in a way that may pass. `received` is told the size of
    /// the answer so far.
    pub(super) async fn get(
        &self,
        url: &Url,
        conditions: Option<&Validators>,
        received: impl Fn(u64),
    ) -> Result<Reply, RequestError> {
        match self.get_once(url, conditions, &received).await {
            Err(error) if error.may_pass() => {
                tracing::debug!(%error, path = url.path(), "asking the source once more");
                sleep(self.timeouts.retry_pause).await;
                self.get_once(url, conditions, &received).await
            }
            result => result,
        }
    }

    async fn get_once(
        &self,
        url: &Url,
        conditions: Option<&Validators>,
        received: impl Fn(u64),
    ) -> Result<Reply, RequestError> {
        let started = Instant::now();
        let mut request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json");
        if let Some(conditions) = conditions {
            request = conditions.apply(request);
        }
        let response = self.heard(started, 0, request.send()).await?;
        let response = response.map_err(RequestError::from_sending)?;
        let url = shown(response.url());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(Reply::NotModified(url)),
            status => return Err(RequestError::from_status(status, response.headers())),
        }
        let headers = response.headers().clone();
        let (body, digest, turn) = match self.body(response, started, received).await {
            Err(RequestError::TooLarge { .. }) => return Ok(Reply::TooLarge { url, headers }),
            arrived => arrived?,
        };
        Ok(Reply::Answer(Answer {
            headers,
            url,
            body: String::from_utf8(body)
                .map_err(|error| RequestError::NotUtf8(error.utf8_error().valid_up_to()))?,
            digest,
            turn,
        }))
    }

    /// The body, its digest and its turn.
    async fn body(
        &self,
        mut response: Response,
        mut started: Instant,
        received: impl Fn(u64),
    ) -> Result<(Vec<u8>, u128, Option<OwnedSemaphorePermit>), RequestError> {
        let too_large = self.too_large();
        if response.content_length() > Some(self.max_bytes) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        let mut digest = Xxh3::new();
        let mut turn = None;
        loop {
            let chunk = self.heard(started, body.len(), response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| RequestError::Broken(causes(error)))? else {
                return Ok((body, digest.digest128(), turn));
            };
            let size = body.len() + chunk.len();
            if u64::try_from(size).is_ok_and(|size| size > self.max_bytes) {
                return Err(too_large);
            }
            if turn.is_none() {
                let since = Instant::now();
                turn = self.turn_for(size).await;
                // The wait for the other answers is not this one's slowness.
                started += since.elapsed();
            }
            digest.update(&chunk);
            body.extend_from_slice(&chunk);
            received(size.try_into().unwrap_or(u64::MAX));
        }
    }

    /// What is waited for, unless the source is silent for too long, or an answer of which so much
    /// has arrived takes too long. The client's own timer would run while an answer waits for its
    /// turn.
    async fn heard<T>(
        &self,
        started: Instant,
        bytes: usize,
        wait: impl Future<Output = T>,
    ) -> Result<T, RequestError> {
        let silence = self.timeouts.silence;
        let end = started + self.allowance(bytes);
        let heard = timeout_at(end.min(Instant::now() + silence), wait).await;
        heard.map_err(|_| match Instant::now() < end {
            true => RequestError::Silence(silence),
            false => self.too_slow(bytes),
        })
    }

    /// The turn of a large answer; a small one needs none.
    pub(super) async fn turn_for(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        match bytes > LARGE_BYTES {
            true => self.large_answers.clone().acquire_owned().await.ok(),
            false => None,
        }
    }

    /// The time that an answer has once this many bytes of it have arrived.
    fn allowance(&self, bytes: usize) -> Duration {
        self.timeouts.answer + self.earned(bytes.try_into().unwrap_or(u64::MAX))
    }

    /// The time that a whole fetch has once this many bytes of it have arrived.
    pub(super) fn fetch_allowance(&self, bytes: u64) -> Duration {
        self.timeouts.fetch + self.earned(bytes)
    }

    fn earned(&self, bytes: u64) -> Duration {
        let bytes = Duration::from_secs(bytes.min(u32::MAX.into()));
        bytes / self.timeouts.bytes_per_second.max(1)
    }

    pub(super) fn too_large(&self) -> RequestError {
        RequestError::TooLarge {
            limit: self.max_bytes,
        }
    }

    fn too_slow(&self, bytes: usize) -> RequestError {
        RequestError::TooSlow {
            after: self.allowance(bytes),
            bytes,
        }
    }
}
