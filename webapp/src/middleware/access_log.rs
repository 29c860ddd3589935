use axum::{extract::Request, middleware::Next, response::Response};
use tokio::time::Instant;

use crate::http::{RequestId, X_REQUEST_ID, trace_id};

/// Gives the request an id, and logs one line about its response.
pub(super) async fn access_log(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::next();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let trace_id = trace_id(request.headers()).map(str::to_owned);
    request.extensions_mut().insert(id);

    let mut response = next.run(request).await;

    tracing::debug!(
        request_id = %id,
        trace_id,
        %method,
        path = uri.path(),
        status = response.status().as_u16(),
        seconds = started.elapsed().as_secs_f64(),
        "responded"
    );
    response.headers_mut().insert(X_REQUEST_ID, id.value());
    response
}
