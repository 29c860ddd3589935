//! What the commands that write do with the lease.

use common::repository::{HeadPatch, LeaseGuard};

/// Logs that another syncer has the lease.
pub(super) fn log_waiting(holder: &str) {
    tracing::info!("waiting for another syncer ({holder}) to finish");
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
