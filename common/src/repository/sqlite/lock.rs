use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::fault::{Fault, folder, with_suffix};
use super::schema::BUSY_TIMEOUT;

/// Delay between attempts to lock.
const RETRY_DELAY: Duration = Duration::from_millis(10);

/// Locks the database against other processes that open it or move it aside, by a file beside it.
/// Creates a missing folder.
pub(super) fn lock(database: &Path) -> Result<File, Fault> {
    let folder = folder(database);
    fs::create_dir_all(folder)
        .map_err(|error| Fault::denied("create the folder", folder, &error))?;
    let path = with_suffix(database, ".lock");
    let file = open(&path).map_err(|error| {
        let denied = if path.exists() { &path } else { folder };
        Fault::denied("write to", denied, &error)
    })?;
    let started = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Fault::NoLocks { path, error }),
            Err(TryLockError::WouldBlock) if started.elapsed() > BUSY_TIMEOUT => {
                return Err(Fault::Locked);
            }
            Err(TryLockError::WouldBlock) => thread::sleep(RETRY_DELAY),
        }
    }
}

/// Opens the lock file for writing, which NFS requires for a lock. One of another user need only be
/// readable elsewhere.
fn open(path: &Path) -> io::Result<File> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    match file {
        Err(denied) if denied.kind() == io::ErrorKind::PermissionDenied => {
            File::open(path).map_err(|_| denied)
        }
        other => other,
    }
}
