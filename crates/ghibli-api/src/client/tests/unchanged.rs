//! Known content is neither sent nor parsed again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use testkit::source::{COLLECTIONS, Catalogue, Source, film};
use xxhash_rust::xxh3::xxh3_128;

use super::upstream::{Upstream, ok, status, with_headers};
use super::{client, error_of, fetched};
use crate::client::{Client, FetchOutcome, FetchedContent, RequestError, SourceFingerprint};
use crate::wire::Collection;

async fn fetched_since(client: &Client, known: &SourceFingerprint) -> FetchOutcome {
    client.fetch_all(Some(known), &|_| {}).await.unwrap()
}

fn url(source: &Source) -> url::Url {
    source.url().parse().unwrap()
}

fn is_unchanged(fetched: &FetchOutcome) -> bool {
    matches!(fetched.content, FetchedContent::Unchanged)
}

/// Number of films, if all five collections were fetched.
fn films(fetched: &FetchOutcome) -> usize {
    match &fetched.content {
        FetchedContent::Collections(collections) => {
            assert_eq!(collections.len(), 5);
            collections[&Collection::Films].element_count()
        }
        FetchedContent::Unchanged => panic!("unchanged"),
    }
}

fn not_modified(source: &Source) -> [usize; 5] {
    COLLECTIONS.map(|collection| source.not_modified(collection))
}

#[tokio::test]
async fn an_unchanged_poll_costs_a_304_per_collection() {
    let source = Source::start().await;
    source.name_answers();
    let client = client([&url(&source)]);
    let first = fetched(&client).await;
    assert_eq!((films(&first), first.bytes > 1000), (4, true));
    assert_eq!(not_modified(&source), [0; 5]);

    let mut known = first.fingerprint;
    for poll in 1..=3 {
        let again = fetched_since(&client, &known).await;
        assert!(is_unchanged(&again));
        assert_eq!(again.bytes, 0);
        assert_eq!(again.fingerprint, known);
        assert_eq!(not_modified(&source), [poll; 5]);
        known = again.fingerprint;
    }
}

#[tokio::test]
async fn pages_of_a_too_large_response_keep_its_validators() {
    let mut catalogue = Catalogue::invented();
    catalogue.films.extend((100..2100).map(film));
    let source = Source::start_with(catalogue).await;
    source.name_answers();
    let client = client([&url(&source)]);
    let first = fetched(&client).await;
    assert_eq!(films(&first), 2004);
    let again = fetched_since(&client, &first.fingerprint).await;
    assert!(is_unchanged(&again));
    assert_eq!((again.bytes, &again.fingerprint), (0, &first.fingerprint));

    source.rename_film("f11a0000-0000-4000-8000-000000002000", "Another");
    let changed = fetched_since(&client, &first.fingerprint).await;
    assert_eq!(films(&changed), 2004);
    assert!(is_unchanged(
        &fetched_since(&client, &changed.fingerprint).await
    ));
}

