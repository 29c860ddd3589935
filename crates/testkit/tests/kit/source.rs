//! The fake source: its responses and its faults.

use std::{error::Error, sync::Once, time::Duration};

use reqwest::{Client, Response, StatusCode, redirect};
use serde_json::{Value, json};
use testkit::source::{COLLECTIONS, Catalogue, Fault, Source, film};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_source_answers_as_the_original_does() {
    let source = Source::start().await;
    let films = json(get(&source, "/films").await).await;
    assert_eq!(films.as_array().map(Vec::len), Some(4));
    assert_eq!(json(get(&source, "/films/").await).await, films);

    let id = films[1]["id"].as_str().unwrap();
    assert_eq!(
        json(get(&source, &format!("/films/{id}")).await).await,
        films[1]
    );
    assert_eq!(
        get(&source, "/films/none").await.status(),
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        get(&source, "/series").await.status(),
        StatusCode::NOT_FOUND
    );

    assert_eq!(
        json(get(&source, "/films?limit=1").await).await,
        json!([films[0]])
    );
    let page = get(&source, "/films?_page=2&_limit=3").await;
    assert_eq!(page.headers()["x-total-count"], "4");
    assert_eq!(json(page).await, json!([films[3]]));
    assert_eq!(
        json(get(&source, "/films?_start=1&_limit=1").await).await,
        json!([films[1]])
    );
}

#[tokio::test]
async fn the_invented_catalogue_is_fully_joined() {
    let catalogue = Catalogue::invented();
    let known = |link: &Value| {
        let link = link
            .as_str()
            .unwrap()
            .strip_prefix("https://ghibliapi.example/")
            .unwrap();
        let (collection, id) = link.split_once('/').unwrap();
        id.is_empty()
            || catalogue
                .collection(collection)
                .iter()
                .any(|item| item["id"] == id)
    };
    for collection in COLLECTIONS {
        for record in catalogue.collection(collection) {
            for (field, value) in record.as_object().unwrap() {
                let links = value
                    .as_array()
                    .map_or_else(|| vec![value], |list| list.iter().collect());
                let are_links = COLLECTIONS.contains(&&**field)
                    || ["residents", "pilot", "url"].contains(&&**field);
                let valid = links
                    .iter()
                    .all(|link| link.is_string() && (!are_links || known(link)));
                assert!(valid, "{collection}: {field} of {record}");
            }
        }
    }
}

#[tokio::test]
async fn a_capped_source_gives_the_rest_page_by_page() {
    let films = Catalogue {
        films: (0..120).map(film).collect(),
        ..Catalogue::invented()
    };
    let source = Source::capped(films, 50).await;
    assert_eq!(count(get(&source, "/films").await).await, 50);
    assert_eq!(count(get(&source, "/films?limit=250").await).await, 50);
    assert_eq!(
        count(get(&source, "/films?_page=3&_limit=50").await).await,
        20
    );
    assert_eq!(
        count(get(&source, "/films?_start=100&_limit=250").await).await,
        20
    );
    assert_eq!(source.requests("films"), 4);
}

#[tokio::test]
async fn an_edit_shows_at_the_next_request_and_tests_can_wait_for_requests() {
    let source = Source::start().await;
    let catalogue = source.catalogue();
    let [first, second] = [0, 1].map(|at| catalogue.films[at]["id"].as_str().unwrap());
    source.rename_film(first, "The Lantern Barge");
    source.remove_film(second);
    source.add_film(film(7));

    let requested = async {
        source.wait_for_requests("films", 1, SOON).await;
        source.requested_paths()
    };
    let (films, requested) = tokio::join!(get(&source, "/films"), requested);
    let films = json(films).await;
    assert_eq!(
        (&films[0]["title"], &films[3]["title"]),
        (&json!("The Lantern Barge"), &json!("Reel 7"))
    );
    assert_eq!(requested, ["/films"]);
}

#[tokio::test]
async fn a_stopped_source_refuses_connections_until_it_resumes() {
    let source = Source::start().await;
    let client = client(SOON);
    let url = format!("{}/films", source.url());
    client.get(&url).send().await.unwrap();
    source.stop().await;
    assert!(client.get(&url).send().await.unwrap_err().is_connect());
    source.resume().await;
    assert_eq!(
        client.get(&url).send().await.unwrap().status(),
        StatusCode::OK
    );
}

