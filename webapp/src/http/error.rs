//! The errors of requests, with their statuses and titles.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use http_content::EncodeError;
use jiff::Timestamp;

use crate::wording::{RemovedItem, singular};

/// The supported methods, as the `Allow` header lists them.
pub(crate) const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// Why a request failed. The text is for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AppError {
    /// The request cannot be understood; the text says what to change.
    #[error("{0}")]
    BadRequest(String),
    /// A parameter has an invalid value.
    #[error("{name} {problem}")]
    BadParameter {
        name: String,
        /// The rest of a sentence that begins with the name.
        problem: String,
    },
    /// Nothing is at this address.
    #[error("nothing found at this address")]
    NotFound,
    /// There is no such version. The oldest and the newest that there are, if any.
    #[error("{}", available_versions(.0))]
    VersionNotFound(Option<(u64, u64)>),
    /// The item at this address was removed.
    #[error("the {} “{}” was removed in version {}", singular(.0.kind), .0.name, .0.version)]
    Removed(Box<RemovedItem>),
    /// A page is at this address, and the client accepts only JSON.
    #[error("this address has only an HTML page: use the APIs under /ghibli or /api/v1")]
    NotJson,
    /// No longer available, or moved; the text says what to do.
    #[error("{0}")]
    Gone(String),
    /// Only reading is possible here.
    #[error("read-only: use GET, HEAD or OPTIONS")]
    MethodNotAllowed,
    /// The client refuses every supported encoding, identity included.
    #[error("Accept-Encoding excludes every supported encoding: accept identity, gzip, br or zstd")]
    NotAcceptable,
    /// The request's body did not arrive in time.
    #[error("the request body did not arrive in time: send none")]
    BodyTimeout,
    /// The request's body exceeds the limit.
    #[error("the request body is too large: send none")]
    BodyTooLarge,
    /// The path and query exceed the limit.
    #[error("the address is too long: shorten its query")]
    UrlTooLong,
    /// The catalogue is still loading, or the database has been unavailable since then.
    #[error("{}", not_ready(.0))]
    NotReady(Option<Timestamp>),
    /// Too many clients listen to events.
    #[error("too many clients are listening: try again in 30 seconds")]
    TooManyStreams,
    /// Costly requests wait in a queue that is full.
    #[error("the server is busy: try again in a few seconds")]
    Busy,
    /// The database cannot be read, and the response is not in memory.
    #[error("the database is unavailable: try again in a few seconds")]
    DatabaseUnavailable,
    /// The handler took too long.
    #[error("the response took too long: try again in a moment")]
    ResponseTimeout,
    /// A bug or a failed dependency. Only the log gets the cause.
    #[error("internal error: search the log for the request ID")]
    Internal(#[source] anyhow::Error),
}

impl AppError {
    /// The status of the response.
    pub(crate) fn status(&self) -> StatusCode {
        self.status_and_title().0
    }

    /// The status, and a title for people.
    pub(crate) fn status_and_title(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest(_) | Self::BadParameter { .. } => {
                (StatusCode::BAD_REQUEST, "Invalid request")
            }
            Self::NotFound | Self::NotJson => (StatusCode::NOT_FOUND, "Page not found"),
            Self::VersionNotFound(_) => (StatusCode::NOT_FOUND, "Version not found"),
            Self::Gone(_) => (StatusCode::GONE, "No longer available"),
            Self::Removed(_) => (StatusCode::GONE, "Removed from the catalogue"),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "Read-only site"),
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "Unsupported encoding"),
            Self::BodyTimeout => (StatusCode::REQUEST_TIMEOUT, "Request timed out"),
            Self::BodyTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request too large"),
            Self::UrlTooLong => (StatusCode::URI_TOO_LONG, "Address too long"),
            Self::NotReady(None) => (StatusCode::SERVICE_UNAVAILABLE, "Starting up"),
            Self::NotReady(Some(_)) => (StatusCode::SERVICE_UNAVAILABLE, "Database unavailable"),
            Self::TooManyStreams => (StatusCode::SERVICE_UNAVAILABLE, "Too many connections"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "Server busy"),
            Self::DatabaseUnavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "Temporarily unavailable")
            }
            Self::ResponseTimeout => (StatusCode::GATEWAY_TIMEOUT, "Response timed out"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong"),
        }
    }

    /// The removed item, if that is the reason.
    pub(crate) fn removed_item(&self) -> Option<&RemovedItem> {
        match self {
            Self::Removed(item) => Some(item),
            _ => None,
        }
    }

    /// `Allow` or `Retry-After`.
    pub(crate) fn field(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed => Some((ALLOW, METHODS)),
            Self::NotReady(_) => Some((RETRY_AFTER, HeaderValue::from_static("2"))),
            Self::Busy | Self::DatabaseUnavailable => {
                Some((RETRY_AFTER, HeaderValue::from_static("5")))
            }
            Self::TooManyStreams => Some((RETRY_AFTER, HeaderValue::from_static("30"))),
            _ => None,
        }
    }
}

fn not_ready(unavailable_since: &Option<Timestamp>) -> String {
    match unavailable_since {
        None => "the catalogue is still loading: try again in a moment".into(),
        Some(since) => format!(
            "the database has been unavailable since {}: try again later",
            since.strftime("%-d %B %Y, %H:%M UTC")
        ),
    }
}

fn available_versions(versions: &Option<(u64, u64)>) -> String {
    match versions {
        Some((oldest, newest)) if oldest == newest => format!("only version {newest} is available"),
        Some((oldest, newest)) => format!("versions {oldest} to {newest} are available"),
        None => "no version has been published yet".into(),
    }
}

/// A layer renders the error, because only the request tells whether as a page or as a problem.
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
