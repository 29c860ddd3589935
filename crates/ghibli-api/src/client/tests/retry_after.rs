//! A source in trouble is asked no more than it bears, and nobody waits for it in vain.

use std::sync::Mutex;

use testkit::source::{Fault, Source};
use tokio::time::{advance, pause, resume};

use super::upstream::{Upstream, ok, status};
use super::*;

fn busy(after: &str) -> Fault {
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

/// Lets the clock go on by so much; it runs while there is something to wait for.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

async fn failed(client: &Client) -> FetchError {
    client.fetch_all(None, &|_| {}).await.unwrap_err()
}

/// The providers that a fetch asks, with the one that answers.
async fn asked(client: &Client) -> (Vec<String>, Url) {
    let asked = Mutex::new(Vec::new());
    let progress = |step: Progress<'_>| {
        if let Progress::Requesting { provider } = step {
            asked.lock().unwrap().push(provider.to_owned());
        }
    };
    let provider = client.fetch_all(None, &progress).await.unwrap().provider;
    (asked.into_inner().unwrap(), provider)
}

#[tokio::test]
async fn a_provider_that_asks_to_be_left_alone_is_not_asked_until_then() {
    for status in [429, 500, 503] {
        let source = Source::start().await;
        let after = "42".to_owned();
        source.misbehave("films", Fault::RetryAfter { status, after });
        let client = client([&url(&source)]);
        let told = failed(&client).await;
        let expected = RequestError::RateLimited {
            status,
            retry_after: seconds(42),
        };
        assert_eq!(told.failures[0].error, expected);
        assert_eq!(source.requests("films"), 1, "{status} is not retried");
        let retry_after = told.retry_after().unwrap();
        assert!(retry_after > seconds(40) && retry_after <= seconds(42));

        source.behave();
        pass(seconds(30)).await;
        let asked = source.requested_paths().len();
        let told = failed(&client).await.to_string();
        let provider = url(&source);
        assert_eq!(
            told,
            format!("{provider}: skipped: Retry-After has 12 s left")
        );
        assert_eq!(source.requested_paths().len(), asked);

        pass(seconds(12)).await;
        fetched(&client).await;
    }
}

#[tokio::test]
async fn only_who_is_busy_is_left_alone() {
    let source = Source::start().await;
    let after = "42".to_owned();
    source.misbehave("films", Fault::RetryAfter { status: 404, after });
    let client = client([&url(&source)]);
    for _ in 0..2 {
        assert_eq!(error_of(&client).await, RequestError::Status(404));
    }
    source.misbehave("films", busy("soon"));
    assert_eq!(error_of(&client).await, RequestError::Status(429));
    source.behave();
    fetched(&client).await;
}

#[tokio::test]
async fn the_wish_to_be_left_alone_is_told_in_one_line() {
    let busy = "HTTP/1.1 503 Busy\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
        retry-after: Sun, 06 Nov 1994 08:51:37 GMT\r\nconnection: close\r\n\r\n";
    let upstream = Upstream::films(busy).await;
    let told = failed(&client([&upstream.url])).await.to_string();
    let url = &upstream.url;
    assert_eq!(
        told,
        format!(
            "{url}: films: responded with 503 Service Unavailable \
             and Retry-After: 120 s"
        )
    );
}

#[tokio::test]
async fn nobody_is_left_alone_for_more_than_an_hour() {
    let source = Source::start().await;
    source.misbehave("films", busy("86400"));
    let client = client([&url(&source)]);
    let rest = failed(&client).await.retry_after().unwrap();
    assert!(rest <= seconds(3600) && rest > seconds(3598), "{rest:?}");
    source.behave();
    pass(seconds(3600)).await;
    fetched(&client).await;
}

#[tokio::test]
async fn a_rest_is_told_only_if_every_provider_has_one() {
    let sources = [Source::start().await, Source::start().await];
    let client = client([&url(&sources[0]), &url(&sources[1])]);
    sources[0].misbehave("films", busy("60"));
    sources[1].misbehave("films", Fault::Status(500));
    assert_eq!(failed(&client).await.retry_after(), None);

    sources[1].misbehave("films", busy("30"));
    let told = failed(&client).await;
    let rest = told.retry_after().unwrap();
    assert!(rest <= seconds(30) && rest > seconds(28), "{rest:?}");
    let collections = told.failures.iter().map(|failure| failure.collection);
    assert_eq!(
        collections.collect::<Vec<_>>(),
        [None, Some(Collection::Films)]
    );
}

