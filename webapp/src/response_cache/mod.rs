//! Serves complete responses from the current site's cache, before layers and router.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use common::models::Catalogue;
use futures::future;
use http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, HOST,
};
use http::{HeaderName, Method};
use http_content::{CachedResponse, Encoding, ResponseCache};
use tokio::time::{Instant, sleep, timeout_at};
use tower::{Service, ServiceExt as _, service_fn};

use crate::http::cors::Cors;
use crate::http::host::request_host;
use crate::http::{RequestId, X_REQUEST_ID};
use crate::state::CurrentSite;

/// Time that a site must be current before the page of every item is made.
const QUIET_TIME: Duration = Duration::from_secs(1);
/// How long prewarming can delay a new site.
const PREWARM_TIMEOUT: Duration = Duration::from_millis(100);
/// Header fields that are not kept, because they are made for each request.
const PER_REQUEST: [HeaderName; 3] = [
    X_REQUEST_ID,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
];
/// The host of requests that only fill the cache.
const ANY_HOST: &str = "localhost";

/// Responds from the cache if it has the response in the preferred encoding. Neither blocks nor
/// computes, so that it can run on an I/O thread.
pub(crate) fn cached(current: CurrentSite) -> impl Fn(&Request) -> Option<Response> + Send + Sync {
    move |request| {
        let site = current.peek();
        let host = readable_host(request)?;
        let target = ResponseCache::target(request)?;
        let response = site.as_ref()?.cache.get(host, target)?;
        respond(&response, request)
    }
}

/// Puts the cache before an app: cached responses are encoded and sent, others are made and kept.
pub(crate) fn layer<S>(
    app: S,
    current: CurrentSite,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let shared = Arc::new((app, current));
    service_fn(move |request: Request| {
        let shared = Arc::clone(&shared);
        async move {
            let (app, current) = &*shared;
            serve(app.clone(), current, request).await
        }
    })
}

async fn serve<S>(app: S, current: &CurrentSite, request: Request) -> Result<Response, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let cache = current.peek().as_ref().map(|site| Arc::clone(&site.cache));
    let (Some(cache), Some(host)) = (cache, readable_host(&request)) else {
        return app.oneshot(request).await;
    };
    let Some(target) = ResponseCache::target(&request) else {
        return app.oneshot(request).await;
    };
    if let Some(cached) = cache.get(host, target)
        && cache.encode(&cached, request.headers()).await.is_ok()
        && let Some(response) = respond(&cached, &request)
    {
        return Ok(response);
    }
    let (host, target) = (host.map(<[u8]>::to_vec), target.to_owned());
    // A response that is made from now on is never older than the version of this cache.
    let mut response = app.oneshot(request).await?;
    cache.insert(host.as_deref(), &target, &mut response, &PER_REQUEST);
    Ok(response)
}

fn respond(cached: &CachedResponse, request: &Request) -> Option<Response> {
    let mut response = cached.respond(request.method(), request.headers())?;
    let id = RequestId::next();
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.value());
    Cors::of(request).add(headers);
    tracing::debug!(
        request_id = %id,
        path = request.uri().path(),
        status = response.status().as_u16(),
        "cached"
    );
    Some(response)
}

/// The host of a request that can be answered from the cache: `GET` or `HEAD`, without a body and
/// valid. `Some(None)` if it names no host.
#[expect(clippy::option_option, reason = "no cache and no host are two answers")]
fn readable_host(request: &Request) -> Option<Option<&[u8]>> {
    use hyper::body::Body as _;
    let is_readable =
        matches!(*request.method(), Method::GET | Method::HEAD) && request.body().is_end_stream();
    is_readable.then(|| request_host(request).ok())?
}

/// Fills the next site's cache with what clients requested from the current one's, within
/// [`PREWARM_TIMEOUT`]. `app` serves the next site.
pub(crate) async fn prewarm<S>(outdated: &ResponseCache, app: S)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let deadline = Instant::now() + PREWARM_TIMEOUT;
    for requested in outdated.requested() {
        let host = requested.host.as_deref().unwrap_or(ANY_HOST.as_bytes());
        for _ in 0..2 {
            // The first request fills the cache, the second one its encoding.
            let request = fetch(app.clone(), &requested.target, host, requested.encoding);
            if timeout_at(deadline, request).await.is_err() {
                return;
            }
        }
    }
}

/// Fills the cache of every site that becomes current: with the main pages at once, with the pages
/// of its items after [`QUIET_TIME`].
pub(crate) async fn warm_up<S>(
    current: CurrentSite,
    app: S,
    main_paths: Vec<String>,
    item_paths: impl Fn(&Catalogue) -> Vec<String>,
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
        let make = async |pages: &[String]| {
            for page in pages {
                if site.cache.get(Some(ANY_HOST.as_bytes()), page).is_none() {
                    fetch(app.clone(), page, ANY_HOST.as_bytes(), Encoding::Gzip).await;
                }
            }
        };
        make(&main_paths).await;
        let others = async {
            sleep(QUIET_TIME).await;
            make(&item_paths(&site.snapshot.catalogue)).await;
        };
        tokio::select! {
            biased;
            _ = swapped.changed() => swapped.mark_changed(),
            () = others => {}
        }
    }
}

async fn fetch<S>(app: S, target: &str, host: &[u8], encoding: Encoding)
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let request = Request::get(target)
        .header(HOST, host)
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
