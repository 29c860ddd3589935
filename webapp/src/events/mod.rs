//! News as it happens: server-sent events, one per version and one per change of freshness.

pub(crate) mod encode;
mod listener;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use http_front::{Limits, UntilClosed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::encode::{Position, Standing};
use self::listener::Client;
use crate::http::AppError;
use crate::http::content::X_CATALOGUE_VERSION;
use crate::http::query;
use crate::state::{CurrentSite, Site};

const EVENT_STREAM: &str = "text/event-stream";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The same for who cannot send a header, such as a browser's first request.
const LAST_EVENT_ID_PARAMETER: &str = "last_event_id";
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A silent stream shows that it lives so often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long versions that are not in memory yet are waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all streams share. A clone is the same.
#[derive(Clone, Debug)]
pub(crate) struct Events(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// Whoever listens keeps one.
    places: Arc<Semaphore>,
    shutdown: CancellationToken,
    heartbeat: Duration,
    patience: Duration,
    /// Where the catalogue stands, encoded once for all who are told.
    standing: Mutex<Option<Arc<Standing>>>,
}

impl Events {
    /// Streams that end at shutdown. They take half of the connections at most, so that there
    /// is always room for pages.
    pub(crate) fn new(limits: &Limits, shutdown: CancellationToken) -> Self {
        Self::with(limits.connections() / 2, shutdown, HEARTBEAT, PATIENCE)
    }

    fn with(
        places: usize,
        shutdown: CancellationToken,
        heartbeat: Duration,
        patience: Duration,
    ) -> Self {
        Self(Arc::new(Shared {
            places: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
            shutdown,
            heartbeat,
            patience,
            standing: Mutex::default(),
        }))
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, AppError> {
        let place = Arc::clone(&self.0.places).try_acquire_owned();
        place.map_err(|_| AppError::Crowded)
    }

    fn standing(&self, site: &Site) -> Arc<Standing> {
        let mut kept = self
            .0
            .standing
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(standing) if standing.is_of(site) => standing.clone(),
            _ => {
                let standing = Arc::new(Standing::of(site));
                *kept = Some(standing.clone());
                standing
            }
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self::new(&Limits::default(), CancellationToken::new())
    }
}

/// The stream of events.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(events): State<Events>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let last = last_event_id(&headers, &uri)?;
    let site = current.load()?;
    let client = Client::new(events.place()?, current, events, last);
    let body = stream::unfold(client, async |mut client| {
        let bytes = client.next().await?;
        Some((Ok::<_, Infallible>(bytes), client))
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
        (X_CATALOGUE_VERSION, HeaderValue::from(site.version())),
    ];
    let mut response = (headers, Body::from_stream(body)).into_response();
    response.extensions_mut().insert(UntilClosed);
    Ok(response)
}

/// Where the client stands; one that it cannot have from here is a position nobody knows.
fn last_event_id(headers: &HeaderMap, uri: &Uri) -> Result<Option<Position>, AppError> {
    let mut last = None;
    for (name, value) in query::pairs(uri) {
        match &*name {
            LAST_EVENT_ID_PARAMETER => last = Some(value.into_owned()),
            _ => return Err(query::unknown(&name, &[LAST_EVENT_ID_PARAMETER])),
        }
    }
    // What a browser sends at a reconnection is newer than the address.
    if let Some(header) = headers.get(LAST_EVENT_ID) {
        last = Some(String::from_utf8_lossy(header.as_bytes()).into_owned());
    }
    let last = last.filter(|last| !last.is_empty());
    Ok(last.map(|last| Position::parse(&last)))
}
