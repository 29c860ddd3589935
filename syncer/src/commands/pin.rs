use anyhow::bail;
use common::repository::{HeadPatch, Repository};
use tokio_util::sync::CancellationToken;

use super::lease::{acquire, patch_head, require_undamaged};
use super::output::print;

pub(super) async fn pin(
    repository: &Repository,
    version: u64,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let mut lease = acquire(repository, shutdown).await?;
    let current = lease.head().version;
    let mut available = lease.head().log.iter().map(|header| header.version);
    let is_available = available.any(|available| available == version);
    if version != current || version == 0 {
        lease.release(None).await?;
        if current == 0 {
            bail!("nothing has been published yet; run `syncer once` first");
        }
        if is_available {
            bail!(
                "only the current version, {current}, can be pinned; to return to version \
                 {version}, run `syncer rollback {version}`"
            );
        }
        bail!("version {version} is not available; the current version is {current}");
    }
    lease = require_undamaged(lease).await?;
    let patch = HeadPatch::Pin(Some(version));
    patch_head(lease, patch).await?;
    print(&format!(
        "pinned to version {version}; run `syncer unpin` to follow the source again"
    ));
    Ok(())
}

pub(super) async fn unpin(
    repository: &Repository,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let lease = acquire(repository, shutdown).await?;
    let was_pinned = lease.head().pin.is_some();
    let patch = HeadPatch::Pin(None);
    patch_head(lease, patch).await?;
    print(if was_pinned {
        "unpinned: the next sync follows the source again"
    } else {
        "nothing is pinned"
    });
    Ok(())
}