#[tokio::test]
async fn every_fault_shows_to_a_client_as_what_it_is() {
    let source = Source::start().await;
    let right = body(&source, SOON).await.unwrap();
    let cases = [
        (Fault::Empty, "2 bytes: []"),
        (Fault::Blank, "0 bytes: "),
        (Fault::Body("[7]".to_owned()), "3 bytes: [7]"),
        (Fault::Html, "34 bytes: <!doctype html>"),
        (Fault::Nested, "400000 bytes: [[[[[[[[[[[[[[["),
        (
            Fault::Truncated,
            "end of file before message length reached",
        ),
        (Fault::BadGzip, "error decoding response body"),
        (Fault::RedirectLoop, "too many redirects"),
        (Fault::Reset, "Connection reset by peer"),
        (Fault::Stall, "operation timed out"),
        (Fault::Trickle, "operation timed out"),
    ];
    for (fault, expected) in cases {
        source.misbehave("films", fault.clone());
        let deadline = match fault {
            Fault::Stall | Fault::Trickle => Duration::from_millis(200),
            _ => SOON,
        };
        let seen = match body(&source, deadline).await {
            Ok(bytes) => format!("{} bytes: {}", bytes.len(), String::from_utf8_lossy(&bytes)),
            Err(error) => error,
        };
        assert!(seen.contains(expected), "{fault:?} showed as {seen:.300}");
    }

    source.misbehave("films", Fault::BadUtf8);
    assert!(String::from_utf8(body(&source, SOON).await.unwrap()).is_err());
    source.misbehave("films", Fault::BadJson);
    assert!(right.starts_with(&body(&source, SOON).await.unwrap()));
    source.misbehave("films", Fault::Status(503));
    assert_eq!(
        get(&source, "/films").await.status(),
        StatusCode::SERVICE_UNAVAILABLE
    );
    assert_eq!(get(&source, "/people").await.status(), StatusCode::OK);

    source.misbehave(
        "films",
        Fault::RedirectTo(format!("{}/species", source.url())),
    );
    assert_eq!(count(get(&source, "/films").await).await, 3);
    source.behave();
    assert_eq!(body(&source, SOON).await.unwrap(), right);
}

#[tokio::test]
async fn a_source_with_etags_answers_304_to_a_matching_request() {
    let source = Source::start().await;
    assert!(!get(&source, "/films").await.headers().contains_key("etag"));
    source.send_etags();
    let named = get(&source, "/films").await;
    let etag = named.headers()["etag"].clone();
    let again = || async {
        let request = client(SOON).get(format!("{}/films", source.url()));
        let request = request.header("if-none-match", &etag);
        request.send().await.unwrap()
    };
    let same = again().await;
    assert_eq!(same.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(same.headers()["etag"], etag);

    source.add_film(film(7));
    let changed = again().await;
    assert_eq!(changed.status(), StatusCode::OK);
    assert_ne!(changed.headers()["etag"], etag);
    assert_eq!(count(changed).await, 5);
    assert_eq!(
        (source.not_modified("films"), source.not_modified("people")),
        (1, 0)
    );
}

#[tokio::test]
async fn a_burst_of_faults_ends_by_itself() {
    let source = Source::start().await;
    let busy = Fault::RetryAfter {
        status: 429,
        after: "42".to_owned(),
    };
    source.misbehave_times("films", busy, 2);
    for _ in 0..2 {
        let response = get(&source, "/films").await;
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "42");
    }
    assert_eq!(count(get(&source, "/films").await).await, 4);
}

#[tokio::test]
async fn a_compression_bomb_decodes_to_far_more_than_its_size() {
    let source = Source::start().await;
    source.misbehave_everywhere(Fault::Bomb);
    let mut response = get(&source, "/people").await;
    let mut unfolded = 0;
    while unfolded < 16 << 20 {
        let chunk = response.chunk().await.unwrap().expect("the bomb is longer");
        assert!(chunk.iter().all(|&byte| byte == b' '));
        unfolded += chunk.len();
    }
}

fn client(deadline: Duration) -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    Client::builder()
        .redirect(redirect::Policy::limited(3))
        .timeout(deadline)
        .build()
        .unwrap()
}

async fn get(source: &Source, path: &str) -> Response {
    client(SOON)
        .get(format!("{}{path}", source.url()))
        .send()
        .await
        .unwrap()
}

async fn body(source: &Source, deadline: Duration) -> Result<Vec<u8>, String> {
    let read = async {
        let response = client(deadline)
            .get(format!("{}/films", source.url()))
            .send()
            .await?;
        response.bytes().await
    };
    read.await.map(Into::into).map_err(|error| {
        let mut causes = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            causes = format!("{causes}: {error}");
            cause = error.source();
        }
        causes
    })
}

async fn json(response: Response) -> Value {
    response.json().await.unwrap()
}

async fn count(response: Response) -> usize {
    json(response).await.as_array().unwrap().len()
}
