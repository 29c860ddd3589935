//! Fetches all five collections from one provider, and parses nothing that is unchanged.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use reqwest::header::HeaderMap;
use url::Url;

use super::error::RequestError;
use super::fingerprint::{CollectionFingerprint, SourceFingerprint, Validators};
use super::http::HttpClient;
use super::outcome::{FetchedContent, Progress, ProgressFn};
use super::pages::{fetch_pages, may_be_truncated};
use super::provider::Provider;
use super::provider_session::{CollectionPart, ProviderSession};
use super::response::{CompleteResponse, GetOutcome, LargeBody, ResponseBody};
use crate::wire::{Collection, Records};

const WHOLE: CollectionPart<'static> = CollectionPart {
    query: "",
    bytes_before: 0,
};

pub(super) struct ProviderFetch<'a> {
    session: ProviderSession<'a>,
    /// From the last fetch.
    known: Option<&'a SourceFingerprint>,
}

enum CollectionState {
    /// The source did not send it again (304).
    NotModified(CollectionFingerprint),
    Received(ReceivedCollection),
}

struct ReceivedCollection {
    fingerprint: CollectionFingerprint,
    content: ReceivedContent,
}

enum ReceivedContent {
    /// The known content, so it may not have to be parsed.
    Unchanged(ResponseBody),
    Parsed(Records),
}

type CollectionError = (Collection, RequestError);

impl<'a> ProviderFetch<'a> {
    pub(super) fn new(
        http: &'a HttpClient,
        provider: &'a Provider,
        known: Option<&'a SourceFingerprint>,
        progress: &'a ProgressFn<'a>,
    ) -> Self {
        Self {
            session: ProviderSession::new(http, provider, progress),
            known,
        }
    }

    /// Decoded size of all complete responses.
    pub(super) fn received_bytes(&self) -> u64 {
        self.session.received_bytes()
    }

    pub(super) async fn run(&self) -> Result<(FetchedContent, SourceFingerprint), CollectionError> {
        let fetches = Collection::ALL.map(|collection| self.fetch_collection(collection));
        let states = try_join_all(fetches).await?;
        let states: Vec<_> = Collection::ALL.into_iter().zip(states).collect();
        let is_known = |(collection, state): &(Collection, CollectionState)| {
            let known = self.known_collection(*collection);
            known.is_some_and(|known| known.digest == state.fingerprint().digest)
        };
        if states.iter().all(is_known) {
            let fingerprints = states
                .iter()
                .map(|(collection, state)| (*collection, state.fingerprint().clone()));
            let fingerprint = self.source_fingerprint(fingerprints.collect());
            return Ok((FetchedContent::Unchanged, fingerprint));
        }
        let completions = states
            .into_iter()
            .map(|(collection, state)| self.complete(collection, state));
        let collections = try_join_all(completions).await?;
        self.session.check_versions()?;
        let (fingerprints, collections) = collections
            .into_iter()
            .map(|(collection, fingerprint, records)| {
                ((collection, fingerprint), (collection, records))
            })
            .unzip();
        Ok((
            FetchedContent::Collections(collections),
            self.source_fingerprint(fingerprints),
        ))
    }

    fn source_fingerprint(
        &self,
        collections: BTreeMap<Collection, CollectionFingerprint>,
    ) -> SourceFingerprint {
        SourceFingerprint {
            provider: self.session.provider.public_url.clone(),
            collections,
        }
    }

