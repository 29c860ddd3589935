//! Pages that are not there, or not any more.

use common::models::{Change, Kind};

use super::*;
use crate::fixture;

#[tokio::test]
async fn a_missing_page_offers_the_list_of_its_kind() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, list) in [
        ("/people/nobody", "<a href=\"/people\">All characters</a>"),
        (
            "/locations/nowhere",
            "<a href=\"/locations\">All places</a>",
        ),
        (
            "/producers/nobody",
            "<a href=\"/producers\">All producers</a>",
        ),
        ("/changes/99", "<a href=\"/changes\">All changes</a>"),
        ("/nothing", "<a href=\"/movies\">All movies</a>"),
        ("/versions/1", "<a href=\"/movies\">All movies</a>"),
    ] {
        let (status, _, page) = pages.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains(list), "{path}: {page}");
    }
    let (_, _, problem) = pages.get("/api/v1/people/nobody").await;
    assert!(problem.contains("see /api/v1/people\""), "{problem}");
}

#[tokio::test]
async fn a_missing_version_says_which_ones_there_are() {
    let added = |id: &str| vec![fixture::added(id, "T")];
    for (later, expected) in [
        (vec![], "nly version 3 is available."),
        (
            vec![added("a"), added("b")],
            "ersions 3 to 5 are available.",
        ),
    ] {
        let pages = Pages::of_site(fixture::site("l", 3, later));
        for path in ["/changes/99", "/changes/2", "/changes/x"] {
            let (status, _, page) = pages.get(path).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
            assert!(page.contains(expected), "{path}: {page}");
        }
        let (status, _, problem) = pages.get("/api/v1/versions/99").await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert!(
            problem.contains(&expected[..expected.len() - 1]),
            "{problem}"
        );
    }
    let pages = Pages::of(Catalogue::default());
    let (_, _, page) = pages.get("/changes/99").await;
    assert!(
        page.contains("no version has been published yet."),
        "{page}"
    );
}

#[tokio::test]
async fn a_removed_item_is_gone_with_its_history_as_long_as_a_version_knows_it() {
    let yakul = fixture::movie("yakul", "Yakul’s <Ride>");
    let change = |before: Option<&Arc<Item>>, after: Option<&Arc<Item>>| Change {
        kind: Kind::Movie,
        id: "yakul".into(),
        before: before.cloned(),
        after: after.cloned(),
    };
    let versions = [
        vec![change(None, Some(&yakul))],
        vec![change(Some(&yakul), None)],
        vec![fixture::added("other", "Other")],
    ];
    let pages = Pages::of_site(fixture::site("l", 1, versions));
    let (status, headers, page) = pages.get("/movies/yakul").await;
    assert_eq!(status, StatusCode::GONE);
    assert_eq!(headers["cache-control"], "no-store");
    assert!(page.contains("“Yakul’s &#60;Ride&#62;” was removed in <a href=\"/changes/3\">"));
    for text in [
        "<a href=\"/changes/2\">Version 2</a>",
        "Version 2 was the last one with it:",
        "<a href=\"/movies/yakul?version=2\" rel=\"nofollow\">view it in version 2</a>",
        "href=\"/changes?from=2&amp;to=3\"",
        "<a href=\"/movies\">All movies</a>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let (status, headers, problem) = pages.get("/api/v1/movies/yakul").await;
    assert_eq!(status, StatusCode::GONE);
    assert_eq!(headers["content-type"], "application/problem+json");
    let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
    assert_eq!(problem["removed_in"], 3);
    assert_eq!(problem["changed_in"], serde_json::json!([3, 2]));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("was removed in version 3"), "{detail}");
    let (status, _, body) = pages.get("/ghibli/films/yakul").await;
    assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, "{}"));
    for path in [
        "/people/yakul",
        "/movies/other-name",
        "/api/v1/movies/nothing",
    ] {
        assert_eq!(pages.get(path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    // The removal is in a version that is no longer kept.
    let forgotten = Pages::of_site(fixture::site(
        "l",
        3,
        [vec![fixture::added("other", "Other")]],
    ));
    assert_eq!(
        forgotten.get("/movies/yakul").await.0,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_removed_item_is_gone_by_its_uuid_in_either_case() {
    let uuid = "2baf70d1-42bb-4437-b551-e5fed5a87abe";
    let removal = Change {
        kind: Kind::Movie,
        id: uuid.into(),
        before: Some(fixture::movie(uuid, "M")),
        after: None,
    };
    let pages = Pages::of_site(fixture::site("l", 1, [vec![removal]]));
    for id in [uuid.to_owned(), uuid.to_uppercase()] {
        let (status, ..) = pages.get(&format!("/movies/{id}")).await;
        assert_eq!(status, StatusCode::GONE, "{id}");
    }
}

#[tokio::test]
async fn a_wrong_parameter_is_named_as_it_is_written() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for (path, text) in [
        (
            "/movies?sort=best",
            "<code>sort</code> must be one of: <code>title</code>,",
        ),
        (
            "/movies?page=x",
            "<code>page</code> must be a whole number of 1 or more.",
        ),
        (
            "/search?q=a&kind=films",
            "<code>kind</code> must be one of: <code>movies</code>,",
        ),
        (
            "/movies?year_min=2000&year_max=1999",
            "<code>year_min</code> is later than year_max: swap them.",
        ),
    ] {
        let (status, _, page) = pages.get(path).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path}");
        assert!(page.contains(text), "{path}: {page}");
    }
}

#[tokio::test]
async fn a_site_without_a_store_says_since_when_and_reloads() {
    let current = CurrentSite::default();
    let app = AppState {
        current: current.clone(),
        ..AppState::default()
    };
    let pages = Pages {
        catalogue: Catalogue::default(),
        app,
    };
    let (status, headers, page) = pages.get("/movies").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(headers["retry-after"], "2");
    assert!(page.contains("still loading"), "{page}");
    assert!(page.contains("<meta http-equiv=\"refresh\" content=\"10\">"));

    current.set_unavailable("2026-11-29T07:57:00Z".parse().unwrap());

    let (_, _, page) = pages.get("/movies").await;
    assert!(
        page.contains("database has been unavailable since 29 November 2026, 07:57 UTC"),
        "{page}"
    );
}
