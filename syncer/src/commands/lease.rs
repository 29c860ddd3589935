//! What the commands that write do with the lease.

use common::repository::{Amendment, Turn};

/// Logs that another syncer has the lease.
pub(super) fn log_waiting(holder: &str) {
    tracing::info!("waiting for another syncer ({holder}) to finish");
}

/// Requires that the published state is readable. If not, releases the lease, and the error names
/// the damaged parts.
pub(super) async fn require_whole(mut turn: Turn) -> anyhow::Result<Turn> {
    let is_whole = turn.require_whole().await;
    if let Err(error) = is_whole {
        turn.lease().let_go().await;
        return Err(error.into());
    }
    Ok(turn)
}

/// Changes the head and releases the lease.
pub(super) async fn amend(turn: Turn, amendment: Amendment) -> anyhow::Result<()> {
    turn.amend(&amendment).await?;
    release(turn).await;
    Ok(())
}

/// Releases the lease after the command has succeeded.
pub(super) async fn release(turn: Turn) {
    if let Err(error) = turn.end(None).await {
        tracing::warn!(%error, "the lease was not released and will expire");
    }
}
