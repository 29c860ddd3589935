//! How responses are marked: headers, the notice, and links that keep the version.

use http::header::LOCATION;
use serde_json::Value;

use super::*;
use crate::http::path::has_versions;

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
async fn links_and_forms_of_a_page_keep_the_version_or_lead_to_pages_without_versions() {
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
