//! Random mutations of requests: the server must parse what plain hyper parses.

use testkit::raw_http::mutations::Comparison;

use crate::raw_http::{EXCHANGE_TIMEOUT, ask_politely, start_app, until_idle};

/// The same cases each time; `scripts/soak requests` runs others for minutes.
const CASES: u64 = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_requests_are_parsed_as_hyper_parses_them() {
    let app = start_app().await;
    let comparison = Comparison::with(app.address(), EXCHANGE_TIMEOUT)
        .await
        .unwrap();
    let compared = comparison.cases(0..CASES).await;
    let polite = ask_politely(app.address()).await;
    println!("{compared:?}; a polite client waited {polite:?}");
    let failures = [compared.err(), polite.err()];
    let failures: Vec<String> = failures.into_iter().flatten().collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    until_idle(&app).await;
}
