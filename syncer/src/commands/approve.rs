use anyhow::bail;
use common::repository::{HeadPatch, Repository};
use tokio_util::sync::CancellationToken;

use super::lease::{acquire, patch_head, require_undamaged};
use super::output::print;

pub(super) async fn approve(
    repository: &Repository,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut lease = acquire(repository, shutdown).await?;
    let held = repository.held_run().await?;
    let Some(run) = held.filter(|run| run.fingerprint.is_some()) else {
        lease.release(None).await?;
        bail!("nothing to approve: no sync is held");
    };
    // A held repair is approved while the damage lasts; anything else waits for the repair.
    if run.damage.is_empty() {
        lease = require_undamaged(lease).await?;
    }
    let patch = HeadPatch::Approval(run.fingerprint);
    patch_head(lease, patch).await?;
    print(&format!(
        "approved: the next sync will publish the changes held by run {}, if the source still has them ({})",
        run.number,
        run.reason.unwrap_or_default()
    ));
    Ok(())
}
