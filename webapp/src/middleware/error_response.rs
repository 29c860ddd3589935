use askama::Template as _;
use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;

use crate::http::content::{HTML, PROBLEM};
use crate::http::path::is_api;
use crate::http::{AppError, Links, ProblemDetails, RequestId, with_prefix};
use crate::pages::{ErrorPage, VersionMark};

/// Renders an error as a page, or as problem details under the paths of an API and for clients that
/// accept only JSON. Logs the cause of an internal error.
pub(super) fn render_error(
    error: &AppError,
    uri: &Uri,
    links: Option<&Links>,
    mark: Option<&VersionMark>,
    only_json: bool,
    request_id: RequestId,
    trace_id: Option<&str>,
) -> Response {
    if let AppError::Internal(cause) = error {
        tracing::error!(
            %request_id,
            trace_id,
            path = uri.path(),
            error = format!("{cause:#}"),
            "request failed"
        );
    }
    let (content_type, text) = if only_json || is_api(uri.path()) {
        let problem = ProblemDetails::of(error, uri, links, request_id);
        (PROBLEM, serde_json::to_string(&problem).unwrap_or_default())
    } else {
        let prefix = links.map_or("", Links::prefix);
        let page = page(error, uri, request_id);
        let page = mark.map(|mark| mark.apply(&page)).unwrap_or(page);
        (HTML, with_prefix(&page, prefix))
    };

    let mut response = Response::new(Body::empty());
    *response.status_mut() = error.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.extend(error.field());
    *response.body_mut() = Body::from(text);
    response
}

fn page(error: &AppError, uri: &Uri, request_id: RequestId) -> String {
    let (status, title) = error.status_and_title();
    let page = ErrorPage {
        status,
        title,
        detail: &error.to_string(),
        parameter: match error {
            AppError::BadParameter { name, .. } => Some(name),
            _ => None,
        },
        is_unknown: matches!(error, AppError::NotFound | AppError::NotJson),
        path: &percent_decode_str(uri.path()).decode_utf8_lossy(),
        request_id: &request_id.to_string(),
        removed: error.removed_item(),
    };
    page.render().unwrap_or_else(|error| {
        tracing::error!(%request_id, %error, "cannot render the error page");
        title.to_owned()
    })
}
