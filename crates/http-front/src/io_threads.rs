use std::{io, sync::Arc, thread};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Threads that serve connections, each with a runtime of its own.
///
/// They answer cached requests without help from another thread. The app runs elsewhere, so that
/// a slow request never delays a cached one. They end, with all connections, on drop.
pub(crate) struct IoThreads {
    handles: Arc<[Handle]>,
    _stop: DropGuard,
}

impl IoThreads {
    /// Starts one thread for every two cores; the other half is for the app.
    pub(crate) fn start() -> io::Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let stop = CancellationToken::new();
        let handles: io::Result<_> = (0..(cores / 2).max(1))
            .map(|_| start(stop.clone()))
            .collect();
        Ok(Self {
            handles: handles?,
            _stop: stop.drop_guard(),
        })
    }

    pub(crate) fn first(&self) -> &Handle {
        &self.handles[0]
    }

    pub(crate) fn round_robin(&self) -> RoundRobin {
        RoundRobin {
            handles: Arc::clone(&self.handles),
            next: 0,
        }
    }
}

/// The threads in turn.
pub(crate) struct RoundRobin {
    handles: Arc<[Handle]>,
    next: usize,
}

impl RoundRobin {
    pub(crate) fn next(&mut self) -> &Handle {
        self.next = (self.next + 1) % self.handles.len();
        &self.handles[self.next]
    }
}

fn start(stop: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    let run = move || runtime.block_on(stop.cancelled());
    thread::Builder::new().name("http-io".into()).spawn(run)?;
    Ok(handle)
}
