//! Reading the versions from before the start, beside everything else.

use std::sync::Arc;
use std::time::Duration;

use common::models::Change;
use common::repository::{Header, Repository, Result, StoreError};
use tokio::sync::watch;

use super::{History, MOST_CHANGES, Version};

/// How long a store that cannot be read is left alone.
const PAUSE: Duration = Duration::from_secs(2);

/// Reads what the store keeps of a history whenever `asked` changes, until nobody asks any more.
pub async fn keep(
    repository: Repository,
    mut asked: watch::Receiver<History>,
    told: watch::Sender<History>,
) {
    while asked.changed().await.is_ok() {
        loop {
            let known = asked.borrow_and_update().clone();
            match read(&repository, &known).await {
                Ok(past) => {
                    told.send_replace(past);
                    break;
                }
                Err(error) => tracing::debug!(%error, "cannot read earlier versions"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// What the store keeps, with the changes of the newest as far as they are not too many.
async fn read(repository: &Repository, known: &History) -> Result<History> {
    let Some(head) = repository.head().await? else {
        return Ok(History::default());
    };
    let mut versions = Vec::with_capacity(head.log.len());
    let mut room = Some(MOST_CHANGES);
    let mut read = false;
    for header in head.log.iter().rev() {
        if !header.first {
            room = room.and_then(|room| room.checked_sub(header.changes.total()));
        }
        let held = known
            .get(header.version)
            .filter(|held| held.header == *header && held.changes.is_some());
        versions.push(match held {
            Some(held) => held.clone(),
            None if room.is_none() || header.first => Arc::new(Version::new(header, None)),
            None => {
                read = true;
                let changes = changes(repository, header).await?;
                Arc::new(Version::new(header, changes))
            }
        });
    }
    if read {
        // What was read under a number is a version's own only if the head still names it so.
        let now = repository.head().await?;
        let now = now.filter(|now| now.lineage == head.lineage);
        let log = now.map(|now| now.log).unwrap_or_default();
        versions.retain(|version| log.contains(&version.header));
    }
    Ok(History {
        lineage: head.lineage.as_str().into(),
        versions: versions.into_iter().rev().collect(),
        settled: true,
    })
}

/// What a version changed; `None` if that is not kept, or cannot be read now or later.
async fn changes(repository: &Repository, header: &Header) -> Result<Option<Vec<Change>>> {
    match repository.changes(header.version).await {
        Err(error @ StoreError::Unreadable { .. }) => {
            tracing::warn!(version = header.version, %error, "cannot read the changes of this version");
            Ok(None)
        }
        other => other,
    }
}
