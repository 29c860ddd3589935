//! How commands that write use the lease.

use anyhow::bail;
use common::repository::{HeadPatch, LeaseGuard, Repository};
use tokio_util::sync::CancellationToken;

/// Acquires the lease, waiting for another syncer to finish.
pub(super) async fn acquire(
    repository: &Repository,
    shutdown: &CancellationToken,
) -> anyhow::Result<LeaseGuard> {
    unless_stopped(shutdown, repository.acquire(log_waiting)).await
}

/// Logs that another syncer has the lease.
pub(super) fn log_waiting(holder: &str) {
    tracing::info!("waiting for another syncer ({holder}) to finish");
}

/// Cancels work on shutdown.
pub(super) async fn unless_stopped<T, E: Into<anyhow::Error>>(
    shutdown: &CancellationToken,
    work: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    tokio::select! {
        result = work => result.map_err(Into::into),
        () = shutdown.cancelled() => bail!("interrupted"),
    }
}

/// Requires that the published state is readable. If not, releases the lease, and the error names
/// the damaged parts.
pub(super) async fn require_undamaged(mut lease: LeaseGuard) -> anyhow::Result<LeaseGuard> {
    if let Err(error) = lease.require_undamaged().await {
        lease.handle().release().await;
        return Err(error.into());
    }
    Ok(lease)
}

/// Changes the head and releases the lease.
pub(super) async fn patch_head(lease: LeaseGuard, patch: HeadPatch) -> anyhow::Result<()> {
    lease.patch_head(&patch).await?;
    release(lease).await;
    Ok(())
}

/// Releases the lease after the command has succeeded.
pub(super) async fn release(lease: LeaseGuard) {
    if let Err(error) = lease.release(None).await {
        tracing::warn!(%error, "the lease was not released and will expire");
    }
}
