use std::{convert::Infallible, fmt::Display, future::poll_fn, pin::pin, sync::Arc, task::Poll};

use axum::{body::Body, extract::Request, response::Response};
use futures::{
    FutureExt as _,
    stream::{FuturesUnordered, StreamExt as _},
};
use http::{HeaderValue, header::CONNECTION};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncWriteExt as _, net::TcpStream, runtime::Handle, sync::Notify, task::JoinError,
    time::timeout,
};
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
    let mut stream = TimedStream::new(stream, Arc::clone(&activity), Arc::clone(&house));
    // Waiting for a call takes locks that all connections share. In here it is polled when there
    // is one, and not with every request.
    let mut calls = FuturesUnordered::from_iter([house.call()]);
    loop {
        tokio::select! {
            biased;
            came = poll_fn(|cx| stream.poll_answers(cx)) => match came {
                Ok(()) if stream.has_more() => {}
                ended => return note(ended),
            },
            call = calls.select_next_some() => {
                let is_idle = activity.has_waited(house.limits.idle_when_full) && !stream.is_sending();
                if let Call::MakeRoom = call && !is_idle {
                    calls.push(house.call());
                    continue;
                }
                return end(stream.shutdown(), &house).await;
            }
        }

        // Something else has come. It is hyper's until all of it is answered.
        let service = {
            let (app, activity, runtime) = (app.clone(), Arc::clone(&activity), house.app.clone());
            service_fn(move |request| {
                answer(app.clone(), request, Arc::clone(&activity), runtime.clone())
            })
        };
        let mut connection = http1::Builder::new()
            // TimedStream tells an idle connection from a late header; hyper's timer cannot.
            .header_read_timeout(None)
            // A client may end its side and still wait for the answer.
            .half_close(true)
            .max_buf_size(house.limits.max_header_bytes)
            .serve_connection(TokioIo::new(stream), service);
        let mut answering = poll_fn(|cx| match connection.poll_unpin(cx) {
            Poll::Pending if activity.is_at_rest() => Poll::Ready(None),
            ended => ended.map(Some),
        });
        loop {
            tokio::select! {
                biased;
                ended = &mut answering => match ended {
                    None => break,
                    Some(ended) => return note(ended),
                },
                call = calls.select_next_some() => match call {
                    // Those that wait are not here.
                    Call::MakeRoom => calls.push(house.call()),
                    Call::End => {
                        let mut connection = pin!(connection);
                        connection.as_mut().graceful_shutdown();
                        return end(connection, &house).await;
                    }
                }
            }
        }
        let parts = connection.into_parts();
        stream = parts.io.into_inner().give_back(parts.read_buf);
    }
}

/// Lets a connection end, in the time that there is for that.
async fn end<E: Display>(ending: impl Future<Output = Result<(), E>>, house: &House) {
    if let Ok(ended) = timeout(house.limits.drain, ending).await {
        note(ended);
    }
}

fn note(ended: Result<(), impl Display>) {
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
