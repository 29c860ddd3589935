//! The source's own data and recorded answers, which lie beside the project and not in it.

use std::path::PathBuf;

use crate::{skips, workspace_root};

/// The folder `../shared/ghibli-api`, seen from the workspace, if it is there.
pub fn folder() -> Option<PathBuf> {
    let folder = workspace_root().parent()?.join("shared/ghibli-api");
    folder.is_dir().then_some(folder)
}

/// The same folder; where it is missing, the test `name` is told as skipped and should return.
pub fn folder_or_skip(name: &str) -> Option<PathBuf> {
    let found = folder();
    if found.is_none() {
        skips::skip(name, "../shared/ghibli-api is missing");
    }
    found
}
