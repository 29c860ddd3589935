use std::process::ExitCode;

use common::exit;
use common::models::{Outcome, Run};
use tokio_util::sync::CancellationToken;

use super::lease::acquire;
use super::output::print;
use crate::pipeline::Syncer;
use crate::progress::FetchProgress;
use crate::summary::RunSummary;

const HELD: u8 = 3;

pub(super) async fn once(
    syncer: &mut Syncer,
    shutdown: &CancellationToken,
) -> anyhow::Result<ExitCode> {
    let mut lease = acquire(syncer.repository(), shutdown).await?;
    lease.doubt_view();
    let progress = FetchProgress::new();
    let show = |step: ghibli_api::Progress<'_>| progress.show(step);
    let finished = syncer.sync_once(lease, &show, shutdown).await;
    drop(progress);
    Ok(report(&finished.run))
}

fn report(run: &Run) -> ExitCode {
    let summary = RunSummary(run).to_string();
    let code = match run.outcome {
        // Pinned to a damaged version that the source does not complete.
        Outcome::Unchanged if !run.damage.is_empty() => exit::FAILURE,
        Outcome::Published | Outcome::Unchanged => {
            print(&summary);
            return ExitCode::SUCCESS;
        }
        Outcome::Held => HELD,
        Outcome::Failed => exit::FAILURE,
    };
    exit::fail("syncer", code, &summary)
}
