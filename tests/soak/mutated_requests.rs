//! Random mutations of HTTP requests: the server must parse them as a plain hyper server does.

use std::time::{Duration, Instant};

use testkit::raw_http::mutations::Comparison;

use crate::setting;
use e2e::{DEADLINE, start_app, wait_until_idle};

/// Cases between two lines of progress.
const BATCH: u64 = 5_000;

#[tokio::test(flavor = "multi_thread")]
async fn mutated_requests_are_parsed_as_hyper_parses_them_for_minutes() {
    let app = start_app().await;
    let comparison = Comparison::with(app.address(), DEADLINE).await.unwrap();
    let mut seed = setting("SOAK_SEED", rand::random_range(0..1 << 40));
    let end = Instant::now() + Duration::from_secs(60 * setting("SOAK_MINUTES", 10));
    let mut cases = 0;
    while Instant::now() < end {
        let seeds = (seed..seed + BATCH).take_while(|_| Instant::now() < end);
        let compared = comparison.cases(seeds).await;
        let compared = compared.unwrap_or_else(|difference| panic!("{difference}"));
        seed += compared.cases;
        cases += compared.cases;
        println!("{cases} cases, the last {compared:?}; next seed {seed}");
    }
    wait_until_idle(&app).await;
}
