//! One provider during one fetch: five questions, and nothing read of what is known already.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use futures::future::try_join_all;
use reqwest::header::HeaderMap;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use url::{Origin, Url};

use super::body::Body;
use super::body_task::taken_in;
use super::fingerprint::{Tag, Tags, Validators};
use super::http::{Answer, Http, Large, Reply};
use super::provider::Provider;
use super::{Content, Progress, RequestError};
use crate::wire::Budget;
use crate::{Collection, ListError, Records};

/// Numbers of elements at which servers cut a response off.
const COMMON_PAGE_SIZES: [usize; 2] = [50, 250];

/// One provider during one fetch.
pub(super) struct Source<'a> {
    pub(super) http: &'a Http,
    pub(super) provider: &'a Provider,
    pub(super) known: Option<&'a Tags>,
    /// The host that answers, which a redirect may make another than the provider's.
    pub(super) origin: OnceLock<Origin>,
    /// The bytes of all complete answers, decoded.
    pub(super) bytes: AtomicU64,
    /// What all that is read may weigh.
    pub(super) budget: Arc<Budget>,
    started: Instant,
    pub(super) progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
}

/// A collection that need not be here.
enum Arrived {
    /// It is what is known; the source did not send it again.
    AtSource(Tag),
    Here(Here),
}

/// A collection that is here.
struct Here {
    tag: Tag,
    held: Held,
}

enum Held {
    /// What is known, so perhaps nobody needs to read it.
    Known(Body),
    Read(Records),
}

type Failed = (Collection, RequestError);

