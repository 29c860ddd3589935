//! Everything that can go wrong with a request: one status table, two renderings.

use http_content::EncodeError;
use std::sync::Arc;

use askama::Template as _;
use axum::{
    body::Body,
    extract::rejection::{PathRejection, QueryRejection},
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode, Uri,
    header::{ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER},
};
use percent_encoding::percent_decode_str;
use serde::Serialize;

use crate::{
    content::{HTML, PROBLEM},
    middleware::{RequestId, is_for_programs},
    pages::ErrorPage,
};

/// The methods that are answered, as the `Allow` header lists them.
pub const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Why a request failed. The text is for the client.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The request cannot be understood; the text says what to change.
    #[error("{0}")]
    BadRequest(String),
    /// There is nothing at this address.
    #[error("nothing found at this address")]
    NotFound,
    /// What was asked for was there once, or may be elsewhere; the text says what to do.
    #[error("{0}")]
    Gone(String),
    /// Only reading is possible here.
    #[error("read-only: use GET, HEAD or OPTIONS")]
    MethodNotAllowed,
    /// The client refuses every encoding that there is, plain bytes included.
    #[error("Accept-Encoding excludes every supported encoding: accept identity, gzip, br or zstd")]
    NotAcceptable,
    /// The request's body did not come in time.
    #[error("the request body did not arrive in time")]
    BodyTooSlow,
    /// The request's body is longer than is read.
    #[error("the request body is too large: send none")]
    BodyTooLong,
    /// The address is longer than is read.
    #[error("the address is too long")]
    AddressTooLong,
    /// The catalogue is still loading.
    #[error("the catalogue is still loading: try again in a moment")]
    NotReady,
    /// Too many clients are listening to events.
    #[error("too many clients are listening: try again in 30 seconds")]
    Crowded,
    /// Too many costly requests wait already.
    #[error("the server is busy: try again in a few seconds")]
    Busy,
    /// The handler took too long.
    #[error("the response took too long: try again in a moment")]
    TookTooLong,
    /// A fault of ours. The cause is for the log alone.
    #[error("internal error: search the log for the request ID")]
    Internal(#[source] anyhow::Error),
}

impl AppError {
    /// The status that says this to a program.
    pub fn status(&self) -> StatusCode {
        self.table().0
    }

    /// The status and the same in words for a heading.
    fn table(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "Invalid request"),
            Self::NotFound => (StatusCode::NOT_FOUND, "Page not found"),
            Self::Gone(_) => (StatusCode::GONE, "No longer available"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Read-only site"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "Unsupported encoding"),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "Request timed out"),
            Self::BodyTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "Request too large"),
            Self::AddressTooLong => (StatusCode::URI_TOO_LONG, "Address too long"),
            Self::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "Starting up"),
            Self::Crowded => (StatusCode::SERVICE_UNAVAILABLE, "Too many connections"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Server busy"),
            Self::TookTooLong => (StatusCode::GATEWAY_TIMEOUT, "Response timed out"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        }
    }

    /// The answer: a page for people, a problem (RFC 9457) for programs. Logs a fault of ours.
    pub(crate) fn render(&self, asked: &Uri, request_id: RequestId) -> Response {
        if let Self::Internal(cause) = self {
            tracing::error!(%request_id, path = asked.path(), cause = format!("{cause:#}"), "request failed");
        }
        let (content_type, text) = if is_for_programs(asked.path()) {
            (PROBLEM, self.problem(asked, request_id))
        } else {
            (HTML, self.page(asked, request_id))
        };

        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self {
            Self::MethodNotAllowed => {
                headers.insert(ALLOW, METHODS);
            }
            Self::NotReady => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("2"));
            }
            Self::Busy => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("5"));
            }
            Self::Crowded => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("30"));
            }
            _ => {}
        }
        *response.body_mut() = Body::from(text);
        response
    }

    fn page(&self, asked: &Uri, request_id: RequestId) -> String {
        let (status, title) = self.table();
        let page = ErrorPage {
            status,
            title,
            detail: &self.to_string(),
            path: &percent_decode_str(asked.path()).decode_utf8_lossy(),
            request_id: &request_id.to_string(),
        };
        page.render().unwrap_or_else(|error| {
            tracing::error!(%request_id, %error, "cannot render the error page");
            title.to_owned()
        })
    }

    fn problem(&self, asked: &Uri, request_id: RequestId) -> String {
        let status = self.status();
        let problem = Problem {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: &self.to_string(),
            instance: asked.path(),
            request_id: &request_id.to_string(),
        };
        serde_json::to_string(&problem).unwrap_or_default()
    }
}

/// The error is rendered where the request is known: in the middleware.
impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<askama::Error> for AppError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(anyhow::Error::new(error).context("cannot render a template"))
    }
}

impl From<EncodeError> for AppError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::NotAcceptable => Self::NotAcceptable,
            failed @ EncodeError::Failed { .. } => Self::Internal(failed.into()),
        }
    }
}

impl From<PathRejection> for AppError {
    fn from(rejection: PathRejection) -> Self {
        Self::BadRequest(rejection.body_text())
    }
}

impl From<QueryRejection> for AppError {
    fn from(rejection: QueryRejection) -> Self {
        Self::BadRequest(rejection.body_text())
    }
}

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
}
