use std::{convert::Infallible, pin::pin, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use futures::stream::{FuturesUnordered, StreamExt as _};
use http::{HeaderValue, header::CONNECTION};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, runtime::Handle, sync::Notify, task::JoinError, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tower::{Service, ServiceExt as _};

use super::{AtOnce, Limits, activity::Activity, body::AnswerBody, stream::TimedStream};

/// What all connections share.
pub(super) struct House {
    pub(super) limits: Limits,
    pub(super) at_once: Box<AtOnce>,
    pub(super) shutdown: CancellationToken,
    /// Where the app runs.
    app: Handle,
    full: Notify,
}

/// What all connections are told at once.
enum Call {
    /// Idle ones are to leave.
    MakeRoom,
    /// All are to end.
    End,
}

impl House {
    pub(super) fn new(limits: Limits, at_once: Box<AtOnce>, shutdown: CancellationToken) -> Self {
        Self {
            limits,
            at_once,
            shutdown,
            app: Handle::current(),
            full: Notify::new(),
        }
    }

    /// Asks idle connections to leave.
    pub(super) fn make_room(&self) {
        self.full.notify_waiters();
    }

    async fn call(&self) -> Call {
        tokio::select! {
            biased;
            () = self.shutdown.cancelled() => Call::End,
            () = self.full.notified() => Call::MakeRoom,
        }
    }
}

/// Serves one connection to its end, on the thread that this runs on.
pub(super) async fn serve<S>(stream: std::net::TcpStream, app: S, house: Arc<House>)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let stream = stream
        .set_nodelay(true)
        .and_then(|()| TcpStream::from_std(stream));
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "the connection ended before it began");
            return;
        }
    };
    let activity = Arc::new(Activity::new());
    let stream = TimedStream::new(stream, Arc::clone(&activity), Arc::clone(&house));
    let service = {
        let (activity, runtime) = (Arc::clone(&activity), house.app.clone());
        service_fn(move |request| {
            answer(app.clone(), request, Arc::clone(&activity), runtime.clone())
        })
    };
    let mut connection = pin!(
        http1::Builder::new()
            // TimedStream tells an idle connection from a late header; hyper's timer cannot.
            .header_read_timeout(None)
            // A client may end its side and still wait for the answer.
            .half_close(true)
            .max_buf_size(house.limits.max_header_bytes)
            .serve_connection(TokioIo::new(stream), service)
    );

    // Waiting for a call takes locks that all connections share. In here it is polled when there
    // is one, and not with every request.
    let mut calls = FuturesUnordered::from_iter([house.call()]);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => return note(ended),
            call = calls.select_next_some() => match call {
                Call::End => break,
                Call::MakeRoom => {
                    if activity.has_waited(house.limits.idle_when_full) {
                        connection.as_mut().graceful_shutdown();
                    }
                    calls.push(house.call());
                }
            }
        }
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(house.limits.drain, connection).await {
        note(ended);
    }
}

fn note(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// One request's way to the app. A request with a body is the last of its connection: nothing
/// here reads bodies, so where one ends is not worth a doubt.
async fn answer<S>(
    app: S,
    request: hyper::Request<Incoming>,
    activity: Arc<Activity>,
    runtime: Handle,
) -> Result<hyper::Response<AnswerBody>, JoinError>
where
    S: Service<Request, Response = Response, Error = Infallible> + Send + 'static,
    S::Future: Send + 'static,
{
    let has_body = !request.body().is_end_stream();
    activity.request_came(has_body);
    let request = if has_body {
        request.map(Body::new)
    } else {
        request.map(|_| Body::empty())
    };
    // It ends with the connection; a handler that panics has been answered for.
    let answer = AbortOnDropHandle::new(runtime.spawn(app.oneshot(request)));
    let Ok(mut response) = answer.await?;
    if has_body {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response.map(|body| AnswerBody::new(body, activity)))
}
