use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::file::OpenFile;

/// How often `data_version` is polled, which takes microseconds.
const POLL_INTERVAL: Duration = Duration::from_millis(25);

/// Notifies when this process or another has written to the file.
#[derive(Debug, Default)]
pub(super) struct ChangeNotifier {
    notifications: watch::Sender<u64>,
    /// Dropping this end of the channel ends the watching thread.
    watching: Mutex<Option<(SyncSender<()>, JoinHandle<()>)>>,
}

impl ChangeNotifier {
    pub(super) fn notify(&self) {
        notify(&self.notifications);
    }

    /// A counter of notifications; the first subscriber starts the watch.
    pub(super) fn subscribe(&self, path: &Path) -> watch::Receiver<u64> {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if watching.is_none() {
            let (stop, stopped) = sync_channel(0);
            let (notifications, path) = (self.notifications.clone(), path.to_owned());
            let watch = move || {
                watch(&path, &notifications, || {
                    stopped.recv_timeout(POLL_INTERVAL) == Err(RecvTimeoutError::Timeout)
                })
            };
            let thread = std::thread::Builder::new().name("sqlite-watch".into());
            match thread.spawn(watch) {
                Ok(thread) => *watching = Some((stop, thread)),
                Err(error) => {
                    tracing::warn!(%error, "cannot start the thread that detects new versions at once; checking every 2 s instead")
                }
            }
        }
        self.notifications.subscribe()
    }

    /// Ends the watch and closes its connection.
    pub(super) fn stop(&self) {
        let mut watching = self.watching.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((stop, thread)) = watching.take() {
            drop(stop);
            if thread.join().is_err() {
                tracing::warn!("the thread that detects new versions crashed");
            }
        }
    }
}

fn notify(notifications: &watch::Sender<u64>) {
    notifications.send_modify(|count| *count = count.wrapping_add(1));
}

fn watch(path: &Path, notifications: &watch::Sender<u64>, wait: impl Fn() -> bool) {
    let mut open: Option<OpenFile> = None;
    let mut seen = None;
    while wait() {
        if !open.as_ref().is_some_and(OpenFile::is_current) {
            open = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
                .ok()
                .map(|connection| OpenFile::new(connection, path));
            seen = None;
        }
        let version = open.as_ref().and_then(|open| {
            open.connection
                .pragma_query_value(None, "data_version", |row| row.get::<_, i64>(0))
                .ok()
        });
        if version.is_none() {
            open = None;
        }
        if version != seen {
            seen = version;
            notify(notifications);
        }
    }
}
