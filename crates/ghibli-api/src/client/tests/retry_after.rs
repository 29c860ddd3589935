//! Rate limits, backoff and retries.

use std::sync::Mutex;

use testkit::source::{Fault, Source};
use tokio::time::{advance, pause, resume};

use super::upstream::{Upstream, ok, status};
use super::*;

fn rate_limited(after: &str) -> Fault {
    Fault::RetryAfter {
        status: 429,
        after: after.to_owned(),
    }
}

fn url(source: &Source) -> Url {
    source.url().parse().unwrap()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Advances the clock, which otherwise runs in real time.
async fn advance_by(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

async fn fetch_error(client: &Client) -> FetchError {
    client.fetch_all(None, &|_| {}).await.unwrap_err()
}

/// The providers that a fetch tries, and the one that succeeds.
async fn tried_providers(client: &Client) -> (Vec<String>, Url) {
    let tried = Mutex::new(Vec::new());
    let progress = |step: Progress<'_>| {
        if let Progress::Requesting { provider } = step {
            tried.lock().unwrap().push(provider.to_owned());
        }
    };
    let provider = client.fetch_all(None, &progress).await.unwrap().provider;
    (tried.into_inner().unwrap(), provider)
}

#[tokio::test]
async fn a_rate_limited_provider_is_skipped_until_retry_after() {
    for status in [429, 500, 503] {
        let source = Source::start().await;
        let after = "42".to_owned();
        source.misbehave("films", Fault::RetryAfter { status, after });
        let client = client([&url(&source)]);
        let error = fetch_error(&client).await;
        let expected = RequestError::RateLimited {
            status,
            retry_after: seconds(42),
        };
        assert_eq!(error.failures[0].error, expected);
        assert_eq!(source.requests("films"), 1, "{status} is not retried");
        let retry_after = error.retry_after().unwrap();
        assert!(retry_after > seconds(40) && retry_after <= seconds(42));

        source.behave();
        advance_by(seconds(30)).await;
        let requests = source.asked().len();
        let error = fetch_error(&client).await.to_string();
        let provider = url(&source);
        assert_eq!(
            error,
            format!("{provider}: skipped: Retry-After has 12 s left")
        );
        assert_eq!(source.asked().len(), requests);

        advance_by(seconds(12)).await;
        fetched(&client).await;
    }
}

#[tokio::test]
async fn retry_after_counts_only_with_429_and_5xx() {
    let source = Source::start().await;
    let after = "42".to_owned();
    source.misbehave("films", Fault::RetryAfter { status: 404, after });
    let client = client([&url(&source)]);
    for _ in 0..2 {
        assert_eq!(error_of(&client).await, RequestError::Status(404));
    }
    source.misbehave("films", rate_limited("soon"));
    assert_eq!(error_of(&client).await, RequestError::Status(429));
    source.behave();
    fetched(&client).await;
}

#[tokio::test]
async fn a_rate_limit_is_reported_in_one_line() {
    let response = "HTTP/1.1 503 Busy\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        retry-after: Sun, 06 Nov 1994 08:51:37 GMT\r\nconnection: close\r\n\r\n";
    let upstream = Upstream::films(response).await;
    let error = fetch_error(&client([&upstream.url])).await.to_string();
    let url = &upstream.url;
    assert_eq!(
        error,
        format!(
            "{url}: films: responded with 503 Service Unavailable \
             and Retry-After: 120 s"
        )
    );
}

#[tokio::test]
async fn retry_after_is_capped_at_an_hour() {
    let source = Source::start().await;
    source.misbehave("films", rate_limited("86400"));
    let client = client([&url(&source)]);
    let retry_after = fetch_error(&client).await.retry_after().unwrap();
    assert!(
        retry_after <= seconds(3600) && retry_after > seconds(3598),
        "{retry_after:?}"
    );
    source.behave();
    advance_by(seconds(3600)).await;
    fetched(&client).await;
}

#[tokio::test]
async fn a_fetch_has_a_retry_after_only_if_every_provider_has_one() {
    let sources = [Source::start().await, Source::start().await];
    let client = client([&url(&sources[0]), &url(&sources[1])]);
    sources[0].misbehave("films", rate_limited("60"));
    sources[1].misbehave("films", Fault::Status(500));
    assert_eq!(fetch_error(&client).await.retry_after(), None);

    sources[1].misbehave("films", rate_limited("30"));
    let error = fetch_error(&client).await;
    let retry_after = error.retry_after().unwrap();
    assert!(
        retry_after <= seconds(30) && retry_after > seconds(28),
        "{retry_after:?}"
    );
    let collections = error.failures.iter().map(|failure| failure.collection);
    assert_eq!(
        collections.collect::<Vec<_>>(),
        [None, Some(Collection::Films)]
    );
}

#[tokio::test]
async fn another_provider_is_used_while_one_is_rate_limited() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave_everywhere(rate_limited("300"));
    assert_eq!(tried_providers(&client).await.1, second_url);

    first.behave();
    for wait in [60, 60, 60, 60, 50] {
        advance_by(seconds(wait)).await;
        let only_second = (vec![second_url.to_string()], second_url.clone());
        assert_eq!(tried_providers(&client).await, only_second);
    }
    // To be skipped is not a failure.
    advance_by(seconds(10)).await;
    assert_eq!(
        tried_providers(&client).await,
        (vec![first_url.to_string()], first_url)
    );
}

