//! Answers that are ready: what has been asked at this version is sent again as it was made.
//!
//! It stands before the layers and the router, which the rest passes; a plain request is answered
//! from its bytes, before `hyper` has seen them.

mod answer;

use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt as _;
use futures::future::{self, Either};
use http::header::{ACCEPT_ENCODING, HOST};
use http::{HeaderMap, HeaderValue};
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use tokio::time::{Instant, sleep, timeout_at};
use tower::{Service, ServiceExt as _, service_fn};

use self::answer::Answer;
use crate::middleware::{is_host, is_plain_reading};
use crate::pages;
use crate::respond::{Coding, Representation};
use crate::server::{AtOnce, Limits};
use crate::site::Current;

/// What all answers of a version may weigh together.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// About so many answers are expected.
const ANSWERS: usize = 512;
/// How long a site must have been shown for it to be worth having every item's page ready.
const QUIET: Duration = Duration::from_secs(1);
/// How long the next site waits for answers to be ready.
const PREPARING: Duration = Duration::from_millis(100);
/// A longer question is hardly asked twice.
const LONGEST_QUESTION: usize = 512;
/// What an answer weighs beside its content: its header fields and its place.
const OVERHEAD_BYTES: u64 = 2048;

/// The answers that are ready at one version in one condition.
#[derive(Debug)]
pub(crate) struct Ready(Cache<Key, Entry, Weigher>);

#[derive(Clone, Debug)]
enum Entry {
    Answer(Arc<Answer>),
    /// It names the host that was asked, and stands below that; this is the last one made.
    ByHost(Arc<Answer>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    host: Box<[u8]>,
    asked: Box<str>,
}

impl Key {
    /// The host to ask again; any will do where the answer does not name it.
    fn host(&self) -> &[u8] {
        if self.host.is_empty() {
            b"localhost"
        } else {
            &self.host
        }
    }
}

struct Asked<'a> {
    host: &'a [u8],
    asked: &'a str,
}

impl Hash for Asked<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.host.hash(state);
        self.asked.hash(state);
    }
}

impl Equivalent<Key> for Asked<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.host == *key.host && *self.asked == *key.asked
    }
}

#[derive(Clone, Debug)]
struct Weigher;

impl Weighter<Key, Entry> for Weigher {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        let (Entry::Answer(answer) | Entry::ByHost(answer)) = entry;
        let content = answer.representation.len();
        // Its encodings together are seldom larger than itself.
        2 * (key.asked.len() + content) as u64 + OVERHEAD_BYTES
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self(Cache::with_weighter(ANSWERS, MOST_BYTES, Weigher))
    }
}

/// Answers plain requests from what is ready.
pub(crate) fn at_once(current: Current) -> Box<AtOnce> {
    Box::new(move |request, sending| {
        let site = current.glance();
        let ready = site.as_ref().map(|site| &site.ready);
        let answer = ready.and_then(|ready| ready.find(request.asked, request.host));
        answer.is_some_and(|answer| is_host(request.host) && answer.write(request, sending))
    })
}

/// Puts the answers that are ready before an app.
pub(crate) fn before<S>(
    app: S,
    current: Current,
    limits: Limits,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let shared = Arc::new((app, current, limits));
    service_fn(move |request: Request| {
        let (app, current, limits) = &*shared;
        match look(current, limits, &request) {
            Look::Ready(response) => Either::Left(future::ready(Ok(response))),
            Look::Unready => Either::Right(app.clone().oneshot(request).boxed()),
            Look::ToKeep(ready) => Either::Right(make(app.clone(), request, ready).boxed()),
        }
    })
}

/// Asks the app, and keeps its answer if it can be given again.
async fn make<S>(app: S, request: Request, ready: Arc<Ready>) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let asked = asked(&request).map(Box::<str>::from);
    let host = Box::<[u8]>::from(host(request.headers()));
    let mut response = app.oneshot(request).await?;
    if let Some(asked) = asked {
        ready.keep(asked, host, &mut response);
    }
    Ok(response)
}

/// Asks an app that serves the next site what was asked of this one's ready answers, so that it is
/// ready there when that site is shown; as much of it as can be made in [`PREPARING`].
pub(crate) async fn prepare<S>(before: &Ready, app: S)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let until = Instant::now() + PREPARING;
    for (key, coding) in before.said() {
        let made = timeout_at(until, ask(app.clone(), &key.asked, key.host(), coding));
        if made.await.is_err() {
            return;
        }
    }
}

