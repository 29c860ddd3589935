//! Database files that PyFlix opens besides SQLite. Closing any descriptor of a file drops all POSIX
//! locks of the process on it, those of SQLite's connections too. So a file is opened once, and stays
//! open as long as a connection has it.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

type DeviceAndInode = (u64, u64);

static OPEN: LazyLock<Mutex<HashMap<DeviceAndInode, Arc<File>>>> = LazyLock::new(Mutex::default);

/// The file at a path, open for reading. Every connection keeps it, and drops it after it has closed
/// the file.
pub(super) fn open(path: &Path) -> io::Result<Arc<File>> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    // Closed here, where no connection can be opened meanwhile.
    open.retain(|_, file| Arc::strong_count(file) > 1);
    let known = open.get(&device_and_inode(&fs::metadata(path)?));
    if let Some(file) = known {
        return Ok(Arc::clone(file));
    }
    let file = File::open(path)?;
    let key = device_and_inode(&file.metadata()?);
    if let Some(known) = open.get(&key).map(Arc::clone) {
        // A file that is open already was moved to the path between the two steps.
        std::mem::forget(file);
        return Ok(known);
    }
    let file = Arc::new(file);
    open.insert(key, Arc::clone(&file));
    Ok(file)
}

/// Identifies a file while it is open.
pub(super) fn device_and_inode(file: &Metadata) -> DeviceAndInode {
    (file.dev(), file.ino())
}
