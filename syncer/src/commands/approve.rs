use anyhow::bail;
use common::repository::{Amendment, Repository};

use super::lease::{amend, log_waiting, require_whole};
use super::output::print;

pub(super) async fn approve(repository: &Repository) -> anyhow::Result<()> {
    let mut turn = repository.begin_waiting(log_waiting).await?;
    let held = repository.held().await?;
    let Some(run) = held.filter(|run| run.fingerprint.is_some()) else {
        turn.end(None).await?;
        bail!("nothing to approve: no sync is held");
    };
    // A held repair is approved while the damage lasts; anything else waits for the repair.
    if run.damage.is_empty() {
        turn = require_whole(turn).await?;
    }
    let amendment = Amendment {
        approval: Some(run.fingerprint),
        ..Amendment::default()
    };
    amend(turn, amendment).await?;
    print(&format!(
        "approved: the next sync will publish the changes held by run {}, if the source still has them ({})",
        run.number,
        run.reason.unwrap_or_default()
    ));
    Ok(())
}
