use askama::Template;
use axum::extract::State;
use http::HeaderMap;
use http_content::Representation;

use super::operation::{OPERATIONS, Operation};
use super::{openapi, parameter::Parameter};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::pages::{HtmlHead, PageLayout};
use crate::state::{CurrentSite, Site};

#[derive(Template)]
#[template(path = "api/docs.html")]
struct Docs {
    head: HtmlHead,
    layout: PageLayout,
    root: String,
    operations: Vec<Described>,
}

struct Described {
    name: String,
    path: String,
    summary: String,
    about: &'static str,
    argument: Option<(&'static str, &'static str)>,
    parameters: Vec<Parameter>,
    /// A question, as a path.
    example: String,
    /// Its answer as JSON.
    answer: Option<String>,
}

impl Described {
    fn of(operation: Operation, site: &Site) -> Self {
        let argument = operation.argument_of(site);
        let answer = openapi::example(operation, site);
        Self {
            name: operation.name(),
            path: operation.path(),
            summary: operation.summary(),
            about: operation.about(),
            argument: argument.map(|(name, about, _)| (name, about)),
            parameters: operation.parameters(),
            example: operation.example(site),
            answer: answer.and_then(|answer| serde_json::to_string_pretty(&answer).ok()),
        }
    }
}

/// The same description as a page.
pub(super) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    headers: HeaderMap,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = Docs {
        head: HtmlHead::of(
            &public_url,
            super::DOCS,
            "API reference",
            "Every endpoint of the PyFlix API, with its parameters and an example response.",
        ),
        layout: PageLayout::of(&site),
        root: public_url.root(&headers),
        operations: OPERATIONS
            .iter()
            .map(|operation| Described::of(*operation, &site))
            .collect(),
    };
    // An example tells of the last sync.
    let page = content::page(&page)?.at_version(site.version());
    Ok(public_url.with_links(page).no_store())
}
