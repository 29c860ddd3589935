//! One question and its answer, with every deadline and cap.

use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, timeout_at};
use url::{Origin, Url};

use super::error::causes;
use super::{ClientConfig, ClientError, RequestError, Timeouts, redirect};

/// Answers beyond this size are received one at a time, so that five of them together need
/// little more memory than one: 4 MiB.
const LARGE_BYTES: usize = 4 * 1024 * 1024;

/// Asks for one URL at a time, within the deadlines.
pub(super) struct Http {
    client: reqwest::Client,
    timeouts: Timeouts,
    pub(super) max_bytes: u64,
    large_answers: Semaphore,
}

/// A complete answer with status 200.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    /// Where it came from in the end.
    pub(super) origin: Origin,
    pub(super) body: String,
}

impl Http {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, ClientError> {
        // Fails only if this process has one already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(&config.user_agent)
            .connect_timeout(config.timeouts.connect)
            .read_timeout(config.timeouts.silence)
            .redirect(redirect::policy(&config.providers))
            .build()
            .map_err(|error| ClientError::Setup(causes(error)))?;
        Ok(Self {
            client,
            timeouts: config.timeouts,
            max_bytes: config.max_bytes,
            large_answers: Semaphore::new(1),
        })
    }

    /// Asks, and once more if that failed in a way that may pass. `received` is told the size of
    /// the answer so far.
    pub(super) async fn get(
        &self,
        url: &Url,
        received: impl Fn(u64),
    ) -> Result<Answer, RequestError> {
        match self.get_once(url, &received).await {
            Err(error) if error.may_pass() => {
                tracing::debug!(%error, path = url.path(), "asking the source once more");
                sleep(self.timeouts.retry_pause).await;
                self.get_once(url, &received).await
            }
            result => result,
        }
    }

    async fn get_once(&self, url: &Url, received: impl Fn(u64)) -> Result<Answer, RequestError> {
        let started = Instant::now();
        let request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json")
            .send();
        let response = timeout_at(started + self.timeouts.answer, request)
            .await
            .map_err(|_| self.too_slow(0))?
            .map_err(|error| RequestError::from_sending(error, self.timeouts.silence))?;
        if response.status() != StatusCode::OK {
            return Err(RequestError::Status(response.status().as_u16()));
        }
        let headers = response.headers().clone();
        let origin = response.url().origin();
        let body = self.body(response, started, received).await?;
        Ok(Answer {
            headers,
            origin,
            body: String::from_utf8(body)
                .map_err(|error| RequestError::NotUtf8(error.utf8_error().valid_up_to()))?,
        })
    }

    async fn body(
        &self,
        mut response: Response,
        mut started: Instant,
        received: impl Fn(u64),
    ) -> Result<Vec<u8>, RequestError> {
        let too_large = RequestError::TooLarge {
            limit: self.max_bytes,
        };
        if response.content_length() > Some(self.max_bytes) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        let mut permit = None;
        loop {
            let chunk = timeout_at(started + self.allowance(body.len()), response.chunk())
                .await
                .map_err(|_| self.too_slow(body.len()))?
                .map_err(|error| RequestError::from_body(error, self.timeouts.silence))?;
            let Some(chunk) = chunk else {
                return Ok(body);
            };
            let size = body.len() + chunk.len();
            if u64::try_from(size).is_ok_and(|size| size > self.max_bytes) {
                return Err(too_large);
            }
            if size > LARGE_BYTES && permit.is_none() {
                let since = Instant::now();
                permit = self.large_answers.acquire().await.ok();
                // The wait for the other answers is not this one's slowness.
                started += since.elapsed();
            }
            body.extend_from_slice(&chunk);
            received(size.try_into().unwrap_or(u64::MAX));
        }
    }

    /// The time that an answer has once this many bytes of it have arrived.
    fn allowance(&self, bytes: usize) -> Duration {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let earned = f64::from(bytes) / f64::from(self.timeouts.bytes_per_second.max(1));
        self.timeouts.answer + Duration::from_secs_f64(earned)
    }

    fn too_slow(&self, bytes: usize) -> RequestError {
        RequestError::TooSlow {
            after: self.allowance(bytes),
            bytes,
        }
    }
}
