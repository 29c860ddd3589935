use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use super::Generated;

/// Records in one chunk of a response.
const PIECE: u64 = 1000;

/// A source with a generated catalogue. It responds as the original does to a request without a
/// query, with an ETag.
#[derive(Clone, Debug)]
pub(crate) struct GeneratedSource {
    catalogue: Generated,
    retitled: Arc<AtomicU64>,
    address: SocketAddr,
}

impl GeneratedSource {
    /// Starts one; it ends with the process.
    pub(crate) async fn start(catalogue: Generated, listen: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let source = Self {
            catalogue,
            retitled: Arc::new(AtomicU64::new(catalogue.retitled)),
            address: listener.local_addr()?,
        };
        let routes = Router::new()
            .route("/{collection}", get(whole))
            .route("/{collection}/", get(whole))
            .with_state(source.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Ok(source)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Changes the titles of the first `movies` movies from now on.
    pub(crate) fn retitle(&self, movies: u64) {
        self.retitled.store(movies, Ordering::SeqCst);
    }

    fn now(&self) -> Generated {
        Generated {
            retitled: self.retitled.load(Ordering::SeqCst),
            ..self.catalogue
        }
    }
}

async fn whole(
    State(source): State<GeneratedSource>,
    Path(collection): Path<String>,
    headers: HeaderMap,
) -> Response {
    let catalogue = source.now();
    let count = catalogue.count(&collection);
    if count == 0 {
        return StatusCode::NOT_FOUND.into_response();
    }
    let etag = match collection.as_str() {
        "films" => format!("\"{collection}-{count}-{}\"", catalogue.retitled),
        _ => format!("\"{collection}-{count}\""),
    };
    if headers
        .get(IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == etag.as_bytes())
    {
        return (StatusCode::NOT_MODIFIED, [(ETAG, etag)]).into_response();
    }
    let pieces = (0..count.div_ceil(PIECE)).map(move |piece| {
        let mut text = String::with_capacity(1 << 20);
        for number in piece * PIECE..((piece + 1) * PIECE).min(count) {
            text.push(if number == 0 { '[' } else { ',' });
            // Writing to a string cannot fail.
            let _ = write!(text, "{}", catalogue.record(&collection, number));
            if number + 1 == count {
                text.push(']');
            }
        }
        Ok::<_, Infallible>(Bytes::from(text))
    });
    let body = Body::from_stream(futures::stream::iter(pieces));
    (
        [(CONTENT_TYPE, "application/json".to_owned()), (ETAG, etag)],
        body,
    )
        .into_response()
}
