//! A receiver of webhooks that records what it gets, with faults.

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use serde_json::Value;
use tokio::sync::watch;

use crate::http_server::HttpServer;

/// The size of a chunk of an endless body.
const CHUNK_BYTES: usize = 16 * 1024;

/// A running receiver, until it is dropped.
pub struct WebhookReceiver {
    server: HttpServer,
    state: Arc<ReceiverState>,
}

/// A request that a receiver got.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: String,
    /// The status of the response; `None` if there was none.
    pub status: Option<StatusCode>,
}

/// How a receiver responds.
#[derive(Clone, Debug, Default)]
pub enum ReceiverFault {
    /// It accepts the event.
    #[default]
    None,
    /// With a status.
    Status(u16),
    /// With 503 and a `Retry-After` of so many seconds.
    RetryAfter(u64),
    /// With a redirect to a URL.
    RedirectTo(String),
    /// With 200 and a body without end.
    EndlessBody,
    /// Never.
    Stall,
}

#[derive(Default)]
struct ReceiverState {
    fault: Mutex<ReceiverFault>,
    deliveries: watch::Sender<Vec<Delivery>>,
    sent_bytes: AtomicUsize,
}

impl WebhookReceiver {
    /// Starts one on a free port.
    pub async fn start() -> Self {
        let state = Arc::<ReceiverState>::default();
        let router = Router::new()
            .fallback(receive)
            .with_state(Arc::clone(&state));
        let server = HttpServer::start(router).await;
        Self { server, state }
    }

    /// Its address as `http://127.0.0.1:PORT/hook`.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.server.address)
    }

    /// Responds to every request in this way from now on.
    pub fn misbehave(&self, fault: ReceiverFault) {
        *self.state.fault() = fault;
    }

    /// All requests so far.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state.deliveries.borrow().clone()
    }

    /// The accepted requests so far.
    pub fn accepted(&self) -> Vec<Delivery> {
        let mut accepted = self.deliveries();
        accepted.retain(|delivery| delivery.status.is_some_and(|status| status.is_success()));
        accepted
    }

    /// The bytes of endless bodies that were sent.
    pub fn sent_bytes(&self) -> usize {
        self.state.sent_bytes.load(Ordering::SeqCst)
    }

    /// Waits until there have been `count` requests in all.
    pub async fn wait_for_deliveries(&self, count: usize, deadline: Duration) {
        self.wait_for(deadline, |deliveries| deliveries.len() >= count)
            .await;
    }

    /// Waits until it has accepted an event of this type.
    pub async fn wait_for_type(&self, type_name: &str, deadline: Duration) {
        let is_accepted = |delivery: &Delivery| {
            delivery.status.is_some_and(|status| status.is_success())
                && delivery.type_name() == type_name
        };
        self.wait_for(deadline, |deliveries| deliveries.iter().any(is_accepted))
            .await;
    }

    async fn wait_for(&self, deadline: Duration, wanted: impl Fn(&[Delivery]) -> bool) {
        let mut deliveries = self.state.deliveries.subscribe();
        let there = deliveries.wait_for(|deliveries| wanted(deliveries));
        if tokio::time::timeout(deadline, there).await.is_err() {
            panic!("after {deadline:?} only: {:#?}", self.deliveries());
        }
    }
}

impl Delivery {
    /// The value of a header.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_else(|| panic!("no header {name} in {self:?}"))
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a body of JSON")
    }

    /// The type of the event.
    pub fn type_name(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }
}

impl ReceiverState {
    fn fault(&self) -> std::sync::MutexGuard<'_, ReceiverFault> {
        self.fault.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn receive(
    State(state): State<Arc<ReceiverState>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let fault = state.fault().clone();
    let response = match &fault {
        ReceiverFault::None => Some(StatusCode::NO_CONTENT.into_response()),
        ReceiverFault::Status(code) => {
            let status = StatusCode::from_u16(*code);
            Some(status.expect("a status is from 100 to 999").into_response())
        }
        ReceiverFault::RetryAfter(seconds) => {
            let after = [(header::RETRY_AFTER, seconds.to_string())];
            Some((StatusCode::SERVICE_UNAVAILABLE, after).into_response())
        }
        ReceiverFault::RedirectTo(url) => {
            Some((StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, url)]).into_response())
        }
        ReceiverFault::EndlessBody => Some(endless(Arc::clone(&state)).into_response()),
        ReceiverFault::Stall => None,
    };
    let status = response.as_ref().map(Response::status);
    state.deliveries.send_modify(|deliveries| {
        deliveries.push(Delivery {
            headers,
            body,
            status,
        });
    });
    match response {
        Some(response) => response,
        None => std::future::pending().await,
    }
}

fn endless(state: Arc<ReceiverState>) -> Body {
    let chunks = stream::repeat(Bytes::from_static(&[b' '; CHUNK_BYTES]));
    Body::from_stream(chunks.map(move |chunk| {
        state.sent_bytes.fetch_add(chunk.len(), Ordering::SeqCst);
        Ok::<_, Infallible>(chunk)
    }))
}