/// Asks an app for the hot pages of every site that it shows that are not ready yet, so that they
/// are before anybody asks for them: the first ones at once, the others once there is time.
pub(crate) async fn keep_pages<S>(current: Current, app: S) -> Infallible
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let mut swapped = current.swapped();
    // There may be a site by now.
    swapped.mark_changed();
    loop {
        let Ok(()) = swapped.changed().await else {
            return future::pending().await;
        };
        let Ok(site) = current.load() else {
            continue;
        };
        let make = async |pages: Vec<String>| {
            for page in pages {
                if site.ready.find(&page, b"localhost").is_none() {
                    ask(app.clone(), &page, b"localhost", Coding::Gzip).await;
                }
            }
        };
        make(pages::first()).await;
        let others = async {
            sleep(QUIET).await;
            make(pages::of_items(&site.snapshot.catalogue)).await;
        };
        tokio::select! {
            biased;
            _ = swapped.changed() => swapped.mark_changed(),
            () = others => {}
        }
    }
}

async fn ask<S>(app: S, asked: &str, host: &[u8], coding: Coding)
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let request = Request::get(asked)
        .header(HOST, host)
        .header(ACCEPT_ENCODING, coding.name().unwrap_or("identity"))
        .body(Body::empty());
    if let Ok(request) = request {
        // Whoever asks next gets the same answer, or the same error.
        let Ok(_) = app.oneshot(request).await;
        tokio::task::yield_now().await;
    }
}

enum Look {
    /// The answer.
    Ready(Response),
    /// It may be kept here once it has been made. What is made later than this look is never
    /// older than the version that it is kept with.
    ToKeep(Arc<Ready>),
    /// It is not to be kept.
    Unready,
}

fn look(current: &Current, limits: &Limits, request: &Request) -> Look {
    if !is_plain_reading(request, limits) {
        return Look::Unready;
    }
    let site = current.glance();
    let Some(site) = &*site else {
        return Look::Unready;
    };
    match site.ready.answer(request) {
        Some(response) => Look::Ready(response),
        None => Look::ToKeep(Arc::clone(&site.ready)),
    }
}

impl Ready {
    /// The answer that is ready for a request.
    fn answer(&self, request: &Request) -> Option<Response> {
        let answer = self.find(asked(request)?, host(request.headers()))?;
        answer.to(request)
    }

    /// The answer to what was asked of a host.
    fn find(&self, asked: &str, host: &[u8]) -> Option<Arc<Answer>> {
        match self.0.get(&Asked { host: b"", asked })? {
            Entry::ByHost(last) if *last.host != *host => {
                match self.0.get(&Asked { host, asked })? {
                    Entry::Answer(answer) => Some(answer),
                    Entry::ByHost(_) => None,
                }
            }
            Entry::Answer(answer) | Entry::ByHost(answer) => Some(answer),
        }
    }

    /// What has been asked for while it was ready, with the host that was asked, in every coding.
    fn said(&self) -> Vec<(Key, Coding)> {
        let entries = self.0.iter();
        let said = entries.flat_map(|(key, entry)| match entry {
            Entry::Answer(answer) => {
                let codings = Coding::ALL.into_iter();
                let said = codings.filter(|coding| answer.said[*coding as usize].get().is_some());
                said.map(|coding| (key.clone(), coding)).collect()
            }
            Entry::ByHost(_) => Vec::new(),
        });
        said.collect()
    }

    /// Keeps an answer as it was sent, if it can be sent again.
    fn keep(&self, asked: Box<str>, host: Box<[u8]>, response: &mut Response) {
        let Some(representation) = response.extensions_mut().remove::<Representation>() else {
            return;
        };
        if !representation.is_lasting() {
            return;
        }
        let host = if representation.names_host() {
            host
        } else {
            Box::default()
        };
        let answer = Answer::of(representation, host.clone(), response.headers());
        let answer = Arc::new(answer);
        if !host.is_empty() {
            let key = Key {
                host: Box::default(),
                asked: asked.clone(),
            };
            self.0.insert(key, Entry::ByHost(Arc::clone(&answer)));
        }
        self.0.insert(Key { host, asked }, Entry::Answer(answer));
    }
}

/// What is asked for, if it is short enough to be asked for again.
fn asked(request: &Request) -> Option<&str> {
    let asked = request.uri().path_and_query()?.as_str();
    (asked.len() <= LONGEST_QUESTION).then_some(asked)
}

fn host(headers: &HeaderMap) -> &[u8] {
    headers.get(HOST).map_or(b"", HeaderValue::as_bytes)
}

#[cfg(test)]
mod tests;
