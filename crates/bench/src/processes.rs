use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use testkit::http::try_get;
use testkit::process::{Service, binary};

use crate::report::report;

const DEADLINE: Duration = Duration::from_secs(20);
/// Nothing listens there: for measurements without a source.
pub(crate) const NO_SOURCE: &str = "http://127.0.0.1:9";

pub(crate) async fn start(rounds: u32) {
    binary("pyflix");
    let mut milliseconds = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        let envs = [("PYFLIX_PROVIDER_URLS", NO_SOURCE)];
        let pyflix = Service::start_web("pyflix", &envs, &[], DEADLINE).await;
        while !try_get(pyflix.url())
            .await
            .is_ok_and(|response| response.status == 200)
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        milliseconds.push(started.elapsed().as_secs_f64() * 1000.0);
    }
    report("start of pyflix to the first 200", "ms", milliseconds);
}

pub(crate) async fn rest() -> Result<()> {
    for name in ["webapp", "pyflix"] {
        let envs = [("PYFLIX_PROVIDER_URLS", NO_SOURCE)];
        let service = Service::start_web(name, &envs, &[], DEADLINE).await;
        for path in ["/", "/movies", "/api/v1/movies", "/ghibli/films"] {
            let url = format!("{}{path}", service.url());
            testkit::eventually(DEADLINE, async || {
                try_get(&url)
                    .await
                    .is_ok_and(|response| response.status == 200)
            })
            .await;
        }
        tokio::time::sleep(Duration::from_secs(3)).await;
        let kibibytes = resident_kibibytes(service.pid())?;
        report(
            &format!("memory of {name} at rest"),
            "MiB",
            vec![kibibytes / 1024.0],
        );
    }
    Ok(())
}

/// Resident memory of a process.
pub(crate) fn resident_kibibytes(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse().ok())
        .context("no VmRSS in /proc")
}