impl<'a> Source<'a> {
    pub(super) fn new(
        http: &'a Http,
        provider: &'a Provider,
        known: Option<&'a Tags>,
        progress: &'a (dyn Fn(Progress<'_>) + Send + Sync),
    ) -> Self {
        Self {
            http,
            provider,
            known,
            origin: OnceLock::new(),
            bytes: AtomicU64::new(0),
            budget: Budget::new(http.room()),
            started: Instant::now(),
            progress,
        }
    }

    /// All five collections, or word that they are what is known.
    pub(super) async fn fetch(&self) -> Result<(Content, Tags), Failed> {
        let arriving = Collection::ALL.map(|collection| self.arrive(collection));
        let arrived = try_join_all(arriving).await?;
        let all = Collection::ALL.into_iter().zip(arrived);
        let tags = |collections| Tags {
            provider: self.provider.shown.clone(),
            collections,
        };

        let mut same = BTreeMap::new();
        let mut changed = Vec::new();
        for (collection, arrived) in all {
            same.insert(collection, arrived.tag().clone());
            changed.push((collection, arrived));
        }
        let is_same = |(collection, tag): (&Collection, &Tag)| {
            let known = self.known_as(*collection);
            known.is_some_and(|known| known.digest == tag.digest)
        };
        if same.iter().all(is_same) {
            return Ok((Content::Same, tags(same)));
        }
        drop(same);

        let completing = changed
            .into_iter()
            .map(|(collection, arrived)| self.complete(collection, arrived));
        let complete = try_join_all(completing).await?;
        let (named, collections) = complete
            .into_iter()
            .map(|(collection, tag, records)| ((collection, tag), (collection, records)))
            .unzip();
        Ok((Content::Collections(collections), tags(named)))
    }

    /// What is known of a collection.
    fn known_as(&self, collection: Collection) -> Option<&'a Tag> {
        self.known?.collections.get(&collection)
    }

    /// What to make a question conditional on.
    fn conditions(&self, collection: Collection) -> Option<&'a Tag> {
        let known = self.known?;
        let tag = known.collections.get(&collection)?;
        let is_own = known.provider == self.provider.shown;
        (is_own && !tag.validators.are_none()).then_some(tag)
    }

    async fn arrive(&self, collection: Collection) -> Result<Arrived, Failed> {
        let arrived = match self.conditions(collection) {
            Some(known) => self.changed_since(collection, known).await,
            None => self.unlike_known(collection).await,
        };
        let arrived = arrived.map_err(|error| (collection, error))?;
        self.told_complete(collection, arrived.tag());
        Ok(arrived)
    }

    async fn changed_since(
        &self,
        collection: Collection,
        known: &Tag,
    ) -> Result<Arrived, RequestError> {
        let conditions = Some(&known.validators);
        let reply = self
            .question(collection, "", 0, conditions, Large::Keep(&self.budget))
            .await?;
        match reply {
            Reply::NotModified(from) if from == known.from => Ok(Arrived::AtSource(known.clone())),
            // Another place, whose validators mean something else.
            Reply::NotModified(_) => self.unlike_known(collection).await,
            reply => self.of_reply(collection, reply).await.map(Arrived::Here),
        }
    }

    /// A collection, unread if it is what is known.
    async fn unlike_known(&self, collection: Collection) -> Result<Arrived, RequestError> {
        if self.known_as(collection).is_none() {
            return self.here(collection).await.map(Arrived::Here);
        }
        let reply = self
            .question(collection, "", 0, None, Large::Keep(&self.budget))
            .await?;
        self.of_reply(collection, reply).await.map(Arrived::Here)
    }

    async fn here(&self, collection: Collection) -> Result<Here, RequestError> {
        let reply = self
            .question(collection, "", 0, None, self.reading(collection))
            .await?;
        self.of_reply(collection, reply).await
    }

    async fn of_reply(&self, collection: Collection, reply: Reply) -> Result<Here, RequestError> {
        match reply {
            Reply::Answer(answer) => self.kept(collection, answer).await,
            Reply::TooLarge { url, headers } => self.in_pages(collection, url, &headers).await,
            Reply::NotModified(_) => Err(RequestError::Status(304)),
        }
    }

    /// A collection that is too large for one answer.
    ///
    /// The name that the answer had is kept for the pages, if it is still the answer's name after
    /// them: then the collection did not change on the way.
    async fn in_pages(
        &self,
        collection: Collection,
        from: Url,
        headers: &HeaderMap,
    ) -> Result<Here, RequestError> {
        let (records, digest) = self.paged(collection, 0).await?;
        let mut validators = Validators::of(headers);
        if !validators.are_none() {
            let now = self
                .question(collection, "", 0, Some(&validators), Large::Name)
                .await?;
            if !matches!(now, Reply::NotModified(url) if url == from) {
                validators = Validators::default();
            }
        }
        Ok(Here {
            tag: Tag {
                from,
                validators,
                digest,
                elements: records.elements(),
            },
            held: Held::Read(records),
        })
    }

    /// An answer without a query, and all that it may have left out.
    async fn kept(&self, collection: Collection, answer: Answer) -> Result<Here, RequestError> {
        if let Some(tag) = self.same_as_known(collection, &answer) {
            let held = Held::Known(answer.body);
            return Ok(Here { tag, held });
        }
        let (total, from) = (answer.total(), answer.url.clone());
        let mut tag = answer.tag(0);
        let records = self.records(collection, answer.body).await?;
        tag.elements = records.elements();
        if !is_doubtful(tag.elements, total) {
            return Ok(Here {
                tag,
                held: Held::Read(records),
            });
        }
        drop(records);
        let (records, digest) = self.paged(collection, tag.elements).await?;
        Ok(Here {
            tag: Tag {
                from,
                validators: Validators::default(),
                digest,
                elements: records.elements(),
            },
            held: Held::Read(records),
        })
    }

    async fn complete(
        &self,
        collection: Collection,
        arrived: Arrived,
    ) -> Result<(Collection, Tag, Records), Failed> {
        let complete = async {
            let here = match arrived {
                Arrived::Here(here) => here,
                Arrived::AtSource(_) => {
                    let here = self.here(collection).await?;
                    self.told_complete(collection, &here.tag);
                    here
                }
            };
            let records = match here.held {
                Held::Known(body) => self.records(collection, body).await?,
                Held::Read(records) => records,
            };
            Ok((collection, here.tag, records))
        };
        complete.await.map_err(|error| (collection, error))
    }

    /// A whole answer; it is an error if the source refers to one that it was not asked about.
    pub(super) async fn answer(
        &self,
        collection: Collection,
        query: &str,
        bytes_before: u64,
    ) -> Result<Answer, RequestError> {
        let reading = self.reading(collection);
        let reply = self
            .question(collection, query, bytes_before, None, reading)
            .await?;
        match reply {
            Reply::Answer(answer) => Ok(answer),
            Reply::TooLarge { .. } => Err(self.http.too_large()),
            Reply::NotModified(_) => Err(RequestError::Status(304)),
        }
    }

    async fn question(
        &self,
        collection: Collection,
        query: &str,
        bytes_before: u64,
        conditions: Option<&Validators>,
        large: Large<'_>,
    ) -> Result<Reply, RequestError> {
        let bytes = self.bytes.load(Ordering::Relaxed);
        let after = self.http.fetch_allowance(bytes);
        if self.started.elapsed() > after {
            return Err(RequestError::Overdue { after, bytes });
        }
        let url = collection_url(&self.provider.url, collection, query);
        let received = |bytes| {
            (self.progress)(Progress::Received {
                collection,
                bytes: bytes_before + bytes,
            });
        };
        let reply = self.http.get(&url, conditions, large, received).await?;
        let origin = reply.url().origin();
        let first = self.origin.get_or_init(|| origin.clone());
        if *first != origin {
            return Err(RequestError::TwoHosts {
                first: first.ascii_serialization(),
                second: origin.ascii_serialization(),
            });
        }
        if let Reply::Answer(answer) = &reply {
            self.bytes.fetch_add(answer.bytes, Ordering::Relaxed);
        }
        Ok(reply)
    }

    const fn reading(&self, collection: Collection) -> Large<'_> {
        Large::Read(collection, &self.budget)
    }

    /// The records of a body, which is read now unless it was read while it came.
    pub(super) async fn records(
        &self,
        collection: Collection,
        body: Body,
    ) -> Result<Records, RequestError> {
        let budget = Arc::clone(&self.budget);
        match body {
            Body::Read(records) => Ok(records),
            Body::Text(text) => {
                let read = move || Records::read_from(&budget, collection, text.as_bytes());
                taken_in(spawn_blocking(read)).await
            }
            Body::Kept(unread) => {
                let turn = self.http.turn_to_read().await;
                let text = BufReader::new(unread.into_text());
                let read = move || {
                    // It goes on when nobody waits for it any more.
                    let _turn = turn;
                    Records::read_from(&budget, collection, text)
                };
                taken_in(spawn_blocking(read)).await
            }
            Body::Named => Err(ListError::Empty.into()),
        }
    }

    /// The name of an answer that is what is known, and all of it.
    fn same_as_known(&self, collection: Collection, answer: &Answer) -> Option<Tag> {
        let known = self.known_as(collection)?;
        let is_same = known.digest == answer.digest && !is_doubtful(known.elements, answer.total());
        is_same.then(|| answer.tag(known.elements))
    }

    fn told_complete(&self, collection: Collection, tag: &Tag) {
        (self.progress)(Progress::Complete {
            collection,
            elements: tag.elements,
        });
    }
}

impl Arrived {
    fn tag(&self) -> &Tag {
        match self {
            Self::AtSource(tag) => tag,
            Self::Here(here) => &here.tag,
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

/// Whether a response with so many elements can be cut off, given the source's `total` if it states
/// one.
fn is_doubtful(elements: usize, total: Option<usize>) -> bool {
    match total {
        Some(total) if total >= elements => total > elements,
        _ => COMMON_PAGE_SIZES.contains(&elements),
    }
}
