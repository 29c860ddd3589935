use std::sync::atomic::{AtomicUsize, Ordering};

use super::upstream::{Upstream, ok, with_headers};
use super::{client, fetched};
use crate::client::{FetchedContent, RequestError};
use crate::wire::Collection;

/// A source that is at `version(n)` at its nth request, from 0. Its records name the version.
async fn source(version: impl Fn(usize) -> usize + Send + 'static) -> Upstream {
    let requests = AtomicUsize::new(0);
    Upstream::bytes(move |_| {
        let version = version(requests.fetch_add(1, Ordering::SeqCst));
        with_headers(
            &format!("x-catalogue-version: {version}\r\n"),
            format!(r#"[{{"id":"{version}"}}]"#),
        )
    })
    .await
}

#[tokio::test]
async fn a_source_that_publishes_between_responses_is_fetched_again() {
    for first_of_second_version in 1..5 {
        let upstream = source(move |request| match request < first_of_second_version {
            true => 5,
            false => 6,
        })
        .await;
        let fetched = fetched(&client([&upstream.url])).await;
        let FetchedContent::Collections(collections) = fetched.content else {
            panic!("no fingerprint was given");
        };
        for collection in Collection::ALL {
            assert_eq!(collections[&collection].iter().next().unwrap().id, "6");
        }
        assert_eq!(upstream.requests("/").len(), 10);
        assert_eq!(fetched.bytes, 10 * r#"[{"id":"6"}]"#.len() as u64);
    }
}

#[tokio::test]
async fn pages_of_two_versions_are_not_mixed_either() {
    let requests = AtomicUsize::new(0);
    let upstream = Upstream::bytes(move |path| {
        if !path.starts_with("/films") {
            return with_headers("x-catalogue-version: 6\r\n", "[]");
        }
        let request = requests.fetch_add(1, Ordering::SeqCst);
        let version = if request < 2 { 5 } else { 6 };
        // As many as may be a page.
        let films: Vec<_> = match path.contains("_page=2") {
            true => Vec::new(),
            false => (0..50)
                .map(|id| format!(r#"{{"id":"{version}-{id}"}}"#))
                .collect(),
        };
        with_headers(
            &format!("x-catalogue-version: {version}\r\n"),
            format!("[{}]", films.join(",")),
        )
    })
    .await;
    let collections = super::collections(&client([&upstream.url])).await;
    let films: Vec<_> = collections[&Collection::Films].iter().collect();
    assert_eq!(films.len(), 50);
    assert!(films.iter().all(|film| film.id.starts_with("6-")));
}

#[tokio::test]
async fn a_source_that_publishes_during_every_fetch_fails_or_gives_way_to_another() {
    let restless = source(|request| request + 1).await;
    let error = client([&restless.url])
        .fetch_all(None, &|_| {})
        .await
        .unwrap_err();
    let failure = &error.failures[0];
    assert!(matches!(failure.error, RequestError::MixedVersions { .. }));
    assert_eq!(restless.requests("/").len(), 25);
    let message = failure.error.to_string();
    assert!(
        message.contains("the source publishes too often"),
        "{message}"
    );

    let calm = source(|_| 7).await;
    let fetched = fetched(&client([&restless.url, &calm.url])).await;
    assert_eq!(fetched.provider, calm.url);
}

#[tokio::test]
async fn a_built_in_catalogue_is_not_mirrored() {
    let upstream = source(|_| 0).await;
    let error = client([&upstream.url])
        .fetch_all(None, &|_| {})
        .await
        .unwrap_err();
    assert_eq!(error.failures[0].error, RequestError::BuiltInCatalogue);
    assert_eq!(upstream.requests("/").len(), 5);
}

#[tokio::test]
async fn versions_count_only_where_all_responses_state_one() {
    let upstream = Upstream::bytes(|path| match path {
        "/films" => with_headers("x-catalogue-version: 5\r\n", "[]"),
        "/people" => with_headers("x-catalogue-version: 6\r\n", "[]"),
        _ => ok("[]"),
    })
    .await;
    fetched(&client([&upstream.url])).await;
    assert_eq!(upstream.requests("/").len(), 5);
}
