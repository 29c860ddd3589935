use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ALLOW, HOST},
};
use http_body_util::BodyExt as _;
use http_front::ConnectionInfo;
use hyper::body::Body as _;
use tokio::time::timeout;

use crate::http::error::{AppError, METHODS};
use crate::http::host::request_host;

/// Limits of a request, beyond those of [`http_front::Limits`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestLimits {
    /// For a request's body, from its header to its end.
    pub(crate) body: Duration,
    /// For a handler, from the request to the header of its response.
    pub(crate) handler: Duration,
    /// Bytes of a request's path and query.
    pub(crate) max_url_bytes: usize,
    /// Bytes of a request's body, which is read and discarded.
    pub(crate) max_body_bytes: usize,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            body: Duration::from_secs(10),
            handler: Duration::from_secs(10),
            max_url_bytes: 8 * 1024,
            max_body_bytes: 64 * 1024,
        }
    }
}

/// Refuses requests that are invalid or exceed a limit, and gives every request one `Host` field.
pub(super) async fn validate(
    State(limits): State<RequestLimits>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    if request
        .uri()
        .path_and_query()
        .is_some_and(|target| target.as_str().len() > limits.max_url_bytes)
    {
        return Err(AppError::UrlTooLong);
    }
    let request = with_host(request)?;
    let request = without_body(request, limits.max_body_bytes, limits.body).await?;
    match *request.method() {
        Method::GET | Method::HEAD => Ok(next.run(request).await),
        Method::OPTIONS => Ok((StatusCode::NO_CONTENT, [(ALLOW, METHODS)]).into_response()),
        _ => Err(AppError::MethodNotAllowed),
    }
}

/// Sets the `Host` field to the host of the request; without one, to the local address of the
/// connection.
fn with_host(mut request: Request) -> Result<Request, AppError> {
    let host = match request_host(&request)? {
        Some(host) => HeaderValue::from_bytes(host).ok(),
        None => {
            let connection = request.extensions().get::<ConnectionInfo>();
            connection.and_then(|info| HeaderValue::try_from(info.local.to_string()).ok())
        }
    };
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    Ok(request)
}

/// Reads a body to its end, within bounds, and discards it: nothing here accepts one.
async fn without_body(
    request: Request,
    max_bytes: usize,
    time: Duration,
) -> Result<Request, AppError> {
    if request.body().is_end_stream() {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    timeout(time, discard(body, max_bytes))
        .await
        .unwrap_or(Err(AppError::BodyTimeout))?;
    Ok(Request::from_parts(parts, Body::empty()))
}

async fn discard(mut body: Body, max_bytes: usize) -> Result<(), AppError> {
    let max_bytes = u64::try_from(max_bytes).unwrap_or(u64::MAX);
    let mut received = 0;
    while received + body.size_hint().lower() <= max_bytes {
        let Some(frame) = body.frame().await else {
            return Ok(());
        };
        let frame = frame.map_err(|_| {
            AppError::BadRequest("the request body is malformed: send none".to_owned())
        })?;
        received += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
    Err(AppError::BodyTooLarge)
}
