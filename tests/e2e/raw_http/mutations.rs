//! Random mutations of requests: the server must parse what plain hyper parses.

use testkit::raw_http::mutations::Comparison;

use crate::raw_http::{EXCHANGE_TIMEOUT, send_wellformed_request};
use e2e::{start_app, wait_until_idle};

/// The same cases each time; `scripts/soak mutated_requests` runs others for minutes.
const CASES: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_requests_are_parsed_as_hyper_parses_them() {
    let app = start_app().await;
    let comparison = Comparison::with(app.address(), EXCHANGE_TIMEOUT)
        .await
        .unwrap();
    let compared = comparison.cases(0..CASES).await;
    let polite = send_wellformed_request(app.address()).await;
    println!("{compared:?}; a polite client waited {polite:?}");
    let failures = [compared.err(), polite.err()];
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    wait_until_idle(&app).await;
}
