use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use anyhow::Context;
use common::repository::{Replacement, Repository};
use tokio_util::sync::CancellationToken;

use super::lease::{log_waiting, unless_stopped};
use super::output::print;
use crate::progress::PartsProgress;

pub(super) async fn restore(
    repository: &Repository,
    file: &Path,
    replacement: Replacement,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    let source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(io::stdin())
    } else {
        let opened = File::open(file);
        let opened = opened.with_context(|| format!("cannot read {}", file.display()))?;
        Box::new(BufReader::new(opened))
    };
    let progress = PartsProgress::new("restoring");
    let show = |step| progress.show(step);
    let restored = repository.restore(source, replacement, log_waiting, &show);
    let header = unless_stopped(shutdown, restored).await?;
    drop(progress);
    print(&format!(
        "restored version {} of {}, with a new lineage",
        header.version, header.at
    ));
    Ok(())
}
