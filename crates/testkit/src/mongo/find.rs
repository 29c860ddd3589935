use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::OnceLock,
};

use crate::{on_path, workspace_root};

/// The `mongod` for the tests: of `TEST_MONGOD`, of the `PATH`, or fetched; or one line that says
/// what to do. Searched once per test process.
pub(super) fn mongod() -> Result<PathBuf, String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    FOUND.get_or_init(find).clone()
}

fn find() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("TEST_MONGOD").map(PathBuf::from) {
        return match path.is_file() {
            true => Ok(path),
            false => Err(format!("TEST_MONGOD is not a file: {}", path.display())),
        };
    }
    match on_path(&["mongod"]) {
        Some(path) => Ok(path),
        None => fetch(),
    }
}

fn fetch() -> Result<PathBuf, String> {
    let script = workspace_root().join("scripts/fetch-mongod");
    let fetch = Command::new(&script)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| missing(&error.to_string()))?;
    if fetch.status.success() {
        let path = String::from_utf8_lossy(&fetch.stdout);
        return Ok(path.trim_end().into());
    }
    let errors = String::from_utf8_lossy(&fetch.stderr);
    Err(missing(errors.lines().last().unwrap_or_default()))
}

fn missing(reason: &str) -> String {
    format!(
        "mongod is missing: install MongoDB 6.0 or newer so that mongod is on the PATH, or set \
         TEST_MONGOD to its path; scripts/fetch-mongod failed: {reason}"
    )
}
