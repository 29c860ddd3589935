use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use common::models::{ChangeType, Conditions, Facts, HeldChange, Kind, Outcome};
use common::repository::{Picture, Poster};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt as _;
use jiff::Timestamp;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::item_fields;
use super::operation::OPERATIONS;
use crate::app_state::AppState;
use crate::fixture::{self, added};
use crate::http::path::has_versions;
use crate::middleware::RequestLimits;
use crate::routes::app;
use crate::state::{PosterIndex, Site, SyncStatus};

#[tokio::test]
async fn every_operation_is_documented_and_responds_to_its_example() {
    let (_, _, document) = get("/api/v1/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let site = Site::built_in();
    for operation in OPERATIONS.iter() {
        let path = &operation.path;
        let described = &document["paths"][path]["get"];
        assert_eq!(described["operationId"], operation.id, "{path}");
        let example = operation.example(&site);
        let (status, headers, body) = get(&example).await;
        // The seed is no published version.
        let expected = if path.contains("{version}") { 404 } else { 200 };
        assert_eq!(status, expected, "{example}: {body}");
        if status == StatusCode::OK {
            assert_eq!(headers["x-catalogue-version"], "0", "{example}");
            assert!(headers.contains_key("etag"), "{example}");
        }
    }
}

#[tokio::test]
async fn operations_on_the_catalogue_have_the_same_documented_version_parameter() {
    let (_, _, document) = get("/api/v1/openapi.json").await;
    assert_eq!(
        document["components"]["parameters"]["version"]["name"],
        "version"
    );
    let reference = json!({"$ref": "#/components/parameters/version"});
    for operation in OPERATIONS.iter() {
        let path = &operation.path;
        let described = &document["paths"][path]["get"];
        let parameters = described["parameters"].as_array().unwrap();
        let count = parameters
            .iter()
            .filter(|found| **found == reference)
            .count();
        assert_eq!(count, usize::from(has_versions(path)), "{path}");
        assert_eq!(operation.is_at_any_version(), has_versions(path), "{path}");
    }
}

#[tokio::test]
async fn an_item_has_exactly_the_documented_fields() {
    for kind in Kind::ALL {
        let (_, _, list) = get(&format!("/api/v1/{}", kind.plural())).await;
        let items = list["items"].as_array().unwrap();
        assert_eq!(list["total"], items.len());
        let described: Vec<_> = item_fields::fields(kind)
            .iter()
            .map(|field| field.name)
            .collect();
        for item in items {
            let fields: Vec<_> = item.as_object().unwrap().keys().collect();
            assert_eq!(fields, described);
        }
        for field in described {
            let is_known = |item: &Value| match &item[field] {
                Value::Null => false,
                Value::Array(values) => !values.is_empty(),
                _ => true,
            };
            let known = items.iter().any(is_known);
            assert!(known, "{kind} {field}");
        }
    }
}

#[tokio::test]
async fn a_list_is_filtered_sorted_and_paged() {
    let titles = async |query: &str| {
        let (status, _, list) = get(&format!("/api/v1/movies?{query}")).await;
        assert_eq!(status, StatusCode::OK, "{query}: {list}");
        let items = list["items"].as_array().unwrap().iter();
        let titles = items.map(|item| item["title"].as_str().unwrap().to_owned());
        titles.collect::<Vec<_>>()
    };
    assert_eq!(
        titles("sort=year&per_page=2").await,
        ["Castle in the Sky", "Grave of the Fireflies"]
    );
    assert_eq!(titles("year=2001").await, ["Spirited Away"]);
    assert_eq!(
        titles("year_min=2013&year_max=2014&sort=-title&per_page=1").await,
        ["When Marnie Was There"]
    );
    assert_eq!(
        titles("director=hayao%20miyazaki&year_max=1986").await,
        ["Castle in the Sky"]
    );
    assert_eq!(titles("person=haku").await, ["Spirited Away"]);
    assert_eq!(titles("director=nobody").await, [""; 0]);
    assert_eq!(titles("page=99").await, [""; 0]);
    let (_, _, people) = get("/api/v1/people?movie=spirited-away&fields=name").await;
    let names: BTreeSet<_> = people["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].to_string())
        .collect();
    assert!(names.contains("\"Haku\""), "{people}");
}

#[tokio::test]
async fn relations_have_both_sides_and_can_be_expanded() {
    let (_, _, movie) = get("/api/v1/movies/spirited-away?include=people").await;
    let haku = movie["people"]
        .as_array()
        .unwrap()
        .iter()
        .find(|person| person["name"] == "Haku");
    let haku = haku.expect("Haku is in it");
    assert_eq!(haku["movies"][0], movie["id"]);
    let (_, _, all) = get("/api/v1/movies?include=people").await;
    let all = all["items"].as_array().unwrap().iter();
    let same = all.filter(|other| other["id"] == movie["id"]);
    assert!(same.eq([&movie]), "a list has the same item");
    let (_, _, person) = get("/api/v1/people/haku?include=movies,species").await;
    assert_eq!(person["movies"][0]["title"], "Spirited Away");
    assert!(person["species"]["name"].is_string(), "{person}");
}

#[tokio::test]
async fn pages_link_to_each_other() {
    let (_, headers, _) = get("/api/v1/movies?page=2&per_page=5&sort=title").await;
    assert_eq!(
        headers["link"],
        "<http://pyflix/api/v1/movies?per_page=5&sort=title&page=1>; rel=\"first\", \
         <http://pyflix/api/v1/movies?per_page=5&sort=title&page=1>; rel=\"prev\", \
         <http://pyflix/api/v1/movies?per_page=5&sort=title&page=3>; rel=\"next\", \
         <http://pyflix/api/v1/movies?per_page=5&sort=title&page=5>; rel=\"last\""
    );
}

#[tokio::test]
async fn search_results_mark_what_matched() {
    let (_, _, found) = get("/api/v1/search?q=totoro").await;
    let first = &found["items"][0];
    assert_eq!(
        first["name"], "Totoro",
        "an exact name comes first: {first}"
    );
    let parts = first["matched"][0]["parts"].as_array().unwrap();
    assert!(parts.iter().any(|part| part["match"] == true), "{first}");
    let (_, _, movies) = get("/api/v1/search?q=totoro&kind=movie").await;
    assert_eq!(movies["items"][0]["name"], "My Neighbor Totoro");
}

#[tokio::test]
async fn an_invalid_query_is_refused_with_what_is_valid() {
    for (query, message) in [
        ("movies?sorted=year", "did you mean sort?"),
        ("movies?sort=length", "one of title, -title"),
        ("movies?page=0", "page must be an integer of 1 or more"),
        ("movies?page=+1", "page must be an integer"),
        ("movies?per_page=251", "from 1 to 250"),
        ("movies?page=1&page=2", "page may be given only once"),
        (
            "movies?fields=title,nope",
            "list, without repeats, of id, slug",
        ),
        ("movies?include=title", "list, without repeats, of people"),
        ("movies?director=", "director must be a non-empty string"),
        ("movies?person=nobody-at-all", "see /api/v1/people"),
        ("search", "q is required"),
        ("changes?since=x", "since must be an integer"),
        ("status?x=1", "this endpoint takes none"),
        ("openapi.json?x=1", "this endpoint takes none"),
    ] {
        let (status, headers, problem) = get(&format!("/api/v1/{query}")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(headers["content-type"], "application/problem+json");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(message), "{query}: {detail}");
        assert_eq!(
            headers["x-request-id"],
            problem["request_id"].as_str().unwrap()
        );
    }
}

#[tokio::test]
async fn unavailable_versions_are_gone_with_a_hint_to_reload() {
    for query in ["since=7", "since=0&lineage=another"] {
        let (status, _, problem) = get(&format!("/api/v1/changes?{query}")).await;
        assert_eq!(status, StatusCode::GONE, "{query}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("/api/v1/movies"), "{detail}");
    }
    for path in ["movies/nothing", "versions/99", "versions/x", "nowhere"] {
        let (status, _, _) = get(&format!("/api/v1/{path}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn versions_that_are_still_being_read_from_the_store_are_not_gone() {
    for path in ["changes?since=5", "changes?since=5&until=6&lineage=l"] {
        let starting = fixture::site("l", 6, []);
        assert!(!starting.history.is_backfilled());
        let (status, headers, _) = get_of(starting, &format!("/api/v1/{path}")).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(headers["retry-after"], "2", "{path}");
    }
}

#[tokio::test]
async fn changes_come_in_pages_that_a_later_version_does_not_shift() {
    let adds = |ids: Range<u32>| {
        ids.map(|id| added(&id.to_string(), "T"))
            .collect::<Vec<_>>()
    };
    let at_two = fixture::site("l", 1, [adds(3..8)]);
    let at_three = fixture::site("l", 1, [adds(3..8), adds(0..3)]);
    let (_, headers, first) = get_of(at_two, "/api/v1/changes?since=1&per_page=2").await;
    assert_eq!([&first["version"], &first["total"]], [&json!(2), &json!(5)]);
    let next = "<http://pyflix/api/v1/changes?since=1&per_page=2&until=2&page=2>; rel=\"next\"";
    let link = headers["link"].to_str().unwrap();
    assert!(link.contains(next), "{link}");

    let mut pages = vec![first];
    for page in 2..=3 {
        let path = format!("/api/v1/changes?since=1&per_page=2&until=2&page={page}");
        let (status, _, body) = get_of(at_three.clone(), &path).await;
        assert_eq!((status, &body["version"]), (StatusCode::OK, &json!(2)));
        pages.push(body);
    }
    let added = pages
        .iter()
        .flat_map(|page| page["added"].as_array().unwrap());
    let ids: Vec<_> = added.map(|change| change["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["3", "4", "5", "6", "7"]);

    let (_, _, whole) = get_of(at_three.clone(), "/api/v1/changes?since=1").await;
    assert_eq!(whole["added"].as_array().unwrap().len(), 8);
    assert_eq!(whole["per_page"], 500);
    for (query, expected) in [
        ("since=1&until=4", StatusCode::GONE),
        ("since=0&until=2", StatusCode::GONE),
        ("since=2&until=1", StatusCode::BAD_REQUEST),
        ("since=1&per_page=1001", StatusCode::BAD_REQUEST),
    ] {
        let path = format!("/api/v1/changes?{query}");
        let (status, _, body) = get_of(at_three.clone(), &path).await;
        assert_eq!(status, expected, "{query}: {body}");
    }
}

#[tokio::test]
async fn the_changes_of_a_version_come_in_pages() {
    let changes: Vec<_> = (0..5).map(|id| added(&id.to_string(), "T")).collect();
    let site = fixture::site("l", 1, [changes]);
    let (_, headers, last) = get_of(site.clone(), "/api/v1/versions/2?per_page=2&page=3").await;
    assert_eq!(last["total"], 5);
    assert_eq!(last["changes"].as_array().unwrap().len(), 1);
    assert!(headers["link"].to_str().unwrap().contains("rel=\"prev\""));
    let (_, _, first) = get_of(site, "/api/v1/versions/1").await;
    assert_eq!(
        (&first["changes"], &first["total"]),
        (&Value::Null, &json!(0))
    );
}

#[tokio::test]
async fn the_status_has_the_documented_fields_and_the_most_severe_state() {
    let mut site = fixture::site("l", 1, []);
    let mut held = fixture::run(1, Outcome::Held);
    held.held_changes = vec![HeldChange {
        change: ChangeType::Removed,
        kind: Kind::Movie,
        id: "m".into(),
        name: "M".into(),
    }];
    site.sync_status = Arc::new(SyncStatus {
        held: Some(held),
        ..SyncStatus::default()
    });
    site.status.conditions = Conditions {
        held: true,
        pinned: true,
        database_damaged: true,
        ..Conditions::default()
    };
    site.status.pinned = Some(1);
    let (_, _, status) = get_of(site, "/api/v1/status").await;
    assert_eq!(status["state"], "held");
    assert_eq!(
        (&status["pinned"], &status["fresh"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(status["needs_attention"], true);
    assert_eq!(status["held"]["changes"][0]["name"], "M");

    let (_, _, document) = get("/api/v1/openapi.json").await;
    let schemas = &document["components"]["schemas"];
    for (body, schema) in [
        (&status, "Status"),
        (&status["conditions"], "Conditions"),
        (&status["held"], "HeldRun"),
    ] {
        let documented = keys(&schemas[schema]["properties"]);
        assert_eq!(keys(body), documented, "{schema}");
    }
    let states = keys(&status["conditions"]);
    assert!(states.contains("database_damaged") && states.len() == 9);
}

fn keys(object: &Value) -> BTreeSet<&str> {
    let keys = object.as_object().unwrap().keys();
    keys.map(String::as_str).collect()
}

#[tokio::test]
async fn the_age_is_not_negative_where_the_clock_was_set_back() {
    let mut site = Site::built_in();
    let mut snapshot = (*site.snapshot).clone();
    snapshot.header.version = 1;
    snapshot.header.at = Timestamp::MAX;
    site.snapshot = Arc::new(snapshot);
    let (status, _, body) = get_of(site, "/api/v1/status").await;
    assert_eq!((status, &body["age_seconds"]), (StatusCode::OK, &json!(0)));
}

async fn get(path: &str) -> (StatusCode, HeaderMap, Value) {
    get_of(with_posters(Site::built_in()), path).await
}

/// A site with the pictures of all posters that its movies have.
fn with_posters(mut site: Site) -> Site {
    let movies = site.snapshot.catalogue.iter(Kind::Movie);
    let posters = movies.filter_map(|item| match &item.facts {
        Facts::Movie(movie) => Some(Poster {
            url: movie.poster_url.clone()?,
            pictures: [192, 400]
                .map(|width| Picture::new(b"jpeg", width, width * 3 / 2))
                .into(),
            ..Poster::default()
        }),
        _ => None,
    });
    site.sync_status = Arc::new(SyncStatus {
        posters: Arc::new(PosterIndex::new(posters.collect())),
        ..SyncStatus::default()
    });
    site
}

#[tokio::test]
async fn a_movie_has_the_addresses_of_its_poster_also_as_a_related_item() {
    let (_, _, movies) = get("/api/v1/movies?per_page=1").await;
    let poster = &movies["items"][0]["poster"];
    let picture = |width: u32| {
        let url = crate::images::address(&Picture::new(b"jpeg", width, width));
        json!({"url": url, "width": width, "height": width * 3 / 2})
    };
    let mut expected = picture(400);
    expected["sizes"] = json!([picture(192), picture(400)]);
    assert_eq!(*poster, expected);
    let (_, _, person) = get("/api/v1/people/haku?include=movies").await;
    assert_eq!(person["movies"][0]["poster"], expected);
}

async fn get_of(site: Site, path: &str) -> (StatusCode, HeaderMap, Value) {
    let state = AppState::default().with_site(site);
    let app = app(state, RequestLimits::default());
    let request = Request::get(path).header("host", "pyflix");
    let response = app.oneshot(request.body(Body::empty()).unwrap()).await;
    let (parts, body) = response.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let body = serde_json::from_slice(&bytes).unwrap();
    (parts.status, parts.headers, body)
}
