//! Answers that are ready: what has been asked at this version is sent again as it was made.
//!
//! It stands before the layers and the router, which the rest passes.

use std::convert::Infallible;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt as _;
use futures::future::{self, Either};
use http::header::{ACCEPT_ENCODING, ETAG, HOST};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use tokio::time::Instant;
use tower::{Service, ServiceExt as _, service_fn};

use crate::error::AppError;
use crate::middleware::{RequestId, X_REQUEST_ID, is_plain_reading};
use crate::respond::{Accepted, Coding, Representation, is_known};
use crate::server::Limits;
use crate::site::Current;

/// What all answers of a version may weigh together.
const MOST_BYTES: u64 = 64 * 1024 * 1024;
/// About so many answers are expected.
const ANSWERS: usize = 512;
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
    /// It names the host that was asked, and stands below that.
    ByHost,
}

/// One answer, in every coding in which it was asked for.
#[derive(Debug)]
struct Answer {
    representation: Representation,
    /// The fields that are the same in every coding.
    fields: HeaderMap,
    said: [OnceLock<Said>; Coding::ALL.len()],
}

#[derive(Debug)]
struct Said {
    etag: Option<HeaderValue>,
    whole: HeaderMap,
    not_modified: HeaderMap,
    bytes: Bytes,
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
        let content = match entry {
            Entry::Answer(answer) => answer.representation.len(),
            Entry::ByHost => 0,
        };
        // Its encodings together are seldom larger than itself.
        2 * (key.asked.len() + content) as u64 + OVERHEAD_BYTES
    }
}

impl Default for Ready {
    fn default() -> Self {
        Self(Cache::with_weighter(ANSWERS, MOST_BYTES, Weigher))
    }
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

/// Asks an app that serves the next site what was asked more than once at this one, so that it is ready there
/// when that site is shown; as much of it as can be made in [`PREPARING`].
pub(crate) async fn prepare<S>(before: &Ready, app: S)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let until = Instant::now() + PREPARING;
    for (key, coding) in before.said() {
        if Instant::now() > until {
            return;
        }
        let request = Request::get(&*key.asked)
            .header(HOST, key.host())
            .header(ACCEPT_ENCODING, coding.name().unwrap_or("identity"))
            .body(Body::empty());
        if let Ok(request) = request {
            // Whoever asks next gets the same answer, or the same error.
            let Ok(_) = app.clone().oneshot(request).await;
            tokio::task::yield_now().await;
        }
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
        let asked = asked(request)?;
        let mut entry = self.0.get(&Asked { host: b"", asked })?;
        if let Entry::ByHost = entry {
            let host = host(request.headers());
            entry = self.0.get(&Asked { host, asked })?;
        }
        match entry {
            Entry::Answer(answer) => answer.to(request),
            Entry::ByHost => None,
        }
    }

