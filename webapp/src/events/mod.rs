//! Server-sent events: one per version and one per change of the status.

pub(crate) mod encode;
mod listener;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::ready;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::{StreamExt as _, stream};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use http_front::{Limits, UntilClosed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::encode::{EventId, StatusEvents};
use self::listener::Listener;
use crate::http::AppError;
use crate::http::content::X_CATALOGUE_VERSION;
use crate::http::query;
use crate::state::{CurrentSite, Site};

const EVENT_STREAM: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The same as a query parameter: a browser sends the header only when it reconnects.
const LAST_EVENT_ID_PARAMETER: &str = "last_event_id";
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Not compressed on the way either, because a proxy that compresses waits for more.
const NOT_TRANSFORMED: HeaderValue = HeaderValue::from_static("no-store, no-transform");
/// The start of every stream: a comment that fills the buffers of proxies which wait for 2 KiB.
static PADDING: LazyLock<Bytes> =
    LazyLock::new(|| Bytes::from(format!(":{}\n\n", " ".repeat(2048))));
/// Time between heartbeats on an idle stream.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(15);
/// How long a stream waits for missed versions that are not in memory yet.
const BACKFILL_TIMEOUT: Duration = Duration::from_secs(5);

/// The state that all streams share. A clone shares it too.
#[derive(Clone, Debug)]
pub(crate) struct Events(Arc<SharedStreams>);

#[derive(Debug)]
struct SharedStreams {
    /// One permit for each open stream.
    permits: Arc<Semaphore>,
    max_streams: usize,
    shutdown: CancellationToken,
    heartbeat: Duration,
    backfill_timeout: Duration,
    /// The events of the current site, encoded once for all streams.
    status_events: Mutex<Option<Arc<StatusEvents>>>,
}

impl Events {
    /// Streams that end at shutdown. They use at most half of the connections, which leaves the
    /// rest to pages.
    pub(crate) fn new(limits: &Limits, shutdown: CancellationToken) -> Self {
        Self::with(
            limits.connections() / 2,
            shutdown,
            HEARTBEAT_INTERVAL,
            BACKFILL_TIMEOUT,
        )
    }

    fn with(
        max_streams: usize,
        shutdown: CancellationToken,
        heartbeat: Duration,
        backfill_timeout: Duration,
    ) -> Self {
        let max_streams = max_streams.clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(SharedStreams {
            permits: Arc::new(Semaphore::new(max_streams)),
            max_streams,
            shutdown,
            heartbeat,
            backfill_timeout,
            status_events: Mutex::default(),
        }))
    }

    /// The number of open streams.
    pub(crate) fn open_streams(&self) -> usize {
        self.0.max_streams - self.0.permits.available_permits()
    }

    fn permit(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let permit = Arc::clone(&self.0.permits).try_acquire_owned();
        permit.map_err(|_| AppError::TooManyStreams)
    }

    fn status_events(&self, site: &Site) -> Arc<StatusEvents> {
        let mut current = self
            .0
            .status_events
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(events) if events.are_of(site) => events.clone(),
            _ => {
                let events = Arc::new(StatusEvents::of(site));
                *current = Some(events.clone());
                events
            }
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new(&Limits::default(), CancellationToken::new())
    }
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(events): State<Events>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let last = last_event_id(&headers, &uri);
    let site = current.load()?;
    let listener = Listener::new(events.permit()?, current, events, last);
    let events = stream::unfold(listener, async |mut listener| {
        let bytes = listener.next().await?;
        Some((Ok::<_, Infallible>(bytes), listener))
    });
    let body = stream::once(ready(Ok(PADDING.clone()))).chain(events);
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (CACHE_CONTROL, NOT_TRANSFORMED),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
        (X_CATALOGUE_VERSION, HeaderValue::from(site.version())),
    ];
    let mut response = (headers, Body::from_stream(body)).into_response();
    response.extensions_mut().insert(UntilClosed);
    Ok(response)
}

/// The last event that the client received, if it sends one. Unknown parameters are ignored.
fn last_event_id(headers: &HeaderMap, uri: &Uri) -> Option<EventId> {
    let parameters = query::pairs(uri).filter(|(name, _)| name == LAST_EVENT_ID_PARAMETER);
    let parameter = parameters.last().map(|(_, value)| value.into_owned());
    // When a browser reconnects, its header is newer than the URL.
    let header = headers.get(LAST_EVENT_ID);
    let header = header.map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let last = header.or(parameter).filter(|last| !last.is_empty());
    last.map(|last| EventId::parse(&last))
}
