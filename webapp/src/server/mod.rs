//! The accept loop: every connection has a deadline for whatever it waits for, and an end.

mod activity;
mod body;
mod connection;
mod front;
mod limits;
mod plain;
mod sending;
mod stream;

use std::{convert::Infallible, io, net::TcpStream, sync::Arc, time::Duration};

use axum::{extract::Request, response::Response};
use tokio::{
    net::TcpListener,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

pub use self::limits::Limits;
use self::{connection::House, front::Fronts};
pub(crate) use self::{plain::Plain, sending::Sending};

/// How long the loop rests after a failed accept, so that a lack of descriptors is not a busy loop.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);
/// How often connections are asked to make room while no more can be taken.
const MAKE_ROOM_EVERY: Duration = Duration::from_millis(250);
/// What a connection may need beyond [`Limits::drain`] to notice that its time is over.
const LAST_CALL: Duration = Duration::from_millis(250);

/// Answers a plain request before anything else has seen it, where its answer is ready: all of it
/// but the `Date`. The answer is whether it did.
pub(crate) type AtOnce = dyn Fn(&Plain<'_>, &mut Sending) -> bool + Send + Sync;

/// Serves `app` on `listener` until `shutdown` is cancelled, with what can be answered `at_once`
/// before it.
///
/// Then no connection is taken any more, idle ones are closed, requests that are being answered
/// are finished, and whatever is left after [`Limits::drain`] is dropped. Returns when all
/// connections have ended.
///
/// # Errors
///
/// If no thread can be started. A failing accept is logged and tried again.
pub(crate) async fn serve<S>(
    listener: TcpListener,
    app: S,
    at_once: Box<AtOnce>,
    limits: Limits,
    shutdown: CancellationToken,
) -> io::Result<()>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let mut fronts = Fronts::start()?;
    let places = Arc::new(Semaphore::new(limits.connections()));
    let house = Arc::new(House::new(limits, at_once, shutdown.clone()));

    while let Some(place) = next_place(&places, &house).await {
        let stream = tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            stream = accept(&listener) => stream,
        };
        let visit = connection::serve(stream, app.clone(), Arc::clone(&house));
        fronts.serve(async move {
            visit.await;
            drop(place);
        });
    }
    drop(listener);

    // Every connection holds one place: with all of them back, all connections have ended.
    let all = u32::try_from(limits.connections()).unwrap_or(u32::MAX);
    if timeout(limits.drain + LAST_CALL, places.acquire_many(all))
        .await
        .is_err()
    {
        tracing::warn!("connections were still open when the time to end them was over");
    }
    Ok(())
}

/// A place for one more connection; none once the server is to stop.
async fn next_place(places: &Arc<Semaphore>, house: &House) -> Option<OwnedSemaphorePermit> {
    loop {
        if let Ok(place) = Arc::clone(places).try_acquire_owned() {
            return Some(place);
        }
        tokio::select! {
            biased;
            () = house.shutdown.cancelled() => return None,
            place = Arc::clone(places).acquire_owned() => return place.ok(),
            () = sleep(MAKE_ROOM_EVERY) => house.make_room(),
        }
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        let accepted = listener.accept().await;
        match accepted.and_then(|(stream, _)| stream.into_std()) {
            Ok(stream) => return stream,
            // The client left before it was taken; the next one is not to wait for that.
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection, trying again");
                sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

#[cfg(test)]
mod tests;
