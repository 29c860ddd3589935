use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Extension, Request},
    middleware::Next,
    response::Response,
};
use http::{
    HeaderMap, HeaderValue, Method,
    header::{CONTENT_LENGTH, LOCATION},
};
use http_content::{Representation, RequestConditions};

use super::error_response::render_error;
use crate::http::content::HTML;
use crate::http::{AppError, Links, RequestId, accepts_only_json, trace_id, with_prefix};
use crate::pages::VersionMark;

/// Turns what a handler returned, a [`Representation`] or an [`AppError`], into the response to
/// this request: encoded, not modified, a page, or problem details.
pub(super) async fn render(
    Extension(request_id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let conditions = RequestConditions::of(request.method(), request.headers());
    let without_body = request.method() == Method::HEAD;
    let only_json = accepts_only_json(request.headers());
    let uri = request.uri().clone();
    let links = request.extensions().get::<Links>().cloned();
    let trace_id = trace_id(request.headers()).map(str::to_owned);

    let mut placeholder = next.run(request).await;

    let mark = placeholder.extensions_mut().remove::<VersionMark>();
    let representation = placeholder.extensions_mut().remove::<Representation>();
    let outcome = if let Some(representation) = representation {
        let representation = marked(representation, mark.as_ref());
        let representation = below(representation, links.as_ref());
        if only_json && representation.media_type() == HTML {
            Err(Arc::new(AppError::NotJson))
        } else {
            encode(&representation, &conditions, placeholder).await
        }
    } else if let Some(error) = placeholder.extensions_mut().remove() {
        Err(error)
    } else {
        Ok(placeholder)
    };
    let prefix = links.as_ref().map_or("", Links::prefix);
    let mut response = outcome.unwrap_or_else(|error: Arc<AppError>| {
        let trace_id = trace_id.as_deref();
        render_error(
            &error,
            &uri,
            links.as_ref(),
            mark.as_ref(),
            only_json,
            request_id,
            trace_id,
        )
    });
    prefix_location(response.headers_mut(), prefix);
    if without_body {
        *response.body_mut() = Body::empty();
    }
    response
}

/// A page as of a version that the request names.
fn marked(page: Representation, mark: Option<&VersionMark>) -> Representation {
    match mark.filter(|_| page.media_type() == HTML) {
        Some(mark) => {
            let text = mark.apply(&String::from_utf8_lossy(&page.content()));
            page.with_content(text)
        }
        None => page,
    }
}

/// A page with addresses below the prefix.
fn below(page: Representation, links: Option<&Links>) -> Representation {
    let Some(links) = links.filter(|_| page.media_type() == HTML) else {
        return page;
    };
    let page = links.with_paths(page);
    if links.prefix().is_empty() {
        return page;
    }
    let text = with_prefix(&String::from_utf8_lossy(&page.content()), links.prefix());
    page.with_content(text)
}

/// The same for a redirect.
fn prefix_location(headers: &mut HeaderMap, prefix: &str) {
    let path = headers.get(LOCATION).and_then(|path| path.to_str().ok());
    let path = path.filter(|path| path.starts_with('/') && !prefix.is_empty());
    if let Some(Ok(path)) = path.map(|path| HeaderValue::try_from(format!("{prefix}{path}"))) {
        headers.insert(LOCATION, path);
    }
}

/// The representation as a response, with the header fields that its handler added.
async fn encode(
    representation: &Representation,
    conditions: &RequestConditions,
    placeholder: Response,
) -> Result<Response, Arc<AppError>> {
    let mut added = std::mem::take(&mut placeholder.into_parts().0.headers);
    added.remove(CONTENT_LENGTH);
    let response = representation.respond(conditions).await;
    let mut response = response.map_err(AppError::from)?;
    response.headers_mut().extend(added);
    // For the response cache.
    response.extensions_mut().insert(representation.clone());
    Ok(response)
}
