//! Reads the versions from before the start in the background.

use std::collections::HashMap;
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
        let mut read_before = HashMap::new();
        loop {
            let current = known.borrow_and_update().clone();
            match read_kept(&repository, &current, &mut read_before).await {
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

/// Versions by number, read from the store before an error.
pub(super) type ReadBefore = HashMap<u64, Arc<Version>>;

/// The kept versions, the newest with their changes, up to [`MAX_CHANGES`].
async fn read_kept(
    repository: &Repository,
    known: &History,
    read_before: &mut ReadBefore,
) -> Result<History> {
    let Some(head) = repository.head().await? else {
        return Ok(History::default());
    };
    let read = async |header: &Header| changes(repository, header).await;
    let mut versions = with_changes(&head.log, known, read_before, read).await?;
    if !read_before.is_empty() {
        // A restored backup may have replaced what was read.
        let now = repository.head().await?;
        let now = now.filter(|now| now.lineage == head.lineage);
        let log = now.map(|now| now.log).unwrap_or_default();
        versions.retain(|version| log.contains(&version.header));
    }
    let versions = versions.into_iter().rev();
    Ok(History::read(head.lineage.as_str().into(), versions))
}

/// The versions of a log, newest first.
pub(super) async fn with_changes(
    log: &[Header],
    known: &History,
    read_before: &mut ReadBefore,
    read: impl AsyncFn(&Header) -> Result<Option<Vec<Change>>>,
) -> Result<Vec<Arc<Version>>> {
    let mut versions = Vec::with_capacity(log.len());
    let mut remaining = Some(MAX_CHANGES);
    for header in log.iter().rev() {
        if !header.first {
            remaining =
                remaining.and_then(|remaining| remaining.checked_sub(header.changes.total()));
        }
        let known = known.get(header.version);
        let known = known.filter(|version| version.changes.is_some());
        let mut in_memory = [known, read_before.get(&header.version)]
            .into_iter()
            .flatten();
        let in_memory = in_memory.find(|version| version.header == *header);
        versions.push(match in_memory {
            Some(version) => version.clone(),
            None if remaining.is_none() || header.first => Arc::new(Version::new(header, None)),
            None => {
                let version = Arc::new(Version::new(header, read(header).await?));
                read_before.insert(header.version, version.clone());
                version
            }
        });
    }
    Ok(versions)
}

/// A version's changes; `None` if they are not kept, or can never be read.
async fn changes(repository: &Repository, header: &Header) -> Result<Option<Vec<Change>>> {
    match repository.changes_of(header).await {
        Err(error @ StoreError::Unreadable { .. }) => {
            tracing::warn!(version = header.version, %error, "cannot read the changes of this version");
            Ok(None)
        }
        other => other,
    }
}
