use anyhow::{Context, Result, ensure};
use tokio::io::AsyncWriteExt as _;

use crate::report::report;
use crate::setup::{DEADLINE, Setup, StoreKind};

/// Upserts the documents of a database's view into another database, and prints the seconds.
const PEER: &str = include_str!("publish.py");

/// The first publication of a catalogue to MongoDB with its view, in turn with pymongo's upserts of
/// the same documents into an empty database of the same server.
pub(crate) async fn measure(movies: u64, rounds: u32) -> Result<()> {
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let setup = Setup::new(StoreKind::Mongodb, movies, "15s").await?;
        setup.sync().await?;
        let history = setup.history().await?;
        let microseconds = history["runs"][0]["phases"]["publish_microseconds"].as_f64();
        let publish = microseconds.context("no run")? / 1_000_000.0;
        let upsert = upsert(setup.store_url()).await?;
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
