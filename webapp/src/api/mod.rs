//! PyFlix's own API, under `/api/v1`. One table of operations is the source of routes, parameters,
//! OpenAPI document and reference.

mod changes;
mod docs;
mod filmmakers;
mod item_fields;
mod item_json;
mod items;
mod openapi;
mod operation;
mod paging;
mod parameter;
mod request;
mod response;
mod search;
mod syncs;
#[cfg(test)]
mod tests;
mod webhooks;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::LINK;
use http::{HeaderMap, HeaderValue, Uri};
use http_content::Representation;

use self::operation::{OPERATIONS, Operation};
use crate::app_state::AppState;
use crate::http::AppError;
use crate::http::Links;
use crate::http::content::{AtVersion as _, JSON};
use crate::http::path::API_DOCS;
use crate::state::CurrentSite;

/// The API's routes.
pub(crate) fn routes(router: Router<AppState>) -> Router<AppState> {
    let router = router
        .route("/api/v1/openapi.json", get(openapi::show))
        .route(API_DOCS, get(docs::show));
    OPERATIONS.iter().fold(router, |router, operation| {
        let respond =
            move |current, links, uri| async move { respond(operation, current, links, uri) };
        router.route(&operation.path, get(respond))
    })
}

fn respond(
    operation: &Operation,
    State(current): State<CurrentSite>,
    links: Links,
    uri: Uri,
) -> Result<Response, AppError> {
    let site = current.load()?;
    let response = operation.respond(&site, &uri)?;
    let mut representation = Representation::new(JSON, response.json).at_version(site.version());
    if response.no_store {
        representation = representation.no_store();
    }
    let mut fields = HeaderMap::new();
    if let Some(page) = response.page {
        let pages = page.links(links.root(), &uri);
        if let Ok(pages) = HeaderValue::try_from(pages) {
            fields.insert(LINK, pages);
        }
        representation = links.with_links(representation);
    }
    Ok((fields, representation).into_response())
}
