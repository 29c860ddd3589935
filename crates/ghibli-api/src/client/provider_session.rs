//! The requests to one provider during one fetch.

use std::io::BufReader;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::task::spawn_blocking;
use tokio::time::Instant;
use url::{Origin, Url};

use super::body_task::join;
use super::error::RequestError;
use super::fingerprint::Validators;
use super::http::HttpClient;
use super::outcome::{Progress, ProgressFn};
use super::provider::Provider;
use super::response::{CompleteResponse, GetOutcome, LargeBody, ResponseBody};
use crate::wire::{Collection, ListError, MemoryBudget, Records};

/// The shared state of the requests of one fetch to one provider.
pub(super) struct ProviderSession<'a> {
    pub(super) http: &'a HttpClient,
    pub(super) provider: &'a Provider,
    pub(super) progress: &'a ProgressFn<'a>,
    /// For everything parsed or spooled.
    pub(super) budget: Arc<MemoryBudget>,
    /// The origin of all responses. After a redirect it is not the provider's.
    origin: OnceLock<Origin>,
    /// The catalogue version (`X-Catalogue-Version`) of each complete response.
    versions: Mutex<Vec<(Collection, Option<String>)>>,
    /// Decoded size of all complete responses.
    bytes: AtomicU64,
    started: Instant,
}

/// Part of a collection, as a query string, or the whole one.
#[derive(Clone, Copy)]
pub(super) struct CollectionPart<'a> {
    pub(super) query: &'a str,
    /// Bytes received for other parts of the collection.
    pub(super) bytes_before: u64,
}

impl<'a> ProviderSession<'a> {
    pub(super) fn new(
        http: &'a HttpClient,
        provider: &'a Provider,
        progress: &'a ProgressFn<'a>,
    ) -> Self {
        Self {
            http,
            provider,
            progress,
            budget: MemoryBudget::new(http.memory_limit()),
            origin: OnceLock::new(),
            versions: Mutex::default(),
            bytes: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    pub(super) fn received_bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) async fn get(
        &self,
        collection: Collection,
        part: CollectionPart<'_>,
        validators: Option<&Validators>,
        large: LargeBody<'_>,
    ) -> Result<GetOutcome, RequestError> {
        let bytes = self.received_bytes();
        let after = self.http.fetch_timeout(bytes);
        if self.started.elapsed() > after {
            return Err(RequestError::FetchTimeout { after, bytes });
        }
        let url = collection_url(&self.provider.url, collection, part.query);
        let on_received = |bytes| {
            (self.progress)(Progress::Received {
                collection,
                bytes: part.bytes_before + bytes,
            });
        };
        let on_result = |result| (self.progress)(Progress::RequestEnded(result));
        let outcome = self
            .http
            .get(&url, validators, large, on_received, on_result)
            .await?;
        let origin = outcome.url().origin();
        let first = self.origin.get_or_init(|| origin.clone());
        if *first != origin {
            return Err(RequestError::MixedHosts {
                first: first.ascii_serialization(),
                second: origin.ascii_serialization(),
            });
        }
        if let GetOutcome::Complete(response) = &outcome {
            self.bytes.fetch_add(response.bytes, Ordering::Relaxed);
            let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
            versions.push((collection, response.version()));
        }
        Ok(outcome)
    }

    /// Fails if all responses state a catalogue version, and they differ or it is 0.
    pub(super) fn check_versions(&self) -> Result<(), (Collection, RequestError)> {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let stated = versions
            .iter()
            .map(|(collection, version)| Some((*collection, version.as_ref()?)));
        let Some(stated) = stated.collect::<Option<Vec<_>>>() else {
            return Ok(());
        };
        let first = stated.first().map(|(_, version)| *version);
        match stated.iter().find(|(_, version)| Some(*version) != first) {
            Some((collection, second)) => Err((
                *collection,
                RequestError::MixedVersions {
                    first: first.cloned().unwrap_or_default(),
                    second: (*second).clone(),
                },
            )),
            None if first.is_some_and(|version| version == "0") => {
                Err((Collection::Films, RequestError::BuiltInCatalogue))
            }
            None => Ok(()),
        }
    }

    /// A complete response to an unconditional request.
    pub(super) async fn get_complete(
        &self,
        collection: Collection,
        part: CollectionPart<'_>,
    ) -> Result<CompleteResponse, RequestError> {
        let large = LargeBody::Parse(collection, &self.budget);
        match self.get(collection, part, None, large).await? {
            GetOutcome::Complete(response) => Ok(response),
            GetOutcome::TooLarge { .. } => Err(self.http.too_large()),
            GetOutcome::NotModified(_) => Err(RequestError::Status(304)),
        }
    }

    /// Parses a body, unless it was parsed while it arrived.
    pub(super) async fn parse(
        &self,
        collection: Collection,
        body: ResponseBody,
    ) -> Result<Records, RequestError> {
        let budget = Arc::clone(&self.budget);
        match body {
            ResponseBody::Parsed(records) => Ok(records),
            ResponseBody::Text(text) => {
                let parse = move || Records::read_from(&budget, collection, text.as_bytes());
                join(spawn_blocking(parse)).await
            }
            ResponseBody::Spooled(body) => {
                let permit = self.http.large_body_permit().await;
                let body = BufReader::new(body.into_reader());
                let parse = move || {
                    // The blocking task outlives a cancelled fetch, and needs the permit.
                    let _permit = permit;
                    Records::read_from(&budget, collection, body)
                };
                join(spawn_blocking(parse)).await
            }
            ResponseBody::Discarded => Err(ListError::Empty.into()),
        }
    }
}

fn collection_url(provider: &Url, collection: Collection, query: &str) -> Url {
    let mut url = provider.clone();
    let path = format!("{}/{collection}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url
}
