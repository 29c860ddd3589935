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
use crate::PublicUrl;
use crate::content::{AtVersion as _, JSON};
use crate::error::AppError;
use crate::routes::App;
use crate::site::Current;

/// What all paths of this API begin with.
pub(crate) const ROOT: &str = "/api/v1";
/// The page for people about it.
pub(crate) const DOCS: &str = "/api/docs";

/// The API's routes.
pub(crate) fn routes(router: Router<App>) -> Router<App> {
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
    State(current): State<Current>,
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
        representation = public_url.named_in(representation);
    }
    Ok((fields, representation).into_response())
}