#[tokio::test]
async fn pages_of_a_collection_that_changed_meanwhile_have_no_validators() {
    let responses = AtomicUsize::new(0);
    let large = format!("[{}]", " ".repeat(1_100_000));
    let upstream = Upstream::bytes(move |path| match path {
        "/films" => {
            let version = responses.fetch_add(1, Ordering::SeqCst);
            with_headers(&format!("etag: \"{version}\"\r\n"), &large)
        }
        path if path.starts_with("/films?") && path.ends_with("=1") => ok(r#"[{"id":"a"}]"#),
        _ => ok("[]"),
    })
    .await;
    let client = client([&upstream.url]);
    let first = fetched(&client).await;
    let again = fetched_since(&client, &first.fingerprint).await;
    assert!(is_unchanged(&again), "its pages are the same");
    assert!(!upstream.requests("/films?").is_empty());
    assert_eq!(
        upstream.requests("/films").len(),
        8,
        "two full responses and two pages each time"
    );
}

#[tokio::test]
async fn a_source_without_validators_is_compared_by_digest() {
    let source = Source::start().await;
    let client = client([&url(&source)]);
    let first = fetched(&client).await;
    let again = fetched_since(&client, &first.fingerprint).await;
    assert!(is_unchanged(&again));
    assert_eq!(
        (again.bytes, again.fingerprint),
        (first.bytes, first.fingerprint.clone())
    );

    source.add_film(film(7));
    let changed = fetched_since(&client, &first.fingerprint).await;
    assert_eq!(films(&changed), 5);
    assert_ne!(changed.fingerprint, first.fingerprint);
    assert!(is_unchanged(
        &fetched_since(&client, &changed.fingerprint).await
    ));
}

#[tokio::test]
async fn known_content_is_not_parsed() {
    const UNREADABLE: &str = "this is no list";
    let is_readable = Arc::new(AtomicBool::new(true));
    let reads = Arc::clone(&is_readable);
    let upstream = Upstream::bytes(move |path| match path {
        "/films" if !reads.load(Ordering::SeqCst) => ok(UNREADABLE),
        _ => ok("[]"),
    })
    .await;
    let client = client([&upstream.url]);
    let mut known = fetched(&client).await.fingerprint;
    is_readable.store(false, Ordering::SeqCst);
    client.fetch_all(Some(&known), &|_| {}).await.unwrap_err();

    let films = known.collections.get_mut(&Collection::Films).unwrap();
    films.digest = xxh3_128(UNREADABLE.as_bytes());
    assert!(is_unchanged(&fetched_since(&client, &known).await));
}

#[tokio::test]
async fn after_a_change_all_five_collections_are_fetched() {
    let source = Source::start().await;
    source.name_answers();
    let client = client([&url(&source)]);
    let known = fetched(&client).await.fingerprint;
    source.add_film(film(7));

    let changed = fetched_since(&client, &known).await;
    assert_eq!(films(&changed), 5);
    let FetchedContent::Collections(collections) = &changed.content else {
        unreachable!()
    };
    assert_eq!(collections[&Collection::People].element_count(), 9);
    assert_eq!(not_modified(&source), [0, 1, 1, 1, 1]);
    let requests = COLLECTIONS.map(|collection| source.requests(collection));
    assert_eq!(requests, [2, 3, 3, 3, 3]);
    assert!(is_unchanged(
        &fetched_since(&client, &changed.fingerprint).await
    ));
}

#[tokio::test]
async fn a_source_without_validators_gets_one_request_per_collection_and_poll() {
    let source = Source::start_with(Catalogue {
        films: (0..1000).map(film).collect(),
        ..Catalogue::invented()
    })
    .await;
    let client = client([&url(&source)]);
    let mut known = fetched(&client).await.fingerprint;
    for (poll, film_count) in [(2, 1000), (3, 1000), (4, 1001)] {
        match poll {
            2 => assert!(is_unchanged(&fetched_since(&client, &known).await)),
            3 => source.edit(|catalogue| catalogue.people[0]["name"] = "Another".into()),
            _ => source.add_film(film(1000)),
        }
        if poll > 2 {
            let changed = fetched_since(&client, &known).await;
            assert_eq!(films(&changed), film_count);
            known = changed.fingerprint;
        }
        let requests = COLLECTIONS.map(|collection| source.requests(collection));
        assert_eq!(requests, [poll; 5]);
    }
}

#[tokio::test]
async fn validators_are_sent_only_to_their_provider() {
    let [first, second] = [Source::start().await, Source::start().await];
    for source in [&first, &second] {
        source.name_answers();
    }
    let known = fetched(&client([&url(&first)])).await.fingerprint;

    let elsewhere = fetched_since(&client([&url(&second)]), &known).await;
    assert_eq!(not_modified(&second), [0; 5]);
    assert!(is_unchanged(&elsewhere), "the bytes are the same");
    assert_eq!(elsewhere.provider, url(&second));
    assert_ne!(elsewhere.fingerprint, known);
    second.add_film(film(7));
    let elsewhere = fetched_since(&client([&url(&second)]), &known).await;
    assert_eq!(films(&elsewhere), 5);
    assert_eq!(not_modified(&second), [0; 5]);
}

#[tokio::test]
async fn an_unsolicited_304_is_an_error() {
    let upstream = Upstream::films(status("304 Not Modified")).await;
    let error = error_of(&client([&upstream.url])).await;
    assert_eq!(error, RequestError::Status(304));
    assert_eq!(error.to_string(), "responded with 304 Not Modified");

    // Even if another collection has changed.
    let is_changed = Arc::new(AtomicBool::new(false));
    let changed = Arc::clone(&is_changed);
    let stubborn = Upstream::bytes(move |path| match (path, changed.load(Ordering::SeqCst)) {
        ("/films", true) => status("304 Not Modified"),
        ("/people", true) => ok("[7]"),
        _ => with_headers("etag: \"1\"\r\n", "[]"),
    })
    .await;
    let client = client([&stubborn.url]);
    let known = fetched(&client).await.fingerprint;
    is_changed.store(true, Ordering::SeqCst);
    let error = client.fetch_all(Some(&known), &|_| {}).await.unwrap_err();
    assert_eq!(error.failures[0].error, RequestError::Status(304));
}

#[tokio::test]
async fn a_304_from_another_url_is_not_trusted() {
    let is_moved = Arc::new(AtomicBool::new(false));
    let moved = Arc::clone(&is_moved);
    let upstream = Upstream::heads(move |head| {
        let path = head.split(' ').nth(1).unwrap();
        match path.strip_prefix("/new") {
            None if moved.load(Ordering::SeqCst) => {
                format!("HTTP/1.1 302 Found\r\nlocation: /new{path}\r\nconnection: close\r\n\r\n")
                    .into_bytes()
            }
            Some(_) if head.contains("if-none-match: \"1\"") => status("304 Not Modified"),
            Some(_) => with_headers("etag: \"1\"\r\n", r#"[{"id":"new"}]"#),
            None => with_headers("etag: \"1\"\r\n", "[]"),
        }
    })
    .await;
    let client = client([&upstream.url]);
    let known = fetched(&client).await.fingerprint;
    is_moved.store(true, Ordering::SeqCst);
    let moved = fetched_since(&client, &known).await;
    assert_eq!(films(&moved), 1);
    let again = fetched_since(&client, &moved.fingerprint).await;
    assert_eq!((is_unchanged(&again), again.bytes), (true, 0));
}

#[tokio::test]
async fn last_modified_is_a_validator() {
    const LAST_MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    let conditions = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&conditions);
    let upstream = Upstream::heads(move |head| {
        let is_known = head.contains(&format!(
            "if-modified-since: {}",
            LAST_MODIFIED.to_lowercase()
        ));
        if is_known {
            count.fetch_add(1, Ordering::SeqCst);
            return status("304 Not Modified");
        }
        let date = "Sun, 06 Nov 1994 08:50:00 GMT";
        with_headers(
            &format!("last-modified: {LAST_MODIFIED}\r\ndate: {date}\r\n"),
            "[]",
        )
    })
    .await;
    let client = client([&upstream.url]);
    let known = fetched(&client).await.fingerprint;
    assert!(is_unchanged(&fetched_since(&client, &known).await));
    assert_eq!(conditions.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn paged_collections_are_always_fetched_unconditionally() {
    let catalogue = |films| Catalogue {
        films: (0..films).map(film).collect(),
        ..Catalogue::invented()
    };
    let source = Source::capped(catalogue(120), 50).await;
    source.name_answers();
    let client = client([&url(&source)]);
    let known = fetched(&client).await;
    assert_eq!(films(&known), 120);
    assert_eq!(source.requests("films"), 5);

    let again = fetched_since(&client, &known.fingerprint).await;
    assert!(is_unchanged(&again));
    assert_eq!(source.requests("films"), 10);
    assert_eq!(not_modified(&source), [0, 1, 1, 1, 1]);

    // The full response and the first page are unchanged.
    source.add_film(film(120));
    let longer = fetched_since(&client, &known.fingerprint).await;
    assert_eq!(films(&longer), 121);
}

#[tokio::test]
async fn known_content_with_a_higher_total_count_is_fetched_in_pages() {
    let is_part = Arc::new(AtomicBool::new(false));
    let part = Arc::clone(&is_part);
    let upstream = Upstream::bytes(move |path| match path {
        "/films" if part.load(Ordering::SeqCst) => {
            with_headers("x-total-count: 2\r\n", r#"[{"id":"a"}]"#)
        }
        "/films" => ok(r#"[{"id":"a"}]"#),
        path if path.starts_with("/films?") => {
            with_headers("x-total-count: 2\r\n", r#"[{"id":"a"},{"id":"b"}]"#)
        }
        _ => ok("[]"),
    })
    .await;
    let client = client([&upstream.url]);
    let known = fetched(&client).await.fingerprint;
    is_part.store(true, Ordering::SeqCst);
    assert_eq!(films(&fetched_since(&client, &known).await), 2);
}
