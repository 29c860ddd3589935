//! Random mutations of requests, by the hundred thousand.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use testkit::process::Service;
use testkit::raw_http::mutations::Comparison;
use tokio::time::sleep;

/// What anything takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);
/// Cases between two lines of progress.
const BATCH: u64 = 5_000;
/// How long the processor time is watched at the end, and the most that an idle process uses.
const IDLE_WINDOW: Duration = Duration::from_secs(2);
const MAX_IDLE_CPU: Duration = Duration::from_millis(200);

/// Compares the server with plain hyper for so many minutes.
#[expect(clippy::print_stdout, reason = "what it is asked for")]
pub(crate) async fn compare(minutes: u32, seed: Option<u64>) -> Result<()> {
    let envs = [
        ("PYFLIX_PROVIDER_URLS", "http://127.0.0.1:9"),
        ("PYFLIX_SYNC_INTERVAL", "1h"),
    ];
    let app = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
    let comparison = Comparison::with(app.address(), DEADLINE).await?;
    let mut next = seed.unwrap_or_else(|| rand::random_range(0..1 << 40));
    let end = Instant::now() + Duration::from_secs(60) * minutes;
    let (mut cases, mut parsed, mut refused) = (0, 0, 0);
    while Instant::now() < end {
        let seeds = (next..next + BATCH).take_while(|_| Instant::now() < end);
        let compared = comparison.cases(seeds).await;
        let compared = compared.map_err(|difference| anyhow!(difference))?;
        next += compared.cases;
        cases += compared.cases;
        parsed += compared.parsed;
        refused += compared.refused;
        println!(
            "{cases} cases: {parsed} requests parsed, {refused} cases refused by hyper; next seed {next}"
        );
    }
    sleep(IDLE_WINDOW).await;
    let before = app.cpu_time();
    sleep(IDLE_WINDOW).await;
    let used = app
        .cpu_time()
        .checked_sub(before)
        .context("the processor time of a process only grows")?;
    ensure!(
        used < MAX_IDLE_CPU,
        "the process is busy afterwards: {used:?} in {IDLE_WINDOW:?}"
    );
    Ok(())
}
