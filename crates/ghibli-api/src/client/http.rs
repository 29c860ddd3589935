//! GET requests with timeouts and a size limit.

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::ACCEPT;
use reqwest::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::body_task::BodyTask;
use super::config::{ClientConfig, Timeouts};
use super::error::{ClientError, RequestError, causes};
use super::fingerprint::Validators;
use super::outcome::RequestResult;
use super::provider::without_credentials;
use super::redirect;
use super::response::{CompleteResponse, GetOutcome, LargeBody, ResponseBody};
use crate::wire::{Records, SpooledBody};

/// Bodies above this size are parsed or compressed while they arrive, one at a time, and never
/// held as a whole: 256 KiB.
const LARGE_BODY_BYTES: usize = 256 * 1024;

/// The part of the memory limit that does not depend on the size limit: 6 MiB. The process uses up
/// to a quarter more, because of allocator fragmentation.
const BASE_MEMORY_BYTES: u64 = 6 * 1024 * 1024;

pub(super) struct HttpClient {
    client: reqwest::Client,
    timeouts: Timeouts,
    pub(super) max_bytes: u64,
    large_bodies: Arc<Semaphore>,
}

impl HttpClient {
    pub(super) fn new(config: &ClientConfig) -> Result<Self, ClientError> {
        // Fails only if the process already has a provider, which will do.
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
            large_bodies: Arc::new(Semaphore::new(1)),
        })
    }

    /// Sends a request, and once more after a transient error. `on_received` gets the size of the
    /// body so far, `on_result` the result of each of the two.
    pub(super) async fn get(
        &self,
        url: &Url,
        validators: Option<&Validators>,
        large: LargeBody<'_>,
        on_received: impl Fn(u64),
        on_result: impl Fn(RequestResult),
    ) -> Result<GetOutcome, RequestError> {
        let get_once = async || {
            let result = self.get_once(url, validators, large, &on_received).await;
            on_result(RequestResult::of(&result));
            result
        };
        match get_once().await {
            Err(error) if error.is_transient() => {
                tracing::debug!(%error, path = url.path(), "retrying the source");
                sleep(self.timeouts.retry_delay).await;
                get_once().await
            }
            result => result,
        }
    }

    async fn get_once(
        &self,
        url: &Url,
        validators: Option<&Validators>,
        large: LargeBody<'_>,
        on_received: impl Fn(u64),
    ) -> Result<GetOutcome, RequestError> {
        let started = Instant::now();
        let mut request = self
            .client
            .get(url.clone())
            .header(ACCEPT, "application/json");
        if let Some(validators) = validators {
            request = validators.add_to(request);
        }
        let response = self.with_timeouts(started, 0, request.send()).await?;
        let response = response.map_err(RequestError::from_sending)?;
        let url = without_credentials(response.url());
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED => return Ok(GetOutcome::NotModified(url)),
            status => return Err(RequestError::from_status(status, response.headers())),
        }
        let headers = response.headers().clone();
        let body = self.read_body(response, started, large, on_received).await;
        let (body, bytes, digest) = match body {
            Err(RequestError::TooLarge { .. }) => {
                return Ok(GetOutcome::TooLarge { url, headers });
            }
            body => body?,
        };
        Ok(GetOutcome::Complete(CompleteResponse {
            headers,
            url,
            body,
            bytes,
            digest,
        }))
    }

    /// The body with its size and digest.
    async fn read_body(
        &self,
        mut response: Response,
        mut started: Instant,
        large: LargeBody<'_>,
        on_received: impl Fn(u64),
    ) -> Result<(ResponseBody, u64, u128), RequestError> {
        let too_large = self.too_large();
        if response.content_length() > Some(self.max_bytes) {
            return Err(too_large);
        }
        let mut size = 0;
        let mut digest = Xxh3::new();
        let mut buffer = Vec::new();
        let mut task: Option<BodyTask> = None;
        loop {
            let chunk = self.with_timeouts(started, size, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| RequestError::Undecodable(causes(error)))?
            else {
                break;
            };
            size += chunk.len();
            if u64::try_from(size).is_ok_and(|size| size > self.max_bytes) {
                return Err(too_large);
            }
            digest.update(&chunk);
            buffer.extend_from_slice(&chunk);
            on_received(size.try_into().unwrap_or(u64::MAX));
            if size <= LARGE_BODY_BYTES {
                continue;
            }
            let chunk = std::mem::take(&mut buffer);
            let paused = Instant::now();
            if task.is_none() {
                task = self.start_body_task(large).await;
            }
            if let Some(task) = &task
                && !task.push(chunk).await
            {
                break;
            }
            // Time spent on other bodies and on parsing does not count.
            started += paused.elapsed();
        }
        let body = match task {
            Some(task) => task.finish().await?,
            None if size > LARGE_BODY_BYTES => ResponseBody::Discarded,
            None => ResponseBody::Text(
                String::from_utf8(buffer)
                    .map_err(|error| RequestError::NotUtf8(error.utf8_error().valid_up_to()))?,
            ),
        };
        let bytes = size.try_into().unwrap_or(u64::MAX);
        Ok((body, bytes, digest.digest128()))
    }

    async fn start_body_task(&self, large: LargeBody<'_>) -> Option<BodyTask> {
        match large {
            LargeBody::Parse(collection, budget) => {
                let budget = Arc::clone(budget);
                let parse = move |body| {
                    let records = Records::read_from(&budget, collection, BufReader::new(body));
                    records.map(ResponseBody::Parsed)
                };
                Some(BodyTask::start(self.large_body_permit().await, parse))
            }
            LargeBody::Spool(budget) => {
                let budget = Arc::clone(budget);
                let spool =
                    move |body| SpooledBody::read_from(&budget, body).map(ResponseBody::Spooled);
                Some(BodyTask::start(self.large_body_permit().await, spool))
            }
            LargeBody::Discard => None,
        }
    }

    /// Waits until no other large body is processed.
    pub(super) async fn large_body_permit(&self) -> Option<OwnedSemaphorePermit> {
        self.large_bodies.clone().acquire_owned().await.ok()
    }

    /// Applies the idle timeout, and the response timeout for a response with `bytes` received.
    /// The timeout of `reqwest` would include the wait for a permit.
    async fn with_timeouts<T>(
        &self,
        started: Instant,
        bytes: usize,
        operation: impl Future<Output = T>,
    ) -> Result<T, RequestError> {
        let idle = self.timeouts.idle;
        let deadline = started + self.response_timeout(bytes);
        let result = timeout_at(deadline.min(Instant::now() + idle), operation).await;
        result.map_err(|_| match Instant::now() < deadline {
            true => RequestError::IdleTimeout(idle),
            false => RequestError::ResponseTimeout {
                after: self.response_timeout(bytes),
                bytes,
            },
        })
    }

    fn response_timeout(&self, bytes: usize) -> Duration {
        self.timeouts.response + self.extra_time(bytes.try_into().unwrap_or(u64::MAX))
    }

    /// The timeout of a fetch with so many bytes received.
    pub(super) fn fetch_timeout(&self, bytes: u64) -> Duration {
        self.timeouts.fetch + self.extra_time(bytes)
    }

    fn extra_time(&self, bytes: u64) -> Duration {
        let bytes = Duration::from_secs(bytes.min(u32::MAX.into()));
        bytes / self.timeouts.bytes_per_second.max(1)
    }

    /// The delay before a retry, longer with each one.
    pub(super) async fn wait_to_retry(&self, attempt: u32) {
        sleep(self.timeouts.retry_delay * attempt).await;
    }

    /// Memory budget for the records of all responses.
    pub(super) const fn memory_limit(&self) -> u64 {
        (self.max_bytes / 5 * 4).saturating_add(BASE_MEMORY_BYTES)
    }

    pub(super) fn too_large(&self) -> RequestError {
        RequestError::TooLarge {
            limit: self.max_bytes,
        }
    }
}
