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
    for header in unread(&head.log, known, read_before) {
        let version = Version::new(header, changes(repository, header).await?);
        read_before.insert(header.version, Arc::new(version));
    }
    let versions = head.log.iter().map(|header| {
        let in_memory = in_memory(header, known, read_before);
        in_memory.unwrap_or_else(|| Arc::new(Version::new(header, None)))
    });
    let mut versions: Vec<_> = versions.collect();
    if !read_before.is_empty() {
        // A restored backup may have replaced what was read.
        let now = repository.head().await?;
        let now = now.filter(|now| now.lineage == head.lineage);
        let log = now.map(|now| now.log).unwrap_or_default();
        versions.retain(|version| log.contains(&version.header));
    }
    Ok(History::read(
        head.lineage.as_str().into(),
        versions.into_iter(),
    ))
}

/// The headers of a log whose changes are still to be read, newest first.
pub(super) fn unread<'a>(
    log: &'a [Header],
    known: &History,
    read_before: &ReadBefore,
) -> Vec<&'a Header> {
    let mut remaining = Some(MAX_CHANGES);
    let later = log.iter().rev().filter(|header| !header.first);
    later
        .filter(|header| {
            remaining =
                remaining.and_then(|remaining| remaining.checked_sub(header.changes.total()));
            remaining.is_some() && in_memory(header, known, read_before).is_none()
        })
        .collect()
}

fn in_memory(header: &Header, known: &History, read_before: &ReadBefore) -> Option<Arc<Version>> {
    let of_known = known.get(header.version);
    let of_known = of_known.filter(|version| version.changes.is_some());
    let versions = [of_known, read_before.get(&header.version)];
    let mut versions = versions.into_iter().flatten();
    versions.find(|version| version.header == *header).cloned()
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
