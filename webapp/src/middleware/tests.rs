use http_content::Representation;
use std::{future::pending, time::Duration};

use axum::{Router, body::Body, routing::get};
use futures::stream;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::{
    http::AppError,
    http::content::{AtVersion as _, HTML},
};

#[tokio::test]
async fn an_error_is_a_page_for_people_and_a_problem_for_programs() {
    let (status, headers, page) = get_text("/nowhere/<b>").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert!(page.contains("/nowhere/&#60;b&#62;"), "{page}");
    assert!(page.contains("href=\"/movies\""), "{page}");

    for path in ["/api/nowhere", "/ghibli/nowhere", "/GHIBLI"] {
        let (status, headers, text) = get_text(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers["content-type"], "application/problem+json");
        assert_eq!(
            headers.contains_key("access-control-allow-origin"),
            path.starts_with("/api")
        );
        let problem: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(problem["status"], 404);
        assert_eq!(problem["title"], "Not Found");
        assert_eq!(problem["instance"], path);
        assert_eq!(
            problem["request_id"],
            headers["x-request-id"].to_str().unwrap()
        );
    }
}

#[tokio::test]
async fn an_internal_error_tells_the_client_only_the_request_id() {
    for path in ["/fails", "/panics", "/api/fails", "/api/panics"] {
        let (status, headers, text) = get_text(path).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains(headers["x-request-id"].to_str().unwrap()));
    }
}

#[tokio::test]
async fn a_handler_that_hangs_times_out() {
    let limits = RequestLimits {
        handler: Duration::from_millis(20),
        ..RequestLimits::default()
    };
    let response = app(limits).oneshot(request("/api/hangs")).await.unwrap();
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
}

#[tokio::test]
async fn a_request_id_from_the_client_is_ignored() {
    let request_id = async || {
        let mut request = request("/page");
        let sent = "mine".parse().unwrap();
        request.headers_mut().insert("x-request-id", sent);
        let response = app(RequestLimits::default())
            .oneshot(request)
            .await
            .unwrap();
        response.headers()["x-request-id"].clone()
    };
    let (first, second) = (request_id().await, request_id().await);
    assert_ne!(first, "mine");
    assert_ne!(first, second);
}

#[tokio::test]
async fn every_response_has_the_security_headers() {
    for path in ["/page", "/nowhere", "/api/panics"] {
        let (_, headers, _) = get_text(path).await;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; "));
        assert_eq!(policy.contains("style-src 'self'"), path != "/api/panics");
        assert!(policy.ends_with("frame-ancestors 'none'"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(
            headers.contains_key("access-control-allow-origin"),
            path.starts_with("/api")
        );
    }
}

#[tokio::test]
async fn only_get_head_and_options_are_allowed() {
    for method in ["POST", "PUT", "DELETE", "TRACE", "CONNECT", "BREW"] {
        let mut request = request("/page");
        *request.method_mut() = method.parse().unwrap();
        let response = app(RequestLimits::default())
            .oneshot(request)
            .await
            .unwrap();
        assert_eq!(
            response.status(),
            StatusCode::METHOD_NOT_ALLOWED,
            "{method}"
        );
        assert_eq!(response.headers()["allow"], "GET, HEAD, OPTIONS");
    }

    let mut request = request("/api/anything");
    *request.method_mut() = Method::OPTIONS;
    let response = app(RequestLimits::default())
        .oneshot(request)
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    assert_eq!(
        response.headers()["access-control-allow-methods"],
        "GET, HEAD, OPTIONS"
    );
}

#[tokio::test]
async fn a_url_that_is_too_long_or_an_invalid_host_is_refused() {
    let status = async |request| {
        let response = app(RequestLimits::default())
            .oneshot(request)
            .await
            .unwrap();
        response.status()
    };

    let long = format!("/page?{}", "a".repeat(8 * 1024));
    assert_eq!(status(request(&long)).await, StatusCode::URI_TOO_LONG);

    for hosts in [&[][..], &["a", "b"], &[""], &["a b"], &["user@a"], &["a/b"]] {
        let mut request = request("/page");
        request.headers_mut().remove("host");
        for host in hosts {
            request.headers_mut().append("host", host.parse().unwrap());
        }
        assert_eq!(status(request).await, StatusCode::BAD_REQUEST, "{hosts:?}");
    }
}

#[tokio::test]
async fn a_body_is_read_within_limits_and_discarded() {
    let limits = RequestLimits {
        body: Duration::from_millis(20),
        ..RequestLimits::default()
    };
    let status = async |body: Body| {
        let request = request("/page").map(|_| body);
        app(limits).oneshot(request).await.unwrap().status()
    };
    let chunk = || Ok::<_, std::io::Error>(vec![0; 1024]);

    assert_eq!(status(Body::from("short")).await, StatusCode::OK);
    let known_length = Body::from(vec![0; 64 * 1024 + 1]);
    assert_eq!(status(known_length).await, StatusCode::PAYLOAD_TOO_LARGE);
    let unknown_length = Body::from_stream(stream::repeat_with(chunk));
    assert_eq!(status(unknown_length).await, StatusCode::PAYLOAD_TOO_LARGE);
    let slow = Body::from_stream(stream::pending::<std::io::Result<Vec<u8>>>());
    assert_eq!(status(slow).await, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn a_trailing_slash_makes_no_difference() {
    let (status, with, text) = get_text("/page/").await;
    let (_, without, same_text) = get_text("/page").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(text, same_text);
    assert_eq!(with["etag"], without["etag"]);
}

#[tokio::test]
async fn a_response_has_the_header_fields_of_its_handler() {
    let (_, headers, text) = get_text("/page").await;
    assert_eq!(headers["link"], "</page?page=2>; rel=\"next\"");
    assert_eq!(headers["x-catalogue-version"], "3");
    assert_eq!(headers["content-length"], text.len().to_string().as_str());
}

async fn get_text(path: &str) -> (StatusCode, HeaderMap, String) {
    let response = app(RequestLimits::default())
        .oneshot(request(path))
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let text = body.collect().await.unwrap().to_bytes();
    (
        parts.status,
        parts.headers,
        String::from_utf8(text.to_vec()).unwrap(),
    )
}

fn request(uri: &str) -> Request {
    let uri = uri.replace('<', "%3C").replace('>', "%3E");
    let request = Request::builder().uri(uri).header("host", "pyflix");
    request.body(Body::empty()).unwrap()
}

fn app(
    limits: RequestLimits,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> {
    let fails = get(async || AppError::Internal(anyhow::anyhow!("a secret")));
    let panics = get(async || -> AppError { panic!("a secret") });
    let page = async || {
        let link = [("link", "</page?page=2>; rel=\"next\"")];
        (link, Representation::new(HTML, "hello").at_version(3))
    };
    let routes = Router::new()
        .route("/page", get(page))
        .route("/fails", fails.clone())
        .route("/api/fails", fails)
        .route("/panics", panics.clone())
        .route("/api/panics", panics)
        .route("/api/hangs", get(async || pending::<AppError>().await))
        .fallback(async || AppError::NotFound);
    around(routes, limits)
}