    fn known_collection(&self, collection: Collection) -> Option<&'a CollectionFingerprint> {
        self.known?.collections.get(&collection)
    }

    /// The known fingerprint, if its validators apply to this provider.
    fn conditional_on(&self, collection: Collection) -> Option<&'a CollectionFingerprint> {
        let is_same_provider = self.known?.provider == self.session.provider.public_url;
        let known = self.known_collection(collection)?;
        (is_same_provider && !known.validators.is_empty()).then_some(known)
    }

    async fn fetch_collection(
        &self,
        collection: Collection,
    ) -> Result<CollectionState, CollectionError> {
        let state = match self.conditional_on(collection) {
            Some(known) => self.fetch_conditionally(collection, known).await,
            None => self.fetch_unparsed(collection).await,
        };
        let state = state.map_err(|error| (collection, error))?;
        self.report_complete(collection, state.fingerprint());
        Ok(state)
    }

    async fn fetch_conditionally(
        &self,
        collection: Collection,
        known: &CollectionFingerprint,
    ) -> Result<CollectionState, RequestError> {
        let large = LargeBody::Spool(&self.session.budget);
        let validators = Some(&known.validators);
        match self
            .session
            .get(collection, WHOLE, validators, large)
            .await?
        {
            GetOutcome::NotModified(url) if url == known.url => {
                Ok(CollectionState::NotModified(known.clone()))
            }
            // After a redirect to another URL, where the validators mean nothing.
            GetOutcome::NotModified(_) => self.fetch_unparsed(collection).await,
            outcome => {
                let received = self.receive(collection, outcome).await?;
                Ok(CollectionState::Received(received))
            }
        }
    }

    /// Leaves a large body unparsed if its content may be known.
    async fn fetch_unparsed(
        &self,
        collection: Collection,
    ) -> Result<CollectionState, RequestError> {
        let large = match self.known_collection(collection) {
            Some(_) => LargeBody::Spool(&self.session.budget),
            None => LargeBody::Parse(collection, &self.session.budget),
        };
        let received = self.fetch(collection, large).await?;
        Ok(CollectionState::Received(received))
    }

    async fn fetch(
        &self,
        collection: Collection,
        large: LargeBody<'_>,
    ) -> Result<ReceivedCollection, RequestError> {
        let outcome = self.session.get(collection, WHOLE, None, large).await?;
        self.receive(collection, outcome).await
    }

    async fn receive(
        &self,
        collection: Collection,
        outcome: GetOutcome,
    ) -> Result<ReceivedCollection, RequestError> {
        match outcome {
            GetOutcome::Complete(response) => self.receive_complete(collection, response).await,
            GetOutcome::TooLarge { url, headers } => {
                self.receive_in_pages(collection, url, &headers).await
            }
            GetOutcome::NotModified(_) => Err(RequestError::Status(304)),
        }
    }

    /// Fetches a collection over the size limit in pages.
    ///
    /// The validators of the full response apply to the pages if they are the same afterwards, so
    /// that the collection did not change in between.
    async fn receive_in_pages(
        &self,
        collection: Collection,
        url: Url,
        headers: &HeaderMap,
    ) -> Result<ReceivedCollection, RequestError> {
        let (records, digest) = fetch_pages(&self.session, collection, 0).await?;
        let mut validators = Validators::from_headers(headers);
        if !validators.is_empty() {
            let outcome = self
                .session
                .get(collection, WHOLE, Some(&validators), LargeBody::Discard)
                .await?;
            if !matches!(outcome, GetOutcome::NotModified(now) if now == url) {
                validators = Validators::default();
            }
        }
        Ok(ReceivedCollection::paged(url, validators, digest, records))
    }

    /// Also fetches the pages of a response that may be truncated.
    async fn receive_complete(
        &self,
        collection: Collection,
        response: CompleteResponse,
    ) -> Result<ReceivedCollection, RequestError> {
        if let Some(fingerprint) = self.unchanged(collection, &response) {
            let content = ReceivedContent::Unchanged(response.body);
            return Ok(ReceivedCollection {
                fingerprint,
                content,
            });
        }
        let (total, url) = (response.total(), response.url.clone());
        let mut fingerprint = response.fingerprint(0);
        let records = self.session.parse(collection, response.body).await?;
        let elements = records.element_count();
        fingerprint.elements = elements;
        if !may_be_truncated(elements, total) {
            return Ok(ReceivedCollection {
                fingerprint,
                content: ReceivedContent::Parsed(records),
            });
        }
        drop(records);
        let (records, digest) = fetch_pages(&self.session, collection, elements).await?;
        // Validators of one page say nothing about the others.
        let validators = Validators::default();
        Ok(ReceivedCollection::paged(url, validators, digest, records))
    }

    /// The fingerprint of a response with the known content that is not truncated.
    fn unchanged(
        &self,
        collection: Collection,
        response: &CompleteResponse,
    ) -> Option<CollectionFingerprint> {
        let known = self.known_collection(collection)?;
        let is_unchanged =
            known.digest == response.digest && !may_be_truncated(known.elements, response.total());
        is_unchanged.then(|| response.fingerprint(known.elements))
    }

    /// Fetches and parses what is still missing.
    async fn complete(
        &self,
        collection: Collection,
        state: CollectionState,
    ) -> Result<(Collection, CollectionFingerprint, Records), CollectionError> {
        let complete = async {
            let received = match state {
                CollectionState::Received(received) => received,
                CollectionState::NotModified(_) => {
                    let large = LargeBody::Parse(collection, &self.session.budget);
                    let received = self.fetch(collection, large).await?;
                    self.report_complete(collection, &received.fingerprint);
                    received
                }
            };
            let records = match received.content {
                ReceivedContent::Unchanged(body) => self.session.parse(collection, body).await?,
                ReceivedContent::Parsed(records) => records,
            };
            Ok((collection, received.fingerprint, records))
        };
        complete.await.map_err(|error| (collection, error))
    }

    fn report_complete(&self, collection: Collection, fingerprint: &CollectionFingerprint) {
        (self.session.progress)(Progress::Complete {
            collection,
            elements: fingerprint.elements,
        });
    }
}

impl CollectionState {
    fn fingerprint(&self) -> &CollectionFingerprint {
        match self {
            Self::NotModified(fingerprint) => fingerprint,
            Self::Received(received) => &received.fingerprint,
        }
    }
}

impl ReceivedCollection {
    fn paged(url: Url, validators: Validators, digest: u128, records: Records) -> Self {
        Self {
            fingerprint: CollectionFingerprint {
                url,
                validators,
                digest,
                elements: records.element_count(),
            },
            content: ReceivedContent::Parsed(records),
        }
    }
}
