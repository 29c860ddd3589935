//! The threads that serve connections.
//!
//! What is ready they answer by themselves, without a word to another thread. The app, which may
//! take its time, runs elsewhere, so that nobody else waits for it.

use std::{io, thread};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// They end, with all connections, when this is dropped.
pub(super) struct Fronts {
    handles: Vec<Handle>,
    next: usize,
    _end: DropGuard,
}

impl Fronts {
    /// One thread for two cores: the other half is for the app, and for whoever asks.
    pub(super) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let end = CancellationToken::new();
        let fronts = 0..(cores / 2).max(1);
        let handles = fronts.map(|_| start(end.clone()));
        Ok(Self {
            handles: handles.collect::<io::Result<_>>()?,
            next: 0,
            _end: end.drop_guard(),
        })
    }

    /// Serves a connection on the thread whose turn it is.
    pub(super) fn serve(&mut self, visit: impl Future<Output = ()> + Send + 'static) {
        self.next = (self.next + 1) % self.handles.len();
        self.handles[self.next].spawn(visit);
    }
}

fn start(end: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let serve = move || runtime.block_on(end.cancelled());
    thread::Builder::new().name("front".into()).spawn(serve)?;
    Ok(handle)
}
