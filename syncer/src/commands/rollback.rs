use anyhow::Context;
use common::repository::{Amendment, Repository, Turn};

use super::lease::{amend, log_waiting, release};
use super::output::print;

pub(super) async fn rollback(repository: &Repository, version: u64) -> anyhow::Result<()> {
    let turn = repository.begin_waiting(log_waiting).await?;
    let lease = turn.lease();
    let result = roll_back(turn, version).await;
    if result.is_err() {
        lease.let_go().await;
    }
    result
}

async fn roll_back(mut turn: Turn, version: u64) -> anyhow::Result<()> {
    let state = turn
        .state(None)
        .await?
        .context("nothing has been published yet")?;
    let target = turn.rewind(&state, version).await?.with_context(|| {
        format!("version {version} is not available; `syncer history` lists the versions that are")
    })?;
    turn.mend_view(Some(&state)).await?;
    let changes = state.catalogue.changes_to(&target.catalogue);
    let note = Some(format!("rollback to version {version}"));
    let next = state.version() + 1;
    let published = turn.publish(Some(&state), &changes, note, Some(next));
    match published.await? {
        Some(published) => {
            // The version is published, whatever else fails.
            if let Err(error) = turn.show(&published, &changes).await {
                tracing::warn!(%error, "the readable collections are out of date; the next run will repair them");
            }
            release(turn).await;
            print(&format!(
                "rolled back to version {version}, published as version {next} and pinned; run `syncer unpin` to follow the source again"
            ));
        }
        None => {
            let amendment = Amendment {
                pin: Some(Some(state.version())),
                ..Amendment::default()
            };
            amend(turn, amendment).await?;
            print(&format!(
                "version {} already matches version {version}; pinned. Run `syncer unpin` to follow the source again",
                state.version()
            ));
        }
    }
    Ok(())
}
