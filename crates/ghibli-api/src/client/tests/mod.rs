mod paging;
mod providers;
mod retry_after;
mod tls;
mod unchanged;
mod upstream;
mod versions;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use url::Url;

use self::upstream::{Upstream, ok, status, with_headers};
use super::*;
use crate::wire::{Collection, ListError, Records};

const MAX_BYTES: u64 = 1024 * 1024;

fn client<const N: usize>(providers: [&Url; N]) -> Client {
    client_with(providers, MAX_BYTES, quick())
}

fn client_with<const N: usize>(providers: [&Url; N], max_bytes: u64, timeouts: Timeouts) -> Client {
    Client::new(ClientConfig {
        providers: providers.map(Url::clone).to_vec(),
        max_bytes,
        user_agent: "test".to_owned(),
        timeouts,
    })
    .unwrap()
}

fn quick() -> Timeouts {
    Timeouts {
        connect: Duration::from_secs(1),
        idle: Duration::from_secs(5),
        response: Duration::from_secs(10),
        fetch: Duration::from_secs(30),
        retry_delay: Duration::from_millis(1),
        ..Timeouts::default()
    }
}

async fn fetched(client: &Client) -> FetchOutcome {
    client.fetch_all(None, &|_| {}).await.unwrap()
}

/// Fetches without a known fingerprint.
async fn collections(client: &Client) -> BTreeMap<Collection, Records> {
    match fetched(client).await.content {
        FetchedContent::Collections(collections) => collections,
        FetchedContent::Unchanged => panic!("no fingerprint was given"),
    }
}

/// The error of the one provider, which fails at the films.
async fn error_of(client: &Client) -> RequestError {
    let mut failures = client.fetch_all(None, &|_| {}).await.unwrap_err().failures;
    assert_eq!(failures.len(), 1);
    let failure = failures.remove(0);
    assert_eq!(failure.collection, Some(Collection::Films));
    failure.error
}

async fn error_for(response: impl Into<Vec<u8>>) -> RequestError {
    let upstream = Upstream::films(response).await;
    error_of(&client([&upstream.url])).await
}

fn gzip(pieces: usize, piece: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    for _ in 0..pieces {
        encoder.write_all(piece).unwrap();
    }
    encoder.finish().unwrap()
}

