//! All routes of the web app.

use std::convert::Infallible;

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    middleware::{from_fn, from_fn_with_state, map_request_with_state},
    response::{IntoResponse, Response},
    routing::get,
};
use catalogue_index::Role;
use common::models::Kind;
use http::{Uri, header::CACHE_CONTROL};
use tower::{Layer as _, Service};

use crate::app_state::AppState;
use crate::as_of::{self, AsOf};
use crate::http::{AppError, blocking};
use crate::middleware::RequestLimits;
use crate::state::CurrentSite;
use crate::{
    api, art, assets, events, feed, ghibli, images, metrics, middleware, pages, response_cache,
    robots,
};

/// Whether a path that begins with this segment is a page or a response of the app.
pub(crate) fn has_own(segment: &str) -> bool {
    const OTHERS: [&str; 20] = [
        "about",
        "api",
        "art",
        "changes",
        "directors",
        "events",
        "favicon.ico",
        "favicon.svg",
        "feed.atom",
        "ghibli",
        "healthz",
        "images",
        "producers",
        "readyz",
        "robots.txt",
        "search",
        "static",
        "status",
        "timeline",
        "versions",
    ];
    Kind::ALL.map(Kind::plural).contains(&segment) || OTHERS.contains(&segment)
}

/// The whole app: all routes behind the layers and the response cache.
pub(crate) fn app(
    state: AppState,
    limits: RequestLimits,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let (current, public_url) = (state.current.clone(), state.public_url.clone());
    let note_route = map_request_with_state(state.requests.clone(), metrics::note_route);
    let routes = routes().route_layer(note_route);
    let as_of = AsOf::new(routes.clone(), state.clone());
    let routes = from_fn_with_state(as_of, as_of::serve).layer(routes.with_state(state));
    response_cache::layer(middleware::around(routes, limits), current, public_url)
}

fn routes() -> Router<AppState> {
    api::routes(filmmakers(items(Router::new())))
        .route("/", get(pages::home::show))
        .route("/movies/random", get(pages::lists::random))
        .route("/about", get(pages::about::show))
        .route("/changes", get(pages::changes::list))
        .route("/changes/{version}", get(pages::changes::show))
        .route("/search", get(pages::search::show))
        .route("/search/suggest", get(pages::suggest::suggest))
        .route("/status", get(pages::status::show))
        // Of all routes above; those below estimate the cost of a request themselves.
        .route_layer(from_fn(blocking::run_queries))
        .route("/timeline", get(pages::timeline::show))
        .route("/ghibli", get(ghibli::index))
        .route("/ghibli/{collection}", get(ghibli::list))
        .route("/ghibli/{collection}/{id}", get(ghibli::show))
        .route("/ghibli/{collection}/{id}/{nested}", get(ghibli::nested))
        .route("/robots.txt", get(robots::show))
        .route("/events", get(events::show))
        .route("/feed.atom", get(feed::show))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/art/{file}", get(art::show_strip))
        .route("/art/{kind}/{name}", get(art::show))
        .route("/images/{name}", get(images::show))
        .route("/static/{name}", get(assets::show))
        .route("/favicon.svg", get(assets::favicon))
        .route("/favicon.ico", get(assets::favicon))
        .fallback(not_found)
}

/// The list and item pages of every kind.
fn items(mut router: Router<AppState>) -> Router<AppState> {
    for kind in Kind::ALL {
        let list =
            move |State(state): State<AppState>, uri: Uri| pages::lists::list(kind, state, uri);
        let show = move |State(state): State<AppState>,
                         slug: Result<Path<String>, PathRejection>| {
            pages::items::show(kind, state, slug)
        };
        let path = kind.plural();
        router = router
            .route(&format!("/{path}"), get(list))
            .route(&format!("/{path}/{{slug}}"), get(show));
    }
    router
}

/// The list and the pages of directors and of producers.
fn filmmakers(mut router: Router<AppState>) -> Router<AppState> {
    for role in Role::ALL {
        let list = move |State(state): State<AppState>, uri: Uri| {
            pages::filmmakers::list(role, state, uri)
        };
        let show = move |State(state): State<AppState>,
                         slug: Result<Path<String>, PathRejection>| {
            pages::filmmakers::show(role, state, slug)
        };
        let path = role.plural();
        router = router
            .route(&format!("/{path}"), get(list))
            .route(&format!("/{path}/{{slug}}"), get(show));
    }
    router
}

/// 200 while the process is running.
async fn healthz() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok")
}

/// 200 once the store has been read.
async fn readyz(State(current): State<CurrentSite>) -> Result<impl IntoResponse, AppError> {
    current.load()?;
    Ok(([(CACHE_CONTROL, "no-store")], "ready"))
}

async fn not_found() -> AppError {
    AppError::NotFound
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{HeaderMap, StatusCode};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn healthz_says_ok() {
        let (status, _, body) = get("/healthz").await;
        assert_eq!((status, body.as_str()), (StatusCode::OK, "ok"));
    }

    #[tokio::test]
    async fn only_a_url_with_the_content_hash_is_immutable() {
        for address in [
            assets::stylesheet(),
            assets::reference_stylesheet(),
            assets::status_stylesheet(),
            assets::script(),
            assets::icon(),
        ] {
            let (status, headers, _) = get(address).await;
            assert_eq!(status, StatusCode::OK, "{address}");
            let cache_control = headers["cache-control"].to_str().unwrap();
            assert_eq!(cache_control, "public, max-age=31536000, immutable");

            let bare = address.split('?').next().unwrap();
            for other in [bare.to_owned(), format!("{bare}?v=old")] {
                let (status, headers, _) = get(&other).await;
                assert_eq!(status, StatusCode::OK, "{other}");
                assert_eq!(headers["cache-control"], "no-cache", "{other}");
            }
        }
        let (status, _, _) = get("/static/other.css").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn only_pages_can_load_styles() {
        for (path, can_load) in [
            ("/movies", true),
            ("/api/docs", true),
            ("/api/docs/", true),
            ("/api/v1/movies", false),
            ("/ghibli/films", false),
            ("/Ghibli/films/", false),
            ("/feed.atom", false),
        ] {
            let (_, headers, _) = get(path).await;
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert_eq!(policy.contains("style-src 'self'"), can_load, "{path}");
        }
    }

    #[tokio::test]
    async fn the_icon_is_at_the_default_paths() {
        for address in ["/favicon.ico", "/favicon.svg"] {
            let (_, headers, body) = get(address).await;
            assert_eq!(headers["content-type"], "image/svg+xml");
            assert!(body.starts_with("<svg "));
        }
    }

    async fn get(uri: &str) -> (StatusCode, HeaderMap, String) {
        let request = Request::builder().uri(uri).header("host", "pyflix");
        let request = request.body(Body::empty()).unwrap();
        let response = app(AppState::default(), RequestLimits::default())
            .oneshot(request)
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        (parts.status, parts.headers, text)
    }
}
