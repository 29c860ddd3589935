//! Which requests name a version, and how their responses are marked.

use std::sync::Arc;

use futures::future::join_all;
use http::header::{IF_NONE_MATCH, LOCATION};
use serde_json::Value;

use super::*;
use crate::http::path::has_versions;

/// A server at version 3: movie 0 changed in version 2 and was removed in version 3.
fn server() -> Server {
    server_at(PublicUrl::default())
}

fn server_at(public_url: PublicUrl) -> Server {
    let items = Kind::ALL
        .into_iter()
        .flat_map(|kind| (0..3).map(move |id| item(kind, id, id)));
    let server = Server::start_at(items, public_url);
    let edit = |after| {
        server.publish(
            server
                .change_to(Kind::Movie, "0", after)
                .into_iter()
                .collect(),
        )
    };
    edit(Some(item(Kind::Movie, 0, 4)));
    edit(None);
    server
}

#[tokio::test]
async fn a_removed_item_comes_back_as_of_the_version_before() {
    let server = server();
    let gone = server.get("/movies/0").await;
    assert_eq!(gone.status, StatusCode::GONE);
    let address = "/movies/movie-0-0?version=2";
    assert!(
        gone.body.contains(&format!("<a href=\"{address}\"")),
        "{}",
        gone.body
    );
    for address in [
        address,
        "/movies/0?version=1",
        "/art/movies/0.svg?version=2",
    ] {
        assert_eq!(
            server.get(address).await.status,
            StatusCode::OK,
            "{address}"
        );
    }
    let still_gone = server.get("/movies/0?version=3").await;
    assert_eq!(still_gone.status, StatusCode::GONE);
    assert!(
        still_gone
            .body
            .contains("You are viewing version 3, the newest one")
    );
    assert!(
        still_gone
            .body
            .contains("<a href=\"/movies?version=3\">All movies</a>")
    );
    assert!(still_gone.body.contains(&format!("<a href=\"{address}\"")));
}

#[tokio::test]
async fn a_page_says_which_version_it_shows_and_leads_to_the_same_page_today() {
    let server = server();
    let page = server.get("/movies?sort=-year&version=2&view=list").await;
    let notice = "<p class=\"notice\">You are viewing version 2, published \
                  <time datetime=\"1970-01-03T00:00:00Z\">3 January 1970, 00:00 UTC</time>. \
                  <a href=\"/movies?sort=-year&#38;view=list\">This page today</a></p>";
    assert!(page.body.contains(notice), "{}", page.body);
    assert!(
        page.body
            .contains("<meta name=\"robots\" content=\"noindex, nofollow\">")
    );
    assert!(!page.body.contains("rel=\"canonical\""));
    assert_eq!(page.header("x-catalogue-version"), "2");
    assert_eq!(page.header("x-robots-tag"), "noindex, nofollow");
    assert_eq!(page.header("cache-control"), "no-cache");

    let json = server.get("/api/v1/movies?version=2").await;
    assert_eq!(json.header("x-catalogue-version"), "2");
    assert_eq!(json.header("x-robots-tag"), "noindex, nofollow");
    let json: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(json["version"], 2);
    assert!(
        !server
            .get("/")
            .await
            .body
            .contains("You are viewing version")
    );
}

#[tokio::test]
async fn links_and_forms_of_a_page_keep_the_version_or_lead_to_what_has_none() {
    let server = server();
    for address in [
        "/?version=2",
        "/movies?version=2",
        "/movies/0?version=2",
        "/movies/nothing?version=2",
        "/people?version=2&view=list",
        "/directors?version=2",
        "/directors/ann-lee?version=2",
        "/timeline?version=2",
        "/search?q=ferry&version=2",
    ] {
        let page = server.get(address).await.body;
        let (before, after) = page.split_once("This page today").unwrap();
        let (before, _) = before.rsplit_once("<a ").unwrap();
        let page = format!("{before}{after}");
        let mut links = 0;
        for name in ["href", "src", "action"] {
            for link in page.split(&format!(" {name}=\"")).skip(1) {
                let (link, after) = link.split_once('"').unwrap();
                let (path, query) = link.split_once('?').unwrap_or((link, ""));
                if name == "action" {
                    let hidden = "><input type=\"hidden\" name=\"version\" value=\"2\">";
                    assert!(after.contains(hidden), "{address}: {link}");
                } else if has_versions(path) && link.starts_with('/') {
                    links += 1;
                    let names = query.matches("version=2").count();
                    assert_eq!(names, 1, "{address}: {link}");
                } else {
                    let others = [
                        "#",
                        "/changes",
                        "/static",
                        "/favicon",
                        "/status",
                        "/about",
                        "/api/docs",
                        "/feed.atom",
                        "/versions/2/ghibli/",
                        "https://",
                    ];
                    assert!(
                        others.iter().any(|start| link.starts_with(start)),
                        "{address}: {link}"
                    );
                    assert!(!query.contains("version="), "{address}: {link}");
                }
            }
        }
        assert!(links > 5, "{address}");
    }
}