    /// What has been asked for more than once, with the host that was asked, in every coding.
    fn said(&self) -> Vec<(Key, Coding)> {
        let entries = self.0.iter();
        let said = entries.flat_map(|(key, entry)| match entry {
            Entry::Answer(answer) => {
                let codings = Coding::ALL.into_iter();
                let said = codings.filter(|coding| answer.said[*coding as usize].get().is_some());
                said.map(|coding| (key.clone(), coding)).collect()
            }
            Entry::ByHost => Vec::new(),
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
        let nobody = Box::<[u8]>::default();
        let by_host = representation.names_host();
        let answer = Answer::of(representation, response.headers());
        let answer = Entry::Answer(Arc::new(answer));
        if by_host {
            let asked = asked.clone();
            self.0.insert(Key { host, asked }, answer);
        } else {
            self.0.insert(
                Key {
                    host: nobody,
                    asked,
                },
                answer,
            );
            return;
        }
        self.0.insert(
            Key {
                host: nobody,
                asked,
            },
            Entry::ByHost,
        );
    }
}

impl Answer {
    fn of(representation: Representation, sent: &HeaderMap) -> Self {
        let mut fields = sent.clone();
        for name in Representation::FIELDS {
            fields.remove(name);
        }
        // The place is there, so that a copy need not grow for the id that it gets.
        fields.insert(X_REQUEST_ID, HeaderValue::from_static(""));
        Self {
            representation,
            fields,
            said: Default::default(),
        }
    }

    fn to(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        let accepted = Accepted::of(&headers.get_all(ACCEPT_ENCODING));
        let said = self.said(self.representation.coding(&accepted).ok()?)?;
        let id = RequestId::next();
        let mut response = Response::new(Body::empty());
        let etag = said.etag.as_ref();
        if etag.is_some_and(|etag| is_known(headers, etag)) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            *response.headers_mut() = said.not_modified.clone();
        } else {
            *response.headers_mut() = said.whole.clone();
            if request.method() == Method::GET {
                *response.body_mut() = Body::from(said.bytes.clone());
            }
        }
        response.headers_mut().insert(X_REQUEST_ID, id.value());
        tracing::debug!(
            request_id = %id,
            path = request.uri().path(),
            status = response.status().as_u16(),
            "ready"
        );
        Some(response)
    }

    fn said(&self, coding: Coding) -> Option<&Said> {
        let said = &self.said[coding as usize];
        if said.get().is_none() {
            let made = Said::of(&self.representation, &self.fields, coding).ok()?;
            // Another request may have been first, with the same.
            drop(said.set(made));
        }
        said.get()
    }
}

impl Said {
    fn of(
        representation: &Representation,
        fields: &HeaderMap,
        coding: Coding,
    ) -> Result<Self, AppError> {
        let mut whole = representation.fields(coding, false)?;
        let mut not_modified = representation.fields(coding, true)?;
        whole.extend(fields.clone());
        not_modified.extend(fields.clone());
        Ok(Self {
            etag: whole.get(ETAG).cloned(),
            whole,
            not_modified,
            bytes: representation.encoded(coding)?,
        })
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
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use axum::response::IntoResponse as _;
    use http::header::{CONTENT_ENCODING, IF_NONE_MATCH};
    use http_body_util::BodyExt as _;

    use super::*;
    use crate::middleware;
    use crate::respond::HTML;
    use crate::site::Site;

    #[tokio::test]
    async fn what_is_asked_again_is_not_made_again_whatever_its_coding() {
        let made = Arc::new(AtomicU32::new(0));
        let app = app(&made, |page| page);
        let first = get(&app, "/a", &[]).await;
        for coding in ["br", "zstd", "gzip", "identity"] {
            let (headers, _) = get(&app, "/a", &[("accept-encoding", coding)]).await;
            let encoding = headers.get(CONTENT_ENCODING);
            assert_eq!(encoding.is_some(), coding != "identity", "{coding}");
        }
        let (mut again, body) = get(&app, "/a", &[]).await;
        assert_eq!(body, first.1);
        assert_ne!(again[X_REQUEST_ID], first.0[X_REQUEST_ID]);
        again.insert(X_REQUEST_ID, first.0[X_REQUEST_ID].clone());
        assert_eq!(again, first.0);
        assert_eq!(made.load(Ordering::Relaxed), 1);

        get(&app, "/a?other", &[]).await;
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_client_that_has_it_is_told_so_from_what_is_ready() {
        let made = Arc::new(AtomicU32::new(0));
        let app = app(&made, |page| page);
        let (first, _) = get(&app, "/a", &[]).await;
        let tag = first[ETAG].to_str().unwrap();
        let response = send(&app, Method::GET, "/a", &[(IF_NONE_MATCH.as_str(), tag)]).await;
        assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
        let response = send(&app, Method::HEAD, "/a", &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            response.headers()["content-length"],
            first["content-length"]
        );
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn what_names_the_host_is_ready_for_that_host_alone() {
        let made = Arc::new(AtomicU32::new(0));
        let app = app(&made, Representation::naming_host);
        for host in ["one", "two", "one", "two"] {
            get(&app, "/a", &[("host", host)]).await;
        }
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn what_depends_on_more_is_made_each_time() {
        let made = Arc::new(AtomicU32::new(0));
        let app = app(&made, Representation::fleeting);
        get(&app, "/a", &[]).await;
        get(&app, "/a", &[]).await;
        assert_eq!(made.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_request_that_is_not_plain_is_left_to_the_layers() {
        let made = Arc::new(AtomicU32::new(0));
        let app = app(&made, |page| page);
        get(&app, "/a", &[]).await;
        let two_hosts = send(&app, Method::GET, "/a", &[("host", "a"), ("host", "b")]).await;
        assert_eq!(two_hosts.status(), StatusCode::BAD_REQUEST);
        let refusing = [(ACCEPT_ENCODING.as_str(), "br;q=0, identity;q=0, *;q=0")];
        let nothing_left = send(&app, Method::GET, "/a", &refusing).await;
        assert_eq!(nothing_left.status(), StatusCode::NOT_ACCEPTABLE);
        let writing = send(&app, Method::POST, "/a", &[]).await;
        assert_eq!(writing.status(), StatusCode::METHOD_NOT_ALLOWED);
    }

    #[tokio::test]
    async fn what_was_asked_again_is_ready_at_the_next_version_before_anybody_asks() {
        let (made, made_next) = (Arc::default(), Arc::default());
        let (before, next) = (Site::of_seed(), Site::of_seed());
        let app = app_at(&before, &made, Representation::naming_host);
        for (path, host) in [("/a", "one"), ("/a", "two"), ("/b", "one")] {
            for _ in 0..2 {
                get(&app, path, &[("host", host), ("accept-encoding", "br")]).await;
            }
        }
        get(&app, "/asked/once", &[]).await;
        let app = app_at(&next, &made_next, Representation::naming_host);
        prepare(&before.ready, app.clone()).await;
        assert_eq!(made_next.load(Ordering::Relaxed), 3);
        get(&app, "/a", &[("host", "two"), ("accept-encoding", "br")]).await;
        assert_eq!(made_next.load(Ordering::Relaxed), 3);
    }

    type App = tower::util::BoxCloneSyncService<Request, Response, Infallible>;

    type Shape = fn(Representation) -> Representation;

    fn app(made: &Arc<AtomicU32>, shape: Shape) -> App {
        app_at(&Site::of_seed(), made, shape)
    }

    fn app_at(site: &Site, made: &Arc<AtomicU32>, shape: Shape) -> App {
        let made = Arc::clone(made);
        let page = move || {
            made.fetch_add(1, Ordering::Relaxed);
            let page = Representation::new(HTML, "word ".repeat(500)).at_version(1);
            std::future::ready(shape(page).into_response())
        };
        let routes = axum::Router::new().fallback(page);
        let limits = Limits::default();
        let behind = middleware::around(routes, limits);
        let current = Current::new(site.clone());
        tower::util::BoxCloneSyncService::new(before(behind, current, limits))
    }

    async fn get(app: &App, path: &str, fields: &[(&str, &str)]) -> (HeaderMap, Bytes) {
        let response = send(app, Method::GET, path, fields).await;
        assert_eq!(response.status(), StatusCode::OK);
        let (parts, body) = response.into_parts();
        (parts.headers, body.collect().await.unwrap().to_bytes())
    }

    async fn send(app: &App, method: Method, path: &str, fields: &[(&str, &str)]) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        if !fields.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", "here");
        }
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        app.clone().oneshot(request).await.unwrap()
    }
}
