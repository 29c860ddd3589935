//! Links name the host of the request, independent of other requests.

use testkit::raw_http::RawConnection;
use tokio::time::Instant;

use super::EXCHANGE_TIMEOUT;
use e2e::start_app;

/// Responses with links: the drop-in, the feed, the OpenAPI document.
const PATHS: [&str; 4] = [
    "/ghibli/people",
    "/ghibli/films/2baf70d1-42bb-4437-b551-e5fed5a87abe",
    "/feed.atom",
    "/api/v1/openapi.json",
];

#[tokio::test]
async fn a_request_without_a_host_gets_the_local_address_and_changes_no_other_response() {
    let app = start_app().await;
    let local = format!("http://{}", app.address());
    for path in PATHS {
        for method in ["GET", "HEAD"] {
            // Several, because the second one of a kind can come from the cache.
            for _ in 0..3 {
                let response = ask(&app, &format!("{method} {path} HTTP/1.0\r\n\r\n")).await;
                assert!(method == "HEAD" || response.contains(&local), "{path}");
            }
            for host in ["one.example", "two.example:8000"] {
                let request =
                    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
                let response = ask(&app, &request).await;
                assert!(
                    response.contains(&format!("http://{host}")),
                    "{path} {host}"
                );
                assert!(!response.contains(&local), "{path} after {method}");
            }
        }
    }
}

#[tokio::test]
async fn the_host_of_an_absolute_target_wins_over_the_header() {
    let app = start_app().await;
    for path in PATHS {
        for _ in 0..2 {
            let request = format!(
                "GET http://target.example{path} HTTP/1.1\r\nHost: field.example\r\nConnection: close\r\n\r\n"
            );
            let response = ask(&app, &request).await;
            assert!(response.contains("http://target.example"), "{path}");
            assert!(!response.contains("field.example"), "{path}");
        }
    }
}

async fn ask(app: &testkit::process::Service, request: &str) -> String {
    let mut connection = RawConnection::open(app.address()).await.unwrap();
    connection.send(request.as_bytes()).await;
    let deadline = Instant::now() + EXCHANGE_TIMEOUT;
    connection.receive_all(deadline).await.unwrap();
    let response = String::from_utf8_lossy(connection.received()).into_owned();
    assert!(response.contains(" 200 OK\r\n"), "{request}: {response}");
    response
}
