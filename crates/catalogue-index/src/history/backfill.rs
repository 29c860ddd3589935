//! Reads the versions from before the start in the background.

use std::sync::Arc;
use std::time::Duration;

use common::models::Change;
use common::repository::{Header, Repository, Result, StoreError};
use tokio::sync::watch;

use super::versions::{History, MAX_CHANGES, Version};

/// How long to wait before reading again after an error.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Reads the history that the store keeps whenever `known` changes, and sends it to `read`. Returns
/// when the sender of `known` is dropped.
pub async fn backfill(
    repository: Repository,
    mut known: watch::Receiver<History>,
    read: watch::Sender<History>,
) {
    while known.changed().await.is_ok() {
        loop {
            let current = known.borrow_and_update().clone();
            match read_kept(&repository, &current).await {
                Ok(history) => {
                    read.send_replace(history);
                    break;
                }
                Err(error) => tracing::debug!(%error, "cannot read earlier versions"),
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}

/// The kept versions, the newest with their changes, up to [`MAX_CHANGES`].
async fn read_kept(repository: &Repository, known: &History) -> Result<History> {
    let Some(head) = repository.head().await? else {
        return Ok(History::default());
    };
    let mut versions = Vec::with_capacity(head.log.len());
    let mut remaining = Some(MAX_CHANGES);
    let mut has_read = false;
    for header in head.log.iter().rev() {
        if !header.first {
            remaining =
                remaining.and_then(|remaining| remaining.checked_sub(header.changes.total()));
        }
        let in_memory = known
            .get(header.version)
            .filter(|version| version.header == *header && version.changes.is_some());
        versions.push(match in_memory {
            Some(version) => version.clone(),
            None if remaining.is_none() || header.first => Arc::new(Version::new(header, None)),
            None => {
                has_read = true;
                let changes = changes(repository, header).await?;
                Arc::new(Version::new(header, changes))
            }
        });
    }
    if has_read {
        // Changes read by number belong to a version only if the head still has its header.
        let now = repository.head().await?;
        let now = now.filter(|now| now.lineage == head.lineage);
        let log = now.map(|now| now.log).unwrap_or_default();
        versions.retain(|version| log.contains(&version.header));
    }
    let versions = versions.into_iter().rev();
    Ok(History::read(head.lineage.as_str().into(), versions))
}

/// A version's changes; `None` if they are not kept, or can never be read.
async fn changes(repository: &Repository, header: &Header) -> Result<Option<Vec<Change>>> {
    match repository.changes(header.version).await {
        Err(error @ StoreError::Unreadable { .. }) => {
            tracing::warn!(version = header.version, %error, "cannot read the changes of this version");
            Ok(None)
        }
        other => other,
    }
}