#[tokio::test]
async fn a_failing_first_provider_is_tried_last_with_backoff() {
    let down = Upstream::films(status("404 Not Found")).await;
    let good = Upstream::films(ok("[]")).await;
    let client = client([&down.url, &good.url]);
    let both = vec![down.url.to_string(), good.url.to_string()];
    let one = vec![good.url.to_string()];
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(
            tried_providers(&client).await,
            (both.clone(), good.url.clone())
        );
        assert_eq!(
            tried_providers(&client).await,
            (one.clone(), good.url.clone())
        );
        advance_by(seconds(wait)).await;
    }
}

#[tokio::test]
async fn a_recovered_provider_is_tried_first_again() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave("films", Fault::Status(404));
    for wait in [1, 2] {
        assert_eq!(tried_providers(&client).await.1, second_url);
        advance_by(seconds(wait)).await;
    }
    first.behave();
    assert_eq!(tried_providers(&client).await.1, first_url);

    // A success resets the backoff.
    first.misbehave("films", Fault::Status(404));
    assert_eq!(tried_providers(&client).await.1, second_url);
    first.behave();
    advance_by(seconds(1)).await;
    assert_eq!(tried_providers(&client).await.1, first_url);
}

#[tokio::test]
async fn a_provider_that_failed_lately_is_tried_if_no_other_succeeds() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave("films", Fault::Status(404));
    assert_eq!(tried_providers(&client).await.1, second_url);

    first.behave();
    second.misbehave("films", Fault::Status(404));
    let both = vec![second_url.to_string(), first_url.to_string()];
    assert_eq!(tried_providers(&client).await, (both, first_url.clone()));
    // Now the second provider is the one that failed lately.
    second.behave();
    assert_eq!(
        tried_providers(&client).await,
        (vec![first_url.to_string()], first_url)
    );
}

#[tokio::test]
async fn an_outage_costs_two_requests_per_collection_and_poll() {
    let source = Source::start().await;
    source.misbehave_everywhere(Fault::Status(500));
    let client = client([&url(&source)]);
    let polls = 20;
    for _ in 0..polls {
        let error = fetch_error(&client).await;
        assert_eq!(error.failures[0].error, RequestError::Status(500));
        assert_eq!(error.retry_after(), None);
        advance_by(seconds(180)).await;
    }
    for collection in testkit::source::COLLECTIONS {
        assert!(source.requests(collection) <= 2 * polls, "{collection}");
    }
    source.behave();
    fetched(&client).await;
}

#[tokio::test]
async fn a_retry_survives_one_failure_and_the_next_poll_survives_two() {
    let source = Source::start().await;
    let client = client([&url(&source)]);
    source.misbehave_times("films", Fault::Status(500), 1);
    fetched(&client).await;
    source.misbehave_times("films", Fault::Reset, 2);
    let error = fetch_error(&client).await.failures.remove(0);
    assert!(
        matches!(error.error, RequestError::NoResponse(_)),
        "{error}"
    );
    fetched(&client).await;
}
