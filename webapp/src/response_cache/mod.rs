//! Serves complete responses from the current site's cache, before layers and router.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use common::models::Catalogue;
use futures::future;
use http::header::{ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_ORIGIN, HOST};
use http::{HeaderName, Method};
use http_content::{CachedResponse, Encoding, ResponseCache};
use tokio::time::{Instant, sleep, timeout_at};
use tower::{Service, ServiceExt as _, service_fn};

use crate::http::content::HTML;
use crate::http::cors::Cors;
use crate::http::path::is_ghibli;
use crate::http::{
    KnownLinkKey, LinkKey, PublicUrl, RequestId, X_REQUEST_ID, accepts_only_json, trace_id,
};
use crate::metrics::{RequestMetrics, RouteTag};
use crate::state::CurrentSite;

/// Time that a site must be current before pages are made that nobody has requested.
const QUIET_TIME: Duration = Duration::from_secs(1);
/// How long prewarming can delay a new site.
const PREWARM_TIMEOUT: Duration = Duration::from_millis(100);
/// The header field of the drop-in API that depends on the request and is not cached.
/// [`X_REQUEST_ID`] is cached, because replacing a value is cheaper than adding a field.
const PER_REQUEST: [HeaderName; 1] = [ACCESS_CONTROL_ALLOW_ORIGIN];
/// The host of requests that only fill the cache.
const ANY_HOST: &str = "localhost";

/// Responds from the cache if it has the response in the preferred encoding. Neither blocks nor
/// computes, so that it can run on an I/O thread.
pub(crate) fn cached(
    current: CurrentSite,
    public_url: PublicUrl,
    metrics: RequestMetrics,
) -> impl Fn(&Request) -> Option<Response> + Send + Sync {
    move |request| {
        let site = current.peek();
        let key = readable_key(request, &public_url)?;
        let target = ResponseCache::target(request)?;
        let target = public_url.cached_target(target, key.as_ref());
        let cached = find(&site.as_ref()?.cache, key.as_ref(), &target, request)?;
        let response = respond(&cached, &target, request)?;
        metrics.count_cached(cached.tag(), request.method(), response.status());
        Some(response)
    }
}

/// Puts the cache before an app: cached responses are encoded and sent, others are made and kept.
pub(crate) fn layer<S>(
    app: S,
    current: CurrentSite,
    public_url: PublicUrl,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let shared = Arc::new((app, current, public_url));
    service_fn(move |request: Request| {
        let shared = Arc::clone(&shared);
        async move {
            let (app, current, public_url) = &*shared;
            serve(app.clone(), current, public_url, request).await
        }
    })
}

async fn serve<S>(
    app: S,
    current: &CurrentSite,
    public_url: &PublicUrl,
    request: Request,
) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let mut request = public_url.localize(request);
    let route = RouteTag::of(&mut request);
    let cache = current.peek().as_ref().map(|site| Arc::clone(&site.cache));
    let (Some(cache), Some(key)) = (cache, readable_key(&request, public_url)) else {
        return app.oneshot(request).await;
    };
    let Some(target) = ResponseCache::target(&request) else {
        return app.oneshot(request).await;
    };
    if let Some(cached) = find(&cache, key.as_ref(), target, &request)
        && cache.encode(&cached, request.headers()).await.is_ok()
        && let Some(response) = respond(&cached, target, &request)
    {
        route.set(cached.tag());
        return Ok(response);
    }
    let (key, target) = (key.map(LinkKey::into_owned), target.to_owned());
    // A response that is made from now on is never older than the version of this cache.
    let mut response = app.oneshot(request).await?;
    let per_request: &[HeaderName] = match is_ghibli(path(&target)) {
        true => &PER_REQUEST,
        false => &[],
    };
    cache.insert(
        key.as_ref().map(LinkKey::as_bytes),
        &target,
        &mut response,
        per_request,
        route.get(),
    );
    Ok(response)
}

/// The cached response, unless it is a page and the client accepts only JSON.
fn find(
    cache: &ResponseCache,
    key: Option<&LinkKey<'_>>,
    target: &str,
    request: &Request,
) -> Option<Arc<CachedResponse>> {
    let cached = cache.get(key.map(LinkKey::as_bytes), target)?;
    let is_refused = cached.media_type() == HTML && accepts_only_json(request.headers());
    (!is_refused).then_some(cached)
}

fn respond(cached: &CachedResponse, target: &str, request: &Request) -> Option<Response> {
    let mut response = cached.respond(request.method(), request.headers())?;
    let path = path(target);
    let id = RequestId::next();
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.value());
    Cors::add_to_cached(path, request, headers);
    tracing::debug!(
        request_id = %id,
        trace_id = trace_id(request.headers()),
        method = %request.method(),
        path,
        status = response.status().as_u16(),
        "cached"
    );
    Some(response)
}

fn path(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The key of a request that can be answered from the cache: `GET` or `HEAD`, without a body and
/// valid. `Some(None)` if it names no host.
#[expect(clippy::option_option, reason = "no cache and no host are two answers")]
fn readable_key<'a>(request: &'a Request, public_url: &PublicUrl) -> Option<Option<LinkKey<'a>>> {
    use hyper::body::Body as _;
    let is_readable =
        matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream();
    is_readable.then(|| public_url.key(request).ok())?
}

/// Fills the next site's cache with what clients requested from the current one's, within
/// [`PREWARM_TIMEOUT`]. `app` serves the next site.
pub(crate) async fn prewarm<S>(outdated: &ResponseCache, app: S)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let deadline = Instant::now() + PREWARM_TIMEOUT;
    for requested in outdated.requested() {
        let key = requested.host.as_deref().unwrap_or(ANY_HOST.as_bytes());
        for _ in 0..2 {
            // The first request fills the cache, the second one its encoding.
            let request = fetch(app.clone(), &requested.target, key, requested.encoding);
            if timeout_at(deadline, request).await.is_err() {
                return;
            }
        }
    }
}

/// Fills the cache of every site that stays current for [`QUIET_TIME`] with the pages at `paths`. At
/// once, it would delay the other web apps of a machine that load the same version.
pub(crate) async fn warm_up<S>(
    current: CurrentSite,
    app: S,
    paths: impl Fn(&Catalogue) -> Vec<String>,
) -> Infallible
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let mut swapped = current.swapped();
    // A site may be there already.
    swapped.mark_changed();
    loop {
        let Ok(()) = swapped.changed().await else {
            return future::pending().await;
        };
        let Ok(site) = current.load() else {
            continue;
        };
        let fill = async {
            sleep(QUIET_TIME).await;
            for page in paths(&site.snapshot.catalogue) {
                if site.cache.get(Some(ANY_HOST.as_bytes()), &page).is_none() {
                    fetch(app.clone(), &page, ANY_HOST.as_bytes(), Encoding::Gzip).await;
                }
            }
        };
        tokio::select! {
            biased;
            _ = swapped.changed() => swapped.mark_changed(),
            () = fill => {}
        }
    }
}

async fn fetch<S>(app: S, target: &str, key: &[u8], encoding: Encoding)
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let request = Request::get(target)
        .header(HOST, ANY_HOST)
        .extension(KnownLinkKey::new(key))
        .header(ACCEPT_ENCODING, encoding.name().unwrap_or("identity"))
        .body(Body::empty());
    if let Ok(request) = request {
        // The next client gets the same response, or the same error.
        let Ok(_) = app.oneshot(request).await;
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests;
