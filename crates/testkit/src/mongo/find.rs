use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::{on_path, workspace_root};

/// A `mongod` to run, looked for once per test process.
pub(super) fn mongod() -> PathBuf {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND
        .get_or_init(|| {
            named()
                .or_else(|| on_path(&["mongod"]))
                .unwrap_or_else(fetched)
        })
        .clone()
}

fn named() -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os("TEST_MONGOD")?);
    assert!(
        path.is_file(),
        "TEST_MONGOD names no file: {}",
        path.display()
    );
    Some(path)
}

fn fetched() -> PathBuf {
    let script = workspace_root().join("scripts/fetch-mongod");
    let fetch = Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let fetch = fetch.unwrap_or_else(|error| panic!("{} did not run: {error}", script.display()));
    if !fetch.status.success() {
        panic!(
            "no mongod: install one on the PATH or name one in TEST_MONGOD; fetching it failed: {}",
            String::from_utf8_lossy(&fetch.stderr)
        );
    }
    PathBuf::from(String::from_utf8_lossy(&fetch.stdout).trim_end())
}
