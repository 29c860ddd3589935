//! A host of pictures that records its requests, with faults.

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use tokio::sync::watch;

use crate::http_server::HttpServer;

/// Time between the bytes of a slow response.
const DRIP_INTERVAL: Duration = Duration::from_millis(50);
const CHUNK_BYTES: usize = 64 * 1024;

/// A running host, until it is dropped.
pub struct PictureHost {
    server: HttpServer,
    state: Arc<HostState>,
}

/// A request that a host got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureRequest {
    /// Its path.
    pub path: String,
    /// Its `If-None-Match`.
    pub etag: Option<String>,
}

/// How a host responds.
#[derive(Clone, Debug)]
pub enum PictureResponse {
    /// With this content as `image/jpeg`, even if it is something else.
    Content(Vec<u8>),
    /// With this content and an ETag, or 304 to a match.
    WithEtag(Vec<u8>, &'static str),
    /// With a status.
    Status(u16),
    /// With a redirect to a URL.
    RedirectTo(String),
    /// With the first half of this content, although it announces all of it.
    Truncated(Vec<u8>),
    /// With a body without end, as fast as it is read.
    Endless,
    /// With a body without end, byte by byte.
    Drip,
}

#[derive(Default)]
struct HostState {
    responses: Mutex<HashMap<String, PictureResponse>>,
    requests: watch::Sender<Vec<PictureRequest>>,
}

impl PictureHost {
    /// Starts one on a free port, without pictures.
    pub async fn start() -> Self {
        let state = Arc::<HostState>::default();
        let router = Router::new()
            .fallback(respond)
            .with_state(Arc::clone(&state));
        let server = HttpServer::start(router).await;
        Self { server, state }
    }

    /// Its address and port.
    pub const fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// The URL of a path, which begins with a slash.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    /// Responds to requests for a path in this way from now on; returns its URL.
    pub fn serve(&self, path: &str, response: PictureResponse) -> String {
        let responses = self.state.responses.lock();
        let mut responses = responses.unwrap_or_else(PoisonError::into_inner);
        responses.insert(path.to_owned(), response);
        self.url(path)
    }

    /// The requests for a path so far.
    pub fn requests(&self, path: &str) -> Vec<PictureRequest> {
        let requests = self.state.requests.borrow();
        let of_path = requests.iter().filter(|request| request.path == path);
        of_path.cloned().collect()
    }

    /// Waits for the first request for a path.
    pub async fn wait_for_request(&self, path: &str, deadline: Duration) {
        let mut requests = self.state.requests.subscribe();
        let is_there =
            |requests: &Vec<PictureRequest>| requests.iter().any(|request| request.path == path);
        let waited = tokio::time::timeout(deadline, requests.wait_for(is_there)).await;
        assert!(waited.is_ok(), "no request for {path} within {deadline:?}");
    }
}

async fn respond(State(state): State<Arc<HostState>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let etag = request.headers().get(header::IF_NONE_MATCH);
    let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
    let response = {
        let responses = state.responses.lock();
        let responses = responses.unwrap_or_else(PoisonError::into_inner);
        responses.get(&path).cloned()
    };
    let request = PictureRequest {
        path,
        etag: etag.clone(),
    };
    state
        .requests
        .send_modify(|requests| requests.push(request));
    let jpeg = [(header::CONTENT_TYPE, "image/jpeg")];
    match response.unwrap_or(PictureResponse::Status(404)) {
        PictureResponse::Content(data) => (jpeg, data).into_response(),
        PictureResponse::WithEtag(_, current) if etag.as_deref() == Some(current) => {
            StatusCode::NOT_MODIFIED.into_response()
        }
        PictureResponse::WithEtag(data, current) => {
            (jpeg, [(header::ETAG, current)], data).into_response()
        }
        PictureResponse::Status(status) => StatusCode::from_u16(status)
            .expect("a valid status")
            .into_response(),
        PictureResponse::RedirectTo(url) => {
            (StatusCode::FOUND, [(header::LOCATION, url)]).into_response()
        }
        PictureResponse::Truncated(data) => {
            let length = data.len();
            let half = Bytes::from(data).slice(..length / 2);
            let cut = io::Error::other("truncated");
            let body = Body::from_stream(stream::iter([Ok(half), Err(cut)]));
            (jpeg, [(header::CONTENT_LENGTH, length.to_string())], body).into_response()
        }
        PictureResponse::Endless => {
            let chunk = Bytes::from(vec![0; CHUNK_BYTES]);
            let chunks = stream::repeat(chunk).map(Ok::<_, Infallible>);
            (jpeg, Body::from_stream(chunks)).into_response()
        }
        PictureResponse::Drip => {
            let bytes = stream::unfold((), |()| async {
                tokio::time::sleep(DRIP_INTERVAL).await;
                Some((Ok::<_, Infallible>(Bytes::from_static(b"\xff")), ()))
            });
            (jpeg, Body::from_stream(bytes)).into_response()
        }
    }
}
