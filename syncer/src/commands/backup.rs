use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context;
use common::repository::{BackupError, BackupLock, Repository};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::lease::{log_waiting, unless_stopped};
use super::output::print;
use crate::progress::PartsProgress;

/// Maximum number of attempts. The last one keeps the lease, so that no version can be published.
const MAX_ATTEMPTS: u32 = 4;

pub(super) async fn backup(
    repository: &Repository,
    file: &Path,
    shutdown: &CancellationToken,
) -> anyhow::Result<()> {
    if file == Path::new("-") {
        // A pipe cannot be rewound.
        let locked = BackupLock::UntilCopied;
        return unless_stopped(shutdown, write(repository, locked, io::stdout()))
            .await
            .map(drop);
    }
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (version, written) = unless_stopped(shutdown, write_file(repository, folder)).await?;
    let complete = || {
        written.as_file().sync_all()?;
        written.persist(file)?;
        File::open(folder)?.sync_all()
    };
    complete().with_context(|| format!("cannot write {}", file.display()))?;
    print(&format!(
        "backed up version {version} to {}",
        file.display()
    ));
    Ok(())
}

/// Writes a temporary file, again if newer versions replaced what was being copied.
async fn write_file(
    repository: &Repository,
    folder: &Path,
) -> anyhow::Result<(u64, NamedTempFile)> {
    for _ in 1..MAX_ATTEMPTS {
        match write(repository, BackupLock::Brief, temporary(folder)?).await {
            Err(BackupError::Outdated) => {}
            written => return Ok(written?),
        }
    }
    let locked = BackupLock::UntilCopied;
    Ok(write(repository, locked, temporary(folder)?).await?)
}

async fn write<W: Write + Send + 'static>(
    repository: &Repository,
    lock: BackupLock,
    output: W,
) -> Result<(u64, W), BackupError> {
    let backup = repository.begin_backup(lock, log_waiting).await?;
    let version = backup.version();
    let progress = PartsProgress::new("backing up");
    let written = backup.write(output, &|step| progress.show(step)).await?;
    Ok((version, written))
}

fn temporary(folder: &Path) -> anyhow::Result<NamedTempFile> {
    let file = tempfile::Builder::new()
        .prefix(".pyflix-backup-")
        .tempfile_in(folder);
    file.with_context(|| format!("cannot create a file in {}", folder.display()))
}
