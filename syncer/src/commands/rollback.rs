use anyhow::Context;
use common::repository::{HeadPatch, LeaseGuard, Repository, warn_view_is_behind};
use tokio_util::sync::CancellationToken;

use super::lease::{acquire, patch_head, release};
use super::output::print;

pub(super) async fn rollback(
    repository: &Repository,
    version: u64,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let lease = acquire(repository, shutdown).await?;
    let handle = lease.handle();
    let result = roll_back(lease, version).await;
    if result.is_err() {
        handle.release().await;
    }
    result
}

async fn roll_back(mut lease: LeaseGuard, version: u64) -> anyhow::Result<()> {
    let state = lease
        .state(None)
        .await?
        .context("nothing has been published yet; run `syncer once` first")?;
    let target = lease.rewind(&state, version).await?.with_context(|| {
        format!("version {version} is not available; `syncer history` lists the versions that are")
    })?;
    lease.repair_view(Some(&state)).await?;
    let changes = state.catalogue.changes_to(&target.catalogue);
    let note = Some(format!("rollback to version {version}"));
    let next = state.version() + 1;
    let published = lease.publish(Some(&state), &changes, note, Some(next));
    match published.await? {
        Some(published) => {
            // The version is published, whatever else fails.
            if let Err(error) = lease.update_view(&published, &changes).await {
                warn_view_is_behind(&error);
            }
            release(lease).await;
            print(&format!(
                "rolled back to version {version}, published as version {next} and pinned; run `syncer unpin` to follow the source again"
            ));
        }
        None => {
            let patch = HeadPatch::Pin(Some(state.version()));
            patch_head(lease, patch).await?;
            print(&format!(
                "version {} already matches version {version}; pinned. Run `syncer unpin` to follow the source again",
                state.version()
            ));
        }
    }
    Ok(())
}
