use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testkit::process::run_to_end;
use tokio::io::AsyncWriteExt as _;

use crate::generate::{Generated, GeneratedSource};
use crate::{StoreKind, fresh, report};

const DEADLINE: Duration = Duration::from_secs(1800);
/// Upserts the documents of a database's view into another one, and says how long that took.
const PEER: &str = include_str!("publish.py");

/// The first publishing of a catalogue to MongoDB, its view included, beside pymongo upserting the
/// same documents into an empty database of the same server, in turn.
pub(crate) async fn measure(movies: u64, rounds: u32) -> Result<()> {
    let generated = Generated {
        movies,
        seed: 1,
        retitled: 0,
    };
    let source = GeneratedSource::start(generated, "127.0.0.1:0".parse()?).await?;
    let provider = source.url();
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let (url, _, _folder) = fresh(StoreKind::Mongodb).await?;
        let envs = [
            ("PYFLIX_DATABASE_URL", url.as_str()),
            ("PYFLIX_PROVIDER_URLS", provider.as_str()),
            ("PYFLIX_PROVIDER_MAX_BYTES", "8GiB"),
        ];
        let end = run_to_end("syncer", &envs, &["once"], DEADLINE).await;
        ensure!(end.code == Some(0), "the sync failed: {}", end.stderr);
        let history = run_to_end("syncer", &envs, &["history", "--json"], DEADLINE).await;
        let history: Value = serde_json::from_str(&history.stdout)?;
        let microseconds = history["runs"][0]["phases"]["publish_microseconds"].as_f64();
        let publish = microseconds.context("no run")? / 1_000_000.0;
        let upsert = upsert(&url).await?;
        ours.push(publish);
        theirs.push(upsert);
        ratios.push(publish / upsert);
    }
    report("publish, parts, commit and view", "s", ours);
    report("pymongo, bulk_write of upserts", "s", theirs);
    report("publish to pymongo", "times its time", ratios);
    Ok(())
}

async fn upsert(url: &str) -> Result<f64> {
    let mut python = tokio::process::Command::new("python3")
        .args(["-", url])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("python3 with pymongo is needed: pip install pymongo")?;
    let mut script = python.stdin.take().context("no standard input")?;
    script.write_all(PEER.as_bytes()).await?;
    drop(script);
    let end = tokio::time::timeout(DEADLINE, python.wait_with_output()).await??;
    ensure!(
        end.status.success(),
        "pymongo failed; is it there? pip install pymongo"
    );
    Ok(String::from_utf8(end.stdout)?.trim().parse()?)
}
