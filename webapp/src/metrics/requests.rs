use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::response::Response;
use common::metrics::{Durations, Metrics, Scrape, durations};
use http::{Method, StatusCode};
use prometheus_client::metrics::histogram::Histogram;
use tower::{Service, ServiceExt as _, service_fn};

/// Routes that have counts of their own. The others count as [`NO_ROUTE`].
const MAX_ROUTES: usize = 128;
/// The route of requests that match none, and of those refused before the router.
const NO_ROUTE: &str = "none";

const METHODS: [&str; 4] = ["GET", "HEAD", "OPTIONS", "other"];
const STATUSES: [&str; 4] = ["2xx", "3xx", "4xx", "5xx"];

/// Responses by method and class of status.
type ResponseCounts = [[AtomicU64; STATUSES.len()]; METHODS.len()];

/// Counts of responses by route, method, class of status and cache. A clone shares them.
///
/// Counting a cached response is one atomic addition: its route is looked up when it enters the
/// cache.
#[derive(Clone, Debug)]
pub(crate) struct RequestMetrics(Arc<Routes>);

#[derive(Debug)]
struct Routes {
    /// The known routes come first; the other places are empty.
    routes: [OnceLock<Route>; MAX_ROUTES],
    durations: Durations<[(&'static str, Arc<str>); 1]>,
}

#[derive(Debug)]
struct Route {
    /// Its template, such as `/movies/{slug}`.
    template: Arc<str>,
    cached: ResponseCounts,
    made: ResponseCounts,
    /// Durations of the responses that were not cached, once there is one.
    durations: OnceLock<Histogram>,
}

/// The route of a request, as an index, once it is known. It travels in the request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteTag(Arc<AtomicU16>);

impl Default for RequestMetrics {
    fn default() -> Self {
        let metrics = Self(Arc::new(Routes {
            routes: [const { OnceLock::new() }; MAX_ROUTES],
            durations: durations(),
        }));
        metrics.index(NO_ROUTE);
        metrics
    }
}

impl RequestMetrics {
    /// Shows the counts.
    pub(crate) fn register(&self, metrics: &Metrics) {
        let help = "Time from a request to the header of its response, unless that was cached";
        let durations = self.0.durations.clone();
        metrics.register("http_request_duration_seconds", help, durations);
        let shown = self.clone();
        metrics.on_scrape(move |scrape| shown.write(scrape));
    }

    /// Counts a response from the cache.
    pub(crate) fn count_cached(&self, tag: u16, method: &Method, status: StatusCode) {
        if let Some(route) = self.route(tag) {
            count(&route.cached, method, status);
        }
    }

    /// Counts a response that was made for its request.
    fn count_made(&self, tag: &RouteTag, method: &Method, status: StatusCode, after: Duration) {
        if let Some(route) = self.route(tag.get()) {
            count(&route.made, method, status);
            let durations = route.durations.get_or_init(|| {
                let labels = [("route", Arc::clone(&route.template))];
                self.0.durations.get_or_create_owned(&labels)
            });
            durations.observe(after.as_secs_f64());
        }
    }

    fn route(&self, tag: u16) -> Option<&Route> {
        self.0.routes.get(usize::from(tag))?.get()
    }

    /// The index of a route, which gets one at its first use.
    fn index(&self, template: &str) -> u16 {
        for (index, slot) in (0..).zip(&self.0.routes) {
            let route = slot.get_or_init(|| Route {
                template: template.into(),
                cached: ResponseCounts::default(),
                made: ResponseCounts::default(),
                durations: OnceLock::new(),
            });
            if *route.template == *template {
                return index;
            }
        }
        0
    }

    fn write(&self, scrape: &mut Scrape<'_, '_>) -> fmt::Result {
        let routes = self.0.routes.iter().filter_map(OnceLock::get);
        let counts = routes.flat_map(|route| {
            let caches = [("hit", &route.cached), ("miss", &route.made)];
            caches.into_iter().flat_map(move |(cache, counts)| {
                METHODS
                    .iter()
                    .zip(counts)
                    .flat_map(move |(method, counts)| {
                        STATUSES.iter().zip(counts).map(move |(status, count)| {
                            let labels = [
                                ("route", &*route.template),
                                ("method", *method),
                                ("status", *status),
                                ("cache", cache),
                            ];
                            (labels, count.load(Ordering::Relaxed))
                        })
                    })
            })
        });
        let help = "Responses by route, method, class of status, and whether they were cached";
        scrape.counters(
            "http_requests",
            help,
            counts.filter(|(_, count)| *count > 0),
        )
    }
}

fn count(counts: &ResponseCounts, method: &Method, status: StatusCode) {
    let method = match *method {
        Method::GET => 0,
        Method::HEAD => 1,
        Method::OPTIONS => 2,
        _ => 3,
    };
    let class = usize::from(status.as_u16() / 100);
    let class = class.clamp(2, STATUSES.len() + 1) - 2;
    counts[method][class].fetch_add(1, Ordering::Relaxed);
}

impl RouteTag {
    /// The tag of a request, which gets one if it has none.
    pub(crate) fn of(request: &mut Request) -> Self {
        let extensions = request.extensions_mut();
        extensions.get_or_insert_default::<Self>().clone()
    }

    pub(crate) fn get(&self) -> u16 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, tag: u16) {
        self.0.store(tag, Ordering::Relaxed);
    }
}

/// Tags a request with the route that it matched.
pub(crate) async fn note_route(State(metrics): State<RequestMetrics>, request: Request) -> Request {
    let extensions = request.extensions();
    if let Some(path) = extensions.get::<MatchedPath>()
        && let Some(tag) = extensions.get::<RouteTag>()
    {
        tag.set(metrics.index(path.as_str()));
    }
    request
}

/// Counts and times the responses of an app. Requests that PyFlix sends to itself to fill the cache
/// do not pass here.
pub(crate) fn measured<S>(
    app: S,
    metrics: RequestMetrics,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    service_fn(move |mut request: Request| {
        let started = Instant::now();
        let metrics = metrics.clone();
        let method = request.method().clone();
        let tag = RouteTag::of(&mut request);
        let response = app.clone().oneshot(request);
        async move {
            let response = response.await?;
            metrics.count_made(&tag, &method, response.status(), started.elapsed());
            Ok(response)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_beyond_the_limit_share_the_counts_of_none() {
        let metrics = RequestMetrics::default();
        for round in 0..2 {
            for number in 1..MAX_ROUTES {
                let index = metrics.index(&format!("/{number}"));
                assert_eq!(usize::from(index), number, "round {round}");
            }
        }
        assert_eq!(metrics.index("/another"), 0);
        assert_eq!(metrics.index(NO_ROUTE), 0);
    }

    #[test]
    fn every_method_and_status_has_a_label_of_a_bounded_set() {
        let counts = ResponseCounts::default();
        let methods = ["GET", "HEAD", "OPTIONS", "POST", "INVENTED"];
        for method in methods.map(|method| method.parse().unwrap()) {
            for status in [101, 204, 304, 404, 503, 999] {
                count(&counts, &method, StatusCode::from_u16(status).unwrap());
            }
        }
        let counts = counts.map(|statuses| statuses.map(AtomicU64::into_inner));
        assert_eq!(
            counts,
            [[2, 1, 1, 2], [2, 1, 1, 2], [2, 1, 1, 2], [4, 2, 2, 4]]
        );
    }
}
