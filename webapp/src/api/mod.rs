//! PyFlix's own API, under `/api/v1`: every operation stands in one table, from which its route,
//! its parameters, its description and its documentation are made.

mod changes;
mod docs;
mod filters;
mod items;
mod lists;
mod openapi;
mod operation;
mod pages;
mod parameter;
mod search;
mod syncs;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::LINK;
use http::{HeaderMap, HeaderValue, Uri};
use http_content::Representation;

use self::operation::{Asked, OPERATIONS, Operation};
use crate::app_state::AppState;
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{AtVersion as _, JSON};
use crate::state::CurrentSite;

/// What all paths of this API begin with.
pub(crate) const ROOT: &str = "/api/v1";
/// The page for people about it.
pub(crate) const DOCS: &str = "/api/docs";

/// The API's routes.
pub(crate) fn routes(router: Router<AppState>) -> Router<AppState> {
    let router = router
        .route("/api/v1/openapi.json", get(openapi::show))
        .route(DOCS, get(docs::show));
    OPERATIONS.iter().fold(router, |router, operation| {
        let answer = move |current, public_url, headers, uri| async move {
            answer(operation, current, public_url, headers, uri)
        };
        router.route(&operation.path(), get(answer))
    })
}

fn answer(
    operation: &Operation,
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    headers: HeaderMap,
    uri: Uri,
) -> Result<Response, AppError> {
    let values = parameter::read(&uri, &operation.parameters())?;
    let site = current.load()?;
    let asked = Asked {
        site: &site,
        argument: &operation.argument(&uri)?,
        values: &values,
    };
    let answer = operation.answer(&asked)?;
    let json =
        serde_json::to_vec(&answer.body).map_err(|error| AppError::Internal(error.into()))?;
    let mut representation = Representation::new(JSON, json).at_version(site.version());
    if answer.fleeting {
        representation = representation.no_store();
    }
    let mut fields = HeaderMap::new();
    if let Some(pages) = answer.pages {
        let root = public_url.root(&headers);
        let links = pages.links(&root, &uri);
        if let Ok(links) = HeaderValue::try_from(links) {
            fields.insert(LINK, links);
        }
        representation = public_url.with_links(representation);
    }
    Ok((fields, representation).into_response())
}
