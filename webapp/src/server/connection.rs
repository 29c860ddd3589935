use std::{convert::Infallible, pin::pin, sync::Arc};

use axum::{body::Body, extract::Request, response::Response};
use http::{HeaderValue, header::CONNECTION};
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpStream,
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _};

use super::{Limits, activity::Activity, body::AnswerBody, stream::TimedStream};

/// What all connections share.
pub(super) struct House {
    pub(super) limits: Limits,
    pub(super) shutdown: CancellationToken,
    full: Notify,
}

impl House {
    pub(super) fn new(limits: Limits, shutdown: CancellationToken) -> Self {
        Self {
            limits,
            shutdown,
            full: Notify::new(),
        }
    }

    /// Asks idle connections to leave.
    pub(super) fn make_room(&self) {
        self.full.notify_waiters();
    }
}

/// Serves one connection to its end.
pub(super) async fn serve<S>(stream: TcpStream, app: S, house: Arc<House>)
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "the connection ended before it began");
        return;
    }
    let limits = house.limits;
    let activity = Arc::new(Activity::new());
    let io = TokioIo::new(TimedStream::new(stream, Arc::clone(&activity), limits));
    let service = {
        let activity = Arc::clone(&activity);
        service_fn(move |request| answer(app.clone(), request, Arc::clone(&activity)))
    };
    let mut connection = pin!(
        http1::Builder::new()
            // TimedStream tells an idle connection from a late header; hyper's timer cannot.
            .header_read_timeout(None)
            // A client may end its side and still wait for the answer.
            .half_close(true)
            .max_buf_size(limits.max_header_bytes)
            .serve_connection(io, service)
    );

    let mut dropped_at = None;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            () = house.shutdown.cancelled(), if dropped_at.is_none() => {
                connection.as_mut().graceful_shutdown();
                dropped_at = Some(Instant::now() + limits.drain);
            }
            () = at(dropped_at) => return,
            () = house.full.notified() => {
                if activity.has_waited(limits.idle_when_full) {
                    connection.as_mut().graceful_shutdown();
                }
            }
        }
    }
}

/// One request's way to the app. A request with a body is the last of its connection: nothing
/// here reads bodies, so where one ends is not worth a doubt.
async fn answer<S>(
    app: S,
    request: hyper::Request<Incoming>,
    activity: Arc<Activity>,
) -> Result<hyper::Response<AnswerBody>, Infallible>
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let has_body = !request.body().is_end_stream();
    activity.request_came(has_body);
    let request = if has_body {
        request.map(Body::new)
    } else {
        request.map(|_| Body::empty())
    };
    let mut response = app.oneshot(request).await?;
    if has_body {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response.map(|body| AnswerBody::new(body, activity)))
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
