//! Requests as of a version: `?version=12` on pages and in `/api/v1`, `/versions/12/ghibli` for the
//! drop-in API.
//!
//! Handlers do not depend on this module. The same routes respond from the site of that version, and
//! the response is marked.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::LOCATION;
use http::uri::PathAndQuery;
use http::{HeaderValue, Uri};
use http_content::Representation;
use tower::ServiceExt as _;

use crate::app_state::AppState;
use crate::http::path::{OriginalUri, VERSION, address_as_of, ghibli_as_of, has_versions};
use crate::http::{AppError, Links, query};
use crate::pages::VersionMark;
use crate::robots::NOT_INDEXED;
use crate::state::{self, Site};

/// The routes, and their state, whose site is replaced.
#[derive(Clone)]
pub(crate) struct AsOf {
    routes: Router<AppState>,
    state: AppState,
}

impl AsOf {
    pub(crate) fn new(routes: Router<AppState>, state: AppState) -> Self {
        Self { routes, state }
    }
}

/// Responds as of the version that a request names. Others go on to the current site.
pub(crate) async fn serve(
    State(as_of): State<AsOf>,
    request: Request,
    next: Next,
) -> Result<Response, AppError> {
    let Some(version) = requested_version(request.uri())? else {
        return Ok(next.run(request).await);
    };
    let current = as_of.state.current.load()?;
    let _slots = state::acquire_slots(&current, version).await?;
    let site = state::as_of(Arc::clone(&current), version).await?;
    let mark = VersionMark::new(
        version,
        site.snapshot.header.at,
        version == current.version(),
        without_version(request.uri()),
    );
    let state = as_of.state.with_site(Site::clone(&site));
    let routes = as_of.routes.with_state(state);
    let mut response = match routes.oneshot(localize(request, version)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if let Some(representation) = response.extensions_mut().remove::<Representation>() {
        // Old versions do not displace the current one from the response cache.
        response.extensions_mut().insert(representation.no_store());
    }
    keep_version(&mut response, version);
    let (name, value) = NOT_INDEXED;
    response.headers_mut().insert(name, value);
    response.extensions_mut().insert(mark);
    Ok(response)
}

/// The version that a request names, if it names one.
fn requested_version(uri: &Uri) -> Result<Option<u64>, AppError> {
    let parse = |text: &str| {
        let number = query::number(VERSION, text, 1, usize::MAX)?;
        Ok(Some(number as u64))
    };
    if let Some((version, _)) = ghibli_as_of(uri.path()) {
        return parse(version);
    }
    if uri.query().is_none() || !has_versions(uri.path()) {
        return Ok(None);
    }
    let mut values = query::pairs(uri).filter(|(name, _)| name == VERSION);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some((_, value)), None) => parse(&value),
        (Some(_), Some(_)) => Err(AppError::BadRequest(format!(
            "{VERSION} may be given only once"
        ))),
    }
}

/// The address of the same page today.
fn without_version(uri: &Uri) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(query::pairs(uri).filter(|(name, _)| name != VERSION));
    let query = query.finish();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{}{separator}{query}", uri.path())
}

/// The request at the address of the drop-in API's routes: below `/ghibli`, with links below
/// `/versions`. Others keep their address, so that links to the other pages of a list name the
/// version.
fn localize(mut request: Request, version: u64) -> Request {
    let Some(uri) = without_versions(request.uri()) else {
        return request;
    };
    *request.uri_mut() = uri;
    let original = request.extensions_mut().get_mut::<OriginalUri>();
    if let Some(OriginalUri(original)) = original
        && let Some(uri) = without_versions(original)
    {
        *original = uri;
    }
    if let Some(links) = request.extensions_mut().get_mut::<Links>() {
        *links = links.as_of(version);
    }
    request
}

/// `/ghibli/films?limit=1` for `/versions/12/ghibli/films?limit=1`.
fn without_versions(uri: &Uri) -> Option<Uri> {
    let (_, path) = ghibli_as_of(uri.path())?;
    let target = match uri.query() {
        Some(query) => PathAndQuery::try_from(format!("{path}?{query}")),
        None => PathAndQuery::try_from(path),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.ok()?);
    Uri::from_parts(parts).ok()
}

/// Lets a redirect lead to the same version.
fn keep_version(response: &mut Response, version: u64) {
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|location| location.to_str().ok());
    let location = location.and_then(|location| address_as_of(location, version, "&"));
    if let Some(Ok(location)) = location.map(HeaderValue::try_from) {
        response.headers_mut().insert(LOCATION, location);
    }
}
