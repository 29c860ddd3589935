#![doc = include_str!("../README.md")]

mod activity;
mod body;
mod connection;
mod date;
mod io_threads;
mod lazy_timer;
mod limits;
mod stats;
mod timed_stream;

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{extract::Request, response::Response};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::Service;

pub use self::{
    body::UntilClosed,
    connection::ConnectionInfo,
    limits::Limits,
    stats::{Counter, ServerStats},
};
use self::{connection::ServerContext, io_threads::IoThreads};

/// Pause after a failed accept, so that a lack of file descriptors is not a busy loop.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// How often idle connections are asked to close while the server is full.
const MAKE_ROOM_INTERVAL: Duration = Duration::from_millis(250);
/// Extra time after [`Limits::drain`] for connections to notice their deadline.
const DRAIN_GRACE: Duration = Duration::from_millis(250);

/// Serves `app` on `listener` until `shutdown` is cancelled.
///
/// `cached` is called first, on the connection's I/O thread, with every request without a body;
/// it must not block or compute. `app` runs on the runtime that calls this function. `stats` counts
/// what happens to connections.
///
/// On shutdown the listener closes, idle and half-sent requests are dropped, running requests
/// finish, and what is left after [`Limits::drain`] is aborted. Returns when all connections have
/// ended.
///
/// # Errors
///
/// If the I/O threads cannot be started or one of them ends. A failed accept is logged and
/// retried.
pub async fn serve<C, S>(
    listener: TcpListener,
    cached: C,
    app: S,
    limits: Limits,
    stats: Arc<ServerStats>,
    shutdown: CancellationToken,
) -> io::Result<()>
where
    C: Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let io_threads = IoThreads::start()?;
    let context = Arc::new(ServerContext::new(limits, cached, stats, shutdown));
    // On an I/O thread, because a busy app must not delay new connections.
    let accepting = io_threads.first().spawn(accept_all(
        listener.into_std()?,
        io_threads.round_robin(),
        context,
        app,
    ));
    AbortOnDropHandle::new(accepting)
        .await
        .map_err(io::Error::other)?
}

async fn accept_all<C, S>(
    listener: std::net::TcpListener,
    mut threads: io_threads::RoundRobin,
    context: Arc<ServerContext<C>>,
    app: S,
) -> io::Result<()>
where
    C: Fn(&Request) -> Option<Response> + Send + Sync + 'static,
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    let max_connections = context.limits.connections();
    let permits = Arc::new(Semaphore::new(max_connections));
    while let Some(permit) = next_permit(&permits, &context).await {
        let (stream, peer) = tokio::select! {
            biased;
            () = context.shutdown.cancelled() => break,
            accepted = accept(&listener) => accepted,
        };
        context.stats.accepted.add(1);
        let open = OpenConnection {
            stats: Arc::clone(&context.stats),
            _permit: permit,
        };
        let served = connection::serve(stream, peer, app.clone(), Arc::clone(&context));
        threads.next().spawn(async move {
            served.await;
            drop(open);
        });
    }
    drop(listener);

    let all = u32::try_from(max_connections).unwrap_or(u32::MAX);
    let drained = timeout(
        context.limits.drain + DRAIN_GRACE,
        permits.acquire_many(all),
    );
    if drained.await.is_err() {
        tracing::warn!("closing connections that were still open after the grace period");
    }
    Ok(())
}

/// An accepted connection, until it is dropped.
struct OpenConnection {
    stats: Arc<ServerStats>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.stats.closed.add(1);
    }
}

/// Permission for one more connection; `None` once the server is to stop.
async fn next_permit<C>(
    permits: &Arc<Semaphore>,
    context: &ServerContext<C>,
) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(permit) = Arc::clone(permits).try_acquire_owned() {
            return Some(permit);
        }
        tokio::select! {
            biased;
            () = context.shutdown.cancelled() => return None,
            permit = Arc::clone(permits).acquire_owned() => return permit.ok(),
            () = sleep(MAKE_ROOM_INTERVAL) => context.make_room(),
        }
    }
}

async fn accept(listener: &TcpListener) -> (std::net::TcpStream, SocketAddr) {
    loop {
        let accepted = listener.accept().await;
        let accepted = accepted.and_then(|(stream, peer)| Ok((TcpStream::into_std(stream)?, peer)));
        match accepted {
            Ok(accepted) => return accepted,
            // The client left before it was accepted. The next client must not wait for that.
            Err(error) if is_client_error(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; retrying");
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

fn is_client_error(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests;
