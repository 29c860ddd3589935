use askama::Template;
use axum::extract::State;
use http_content::Representation;

use super::openapi::example_response;
use super::operation::{OPERATIONS, Operation};
use crate::http::AppError;
use crate::http::content::{self, AtVersion as _};
use crate::http::path::API_DOCS;
use crate::http::{Links, PublicUrl};
use crate::pages::{HtmlHead, PageLayout};
use crate::state::{CurrentSite, Site};

#[derive(Template)]
#[template(path = "api/docs.html")]
struct Docs {
    head: HtmlHead,
    layout: PageLayout,
    root: String,
    operations: Vec<OperationExample>,
}

/// An operation with an example from this catalogue.
struct OperationExample {
    operation: &'static Operation,
    /// The path and query.
    request: String,
    /// The JSON.
    response: Option<String>,
}

impl OperationExample {
    fn of(operation: &'static Operation, site: &Site) -> Self {
        let response = example_response(operation, site);
        Self {
            operation,
            request: operation.example(site),
            response: response.and_then(|json| serde_json::to_string_pretty(&json).ok()),
        }
    }
}

/// The API reference.
pub(super) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    links: Links,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = Docs {
        head: HtmlHead::of(
            &public_url,
            API_DOCS,
            "API reference",
            "Every endpoint of the PyFlix API, with its parameters and an example response.",
        ),
        layout: PageLayout::of(&site),
        root: links.root().to_owned(),
        operations: OPERATIONS
            .iter()
            .map(|operation| OperationExample::of(operation, &site))
            .collect(),
    };
    // The example of `status` has the last sync.
    let page = content::page(&page)?.at_version(site.version());
    Ok(links.with_links(page).no_store())
}
