//! Clients in Python, each with a script that prints JSON.

use std::process::Command;

use serde_json::Value;
use testkit::{skips, workspace_root};

/// The output of a script in `tests/e2e` that uses a client of `scripts/fetch-python-client`, given
/// an address; `None` without Python.
pub async fn run(test: &str, client: &str, script: &str, address: &str) -> Option<Value> {
    if Command::new("python3").arg("--version").output().is_err() {
        skips::skip(test, "python3 is missing");
        return None;
    }
    let fetch = Command::new(workspace_root().join("scripts/fetch-python-client"))
        .arg(client)
        .output()
        .unwrap();
    assert!(fetch.status.success(), "{fetch:?}");
    let path = String::from_utf8(fetch.stdout).unwrap();
    let mut command = Command::new("python3");
    command
        .arg(workspace_root().join("tests/e2e").join(script))
        .arg(address)
        .env("PYTHONPATH", path.trim_end_matches(':'));
    let output = tokio::task::spawn_blocking(move || command.output());
    let output = output.await.unwrap().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}
