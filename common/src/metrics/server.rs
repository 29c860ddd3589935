use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http_front::Limits;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::Metrics;
use crate::config::Config;
use crate::listen::{ListenError, bind};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Connections at once: a few scrapers and a person.
const MAX_CONNECTIONS: usize = 16;

/// Listens on `PYFLIX_METRICS_LISTEN`, if it is set.
///
/// # Errors
/// If it cannot.
pub async fn listen(config: &Config) -> Result<Option<TcpListener>, ListenError> {
    match config.metrics_listen {
        Some(address) => bind("PYFLIX_METRICS_LISTEN", address).await.map(Some),
        None => Ok(None),
    }
}

/// Serves `/metrics` on a listener, if there is one, until `shutdown`.
///
/// # Errors
/// If the server cannot be started or ends before.
pub async fn serve(
    listener: Option<TcpListener>,
    metrics: Metrics,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let Some(listener) = listener else {
        shutdown.cancelled().await;
        return Ok(());
    };
    tracing::info!("metrics are at http://{}/metrics", listener.local_addr()?);
    let app = Router::new()
        .route("/metrics", get(show))
        .with_state(metrics);
    let limits = Limits {
        max_connections: MAX_CONNECTIONS,
        ..Limits::default()
    };
    http_front::serve(listener, |_| None, app, limits, Arc::default(), shutdown).await
}

async fn show(State(metrics): State<Metrics>) -> Response {
    match metrics.text() {
        Ok(text) => (
            [(CONTENT_TYPE, OPEN_METRICS), (CACHE_CONTROL, "no-store")],
            text,
        )
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "cannot write the metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