#[tokio::test]
async fn all_five_collections_come_from_one_provider() {
    let upstream = Upstream::bytes(|path| {
        let body = format!(r#"[{{"id":"{}"}}, 7]"#, path.rsplit('/').next().unwrap());
        with_headers("content-encoding: gzip\r\n", gzip(1, body.as_bytes()))
    })
    .await;
    let provider = upstream.url.join("ghibli/").unwrap();
    let seen = std::sync::Mutex::new(Vec::new());
    let fetched = client([&provider])
        .fetch_all(None, &|step| {
            if let Progress::Complete {
                collection,
                elements,
            } = step
            {
                seen.lock().unwrap().push((collection, elements));
            }
        })
        .await
        .unwrap();

    assert_eq!(fetched.provider, provider);
    let FetchedContent::Collections(collections) = fetched.content else {
        panic!("no fingerprint was given");
    };
    assert_eq!(collections.len(), 5);
    for (collection, records) in &collections {
        assert_eq!(records.iter().next().unwrap().id, collection.path());
        assert_eq!(records.bad[0].index, 1);
    }
    let mut seen = seen.into_inner().unwrap();
    seen.sort();
    assert_eq!(seen, Collection::ALL.map(|collection| (collection, 2)));
    assert_eq!(upstream.requests("/ghibli/films"), ["/ghibli/films"]);
}

#[tokio::test]
async fn a_stalled_source_times_out() {
    for start in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[{"] {
        let upstream = Upstream::raw(move |_, mut stream| async move {
            stream.write_all(start.as_bytes()).await?;
            std::future::pending().await
        })
        .await;
        let timeouts = Timeouts {
            idle: Duration::from_millis(100),
            ..quick()
        };
        let client = client_with([&upstream.url], MAX_BYTES, timeouts);
        let failures = client.fetch_all(None, &|_| {}).await.unwrap_err().failures;
        let expected = RequestError::IdleTimeout(timeouts.idle);
        assert_eq!(failures[0].error, expected, "after {start:?}");
    }
}

#[tokio::test]
async fn a_trickling_source_times_out() {
    let upstream = Upstream::raw(|_, mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n[";
        stream.write_all(head.as_bytes()).await?;
        loop {
            stream.write_all(b" ").await?;
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let timeouts = Timeouts {
        response: Duration::from_millis(300),
        ..quick()
    };
    let client = client_with([&upstream.url], MAX_BYTES, timeouts);
    let failures = client.fetch_all(None, &|_| {}).await.unwrap_err().failures;
    assert!(matches!(
        failures[0].error,
        RequestError::ResponseTimeout { .. }
    ));
}

#[tokio::test]
async fn received_bytes_extend_the_timeout() {
    let upstream = Upstream::raw(|_, mut stream| async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 102402\r\n\r\n[";
        stream.write_all(head.as_bytes()).await?;
        for _ in 0..10 {
            stream.write_all(&[b' '; 10_240]).await?;
            sleep(Duration::from_millis(60)).await;
        }
        stream.write_all(b"]").await
    })
    .await;
    let timeouts = Timeouts {
        response: Duration::from_millis(300),
        bytes_per_second: 10_240,
        ..quick()
    };
    fetched(&client_with([&upstream.url], MAX_BYTES, timeouts)).await;
}

#[tokio::test]
async fn all_collections_can_be_large() {
    let upstream = Upstream::bytes(|_| {
        let title = "x".repeat(3 * 1024 * 1024);
        ok(format!(
            r#"[{{"id":"a","x":"{title}"}},{{"id":"b","x":"{title}"}}]"#
        ))
    })
    .await;
    let client = client_with([&upstream.url], 8 * MAX_BYTES, quick());
    let collections = collections(&client).await;
    assert!(collections.values().all(|records| records.len() == 2));
}

#[tokio::test]
async fn a_response_over_the_size_limit_is_rejected_however_it_is_encoded() {
    let expected = RequestError::TooLarge { limit: MAX_BYTES };
    let bomb = gzip(64, &[b' '; 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    assert_eq!(
        error_for(with_headers("content-encoding: gzip\r\n", bomb)).await,
        expected
    );

    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 1048577\r\n\r\n[";
    assert_eq!(error_for(announced).await, expected);

    let endless = format!("HTTP/1.1 200 OK\r\n\r\n[{}", " ".repeat(1_100_000));
    assert_eq!(error_for(endless).await, expected);
}

#[tokio::test]
async fn the_memory_budget_counts_the_records_of_all_collections() {
    let records = |count| {
        let records: Vec<_> = (0..count).map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        ok(format!("[{}]", records.join(",")))
    };
    let limit = MAX_BYTES / 5 * 4 + (6 << 20);
    let expected = RequestError::List(ListError::OverBudget { limit });
    let upstream = Upstream::films(records(24_600)).await;
    fetched(&client([&upstream.url])).await;
    assert_eq!(error_for(records(30_000)).await, expected);
    for (count, is_over) in [(4_600, false), (5_800, true)] {
        let upstream = Upstream::bytes(move |_| records(count)).await;
        let fetched = client([&upstream.url]).fetch_all(None, &|_| {}).await;
        assert_eq!(fetched.is_err(), is_over, "{count}");
    }
}

#[tokio::test]
async fn a_large_body_is_parsed_only_if_its_content_is_new() {
    let title = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&title);
    let upstream = Upstream::bytes(move |path| match path {
        "/films" => {
            let title = now.load(Ordering::SeqCst).to_string().repeat(3 << 20);
            ok(format!(r#"[{{"id":"a","title":"{title}"}}]"#))
        }
        _ => ok("[]"),
    })
    .await;
    let client = client_with([&upstream.url], 4 * MAX_BYTES, quick());
    let known = fetched(&client).await.fingerprint;
    let same = client.fetch_all(Some(&known), &|_| {}).await.unwrap();
    assert!(matches!(same.content, FetchedContent::Unchanged));
    title.store(1, Ordering::SeqCst);
    let other = client.fetch_all(Some(&known), &|_| {}).await.unwrap();
    assert!(matches!(
        other.content,
        FetchedContent::Collections(all) if all[&Collection::Films].len() == 1
    ));
    assert_ne!(other.fingerprint, known);
}

#[tokio::test]
async fn a_response_that_is_not_a_collection_is_a_clear_error() {
    let brackets = "[".repeat(200_000);
    for (response, expected) in [
        (
            ok("<!DOCTYPE html><title>Hi</title>"),
            "expected a JSON list, got an HTML page",
        ),
        (
            ok("{}"),
            "expected a JSON list, got a response starting with '{'",
        ),
        (ok(brackets), "the response is not valid JSON: EOF"),
        (
            ok(b"[\"\xff\"]"),
            "the response is not valid UTF-8 from byte 2",
        ),
        (
            with_headers("content-encoding: gzip\r\n", "[]"),
            "the response was cut off or cannot be decoded",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[]".to_vec(),
            "the response was cut off",
        ),
        (status("404 Not Found"), "responded with 404 Not Found"),
        (
            status("206 Partial Content"),
            "responded with 206 Partial Content",
        ),
        (status("302 Found"), "responded with 302 Found"),
        (
            b"SSH-2.0-OpenSSH\r\n".to_vec(),
            "no response: error sending request",
        ),
    ] {
        let error = error_for(response).await.to_string();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let empty = RequestError::List(ListError::Empty);
    assert_eq!(error_for(ok("")).await, empty);
}

#[tokio::test]
async fn a_transient_failure_is_retried_once() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let upstream = Upstream::bytes(move |path| {
        let is_films = path == "/films";
        match is_films && count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            true => status("502 Bad Gateway"),
            false => ok("[]"),
        }
    })
    .await;
    fetched(&client([&upstream.url])).await;
    assert_eq!(upstream.requests("/films").len(), 2);

    let gone = Upstream::films(status("410 Gone")).await;
    assert_eq!(
        error_of(&client([&gone.url])).await,
        RequestError::Status(410)
    );
    assert_eq!(gone.requests("/films").len(), 1);
}
