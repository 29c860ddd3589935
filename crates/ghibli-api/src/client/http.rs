//! One question and its answer, with every deadline and cap.

use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;
use xxhash_rust::xxh3::Xxh3;

use super::body::Body;
use super::body_task::Reading;
use super::error::causes;
use super::fingerprint::{Tag, Validators};
use super::provider::shown;
use super::{ClientConfig, ClientError, RequestError, Timeouts, redirect};
use crate::wire::{Budget, Unread};
use crate::{Collection, Records};

/// Answers beyond this size are read or compressed while they arrive, one at a time, and never
/// there as a whole: 256 KiB.
const LARGE_BYTES: usize = 256 * 1024;

/// What all answers may weigh once they are read, beyond four fifths of the cap of one: 6 MiB. Up to
/// a quarter more is taken in memory, since an allocator keeps what it has between them.
const ROOM_BYTES: u64 = 6 * 1024 * 1024;

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
    pub(super) body: Body,
    /// The size of the body.
    pub(super) bytes: u64,
    /// XXH3 of the body.
    pub(super) digest: u128,
}

/// What becomes of a large body.
#[derive(Clone, Copy)]
pub(super) enum Large<'a> {
    Read(Collection, &'a Arc<Budget>),
    /// It may not have to be read.
    Keep(&'a Arc<Budget>),
    /// Its digest is enough.
    Name,
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
    /// What names it.
    pub(super) fn tag(&self, elements: usize) -> Tag {
        Tag {
            from: self.url.clone(),
            validators: Validators::of(&self.headers),
            digest: self.digest,
            elements,
        }
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
        large: Large<'_>,
        received: impl Fn(u64),
    ) -> Result<Reply, RequestError> {
        match self.get_once(url, conditions, large, &received).await {
            Err(error) if error.may_pass() => {
                tracing::debug!(%error, path = url.path(), "retrying the source");
                sleep(self.timeouts.retry_pause).await;
                self.get_once(url, conditions, large, &received).await
            }
            result => result,
        }
    }

    async fn get_once(
        &self,
        url: &Url,
        conditions: Option<&Validators>,
        large: Large<'_>,
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
        let (body, bytes, digest) = match self.body(response, started, large, received).await {
            Err(RequestError::TooLarge { .. }) => return Ok(Reply::TooLarge { url, headers }),
            arrived => arrived?,
        };
        Ok(Reply::Answer(Answer {
            headers,
            url,
            body,
            bytes,
            digest,
        }))
    }

    /// The body, its size and its digest.
    async fn body(
        &self,
        mut response: Response,
        mut started: Instant,
        large: Large<'_>,
        received: impl Fn(u64),
    ) -> Result<(Body, u64, u128), RequestError> {
        let too_large = self.too_large();
        if response.content_length() > Some(self.max_bytes) {
            return Err(too_large);
        }
        let mut size = 0;
        let mut digest = Xxh3::new();
        // What has come and is not being read.
        let mut come = Vec::new();
        let mut reading: Option<Reading> = None;
        loop {
            let chunk = self.heard(started, size, response.chunk()).await?;
            let Some(chunk) = chunk.map_err(|error| RequestError::Broken(causes(error)))? else {
                break;
            };
            size += chunk.len();
            if u64::try_from(size).is_ok_and(|size| size > self.max_bytes) {
                return Err(too_large);
            }
            digest.update(&chunk);
            come.extend_from_slice(&chunk);
            received(size.try_into().unwrap_or(u64::MAX));
            if size <= LARGE_BYTES {
                continue;
            }
            let come = std::mem::take(&mut come);
            let since = Instant::now();
            if reading.is_none() {
                reading = self.start_reading(large).await;
            }
            if let Some(under_way) = &reading
                && !under_way.goes_on(come).await
            {
                break;
            }
            // The wait for the other answers, and for the reading, is not this one's slowness.
            started += since.elapsed();
        }
        let body = match reading {
            Some(reading) => reading.end().await?,
            None if size > LARGE_BYTES => Body::Named,
            None => Body::Text(
                String::from_utf8(come)
                    .map_err(|error| RequestError::NotUtf8(error.utf8_error().valid_up_to()))?,
            ),
        };
        let bytes = size.try_into().unwrap_or(u64::MAX);
        Ok((body, bytes, digest.digest128()))
    }

    /// What takes in a large answer, if it is to be had.
    async fn start_reading(&self, large: Large<'_>) -> Option<Reading> {
        match large {
            Large::Read(collection, budget) => {
                let budget = Arc::clone(budget);
                let read = move |text| {
                    let records = Records::read_from(&budget, collection, BufReader::new(text));
                    records.map(Body::Read)
                };
                Some(Reading::start(self.turn_to_read().await, read))
            }
            Large::Keep(budget) => {
                let budget = Arc::clone(budget);
                let keep = move |text| Unread::of(&budget, text).map(Body::Kept);
                Some(Reading::start(self.turn_to_read().await, keep))
            }
            Large::Name => None,
        }
    }

    pub(super) async fn turn_to_read(&self) -> Option<OwnedSemaphorePermit> {
        self.large_answers.clone().acquire_owned().await.ok()
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

    /// What all answers may weigh once they are read.
    pub(super) const fn room(&self) -> u64 {
        (self.max_bytes / 5 * 4).saturating_add(ROOM_BYTES)
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