#[tokio::test]
async fn while_one_provider_is_left_alone_another_one_answers() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave_everywhere(busy("300"));
    assert_eq!(asked(&client).await.1, second_url);

    first.behave();
    for pause in [60, 60, 60, 60, 50] {
        pass(seconds(pause)).await;
        let only_second = (vec![second_url.to_string()], second_url.clone());
        assert_eq!(asked(&client).await, only_second);
    }
    // Not to have been asked is no failure.
    pass(seconds(10)).await;
    assert_eq!(
        asked(&client).await,
        (vec![first_url.to_string()], first_url)
    );
}

#[tokio::test]
async fn an_outage_of_the_first_provider_is_not_waited_for_at_every_poll() {
    let down = Upstream::films(status("404 Not Found")).await;
    let good = Upstream::films(ok("[]")).await;
    let client = client([&down.url, &good.url]);
    let both = vec![down.url.to_string(), good.url.to_string()];
    let one = vec![good.url.to_string()];
    for pause in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(asked(&client).await, (both.clone(), good.url.clone()));
        assert_eq!(asked(&client).await, (one.clone(), good.url.clone()));
        pass(seconds(pause)).await;
    }
}

#[tokio::test]
async fn the_first_provider_is_the_first_again_once_it_is_back() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave("films", Fault::Status(404));
    for pause in [1, 2] {
        assert_eq!(asked(&client).await.1, second_url);
        pass(seconds(pause)).await;
    }
    first.behave();
    assert_eq!(asked(&client).await.1, first_url);

    // One success, and the pauses begin anew.
    first.misbehave("films", Fault::Status(404));
    assert_eq!(asked(&client).await.1, second_url);
    first.behave();
    pass(seconds(1)).await;
    assert_eq!(asked(&client).await.1, first_url);
}

#[tokio::test]
async fn a_provider_that_failed_lately_is_still_asked_when_no_other_answers() {
    let [first, second] = [Source::start().await, Source::start().await];
    let (first_url, second_url) = (url(&first), url(&second));
    let client = client([&first_url, &second_url]);
    first.misbehave("films", Fault::Status(404));
    assert_eq!(asked(&client).await.1, second_url);

    first.behave();
    second.misbehave("films", Fault::Status(404));
    let in_turn = vec![second_url.to_string(), first_url.to_string()];
    assert_eq!(asked(&client).await, (in_turn, first_url.clone()));
    // Now it is the other one that failed lately.
    second.behave();
    assert_eq!(
        asked(&client).await,
        (vec![first_url.to_string()], first_url)
    );
}

#[tokio::test]
async fn an_outage_costs_two_questions_a_kind_and_poll_and_ends_with_the_first_good_poll() {
    let source = Source::start().await;
    source.misbehave_everywhere(Fault::Status(500));
    let client = client([&url(&source)]);
    let polls = 20;
    for _ in 0..polls {
        let told = failed(&client).await;
        assert_eq!(told.failures[0].error, RequestError::Status(500));
        assert_eq!(told.retry_after(), None);
        pass(seconds(180)).await;
    }
    for collection in testkit::source::COLLECTIONS {
        assert!(source.requests(collection) <= 2 * polls, "{collection}");
    }
    source.behave();
    fetched(&client).await;
}

#[tokio::test]
async fn a_short_burst_of_failures_is_outlasted_and_a_longer_one_by_the_next_poll() {
    let source = Source::start().await;
    let client = client([&url(&source)]);
    source.misbehave_times("films", Fault::Status(500), 1);
    fetched(&client).await;
    source.misbehave_times("films", Fault::Reset, 2);
    let told = failed(&client).await.failures.remove(0);
    assert!(matches!(told.error, RequestError::NoResponse(_)), "{told}");
    fetched(&client).await;
}