#[tokio::test]
async fn redirects_and_link_fields_keep_the_version() {
    let server = server();
    let random = server.get("/movies/random?version=2").await;
    let location = random.header(LOCATION.as_str());
    assert!(
        location.starts_with("/movies/movie-") && location.ends_with("?version=2"),
        "{location}"
    );
    let form = server.get("/movies?version=2&director=&sort=title").await;
    assert_eq!(
        form.header(LOCATION.as_str()),
        "/movies?sort=title&version=2"
    );
    let list = server.get("/api/v1/movies?version=2&per_page=1").await;
    let next = "<http://here/api/v1/movies?version=2&per_page=1&page=2>; rel=\"next\"";
    assert!(
        list.header("link").contains(next),
        "{}",
        list.header("link")
    );
    let films = server
        .get("/versions/2/Ghibli/films/?_page=1&_limit=1")
        .await;
    let next = "<http://here/versions/2/ghibli/films/?_page=2&_limit=1>; rel=\"next\"";
    assert!(
        films.header("link").contains(next),
        "{}",
        films.header("link")
    );
    assert!(
        films.body.contains("\"http://here/versions/2/ghibli/"),
        "{}",
        films.body
    );
}

#[tokio::test]
async fn a_version_that_is_not_available_is_a_404_with_those_that_are() {
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
    let built_in = AppState {
        current: CurrentSite::new(Site::built_in()),
        ..AppState::default()
    };
    let built_in = Server {
        current: built_in.current.clone(),
        app: BoxCloneSyncService::new(crate::routes::app(built_in, RequestLimits::default())),
    };
    let page = built_in.get("/movies?version=1").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(
        page.body.contains("o version has been published yet."),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn what_is_no_version_is_a_400() {
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
        let answer = server.get(address).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(answer.body.contains(message), "{address}: {}", answer.body);
    }
}

#[tokio::test]
async fn earlier_versions_are_not_ready_until_the_history_has_been_read() {
    let snapshot = snapshot(7, Catalogue::default(), &[fixture::added("a", "A")]);
    let history = History::from(&snapshot);
    let state = AppState {
        current: CurrentSite::new(site(snapshot, Indexes::default(), history)),
        ..AppState::default()
    };
    let server = Server {
        current: state.current.clone(),
        app: BoxCloneSyncService::new(crate::routes::app(state, RequestLimits::default())),
    };
    for (version, status) in [
        (6, StatusCode::SERVICE_UNAVAILABLE),
        (7, StatusCode::OK),
        (8, StatusCode::NOT_FOUND),
    ] {
        let answer = server.get(&format!("/movies?version={version}")).await;
        assert_eq!(answer.status, status, "{version}: {}", answer.body);
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

#[tokio::test]
async fn addresses_are_below_the_path_of_the_public_url() {
    let server = server_at(PublicUrl {
        configured: Some("https://films.example/pyflix".into()),
        ..PublicUrl::default()
    });
    let page = server.get("/pyflix/movies/0?version=2").await.body;
    for text in [
        "<a href=\"/pyflix/movies/0\">This page today</a>",
        "<a href=\"/pyflix/movies?version=2\"",
        " action=\"/pyflix/search\"",
        "<input type=\"hidden\" name=\"version\" value=\"2\">",
        "<a href=\"/pyflix/versions/2/ghibli/films/0\">",
        "<a href=\"/pyflix/status\"",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let films = server.get("/pyflix/versions/2/ghibli/films").await;
    assert!(
        films
            .body
            .contains("\"https://films.example/pyflix/versions/2/ghibli/")
    );
    let problem = server.get("/pyflix/versions/9/ghibli/films").await;
    assert!(
        problem
            .body
            .contains("\"instance\":\"/pyflix/versions/9/ghibli/films\"")
    );
}

#[tokio::test]
async fn responses_as_of_a_version_stay_out_of_the_response_cache() {
    let server = server();
    for _ in 0..4 {
        for address in [
            "/movies?version=2",
            "/api/v1/movies?version=2",
            "/versions/2/ghibli/films",
        ] {
            let answer = server.get(address).await;
            assert_eq!(answer.header("x-catalogue-version"), "2");
        }
    }
    assert_eq!(server.site().cache.bytes(), 0);
    server.get("/movies").await;
    assert!(server.site().cache.bytes() > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_versions_at_once_leave_few_sites_in_memory_and_the_current_pages_alone() {
    const VERSIONS: usize = 24;
    let server = server();
    for variant in 3..VERSIONS {
        let change = server.change_to(Kind::Movie, "1", Some(item(Kind::Movie, 1, variant % 11)));
        server.publish(change.into_iter().collect());
    }
    let requests = (0..4 * VERSIONS).map(async |number| {
        let version = number % VERSIONS + 1;
        let old = server.get(&format!("/movies?version={version}")).await;
        let expected = version.to_string();
        match old.status {
            StatusCode::OK => assert_eq!(old.header("x-catalogue-version"), expected),
            // The queue is full.
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{}", old.body),
        }
        assert_eq!(server.get("/people").await.status, StatusCode::OK);
        old.status
    });
    let statuses = join_all(requests).await;
    assert!(statuses.contains(&StatusCode::OK));
    let site = server.site();
    let kept = (1..=VERSIONS as u64).filter(|version| site.earlier_sites.get(*version).is_some());
    assert!((1..=8).contains(&kept.count()));
    // The next version starts over.
    server.publish(Vec::new());
    assert!(
        (1..=VERSIONS as u64).all(|version| server.site().earlier_sites.get(version).is_none())
    );
    assert_eq!(
        Arc::strong_count(&site.earlier_sites),
        1,
        "no request is left"
    );
}
