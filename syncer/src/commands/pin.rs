use anyhow::bail;
use common::repository::{Amendment, Repository};

use super::lease::{amend, log_waiting, require_whole};
use super::output::print;

pub(super) async fn pin(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let mut turn = repository.begin_waiting(log_waiting).await?;
    let current = turn.head().version;
    if version != current || version == 0 {
        turn.end(None).await?;
        if current == 0 {
            bail!("nothing has been published yet");
        }
        let advice = if (1..current).contains(&version) {
            format!("; to return to version {version}, run `syncer rollback {version}`")
        } else {
            String::new()
        };
        bail!("only the current version, {current}, can be pinned{advice}");
    }
    turn = require_whole(turn).await?;
    let amendment = Amendment {
        pin: Some(Some(version)),
        ..Amendment::default()
    };
    amend(turn, amendment).await?;
    print(&format!(
        "pinned to version {version}; run `syncer unpin` to follow the source again"
    ));
    Ok(())
}

pub(super) async fn unpin(repository: &Repository) -> anyhow::Result<()> {
    let turn = repository.begin_waiting(log_waiting).await?;
    let was_pinned = turn.head().pin.is_some();
    let amendment = Amendment {
        pin: Some(None),
        ..Amendment::default()
    };
    amend(turn, amendment).await?;
    print(if was_pinned {
        "unpinned: the next sync follows the source again"
    } else {
        "nothing is pinned"
    });
    Ok(())
}
