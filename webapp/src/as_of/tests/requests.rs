//! Which requests name a version, and which of them fail.

use http::header::IF_NONE_MATCH;

use super::*;

#[tokio::test]
async fn a_version_that_is_not_available_is_a_404_that_names_the_available_ones() {
    let server = server();
    for address in [
        "/movies?version=4",
        "/movies/0?version=99",
        "/?version=18446744073709551615",
    ] {
        let page = server.get(address).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{address}");
        assert!(
            page.body.contains("ersions 1 to 3 are available."),
            "{}",
            page.body
        );
        assert!(!page.body.contains("?version="), "{}", page.body);
    }
    for address in ["/api/v1/movies?version=4", "/versions/4/ghibli/films"] {
        let problem = server.get(address).await;
        assert_eq!(problem.status, StatusCode::NOT_FOUND, "{address}");
        assert_eq!(problem.header("content-type"), "application/problem+json");
        assert!(
            problem.body.contains("versions 1 to 3 are available"),
            "{}",
            problem.body
        );
    }
    let built_in = Server::of(AppState::default().with_site(Site::built_in()));
    let page = built_in.get("/movies?version=1").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.body.contains("o version has been published yet."),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn an_invalid_version_is_a_400() {
    let server = server();
    for (address, message) in [
        (
            "/movies?version=x",
            "version must be a whole number of 1 or more",
        ),
        (
            "/movies?version=",
            "version must be a whole number of 1 or more",
        ),
        (
            "/movies?version=0",
            "version must be a whole number of 1 or more",
        ),
        (
            "/api/v1/movies?version=-1",
            "version must be a whole number of 1 or more",
        ),
        (
            "/api/v1/movies?version=99999999999999999999",
            "version must be a whole number",
        ),
        (
            "/versions/x/ghibli/films",
            "version must be a whole number of 1 or more",
        ),
        ("/?version=1&version=2", "version may be given only once"),
    ] {
        let response = server.get(address).await;
        assert_eq!(response.status, StatusCode::BAD_REQUEST, "{address}");
        let text = response.body.replace("<code>", "").replace("</code>", "");
        assert!(text.contains(message), "{address}: {text}");
    }
}

#[tokio::test]
async fn earlier_versions_are_not_ready_until_the_history_has_been_read() {
    let snapshot = snapshot(7, Catalogue::default(), &[fixture::added("a", "A")]);
    let history = History::from(&snapshot);
    let site = Site::of(snapshot, Indexes::default(), history);
    let server = Server::of(AppState::default().with_site(site));
    for (version, status) in [
        (6, StatusCode::SERVICE_UNAVAILABLE),
        (7, StatusCode::OK),
        (8, StatusCode::NOT_FOUND),
    ] {
        let response = server.get(&format!("/movies?version={version}")).await;
        assert_eq!(response.status, status, "{version}: {}", response.body);
    }
}

#[tokio::test]
async fn paths_without_versions_ignore_the_parameter() {
    let server = server();
    for address in [
        "/status",
        "/about",
        "/changes",
        "/changes/2",
        "/feed.atom",
        "/nothing",
    ] {
        let plain = server.get(address).await;
        let named = server.get(&format!("{address}?version=1")).await;
        assert_eq!(named.status, plain.status, "{address}");
        assert!(!named.body.contains("You are viewing version"), "{address}");
        assert_eq!(named.header("x-robots-tag"), "", "{address}");
    }
    // A filter by an unknown field, as at the source.
    let films = server.get("/ghibli/films?version=1").await;
    assert_eq!(films.body, server.get("/ghibli/films").await.body);
    assert_eq!(
        server.get("/api/v1/status?version=1").await.status,
        StatusCode::BAD_REQUEST
    );
    for address in [
        "/versions/2",
        "/versions/2/movies",
        "/versions/ghibli/films",
    ] {
        assert_eq!(
            server.get(address).await.status,
            StatusCode::NOT_FOUND,
            "{address}"
        );
    }
}

#[tokio::test]
async fn conditional_and_head_requests_work_as_of_a_version() {
    let server = server();
    for address in [
        "/movies?version=2",
        "/api/v1/movies?version=2",
        "/versions/2/ghibli/films",
    ] {
        let first = server.get(address).await;
        let tag = first.header("etag");
        let again = server
            .send(Method::GET, address, &[(IF_NONE_MATCH, tag)])
            .await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED, "{address}");
        assert_eq!(again.header("x-catalogue-version"), "2", "{address}");
        let head = server.send(Method::HEAD, address, &[]).await;
        assert_eq!(
            (head.status, &*head.body),
            (StatusCode::OK, ""),
            "{address}"
        );
        assert_eq!(
            head.header("content-length"),
            first.body.len().to_string(),
            "{address}"
        );
        let current = address.replace("?version=2", "").replace("/versions/2", "");
        assert_ne!(server.get(&current).await.header("etag"), tag, "{address}");
    }
}
