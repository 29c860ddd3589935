//! Random mutations of requests: the server must parse what plain hyper parses.

use std::hash::{BuildHasher, RandomState};

use testkit::raw_http::mutations::{Compared, Comparison};

use crate::{EXCHANGE_TIMEOUT, ask_politely, start_app, until_idle};

/// Cases of the same seeds each time.
const FIXED: u64 = 600;
/// Cases of other seeds each time.
const RANDOM: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mutated_requests_are_parsed_as_hyper_parses_them() {
    let app = start_app().await;
    let comparison = Comparison::with(app.address(), EXCHANGE_TIMEOUT)
        .await
        .unwrap();
    let first = RandomState::new().hash_one("seed") >> 1;
    println!(
        "cases 0 to {} and {first} to {}",
        FIXED - 1,
        first + RANDOM - 1
    );
    let fixed = comparison.cases(0..FIXED).await;
    let random = match fixed {
        Ok(_) => comparison.cases(first..first + RANDOM).await,
        Err(_) => Ok(Compared::default()),
    };
    let polite = ask_politely(app.address()).await;
    println!("{fixed:?}, {random:?}; a polite client waited {polite:?}");
    let failures: Vec<String> = [fixed.err(), random.err(), polite.err()]
        .into_iter()
        .flatten()
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    until_idle(&app).await;
}
