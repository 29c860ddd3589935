//! Data and recorded responses of the real source, in a folder beside the project.

use std::path::PathBuf;

use crate::{skips, workspace_root};

/// `../shared/ghibli-api`, relative to the workspace, if it exists.
pub fn folder() -> Option<PathBuf> {
    let folder = workspace_root().parent()?.join("shared/ghibli-api");
    folder.is_dir().then_some(folder)
}

/// As [`folder`]; if it is missing, reports the test `name` as skipped.
pub fn folder_or_skip(name: &str) -> Option<PathBuf> {
    let found = folder();
    if found.is_none() {
        skips::skip(name, "../shared/ghibli-api is missing");
    }
    found
}
