use http::Uri;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::AppError;
use super::path::list_of;
use super::public_url::Links;

/// Problem details (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ProblemDetails {
    /// Always `about:blank`: the status says which problem it is.
    r#type: &'static str,
    /// The name of the status.
    title: &'static str,
    /// The status of the response.
    status: u16,
    /// The problem, with its solution if there is one.
    detail: String,
    /// The requested path.
    instance: String,
    /// Identifies the request in the log.
    request_id: String,
    /// Only of a removed item: the version that removed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    removed_in: Option<u64>,
    /// Only of a removed item: the available versions that changed it, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_in: Option<Vec<u64>>,
}

impl ProblemDetails {
    /// The problem of a request for `uri`. Without `links`, paths are those in this process.
    pub(crate) fn of(
        error: &AppError,
        uri: &Uri,
        links: Option<&Links>,
        request_id: impl ToString,
    ) -> Self {
        let status = error.status();
        let removed = error.removed_item();
        let public =
            |path: &str| links.map_or_else(|| path.to_owned(), |links| links.public_path(path));
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: match (error, list_of(uri.path())) {
                (AppError::NotFound, Some(list)) => {
                    format!("{error}: see {}", public(&format!("/api/v1/{list}")))
                }
                _ => error.to_string(),
            },
            instance: public(uri.path()),
            request_id: request_id.to_string(),
            removed_in: removed.map(|item| item.version),
            changed_in: removed.map(|item| {
                let revisions = item.revisions.iter();
                revisions.map(|revision| revision.version).collect()
            }),
        }
    }
}
