//! No started process outlives a killed test process.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use testkit::{
    browser::Browser,
    eventually,
    mongo::{Mongo, MongoOptions},
};

/// Set in the child, which runs the same test as this process.
const VICTIM: &str = "TESTKIT_VICTIM";

#[tokio::test]
async fn a_killed_test_process_leaves_neither_processes_nor_folders() {
    if std::env::var_os(VICTIM).is_some() {
        return be_the_victim().await;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "orphans::a_killed_test_process_leaves_neither_processes_nor_folders";
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(VICTIM, "yes")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
    let ready = lines.any(|line| line.unwrap().ends_with("ready"));
    let running = processes_with(folder.path());
    victim.kill().unwrap();
    victim.wait().unwrap();

    assert!(
        ready && running.len() > 2,
        "the victim ran only {running:?}"
    );
    eventually(Duration::from_secs(20), async || {
        let left = processes_with(folder.path());
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("still running: {left:#?}"))
        }
    })
    .await;
    eventually(Duration::from_secs(20), async || {
        let left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .flatten()
            .collect();
        if left.is_empty() {
            Ok(())
        } else {
            Err(format!("still there: {left:#?}"))
        }
    })
    .await;
}

async fn be_the_victim() {
    let _mongo = Mongo::start(MongoOptions {
        replica_set: false,
        args: Vec::new(),
    })
    .await;
    let _browser = Browser::start().await;
    println!("ready");
    std::future::pending::<()>().await;
}

/// The command lines that name the folder, as all that the victim starts do.
fn processes_with(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = processes.filter_map(|process| std::fs::read(process.path().join("cmdline")).ok());
    lines
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}
