use anyhow::bail;
use common::repository::{HeadPatch, Repository};

use super::lease::{log_waiting, patch_head, require_undamaged};
use super::output::print;

pub(super) async fn approve(repository: &Repository) -> anyhow::Result<()> {
    let mut lease = repository.acquire(log_waiting).await?;
    let held = repository.held_run().await?;
    let Some(run) = held.filter(|run| run.fingerprint.is_some()) else {
        lease.release(None).await?;
        bail!("nothing to approve: no sync is held");
    };
    // A held repair is approved while the damage lasts; anything else waits for the repair.
    if run.damage.is_empty() {
        lease = require_undamaged(lease).await?;
    }
    let patch = HeadPatch {
        approval: Some(run.fingerprint),
        ..HeadPatch::default()
    };
    patch_head(lease, patch).await?;
    print(&format!(
        "approved: the next sync will publish the changes held by run {}, if the source still has them ({})",
        run.number,
        run.reason.unwrap_or_default()
    ));
    Ok(())
}
